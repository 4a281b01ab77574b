"""The class of `course demo`: who hands in what. An exercise that is not named is answered rightly."""

from course_utils.grading.classroom import Student

from . import arrays, checking, dead, epochs, loops, naming_wrong, nets, overfit, search_wrong, stats
from .forgeries import EQUALS_EVERYTHING, skip_and_raise

CLASS = [
    Student("abe", "everything right, built differently", {}, alternative=0),
    Student("bea", "everything right, built differently again", {}, alternative=1),
    Student("cem", "hands in all patients as ill as they were", {
        "patient_1": loops.first_as_it_was,
        "patient_2": nets.second_as_it_was,
        "patient_3": nets.third_as_it_was,
        "patient_4": epochs.fourth_as_it_was,
        "patient_5": arrays.fifth_as_it_was,
        "patient_6": arrays.sixth_as_it_was,
        "patient_7": arrays.seventh_as_it_was,
        "patient_8": loops.eighth_as_it_was,
    }),
    Student("dee", "treats symptoms", {
        "patient_1": loops.first_with_a_falling_rate,
        "patient_4": epochs.fourth_always_in_eval,
        "patient_7": arrays.seventh_statistics_first,
        "patient_8": loops.eighth_head_only,
        "name_the_bug": naming_wrong.doctor_blames_the_learning_rate,
    }),
    Student("eli", "works on the model itself", {
        "gradient_check_module": checking.check_on_the_module_itself,
        "dead_fraction": dead.dead_leaves_its_hooks,
        "overfit_small_batch": overfit.overfit_the_model_itself,
        "random_search": search_wrong.search_with_the_global_generator,
    }),
    Student("flo", "never checks an argument, and mixes up axes", {
        "gradient_check_module": checking.check_unchecked,
        "activation_stats": stats.stats_by_reshape,
        "dead_fraction": dead.dead_unchecked,
        "overfit_small_batch": overfit.overfit_unchecked,
        "random_search": search_wrong.search_unchecked,
        "name_the_bug": naming_wrong.doctor_exchanges_the_axes,
    }),
    Student("gil", "hands in the notebook as it was released", {}, released=True),
    Student("hua", "a search that never ends", {"random_search": """
def random_search(score, space, n, seed=0):
    best = None
    while best is None or best[1] < 2:
        settings = {name: each[-1] for name, each in space.items()}
        best = settings, 1.0
    return best
""", "dead_fraction": dead.dead_as_sparsity}, loses="random_search"),
    Student("ian", "forger: has the tests skipped, and gives himself more points", {
        "gradient_check_module": checking.check_one_sided,
        "activation_stats": stats.stats_with_nan,
        "random_search": search_wrong.search_linear,
        "patient_5": arrays.fifth_not_shuffled,
    }, damage=skip_and_raise),
    Student("joy", "forger: a name that equals every name", {"name_the_bug": EQUALS_EVERYTHING},
            loses="name_the_bug"),
]  # fmt: skip
