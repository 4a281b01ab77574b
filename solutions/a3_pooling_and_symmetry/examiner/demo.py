"""The class of `course demo`: who hands in what. An exercise that is not named is answered rightly.

Counting unchanged maxima may call one's own max_pool2d, so those who pool wrongly count without it.
"""

from course_utils.grading.classroom import Student, skip_and_raise

from . import (
    argmax_wrong,
    averages_wrong,
    discs_wrong,
    equivariance,
    fields_wrong,
    maxima_wrong,
    shifts,
    unchanged_wrong,
)
from .forgeries import EQUALS_EVERYTHING
from .unchanged import fraction_by_slices, fraction_by_windows

CLASS = [
    Student("ada", "everything right, by loops and other plain means", {}, alternative=0),
    Student("ben", "everything right, by slices and products", {}, alternative=1),
    Student("chi", "looks where the maximum stands in the window, not in the plane", {
        "max_pool2d": argmax_wrong.max_index_in_window,
        "fraction_unchanged": fraction_by_windows,
        "avg_pool2d": averages_wrong.avg_always_counts,
    }),
    Student("dan", "begins with zero, stops at squares", {
        "max_pool2d": maxima_wrong.max_from_zero,
        "fraction_unchanged": fraction_by_slices,
        "avg_pool2d": averages_wrong.avg_by_sum_of_sides,
        "masked_pool2d": discs_wrong.disc_as_square,
    }),
    Student("eva", "never looks at dtypes, nor at bad arguments", {
        "avg_pool2d": averages_wrong.avg_in_float64,
        "masked_pool2d": discs_wrong.disc_unchecked,
        "shift": shifts.shift_in_float64,
        "fraction_unchanged": unchanged_wrong.fraction_unchecked,
        "empirical_receptive_field": fields_wrong.field_from_the_end,
    }),
    Student("fay", "mixes up the plane and the ring, invariance and equivariance", {
        "shift": shifts.shift_always_circular,
        "equivariance_error": equivariance.error_of_invariance,
        "fraction_unchanged": unchanged_wrong.fraction_on_a_ring,
    }),
    Student("gus", "takes the last of equal maxima, and the ends of a box for its sizes", {
        "max_pool2d": argmax_wrong.max_last_of_ties,
        "fraction_unchanged": unchanged_wrong.fraction_of_places,
        "empirical_receptive_field": fields_wrong.field_as_sizes,
    }),
    Student("hal", "hands in the notebook as it was released", {}, released=True),
    Student("ivy", "a function that never comes back", {"empirical_receptive_field": """
def empirical_receptive_field(f, x, position, delta=1.0):
    before = f(x)
    while np.array_equal(f(x), before):
        delta = 2 * delta
    return 0, None
"""}, loses="empirical_receptive_field"),
    Student("rex", "forger: has the tests skipped, and gives himself more points", {
        "avg_pool2d": averages_wrong.avg_not_divided,
        "shift": shifts.shift_wrong_way,
    }, damage=skip_and_raise),
    Student("tia", "forger: an array that equals everything", {"shift": EQUALS_EVERYTHING}, loses="shift"),
]  # fmt: skip
