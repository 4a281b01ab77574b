"""The examiner of assignment A4: its exercises in the order of the notebook."""

# The wrong answers join their exercises when they are imported.
from . import layers_wrong, layers_wrong_too, pools_wrong, reading_wrong, transposed_wrong
from .bilinear import upsample_bilinear
from .checking import gradient_check
from .demo import CLASS
from .differences import numerical_gradient
from .equivalent import EQUIVALENT
from .layers import conv2d_backward
from .means import avg_pool2d_backward
from .pools import max_pool2d_backward
from .reading import train_digits
from .transposed import conv_transpose2d
from .unpooling import max_unpool2d

EXERCISES = [
    numerical_gradient,
    gradient_check,
    conv2d_backward,
    max_pool2d_backward,
    avg_pool2d_backward,
    max_unpool2d,
    upsample_bilinear,
    conv_transpose2d,
    train_digits,
]
for exercise in EXERCISES:
    exercise.equivalent = EQUIVALENT.get(exercise.name, {})

__all__ = [
    "CLASS",
    "EXERCISES",
    "layers_wrong",
    "layers_wrong_too",
    "pools_wrong",
    "reading_wrong",
    "transposed_wrong",
]
