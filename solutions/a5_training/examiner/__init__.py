"""The examiner of assignment A5: its exercises in the order of the notebook."""

# The wrong answers join their exercises when they are imported.
from . import (
    ablation_wrong,
    distortions_wrong,
    scoring_wrong,
    training_resumed_wrong,
    training_wrong,
    training_wrong_too,
)
from .ablation import ablate
from .demo import CLASS
from .dense import build_mnist1d_fc
from .distortions import elastic_distort
from .equivalent import EQUIVALENT
from .intervals import binomial_interval
from .lenet import lenet5
from .norms import local_response_norm
from .scoring import accuracy
from .shifts import random_translate
from .signals import build_mnist1d_cnn
from .training import train

EXERCISES = [
    build_mnist1d_cnn,
    build_mnist1d_fc,
    accuracy,
    train,
    binomial_interval,
    lenet5,
    random_translate,
    elastic_distort,
    local_response_norm,
    ablate,
]
for exercise in EXERCISES:
    exercise.equivalent = EQUIVALENT.get(exercise.name, {})

__all__ = [
    "CLASS",
    "EXERCISES",
    "ablation_wrong",
    "distortions_wrong",
    "scoring_wrong",
    "training_resumed_wrong",
    "training_wrong",
    "training_wrong_too",
]
