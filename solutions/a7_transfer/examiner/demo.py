"""The class of `course demo`: who hands in what. An exercise that is not named is answered rightly."""

from course_utils.grading.classroom import Student

from . import (
    features_wrong,
    freezing_wrong,
    groups_wrong,
    heads_wrong,
    norms_wrong,
    probing_wrong,
    whole,
    whole_wrong,
)
from .forgeries import EQUALS_EVERYTHING, skip_and_raise

# The reference's `transfer` uses what was written before it; who has that wrong needs another one to be right there.
STANDS_ALONE = {"transfer": whole.transfer_by_class_means}

CLASS = [
    Student("abe", "everything right, built differently", {}, alternative=0),
    Student("bea", "everything right, built differently again", {}, alternative=1),
    Student("cem", "freezes modules, not parameters, and hands all of them to the optimizer", {
        **STANDS_ALONE,
        "freeze": freezing_wrong.freeze_the_modules,
        "param_groups": groups_wrong.groups_overlap,
        "train_norms_only": norms_wrong.norms_and_everything,
    }),
    Student("dee", "forgets modes, hooks and gradients", {
        **STANDS_ALONE,
        "freeze": freezing_wrong.freeze_in_training_mode,
        "extract_features": features_wrong.features_left_in_eval,
        "train_norms_only": norms_wrong.norms_leave_gradients,
    }),
    Student("eli", "lets the test set into the probe, and takes views for copies", {
        **STANDS_ALONE,
        "extract_features": features_wrong.features_overwritten,
        "linear_probe": probing_wrong.probe_new_statistics,
        "replace_head": heads_wrong.head_on_shared_layers,
    }),
    Student("flo", "never checks an argument", {
        **STANDS_ALONE,
        "param_groups": groups_wrong.groups_unchecked,
        "extract_features": features_wrong.features_unchecked,
        "linear_probe": probing_wrong.probe_unchecked,
        "replace_head": heads_wrong.head_unchecked,
        "train_norms_only": norms_wrong.norms_unchecked,
    }),
    Student("gil", "hands in the notebook as it was released", {}, released=True),
    Student("hua", "trains from scratch, and stops too early", {
        "transfer": whole_wrong.transfer_from_scratch,
        "linear_probe": probing_wrong.probe_stops_early,
    }),
    Student("ian", "forger: has the tests skipped, and gives himself more points", {
        "linear_probe": probing_wrong.probe_without_intercept,
        "transfer": whole_wrong.transfer_optimizer_too_early,
    }, damage=skip_and_raise),
    Student("joy", "forger: a tensor that equals everything", {"linear_probe": EQUALS_EVERYTHING}, loses="linear_probe"),
]  # fmt: skip
