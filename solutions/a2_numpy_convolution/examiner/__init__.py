"""The examiner of assignment A2: its exercises in the order of the notebook."""

from . import depthwise_mistakes, layer_loops, layer_mistakes, naive_mistakes  # noqa: F401 - they add themselves to the exercises
from .columns import im2col
from .demo import CLASS
from .depthwise import depthwise_conv2d
from .edges import edge_detector
from .equivalent import EQUIVALENT
from .flipped import convolve2d
from .layers import conv2d
from .matrices import conv_as_matrix
from .naive import conv2d_naive
from .padding import zero_pad2d

EXERCISES = [
    zero_pad2d,
    convolve2d,
    conv2d_naive,
    im2col,
    conv2d,
    depthwise_conv2d,
    conv_as_matrix,
    edge_detector,
]
for exercise in EXERCISES:
    exercise.equivalent = EQUIVALENT.get(exercise.name, {})

__all__ = ["CLASS", "EXERCISES"]
