"""Separable layers, MACs and bottlenecks: the oracles build the layers, and torch's own flop counter counts."""

import numpy as np
import torch
from hypothesis import strategies as st
from torch import nn
from torch.utils.flop_counter import conv_flop_count

from course_utils.grading.exercise import Call, Exercise, Facet, same_refusals, same_values

from .counts import META, UNEVEN
from .inputs import calls, count, int_or_pair, one_side_zero, pair, spoilt


def _separable(kernel_size, in_channels, out_channels, depthwise_bias=True, pointwise_bias=True):
    depthwise = nn.Conv2d(in_channels, in_channels, kernel_size, groups=in_channels, bias=depthwise_bias, **META)
    pointwise = nn.Conv2d(in_channels, out_channels, 1, bias=pointwise_bias, **META)
    return sum(weight.numel() for layer in (depthwise, pointwise) for weight in layer.parameters())


separable_params = Exercise(
    "separable_params",
    _separable,
    "lecture 04, on depthwise separable convolution",
    {
        "values": Facet(same_values, (Call((3, 64, 128)), Call(((3, 5), 4, 7))), calls(int_or_pair, count, count)),
        "biases": Facet(
            same_values,
            (
                Call((3, 64, 128), {"pointwise_bias": False}),
                Call((3, 5, 7), {"depthwise_bias": False}),
                Call((3, 5, 7), {"depthwise_bias": False, "pointwise_bias": False}),
            ),
            calls(int_or_pair, count, count, depthwise_bias=st.booleans(), pointwise_bias=st.booleans()),
        ),
        "refusals": Facet(same_refusals, (
            *spoilt((3, 4, 6), "kernel_size in_channels out_channels"),
            *one_side_zero((3, 4, 6), "kernel"),
        )),
    },
)  # fmt: skip


@separable_params.alternative
def separable_by_filters(kernel_size, in_channels, out_channels, depthwise_bias=True, pointwise_bias=True):
    kh, kw = pair(kernel_size)
    if min(kh, kw, in_channels, out_channels) <= 0:
        raise ValueError("every size must be 1 or more")
    one_depthwise_filter = kh * kw + int(depthwise_bias)
    one_pointwise_filter = in_channels + int(pointwise_bias)
    return in_channels * one_depthwise_filter + out_channels * one_pointwise_filter


@separable_params.alternative
def separable_by_terms(kernel_size, in_channels, out_channels, depthwise_bias=True, pointwise_bias=True):
    sides = [*pair(kernel_size), in_channels, out_channels]
    if any(side < 1 for side in sides):
        raise ValueError(f"all of {sides} must be 1 or more")
    terms = [int(np.prod(pair(kernel_size))) * in_channels, in_channels * out_channels]
    if depthwise_bias:
        terms.append(in_channels)
    if pointwise_bias:
        terms.append(out_channels)
    return sum(terms)


@separable_params.misconception(
    "This is the formula of some slides, (h·w + 1)·C + C·C′: it counts the depthwise biases and forgets the pointwise ones.",
    "examples values biases",
)
def separable_slide(kernel_size, in_channels, out_channels, depthwise_bias=True, pointwise_bias=True):
    kh, kw = pair(kernel_size)
    if min(kh, kw, in_channels, out_channels) < 1:
        raise ValueError("sizes must be 1 or more")
    return (kh * kw + bool(depthwise_bias)) * in_channels + in_channels * out_channels


@separable_params.misconception("The biases are forgotten in both layers.", "examples values biases")
def separable_without_biases(kernel_size, in_channels, out_channels, depthwise_bias=True, pointwise_bias=True):
    kh, kw = pair(kernel_size)
    if min(kh, kw, in_channels, out_channels) < 1:
        raise ValueError("sizes must be 1 or more")
    return kh * kw * in_channels + in_channels * out_channels


@separable_params.misconception("The switches for the biases are not looked at.", "examples biases")
def separable_always_biases(kernel_size, in_channels, out_channels, depthwise_bias=True, pointwise_bias=True):
    kh, kw = pair(kernel_size)
    if min(kh, kw, in_channels, out_channels) < 1:
        raise ValueError("sizes must be 1 or more")
    return (kh * kw + 1) * in_channels + (in_channels + 1) * out_channels


@separable_params.misconception("The two switches are exchanged.", "biases")
def separable_switches_exchanged(kernel_size, in_channels, out_channels, depthwise_bias=True, pointwise_bias=True):
    kh, kw = pair(kernel_size)
    if min(kh, kw, in_channels, out_channels) < 1:
        raise ValueError("sizes must be 1 or more")
    return (kh * kw + bool(pointwise_bias)) * in_channels + (in_channels + bool(depthwise_bias)) * out_channels


@separable_params.misconception(
    "A depthwise layer has one filter for each input channel; here it has one for each output channel.",
    "examples values biases",
)
def separable_depthwise_of_outputs(kernel_size, in_channels, out_channels, depthwise_bias=True, pointwise_bias=True):
    kh, kw = pair(kernel_size)
    if min(kh, kw, in_channels, out_channels) < 1:
        raise ValueError("sizes must be 1 or more")
    return (kh * kw + bool(depthwise_bias)) * out_channels + (in_channels + bool(pointwise_bias)) * out_channels


@separable_params.misconception("This counts an ordinary convolution; the two steps are added, not multiplied.",
                                "examples values biases")  # fmt: skip
def separable_as_full(kernel_size, in_channels, out_channels, depthwise_bias=True, pointwise_bias=True):
    kh, kw = pair(kernel_size)
    if min(kh, kw, in_channels, out_channels) < 1:
        raise ValueError("sizes must be 1 or more")
    return (kh * kw * in_channels + bool(pointwise_bias)) * out_channels


@separable_params.misconception("Sizes below 1 are let through; the statement asks for a ValueError.", "refusals")
def separable_unchecked(kernel_size, in_channels, out_channels, depthwise_bias=True, pointwise_bias=True):
    kh, kw = pair(kernel_size)
    return (kh * kw + bool(depthwise_bias)) * in_channels + (in_channels + bool(pointwise_bias)) * out_channels


def _counted(output_size, kernel_size, in_channels, out_channels, groups=1):
    """Ask torch's flop counter about the layer on an input that gives exactly this output; two flops a MAC."""
    height, width = (o + k - 1 for o, k in zip(pair(output_size), pair(kernel_size), strict=True))
    layer = nn.Conv2d(in_channels, out_channels, kernel_size, groups=groups, bias=False, **META)
    x = torch.empty(1, in_channels, height, width, **META)
    return conv_flop_count(x.shape, layer.weight.shape, layer(x).shape) // 2


@st.composite
def _grouped(draw):
    groups = draw(st.integers(1, 4))
    channels = st.integers(1, 4).map(lambda each: each * groups)
    return draw(calls(int_or_pair, int_or_pair, channels, channels, groups=st.just(groups)))


conv_macs = Exercise(
    "conv_macs",
    _counted,
    "lecture 04, on counting operations",
    {
        "values": Facet(same_values, (Call((28, 5, 192, 32)), Call(((3, 5), (2, 7), 4, 6))),
                        calls(int_or_pair, int_or_pair, count, count)),
        "groups": Facet(same_values, (Call((7, 3, 12, 18), {"groups": 6}), Call((7, 3, 8, 8), {"groups": 8})),
                        _grouped()),
        "refusals": Facet(same_refusals, (
            *spoilt((4, 3, 2, 6, 2), "output_size kernel_size in_channels out_channels groups"),
            *one_side_zero((4, 3, 2, 6), "output kernel"),
            Call((4, 3, 4, 6), {"groups": 3}, UNEVEN.format("input", 3, 4)),
            Call((4, 3, 6, 4), {"groups": 3}, UNEVEN.format("output", 3, 4)),
        )),
    },
)  # fmt: skip


@conv_macs.alternative
def macs_by_outputs(output_size, kernel_size, in_channels, out_channels, groups=1):
    (oh, ow), (kh, kw) = pair(output_size), pair(kernel_size)
    if min(oh, ow, kh, kw, in_channels, out_channels, groups) <= 0:
        raise ValueError("every argument must be 1 or more")
    if (in_channels % groups, out_channels % groups) != (0, 0):
        raise ValueError("groups must divide both numbers of channels")
    outputs = oh * ow * out_channels
    return outputs * (kh * kw * (in_channels // groups))


@conv_macs.alternative
def macs_by_group_loop(output_size, kernel_size, in_channels, out_channels, groups=1):
    for value in (*pair(output_size), *pair(kernel_size), in_channels, out_channels, groups):
        if value < 1:
            raise ValueError(f"{value} is less than 1")
    if in_channels % groups or out_channels % groups:
        raise ValueError("the channels do not fall into equal groups")
    positions = int(np.prod(pair(output_size)))
    window = int(np.prod(pair(kernel_size)))
    return sum(positions * window * (in_channels // groups) * (out_channels // groups) for _ in range(groups))


@conv_macs.misconception("This is the number of weights: each of them works once at every output position.",
                         "examples values groups")  # fmt: skip
def macs_as_weights(output_size, kernel_size, in_channels, out_channels, groups=1):
    oh, ow, kh, kw = *pair(output_size), *pair(kernel_size)
    if min(oh, ow, kh, kw, in_channels, out_channels, groups) < 1 or in_channels % groups or out_channels % groups:
        raise ValueError("sizes must be 1 or more, and groups must divide the channels")
    return kh * kw * in_channels // groups * out_channels


@conv_macs.misconception("The output channels are forgotten: the window is worked through once for each of them.",
                         "examples values groups")  # fmt: skip
def macs_of_one_channel(output_size, kernel_size, in_channels, out_channels, groups=1):
    oh, ow, kh, kw = *pair(output_size), *pair(kernel_size)
    if min(oh, ow, kh, kw, in_channels, out_channels, groups) < 1 or in_channels % groups or out_channels % groups:
        raise ValueError("sizes must be 1 or more, and groups must divide the channels")
    return oh * ow * kh * kw * in_channels // groups


@conv_macs.misconception("A multiplication and its addition are one MAC; here they are counted as two operations.",
                         "examples values groups")  # fmt: skip
def macs_as_flops(output_size, kernel_size, in_channels, out_channels, groups=1):
    oh, ow, kh, kw = *pair(output_size), *pair(kernel_size)
    if min(oh, ow, kh, kw, in_channels, out_channels, groups) < 1 or in_channels % groups or out_channels % groups:
        raise ValueError("sizes must be 1 or more, and groups must divide the channels")
    return 2 * oh * ow * kh * kw * in_channels // groups * out_channels


@conv_macs.misconception("The biases are counted as MACs; the statement leaves them out.", "examples values groups")
def macs_with_biases(output_size, kernel_size, in_channels, out_channels, groups=1):
    oh, ow, kh, kw = *pair(output_size), *pair(kernel_size)
    if min(oh, ow, kh, kw, in_channels, out_channels, groups) < 1 or in_channels % groups or out_channels % groups:
        raise ValueError("sizes must be 1 or more, and groups must divide the channels")
    return oh * ow * (kh * kw * in_channels // groups + 1) * out_channels


@conv_macs.misconception("groups is not looked at: a filter works on its group's input channels only.", "groups")
def macs_groups_ignored(output_size, kernel_size, in_channels, out_channels, groups=1):
    oh, ow, kh, kw = *pair(output_size), *pair(kernel_size)
    if min(oh, ow, kh, kw, in_channels, out_channels, groups) < 1 or in_channels % groups or out_channels % groups:
        raise ValueError("sizes must be 1 or more, and groups must divide the channels")
    return oh * ow * kh * kw * in_channels * out_channels


@conv_macs.misconception(
    "groups divides twice here: fewer input channels a filter, but still all the filters.", "groups"
)
def macs_groups_twice(output_size, kernel_size, in_channels, out_channels, groups=1):
    oh, ow, kh, kw = *pair(output_size), *pair(kernel_size)
    if min(oh, ow, kh, kw, in_channels, out_channels, groups) < 1 or in_channels % groups or out_channels % groups:
        raise ValueError("sizes must be 1 or more, and groups must divide the channels")
    return oh * ow * kh * kw * (in_channels // groups) * (out_channels // groups)


@conv_macs.misconception("Impossible arguments are let through; the statement asks for a ValueError.", "refusals")
def macs_unchecked(output_size, kernel_size, in_channels, out_channels, groups=1):
    oh, ow, kh, kw = *pair(output_size), *pair(kernel_size)
    return oh * ow * kh * kw * in_channels // groups * out_channels


def _bottleneck(output_size, kernel_size, in_channels, mid_channels, out_channels):
    return _counted(output_size, 1, in_channels, mid_channels), _counted(
        output_size, kernel_size, mid_channels, out_channels
    )


bottleneck_macs = Exercise(
    "bottleneck_macs",
    _bottleneck,
    "lecture 04, on the 1×1 bottleneck",
    {
        "values": Facet(same_values, (Call((28, 5, 192, 16, 32)), Call(((3, 5), (2, 7), 4, 2, 6))),
                        calls(int_or_pair, int_or_pair, count, count, count)),
        "refusals": Facet(same_refusals, (
            *spoilt((4, 3, 2, 6, 5), "output_size kernel_size in_channels mid_channels out_channels"),
            *one_side_zero((4, 3, 2, 6, 5), "output kernel"),
        )),
    },
)  # fmt: skip


@bottleneck_macs.alternative
def bottleneck_written_out(output_size, kernel_size, in_channels, mid_channels, out_channels):
    (oh, ow), (kh, kw) = pair(output_size), pair(kernel_size)
    if min(oh, ow, kh, kw, in_channels, mid_channels, out_channels) <= 0:
        raise ValueError("every argument must be 1 or more")
    return oh * ow * in_channels * mid_channels, oh * ow * mid_channels * kh * kw * out_channels


@bottleneck_macs.alternative
def bottleneck_by_a_list(output_size, kernel_size, in_channels, mid_channels, out_channels):
    positions = np.array(pair(output_size))
    window = np.array(pair(kernel_size))
    widths = [in_channels, mid_channels, out_channels]
    if positions.min() < 1 or window.min() < 1 or min(widths) < 1:
        raise ValueError("a size below 1 makes no layer")
    steps = []
    for taps, before, after in zip((1, window.prod()), widths, widths[1:]):
        steps.append(int(positions.prod() * taps * before * after))
    return tuple(steps)


@bottleneck_macs.misconception("The two steps are wanted one by one, as a pair, and this is their sum.",
                               "examples values")  # fmt: skip
def bottleneck_sum(output_size, kernel_size, in_channels, mid_channels, out_channels):
    (oh, ow), (kh, kw) = pair(output_size), pair(kernel_size)
    if min(oh, ow, kh, kw, in_channels, mid_channels, out_channels) < 1:
        raise ValueError("sizes must be 1 or more")
    return oh * ow * mid_channels * (in_channels + kh * kw * out_channels)


@bottleneck_macs.misconception("The order is exchanged: the 1×1 step comes first.", "examples values")
def bottleneck_exchanged(output_size, kernel_size, in_channels, mid_channels, out_channels):
    (oh, ow), (kh, kw) = pair(output_size), pair(kernel_size)
    if min(oh, ow, kh, kw, in_channels, mid_channels, out_channels) < 1:
        raise ValueError("sizes must be 1 or more")
    return oh * ow * kh * kw * mid_channels * out_channels, oh * ow * in_channels * mid_channels


@bottleneck_macs.misconception("The second step still reads all the input channels; after the 1×1 only mid_channels are left.",
                               "examples values")  # fmt: skip
def bottleneck_not_narrowed(output_size, kernel_size, in_channels, mid_channels, out_channels):
    (oh, ow), (kh, kw) = pair(output_size), pair(kernel_size)
    if min(oh, ow, kh, kw, in_channels, mid_channels, out_channels) < 1:
        raise ValueError("sizes must be 1 or more")
    return oh * ow * in_channels * mid_channels, oh * ow * kh * kw * in_channels * out_channels


@bottleneck_macs.misconception("The first step is a 1×1 convolution: its window holds one position, not kernel_size².",
                               "examples values")  # fmt: skip
def bottleneck_wide_first(output_size, kernel_size, in_channels, mid_channels, out_channels):
    (oh, ow), (kh, kw) = pair(output_size), pair(kernel_size)
    if min(oh, ow, kh, kw, in_channels, mid_channels, out_channels) < 1:
        raise ValueError("sizes must be 1 or more")
    return oh * ow * kh * kw * in_channels * mid_channels, oh * ow * kh * kw * mid_channels * out_channels


@bottleneck_macs.misconception("Sizes below 1 are let through; the statement asks for a ValueError.", "refusals")
def bottleneck_unchecked(output_size, kernel_size, in_channels, mid_channels, out_channels):
    (oh, ow), (kh, kw) = pair(output_size), pair(kernel_size)
    return oh * ow * in_channels * mid_channels, oh * ow * kh * kw * mid_channels * out_channels
