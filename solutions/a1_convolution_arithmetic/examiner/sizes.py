"""Output sizes and receptive fields: the oracles run torch's convolution and look."""

import numpy as np
import torch
import torch.nn.functional as F
from hypothesis import strategies as st

from course_utils.grading.exercise import Call, Exercise, Facet, same_refusals, same_values

from .inputs import spoilt


def _run(n, kernel_size, stride=1, padding=0, dilation=1):
    x, w = (torch.empty(1, 1, length, device="meta") for length in (n, kernel_size))
    return F.conv1d(x, w, stride=stride, padding=padding, dilation=dilation).shape[-1]


@st.composite
def _fitting(draw, dilations):
    """Draw arguments under which at least one window fits."""
    kernel_size = draw(st.integers(1, 7))
    stride, padding, dilation = draw(st.integers(1, 5)), draw(st.integers(0, 4)), draw(dilations)
    least = max(1, dilation * (kernel_size - 1) + 1 - 2 * padding)
    n = draw(st.integers(least, least + 20))
    kwargs = {"stride": stride, "padding": padding, "dilation": dilation}
    defaults = {"stride": 1, "padding": 0, "dilation": 1}
    return Call((n, kernel_size), {k: v for k, v in kwargs.items() if v != defaults[k] or draw(st.booleans())})


TOO_LARGE = "the kernel spans {} positions and the padded input has {}"

conv_output_size = Exercise(
    "conv_output_size",
    _run,
    "lecture 04, on the size of the output",
    {
        "values": Facet(same_values, (
            Call((28, 5)), Call((7, 3), {"stride": 2}), Call((6, 3), {"stride": 2}, "6 − 3 is not divisible by 2: round down."),
            Call((5, 5)), Call((224, 11), {"stride": 4}), Call((227, 11), {"stride": 4}), Call((9, 1), {"stride": 4}),
            Call((2, 5), {"padding": 2}), Call((10, 2), {"padding": 1, "stride": 3}),
        ), _fitting(st.just(1))),
        "dilation": Facet(same_values, (
            Call((40, 3), {"dilation": 2}), Call((11, 3), {"dilation": 5}), Call((9, 1), {"dilation": 7}),
            Call((16, 4), {"dilation": 3, "stride": 2, "padding": 3}),
        ), _fitting(st.integers(1, 4))),
        "refusals": Facet(same_refusals, (
            *spoilt((9, 3, 1, 0, 1), "n kernel_size stride padding dilation", {"padding": 0}),
            Call((0, 3), {"padding": 2}, "n is 0 and must be 1 or more"),
            Call((4, 5), note=TOO_LARGE.format(5, 4)),
            Call((2, 5), {"padding": 1}, TOO_LARGE.format(5, 4)),
            Call((4, 3), {"dilation": 2}, TOO_LARGE.format(5, 4)),
            Call((3, 3), {"dilation": 3, "stride": 5, "padding": 1}, TOO_LARGE.format(7, 5)),
        )),
    },
)  # fmt: skip


@conv_output_size.alternative
def size_by_counting(n, kernel_size, stride=1, padding=0, dilation=1):
    if n < 1 or kernel_size < 1 or stride < 1 or dilation < 1 or padding < 0:
        raise ValueError("sizes must be 1 or more and the padding must not be negative")
    outputs, start = 0, 0
    while start + dilation * (kernel_size - 1) < n + 2 * padding:
        outputs += 1
        start += stride
    if outputs == 0:
        raise ValueError("the kernel is larger than the padded input")
    return outputs


@conv_output_size.alternative
def size_by_range(n, kernel_size, stride=1, padding=0, dilation=1):
    for value, least in ((n, 1), (kernel_size, 1), (stride, 1), (padding, 0), (dilation, 1)):
        if value < least:
            raise ValueError(f"{value} is less than {least}")
    last_start = n + 2 * padding - dilation * (kernel_size - 1) - 1
    if last_start < 0:
        raise ValueError(f"no window fits: {-last_start} positions are missing")
    return len(range(0, last_start + 1, stride))


CHECKED = "values dilation"


@conv_output_size.misconception("Padding is added on both sides: twice, not once.", f"examples {CHECKED}")
def size_padding_once(n, kernel_size, stride=1, padding=0, dilation=1):
    if min(n, kernel_size, stride, dilation) < 1 or padding < 0 or n + 2 * padding < dilation * (kernel_size - 1) + 1:
        raise ValueError("impossible arguments")
    return (n + padding - dilation * (kernel_size - 1) - 1) // stride + 1


@conv_output_size.misconception("The + 1 is missing: the first window needs no step.", f"examples {CHECKED}")
def size_without_the_first(n, kernel_size, stride=1, padding=0, dilation=1):
    if min(n, kernel_size, stride, dilation) < 1 or padding < 0 or n + 2 * padding < dilation * (kernel_size - 1) + 1:
        raise ValueError("impossible arguments")
    return (n + 2 * padding - dilation * (kernel_size - 1) - 1) // stride


@conv_output_size.misconception("The size is rounded up, but a window that does not fit is left out.",
                                f"examples {CHECKED}")  # fmt: skip
def size_rounded_up(n, kernel_size, stride=1, padding=0, dilation=1):
    if min(n, kernel_size, stride, dilation) < 1 or padding < 0 or n + 2 * padding < dilation * (kernel_size - 1) + 1:
        raise ValueError("impossible arguments")
    return -(-(n + 2 * padding - dilation * (kernel_size - 1) - 1) // stride) + 1


@conv_output_size.misconception("A size is a whole number: / gives a float, // the int.", f"examples {CHECKED}")
def size_as_float(n, kernel_size, stride=1, padding=0, dilation=1):
    if min(n, kernel_size, stride, dilation) < 1 or padding < 0 or n + 2 * padding < dilation * (kernel_size - 1) + 1:
        raise ValueError("impossible arguments")
    return (n + 2 * padding - dilation * (kernel_size - 1) - 1) / stride + 1


@conv_output_size.misconception("The size is rounded to the nearest whole number; it has to be rounded down.",
                                f"examples {CHECKED}")  # fmt: skip
def size_rounded(n, kernel_size, stride=1, padding=0, dilation=1):
    if min(n, kernel_size, stride, dilation) < 1 or padding < 0 or n + 2 * padding < dilation * (kernel_size - 1) + 1:
        raise ValueError("impossible arguments")
    return int((n + 2 * padding - dilation * (kernel_size - 1) - 1) / stride + 1.5)


@conv_output_size.misconception("Dilation is not looked at: the taps lie dilation apart, so the kernel spans more.",
                                "examples dilation refusals")  # fmt: skip
def size_without_dilation(n, kernel_size, stride=1, padding=0, dilation=1):
    if min(n, kernel_size, stride, dilation) < 1 or padding < 0 or n + 2 * padding < kernel_size:
        raise ValueError("impossible arguments")
    return (n + 2 * padding - kernel_size) // stride + 1


@conv_output_size.misconception(
    "The kernel's span is taken as dilation × kernel_size; between k taps there are k − 1 gaps: dilation × (k − 1) + 1.",
    "examples dilation",
)
def size_span_times_dilation(n, kernel_size, stride=1, padding=0, dilation=1):
    if min(n, kernel_size, stride, dilation) < 1 or padding < 0 or n + 2 * padding < dilation * (kernel_size - 1) + 1:
        raise ValueError("impossible arguments")
    return (n + 2 * padding - dilation * kernel_size) // stride + 1


@conv_output_size.misconception("The stride is not looked at.", f"examples {CHECKED}")
def size_without_stride(n, kernel_size, stride=1, padding=0, dilation=1):
    if min(n, kernel_size, stride, dilation) < 1 or padding < 0 or n + 2 * padding < dilation * (kernel_size - 1) + 1:
        raise ValueError("impossible arguments")
    return n + 2 * padding - dilation * (kernel_size - 1)


@conv_output_size.misconception("A kernel larger than the padded input gives a size of 0 or less here; it should be refused.",
                                "examples refusals")  # fmt: skip
def size_below_one(n, kernel_size, stride=1, padding=0, dilation=1):
    if min(n, kernel_size, stride, dilation) < 1 or padding < 0:
        raise ValueError("impossible arguments")
    return (n + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1


@conv_output_size.misconception("The kernel is compared with the input before the padding is added.",
                                f"{CHECKED}")  # fmt: skip
def size_compared_too_early(n, kernel_size, stride=1, padding=0, dilation=1):
    if min(n, kernel_size, stride, dilation) < 1 or padding < 0 or n < dilation * (kernel_size - 1) + 1:
        raise ValueError("impossible arguments")
    return (n + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1


@conv_output_size.misconception("Impossible arguments are let through; the statement asks for a ValueError.",
                                "examples refusals")  # fmt: skip
def size_unchecked(n, kernel_size, stride=1, padding=0, dilation=1):
    return (n + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1


def _by_gradient(layers):
    """Run the stack in torch with weights of one and read off which inputs the first two outputs touch."""
    found = []
    for depth in range(1, len(layers) + 1):
        stack = layers[:depth]
        length = 2
        for kernel_size, stride, dilation in reversed(stack):
            length = (length - 1) * stride + dilation * (kernel_size - 1) + 1
        x = torch.ones(1, 1, length, dtype=torch.float64, requires_grad=True)
        y = x
        for kernel_size, stride, dilation in stack:
            weight = torch.ones(1, 1, kernel_size, dtype=torch.float64)
            y = F.conv1d(y, weight, stride=stride, dilation=dilation)
        first, second = (torch.autograd.grad(y[0, 0, i], x, retain_graph=True)[0][0, 0].nonzero() for i in (0, 1))
        found.append((int(first.max()) + 1, int(second.min())))
    return found


_sizes, _strides = st.integers(1, 5), st.integers(1, 3)
ONE, TWO = [(3, 1, 1), (3, 1, 1), (3, 2, 1), (3, 1, 1)], [(3, 1, 1), (3, 1, 2), (3, 1, 4)]


def _stacks(dilations):
    return st.lists(st.tuples(_sizes, _strides, dilations), max_size=4).map(lambda stack: Call((stack,)))


receptive_field = Exercise(
    "receptive_field",
    _by_gradient,
    "lecture 04, on receptive fields",
    {
        "values": Facet(same_values, (
            Call((ONE,)), Call(([],), note="No layer, no row: the list is empty."), Call(([(3, 2, 1)] * 3,)),
            Call(([(1, 1, 1), (2, 3, 1), (4, 1, 1)],)), Call(([(1, 3, 1), (5, 1, 1)],)),
        ), _stacks(st.just(1))),
        "dilation": Facet(same_values, (Call((TWO,)), Call(([(3, 2, 3), (2, 1, 2), (3, 3, 1)],))),
                          _stacks(st.integers(1, 3))),
        "refusals": Facet(same_refusals, (
            Call(([(0, 1, 1)],), note="a kernel size is 0"),
            Call(([(3, 0, 1)],), note="a stride is 0"),
            Call(([(3, 1, 0)],), note="a dilation is 0"),
            Call(([(3, 1, 1), (-2, 1, 1)],), note="a kernel size is −2"),
            Call(([(3, 1, 1), (3, -1, 1)],), note="a stride is −1"),
            Call(([(3, 1, 1), (3, 1, -1)],), note="a dilation is −1"),
        )),
    },
)  # fmt: skip


@receptive_field.alternative
def field_by_products(layers):
    if any(value < 1 for layer in layers for value in layer):
        raise ValueError("kernel sizes, strides and dilations must be 1 or more")
    strides = np.cumprod([1] + [stride for _, stride, _ in layers])
    growth = [(k - 1) * d * int(jump) for (k, _, d), jump in zip(layers, strides)]
    return [(1 + sum(growth[: i + 1]), int(strides[i + 1])) for i in range(len(layers))]


@receptive_field.alternative
def field_by_tracing_back(layers):
    for kernel_size, stride, dilation in layers:
        if kernel_size < 1 or stride < 1 or dilation < 1:
            raise ValueError(f"({kernel_size}, {stride}, {dilation}) holds a value below 1")

    def inputs_behind(first, last, depth):
        for kernel_size, stride, dilation in reversed(layers[:depth]):
            first, last = first * stride, last * stride + dilation * (kernel_size - 1)
        return first, last

    rows = []
    for depth in range(1, len(layers) + 1):
        first, last = inputs_behind(0, 0, depth)
        rows.append((last - first + 1, inputs_behind(1, 1, depth)[0]))
    return rows


@receptive_field.misconception("Each layer adds kernel_size − 1, not kernel_size: neighbouring windows overlap.",
                               "examples values dilation")  # fmt: skip
def field_adds_kernel(layers):
    rows, field, jump = [], 1, 1
    for kernel_size, stride, dilation in layers:
        if min(kernel_size, stride, dilation) < 1:
            raise ValueError("values must be 1 or more")
        field, jump = field + kernel_size * dilation * jump, jump * stride
        rows.append((field, jump))
    return rows


@receptive_field.misconception("The strides before a layer make its steps longer; here each layer adds the same.",
                               "examples values dilation")  # fmt: skip
def field_without_jump(layers):
    rows, field, jump = [], 1, 1
    for kernel_size, stride, dilation in layers:
        if min(kernel_size, stride, dilation) < 1:
            raise ValueError("values must be 1 or more")
        field, jump = field + (kernel_size - 1) * dilation, jump * stride
        rows.append((field, jump))
    return rows


@receptive_field.misconception(
    "A layer's own stride does not widen its own windows: add (kernel_size − 1) × jump first, then multiply the jump.",
    "examples values dilation",
)
def field_jump_too_early(layers):
    rows, field, jump = [], 1, 1
    for kernel_size, stride, dilation in layers:
        if min(kernel_size, stride, dilation) < 1:
            raise ValueError("values must be 1 or more")
        jump *= stride
        field += (kernel_size - 1) * dilation * jump
        rows.append((field, jump))
    return rows


@receptive_field.misconception("The jump is the product of all strides so far, not the stride of the last layer.",
                               "examples values dilation")  # fmt: skip
def field_last_stride(layers):
    rows, field, jump = [], 1, 1
    for kernel_size, stride, dilation in layers:
        if min(kernel_size, stride, dilation) < 1:
            raise ValueError("values must be 1 or more")
        field, jump = field + (kernel_size - 1) * dilation * jump, stride
        rows.append((field, jump))
    return rows


@receptive_field.misconception("Dilation is not looked at: it moves a kernel's taps apart.", "dilation")
def field_without_dilation(layers):
    rows, field, jump = [], 1, 1
    for kernel_size, stride, dilation in layers:
        if min(kernel_size, stride, dilation) < 1:
            raise ValueError("values must be 1 or more")
        field, jump = field + (kernel_size - 1) * jump, jump * stride
        rows.append((field, jump))
    return rows


@receptive_field.misconception("Only the last pair comes back; a pair for each layer is wanted, in a list.",
                               "examples values dilation")  # fmt: skip
def field_of_the_last(layers):
    field, jump = 1, 1
    for kernel_size, stride, dilation in layers:
        if min(kernel_size, stride, dilation) < 1:
            raise ValueError("values must be 1 or more")
        field, jump = field + (kernel_size - 1) * dilation * jump, jump * stride
    return field, jump


@receptive_field.misconception("The pair is exchanged: receptive field first, jump second.", "examples values dilation")
def field_exchanged(layers):
    rows, field, jump = [], 1, 1
    for kernel_size, stride, dilation in layers:
        if min(kernel_size, stride, dilation) < 1:
            raise ValueError("values must be 1 or more")
        field, jump = field + (kernel_size - 1) * dilation * jump, jump * stride
        rows.append((jump, field))
    return rows


@receptive_field.misconception("Impossible layers are let through; the statement asks for a ValueError.", "refusals")
def field_unchecked(layers):
    rows, field, jump = [], 1, 1
    for kernel_size, stride, dilation in layers:
        field, jump = field + (kernel_size - 1) * dilation * jump, jump * stride
        rows.append((field, jump))
    return rows
