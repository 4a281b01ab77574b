"""Counting parameters: the oracle builds the layer in torch, without memory, and counts."""

import numpy as np
from hypothesis import strategies as st
from torch import nn

from course_utils.grading.exercise import Call, Exercise, Facet, same_refusals, same_values

from .inputs import calls, count, int_or_pair, one_side_zero, pair, spoilt

META = {"device": "meta"}


def _size(*layers: nn.Module) -> int:
    return sum(weight.numel() for layer in layers for weight in layer.parameters())


def _linear(in_features, out_features, bias=True):
    return _size(nn.Linear(in_features, out_features, bias=bias, **META))


fc_params = Exercise(
    "fc_params",
    _linear,
    "lecture 01, on the parameter explosion",
    {
        "values": Facet(same_values, (Call((3, 5)), Call((40_000, 40_000)), Call((1, 7), {"bias": False})),
                        calls(st.integers(1, 500), st.integers(1, 500), bias=st.booleans())),
        "refusals": Facet(same_refusals, spoilt((3, 5), "in_features out_features")),
    },
)  # fmt: skip


@fc_params.alternative
def fc_by_columns(in_features, out_features, bias=True):
    if in_features <= 0 or out_features <= 0:
        raise ValueError("both sizes must be positive")
    one_unit = in_features + 1 if bias else in_features
    return out_features * one_unit


@fc_params.alternative
def fc_by_shapes(in_features, out_features, bias=True):
    for size in (in_features, out_features):
        if size < 1:
            raise ValueError(f"a size of {size} is less than 1")
    shapes = [(out_features, in_features)] + [(out_features,)] * int(bias)
    return sum(int(np.prod(shape, dtype=np.int64)) for shape in shapes)


@fc_params.misconception("The biases are forgotten: each of the out_features units has one.", "examples values")
def fc_without_biases(in_features, out_features, bias=True):
    if min(in_features, out_features) < 1:
        raise ValueError("sizes must be 1 or more")
    return in_features * out_features


@fc_params.misconception("There is one bias for each output unit, not for each input.", "examples values")
def fc_bias_of_inputs(in_features, out_features, bias=True):
    if min(in_features, out_features) < 1:
        raise ValueError("sizes must be 1 or more")
    return in_features * out_features + (in_features if bias else 0)


@fc_params.misconception("One bias serves the whole layer here, but each output unit has its own.", "examples values")
def fc_one_bias(in_features, out_features, bias=True):
    if min(in_features, out_features) < 1:
        raise ValueError("sizes must be 1 or more")
    return in_features * out_features + bool(bias)


@fc_params.misconception("bias=False is not looked at: the biases are always counted.", "examples values")
def fc_always_biases(in_features, out_features, bias=True):
    if min(in_features, out_features) < 1:
        raise ValueError("sizes must be 1 or more")
    return in_features * out_features + out_features


@fc_params.misconception("Sizes below 1 are let through; the statement asks for a ValueError.", "refusals")
def fc_unchecked(in_features, out_features, bias=True):
    return (in_features + bool(bias)) * out_features


@fc_params.misconception("Only negative sizes are refused; a layer of size 0 is no layer either.", "refusals")
def fc_zero_let_through(in_features, out_features, bias=True):
    if in_features < 0 or out_features < 0:
        raise ValueError("sizes must not be negative")
    return (in_features + bool(bias)) * out_features


def _convolution(kernel_size, in_channels, out_channels, groups=1, bias=True):
    return _size(nn.Conv2d(in_channels, out_channels, kernel_size, groups=groups, bias=bias, **META))


@st.composite
def _grouped(draw):
    groups = draw(st.integers(1, 4))
    channels = st.integers(1, 4).map(lambda each: each * groups)
    return draw(calls(int_or_pair, channels, channels, groups=st.just(groups), bias=st.booleans()))


UNEVEN = "groups must divide the number of {} channels, and {} does not divide {}"

conv_params = Exercise(
    "conv_params",
    _convolution,
    "lecture 04, on counting parameters, and on grouped convolution",
    {
        "values": Facet(same_values, (Call((3, 64, 128)), Call(((3, 5), 2, 7)), Call((1, 4, 6), {"bias": False})),
                        calls(int_or_pair, count, count, bias=st.booleans())),
        "groups": Facet(same_values, (Call((3, 64, 64), {"groups": 64}), Call(((5, 2), 6, 4), {"groups": 2})),
                        _grouped()),
        "refusals": Facet(same_refusals, (
            *spoilt((3, 4, 8, 2), "kernel_size in_channels out_channels groups"),
            *one_side_zero((3, 4, 8), "kernel"),
            Call((3, 4, 6), {"groups": 3}, UNEVEN.format("input", 3, 4)),
            Call((3, 6, 4), {"groups": 3}, UNEVEN.format("output", 3, 4)),
        )),
    },
)  # fmt: skip


@conv_params.alternative
def conv_by_filters(kernel_size, in_channels, out_channels, groups=1, bias=True):
    height, width = kernel_size if isinstance(kernel_size, tuple) else (kernel_size,) * 2
    if min(height, width, in_channels, out_channels, groups) <= 0:
        raise ValueError("every argument must be 1 or more")
    if in_channels % groups or out_channels % groups:
        raise ValueError(f"groups={groups} must divide {in_channels} and {out_channels}")
    one_filter = height * width * (in_channels // groups) + int(bias)
    return one_filter * out_channels


@conv_params.alternative
def conv_by_groups(kernel_size, in_channels, out_channels, groups=1, bias=True):
    kh, kw = pair(kernel_size)
    for value in (kh, kw, in_channels, out_channels, groups):
        if value < 1:
            raise ValueError(f"{value} is less than 1")
    per_group_in, rest_in = divmod(in_channels, groups)
    per_group_out, rest_out = divmod(out_channels, groups)
    if rest_in or rest_out:
        raise ValueError("the channels cannot be cut into so many equal groups")
    total = 0
    for _ in range(groups):
        total += kh * kw * per_group_in * per_group_out
        total += per_group_out if bias else 0
    return total


@conv_params.misconception("The biases are forgotten: each filter has one.", "examples values groups")
def conv_without_biases(kernel_size, in_channels, out_channels, groups=1, bias=True):
    kh, kw = pair(kernel_size)
    if min(kh, kw, in_channels, out_channels, groups) < 1 or in_channels % groups or out_channels % groups:
        raise ValueError("sizes must be 1 or more, and groups must divide the channels")
    return kh * kw * in_channels * out_channels // groups


@conv_params.misconception(
    "A filter reaches through all input channels: the number of weights of one filter is "
    "kernel height times width times input channels.",
    "examples values groups",
)
def conv_flat_filters(kernel_size, in_channels, out_channels, groups=1, bias=True):
    kh, kw = pair(kernel_size)
    if min(kh, kw, in_channels, out_channels, groups) < 1 or in_channels % groups or out_channels % groups:
        raise ValueError("sizes must be 1 or more, and groups must divide the channels")
    return (kh * kw + bool(bias)) * out_channels


@conv_params.misconception("The kernel is taken to be square, but it may be a pair (height, width).",
                           "examples values groups")  # fmt: skip
def conv_square_only(kernel_size, in_channels, out_channels, groups=1, bias=True):
    kh, kw = pair(kernel_size)
    if min(kh, kw, in_channels, out_channels, groups) < 1 or in_channels % groups or out_channels % groups:
        raise ValueError("sizes must be 1 or more, and groups must divide the channels")
    return (kh * kh * in_channels // groups + bool(bias)) * out_channels


@conv_params.misconception("The bias is counted for every weight's channel: there is one for each filter only.",
                           "examples values groups")  # fmt: skip
def conv_bias_for_each_slice(kernel_size, in_channels, out_channels, groups=1, bias=True):
    kh, kw = pair(kernel_size)
    if min(kh, kw, in_channels, out_channels, groups) < 1 or in_channels % groups or out_channels % groups:
        raise ValueError("sizes must be 1 or more, and groups must divide the channels")
    return (kh * kw + bool(bias)) * in_channels // groups * out_channels


@conv_params.misconception("groups is not looked at: a filter sees only its group's input channels.", "examples groups")
def conv_groups_ignored(kernel_size, in_channels, out_channels, groups=1, bias=True):
    kh, kw = pair(kernel_size)
    if min(kh, kw, in_channels, out_channels, groups) < 1 or in_channels % groups or out_channels % groups:
        raise ValueError("sizes must be 1 or more, and groups must divide the channels")
    return (kh * kw * in_channels + bool(bias)) * out_channels


@conv_params.misconception(
    "groups divides twice here: the input channels of a filter become fewer, the number of filters stays.",
    "examples groups",
)
def conv_groups_twice(kernel_size, in_channels, out_channels, groups=1, bias=True):
    kh, kw = pair(kernel_size)
    if min(kh, kw, in_channels, out_channels, groups) < 1 or in_channels % groups or out_channels % groups:
        raise ValueError("sizes must be 1 or more, and groups must divide the channels")
    return (kh * kw * (in_channels // groups) + bool(bias)) * (out_channels // groups)


@conv_params.misconception("groups also divides the biases here, but every filter keeps its own.", "examples groups")
def conv_biases_divided(kernel_size, in_channels, out_channels, groups=1, bias=True):
    kh, kw = pair(kernel_size)
    if min(kh, kw, in_channels, out_channels, groups) < 1 or in_channels % groups or out_channels % groups:
        raise ValueError("sizes must be 1 or more, and groups must divide the channels")
    return (kh * kw * in_channels * out_channels + out_channels * bool(bias)) // groups


@conv_params.misconception("Only the input channels are checked; groups must divide the output channels too.",
                           "refusals")  # fmt: skip
def conv_outputs_unchecked(kernel_size, in_channels, out_channels, groups=1, bias=True):
    kh, kw = pair(kernel_size)
    if min(kh, kw, in_channels, out_channels, groups) < 1 or in_channels % groups:
        raise ValueError("sizes must be 1 or more, and groups must divide the input channels")
    return (kh * kw * in_channels // groups + bool(bias)) * out_channels


@conv_params.misconception("Impossible arguments are let through; the statement asks for a ValueError.", "refusals")
def conv_unchecked(kernel_size, in_channels, out_channels, groups=1, bias=True):
    kh, kw = pair(kernel_size)
    return (kh * kw * in_channels // groups + bool(bias)) * out_channels


def _unshared(output_size, kernel_size, in_channels, out_channels, bias=True):
    height, width = pair(output_size)
    one_place = nn.Conv2d(in_channels, out_channels, kernel_size, bias=bias, **META)
    return sum(_size(one_place) for _ in range(height) for _ in range(width))


locally_connected_params = Exercise(
    "locally_connected_params",
    _unshared,
    "lecture 01, on local connections with and without sharing",
    {
        "values": Facet(same_values, (Call((28, 5, 3, 5)), Call(((2, 3), (3, 5), 4, 7)), Call((1, 3, 2, 4))),
                        calls(int_or_pair, int_or_pair, count, count, bias=st.booleans())),
        "refusals": Facet(same_refusals, (
            *spoilt((4, 3, 2, 5), "output_size kernel_size in_channels out_channels"),
            *one_side_zero((4, 3, 2, 5), "output kernel"),
        )),
    },
)  # fmt: skip


@locally_connected_params.alternative
def unshared_by_units(output_size, kernel_size, in_channels, out_channels, bias=True):
    oh, ow = pair(output_size)
    kh, kw = pair(kernel_size)
    if min(oh, ow, kh, kw, in_channels, out_channels) < 1:
        raise ValueError("every size must be 1 or more")
    units = oh * ow * out_channels
    return units * kh * kw * in_channels + (units if bias else 0)


@locally_connected_params.alternative
def unshared_by_arrays(output_size, kernel_size, in_channels, out_channels, bias=True):
    sides = np.array([*pair(output_size), *pair(kernel_size), in_channels, out_channels])
    if (sides <= 0).any():
        raise ValueError(f"every size must be positive, and these are {sides.tolist()}")
    weights = int(sides.prod())
    biases = int(sides[0] * sides[1] * out_channels) if bias else 0
    return weights + biases


@locally_connected_params.misconception(
    "The weights are shared here. In a locally connected layer every position has filters of its own.",
    "examples values",
)
def unshared_but_shared(output_size, kernel_size, in_channels, out_channels, bias=True):
    oh, ow = pair(output_size)
    kh, kw = pair(kernel_size)
    if min(oh, ow, kh, kw, in_channels, out_channels) < 1:
        raise ValueError("every size must be 1 or more")
    return (kh * kw * in_channels + bool(bias)) * out_channels


@locally_connected_params.misconception(
    "The biases are shared over the positions here, but every unit has its own: one for each position and channel.",
    "examples values",
)
def unshared_with_shared_biases(output_size, kernel_size, in_channels, out_channels, bias=True):
    oh, ow = pair(output_size)
    kh, kw = pair(kernel_size)
    if min(oh, ow, kh, kw, in_channels, out_channels) < 1:
        raise ValueError("every size must be 1 or more")
    return oh * ow * kh * kw * in_channels * out_channels + out_channels * bool(bias)


@locally_connected_params.misconception(
    "There is one filter for each position here, but a layer with several output channels has as many at each position.",
    "examples values",
)
def unshared_one_channel(output_size, kernel_size, in_channels, out_channels, bias=True):
    oh, ow = pair(output_size)
    kh, kw = pair(kernel_size)
    if min(oh, ow, kh, kw, in_channels, out_channels) < 1:
        raise ValueError("every size must be 1 or more")
    return oh * ow * (kh * kw * in_channels + bool(bias))


@locally_connected_params.misconception("The output is taken to be square, but it may be a pair (height, width).",
                                        "examples values")  # fmt: skip
def unshared_square_output(output_size, kernel_size, in_channels, out_channels, bias=True):
    oh, ow = pair(output_size)
    kh, kw = pair(kernel_size)
    if min(oh, ow, kh, kw, in_channels, out_channels) < 1:
        raise ValueError("every size must be 1 or more")
    return oh * oh * (kh * kw * in_channels + bool(bias)) * out_channels


@locally_connected_params.misconception("Sizes below 1 are let through; the statement asks for a ValueError.",
                                        "refusals")  # fmt: skip
def unshared_unchecked(output_size, kernel_size, in_channels, out_channels, bias=True):
    oh, ow = pair(output_size)
    kh, kw = pair(kernel_size)
    return oh * ow * (kh * kw * in_channels + bool(bias)) * out_channels
