"""The examiner of assignment A3: its exercises in the order of the notebook."""

from . import argmax_wrong, averages_wrong, discs_wrong, fields_wrong, maxima_wrong, unchanged_wrong  # noqa: F401
from .averages import avg_pool2d
from .demo import CLASS
from .discs import masked_pool2d
from .equivalent import EQUIVALENT
from .equivariance import equivariance_error
from .fields import empirical_receptive_field
from .maxima import max_pool2d
from .shifts import shift
from .unchanged import fraction_unchanged

EXERCISES = [
    max_pool2d,
    avg_pool2d,
    masked_pool2d,
    shift,
    equivariance_error,
    fraction_unchanged,
    empirical_receptive_field,
]
for exercise in EXERCISES:
    exercise.equivalent = EQUIVALENT.get(exercise.name, {})

__all__ = ["CLASS", "EXERCISES"]
