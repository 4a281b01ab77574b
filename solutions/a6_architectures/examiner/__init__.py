"""The examiner of assignment A6: its exercises in the order of the notebook."""

# The wrong answers join their exercises when they are imported.
from . import (
    attention_wrong,
    convnext_wrong,
    dense_wrong,
    inception_wrong,
    macs_wrong,
    macs_wrong_too,
    nets_wrong,
    norms_wrong,
    residual_wrong,
    residual_wrong_too,
    separable_wrong,
    transition_wrong,
)
from .attention import SEBlock, SpatialAttention
from .convnext import ConvNeXtBlock
from .demo import CLASS
from .dense import DenseBlock
from .equivalent import EQUIVALENT
from .inception import Inception
from .macs import count_macs
from .nets import vgg
from .norms import normalise
from .residual import ResidualBlock
from .separable import DepthwiseSeparable
from .transition import Transition

EXERCISES = [
    vgg,
    Inception,
    ResidualBlock,
    DenseBlock,
    Transition,
    SEBlock,
    SpatialAttention,
    normalise,
    DepthwiseSeparable,
    ConvNeXtBlock,
    count_macs,
]
for exercise in EXERCISES:
    exercise.equivalent = EQUIVALENT.get(exercise.name, {})

__all__ = [
    "CLASS",
    "EXERCISES",
    "attention_wrong",
    "convnext_wrong",
    "dense_wrong",
    "inception_wrong",
    "macs_wrong",
    "macs_wrong_too",
    "nets_wrong",
    "norms_wrong",
    "residual_wrong",
    "residual_wrong_too",
    "separable_wrong",
    "transition_wrong",
]
