"""The examiner of assignment A1: its exercises in the order of the notebook."""

from .costs import bottleneck_macs, conv_macs, separable_params
from .counts import conv_params, fc_params, locally_connected_params
from .demo import CLASS
from .equivalent import EQUIVALENT
from .matrices import toeplitz1d
from .signals import convolve1d, cross_correlate1d
from .sizes import conv_output_size, receptive_field

EXERCISES = [
    fc_params,
    conv_params,
    locally_connected_params,
    separable_params,
    conv_output_size,
    conv_macs,
    bottleneck_macs,
    receptive_field,
    cross_correlate1d,
    convolve1d,
    toeplitz1d,
]
for exercise in EXERCISES:
    exercise.equivalent = EQUIVALENT.get(exercise.name, {})

__all__ = ["CLASS", "EXERCISES"]
