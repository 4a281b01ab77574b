"""The examiner of assignment A8: its exercises in the order of the notebook."""

# The wrong answers join their exercises when they are imported.
from . import naming_wrong, search_wrong
from .arrays import patient_5, patient_6, patient_7
from .checking import gradient_check_module
from .dead import dead_fraction
from .demo import CLASS
from .epochs import patient_4
from .equivalent import EQUIVALENT
from .loops import patient_1, patient_8
from .naming import name_the_bug
from .nets import patient_2, patient_3
from .overfit import overfit_small_batch
from .search import random_search
from .stats import activation_stats

EXERCISES = [
    gradient_check_module,
    activation_stats,
    dead_fraction,
    overfit_small_batch,
    random_search,
    patient_1,
    patient_2,
    patient_3,
    patient_4,
    patient_5,
    patient_6,
    patient_7,
    patient_8,
    name_the_bug,
]
for exercise in EXERCISES:
    exercise.equivalent = EQUIVALENT.get(exercise.name, {})

__all__ = ["CLASS", "EXERCISES", "naming_wrong", "search_wrong"]
