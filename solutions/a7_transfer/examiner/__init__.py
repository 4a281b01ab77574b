"""The examiner of assignment A7: its exercises in the order of the notebook."""

# The wrong answers join their exercises when they are imported.
from . import features_wrong, freezing_wrong, groups_wrong, heads_wrong, norms_wrong, probing_wrong, whole_wrong
from .demo import CLASS
from .equivalent import EQUIVALENT
from .features import extract_features
from .freezing import freeze
from .groups import param_groups
from .heads import replace_head
from .norms import train_norms_only
from .probing import linear_probe
from .whole import transfer

EXERCISES = [
    freeze,
    param_groups,
    extract_features,
    linear_probe,
    replace_head,
    train_norms_only,
    transfer,
]
for exercise in EXERCISES:
    exercise.equivalent = EQUIVALENT.get(exercise.name, {})

__all__ = [
    "CLASS",
    "EXERCISES",
    "features_wrong",
    "freezing_wrong",
    "groups_wrong",
    "heads_wrong",
    "norms_wrong",
    "probing_wrong",
    "whole_wrong",
]
