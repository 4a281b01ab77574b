"""Lecture 04 without a browser: the numbers that its figures show, its explorers moved, its quizzes."""

import re

import numpy as np
import pytest
import torch
from pictures import answers_every_choice, move, right, small
from torch import nn
from torch.nn import functional as F

from course_utils.arithmetic import layer_table, positive_stack, touched_inputs
from course_utils.plots.sizes import (
    draw_bottleneck,
    draw_budget,
    draw_channel_mixing,
    draw_coverage,
    draw_growth,
    draw_kernel_costs,
    draw_receptive_field,
    draw_touched,
    draw_windows,
)
from course_utils.widgets.sizes import (
    bottleneck_explorer,
    channel_explorer,
    output_size_explorer,
    parse_layers,
    receptive_field_explorer,
)

ERRORS = {"one": np.linspace(1, 0, 193), "other": np.linspace(1, 0, 193) ** 2}


@pytest.mark.parametrize(
    "setting", [(6, 3, 2, 0, 1), (24, 1, 1, 4, 1), (24, 8, 6, 4, 4), (1, 1, 1, 0, 1), (12, 2, 4, 0, 1)]
)
def test_windows_say_the_outputs_of_torch_and_the_inputs_without_gradient(setting):
    n, k, s, p, d = setting
    x = torch.zeros(1, 1, n, requires_grad=True)
    y = F.conv1d(x, torch.ones(1, 1, k), stride=s, padding=p, dilation=d)
    y.sum().backward()
    alt = small(draw_windows(*setting)).alt
    assert re.search(r"(\d+) windows? of", alt).group(1) == str(y.shape[-1])
    missed = (x.grad[0, 0] == 0).nonzero().flatten().tolist()
    assert (f"no window reads input {', '.join(map(str, missed))}" if missed else "every input is read") in alt


def test_coverage_counts_windows_and_missed_pixels_as_torch_does():
    alt = small(draw_coverage({"a": (6, 3, 2, 0, 1), "b": (7, 3, 2, 1, 1), "c": (9, 3, 1, 0, 2)})).alt
    for title, (n, k, s, p, d) in {"a": (6, 3, 2, 0, 1), "b": (7, 3, 2, 1, 1), "c": (9, 3, 1, 0, 2)}.items():
        x = torch.zeros(1, 1, n, n, requires_grad=True)
        y = F.conv2d(x, torch.ones(1, 1, k, k), stride=s, padding=p, dilation=d)
        y.sum().backward()
        least, most, missed = int(x.grad.min()), int(x.grad.max()), int((x.grad == 0).sum())
        outputs = f"{y.shape[-1]} by {y.shape[-1]} outputs"
        reads = f"each pixel is read by {least} to {most} windows and {missed} by none"
        assert f"{title}: {n} by {n} pixels give {outputs}, {reads}" in alt


def test_kernel_costs_budget_and_growth_say_their_numbers():
    alt = small(draw_kernel_costs({3: 9, 5: 25, 7: 49}, {3: 9, 5: 18, 7: 27})).alt
    assert "25 against 18 at 5, 49 against 27 at 7" in alt
    rows = {"conv": layer_table(nn.Conv2d(1, 6, 5), (1, 32, 32))[0], "full": layer_table(nn.Linear(84, 10), (84,))[0]}
    alt = small(draw_budget(rows)).alt
    assert f"conv {156 / (156 + 850):.1%}, full {850 / (156 + 850):.1%}" in alt
    assert f"conv {117600 / (117600 + 840):.1%}" in alt
    assert "net 3, 5, 7, 11" in small(draw_growth({"net": [3, 5, 7, 11]})).alt
    assert "49 of 169" in small(draw_touched({"grid": grid((2, 2, 2), 13), "full": grid((1, 2, 4), 15)})).alt


def grid(dilations, side):
    return touched_inputs(positive_stack([(3, 1, d) for d in dilations], 2), (1, side, side), (0, 0, 0))[0]


@pytest.mark.parametrize("r", [1, 16, 154, 155, 192])
def test_bottleneck_says_the_cost_by_hand(r):
    alt = small(draw_bottleneck(r, ERRORS)).alt
    cost = 28 * 28 * (192 * r + 25 * r * 32)
    assert f"costs {cost / 1e6:.2f} million MACs, the 5×5 layer alone 120.42" in alt
    assert f"factor of {120_422_400 / cost:.2f}" in alt
    assert f"one {1 - r / 192:.1%}, other {(1 - r / 192) ** 2:.1%}" in alt


@pytest.mark.parametrize("r", [0, 193])
def test_bottleneck_refuses_widths_that_are_none(r):
    with pytest.raises(ValueError, match=f"has {r} channels"):
        draw_bottleneck(r, ERRORS)


@pytest.mark.parametrize(
    ("c", "o", "k", "g"), [(16, 32, 3, 4), (64, 64, 3, 64), (1, 1, 1, 1), (64, 64, 7, 1), (6, 4, 5, 2)]
)
def test_channel_mixing_counts_by_hand(c, o, k, g):
    alt = small(draw_channel_mixing(c, o, k, g)).alt
    assert f"full layer ({k * k * c * o:,} weights), blocks in {g} groups ({k * k * c * o // g:,})" in alt
    assert f"both steps together have {k * k * c + c * o:,} weights" in alt


@pytest.mark.parametrize(
    ("layers", "n", "spans"),
    [
        ([(3, 1, 1), (3, 1, 1), (3, 2, 1), (3, 1, 1)], 11, "3, 5, 7, 11"),
        ([(3, 1, 1), (3, 1, 2), (3, 1, 4)], 40, "3, 7, 15"),
        ([(3, 1, 2), (3, 1, 2), (3, 1, 2)], 40, "5, 9, 13"),
        ([(1, 1, 1)], 1, "1"),
        ([(5, 1, 1), (2, 2, 1), (5, 1, 1), (2, 2, 1), (5, 1, 1)], 40, "5, 6, 14, 16, 32"),
        ([(7, 1, 1)] * 6, 40, "7, 13, 19, 25, 31, 37"),
        ([(7, 1, 1)] * 3, 29, "7, 13, 19"),
    ],
)
def test_receptive_field_spans_what_the_sources_say(layers, n, spans):
    alt = small(draw_receptive_field(layers, n)).alt
    assert f"units of the layers span {spans} inputs" in alt
    touched = int(touched_inputs(positive_stack(layers), (1, n), (0, 0)).sum())
    assert f"Unit 0 of the last layer reads {touched} inputs" in alt


@pytest.mark.parametrize(
    ("layers", "field"),
    [
        ([(11, 4, 1), (3, 2, 1), (5, 1, 1), (3, 2, 1), (3, 1, 1), (3, 1, 1), (3, 1, 1)], 163),
        ([(11, 4, 1), (3, 2, 1), (5, 1, 1), (3, 2, 1), (3, 1, 1)], 99),
        (([(3, 1, 1)] * 2 + [(2, 2, 1)]) * 2 + ([(3, 1, 1)] * 3 + [(2, 2, 1)]) * 3, 212),
        ([(3, 2, 1)] * 3, 15),
    ],
)
def test_published_receptive_fields_come_out_of_the_gradient(layers, field):
    touched = touched_inputs(positive_stack(layers), (1, 400), (0, 0))[0]
    assert touched.sum() == field
    assert touched[:field].all()


def test_output_size_explorer_moves_and_explains_the_impossible():
    explorer = output_size_explorer()
    assert "no window reads input 5" in explorer.output.value
    assert "every input is read" in move(explorer, n=7)
    for extreme in ({"n": 24, "padding": 4, "stride": 1}, {"kernel_size": 9, "dilation": 2}, {"stride": 6}):
        assert "<img" in move(explorer, **extreme)
    assert "Not possible" in move(explorer, n=1, padding=0, dilation=4)
    assert "a window that spans 33 positions does not fit into 1" in explorer.output.value
    assert "<img" in move(explorer, kernel_size=1)


def test_bottleneck_explorer_moves_to_both_ends():
    explorer = bottleneck_explorer(ERRORS)
    assert "factor of 9.68" in explorer.output.value
    for r in (1, 154, 192):
        assert f"bottleneck of {r} channels" in move(explorer, reduction=r)


def test_channel_explorer_moves_and_explains_groups_that_do_not_divide():
    explorer = channel_explorer()
    assert "656 weights" in explorer.output.value
    assert "must be divisible by groups" in move(explorer, groups=5)
    assert "blocks in 16 groups" in move(explorer, groups=16)
    assert "<img" in move(explorer, in_channels=64, out_channels=64, kernel_size=7, groups=64)
    assert "<img" in move(explorer, groups=1, in_channels=1, out_channels=1, kernel_size=1)


def test_receptive_field_explorer_moves_and_explains_the_impossible():
    explorer = receptive_field_explorer()
    assert "span 3, 5, 7, 11 inputs" in explorer.output.value
    assert "4 kernel sizes, 4 strides, 3 dilations" in move(explorer, dilations="1, 2, 4")
    assert "4 kernel sizes, 3 strides, 3 dilations" in move(explorer, strides="1 1 1")
    assert "span 3, 7, 15 inputs" in move(explorer, kernel_sizes="3 3 3")
    assert "unit 7 does not exist" in move(explorer, unit=7)
    assert "<img" in move(explorer, n=40, unit=25)
    assert "layer 1 of 3" in move(explorer, n=2)
    assert "no whole number" in move(explorer, strides="1 x 1")
    assert "stride is 0" in move(explorer, strides="1 0 1", n=40)


def test_parse_layers_takes_spaces_and_commas_and_refuses_the_rest():
    assert parse_layers("3, 5", "1 2", "1,1") == [(3, 1, 1), (5, 2, 1)]
    for texts, message in (
        (("", "", ""), "there are 0 layers"),
        (("1 " * 7, "1 " * 7, "1 " * 7), "there are 7 layers"),
        (("3", "1 1", "1"), "one number for each layer"),
        (("3.5", "1", "1"), "no whole number"),
    ):
        with pytest.raises(ValueError, match=message):
            parse_layers(*texts)


RIGHT = {
    "Q12": ("4×4", nn.Conv2d(1, 1, 5, stride=2, padding=1), (1, 10, 10), (1, 4, 4)),
    "Q17": ("7×7", nn.Conv2d(1, 1, 3, padding=1), (1, 7, 7), (1, 7, 7)),
    "Q18": ("28×28×8, 26×26×8, 13×13×8", nn.Conv2d(3, 8, 3, stride=2), (3, 28, 28), (8, 13, 13)),
    "Q16": ("75, and a bias", nn.Conv2d(3, 5, 5), (3, 32, 32), (5, 28, 28)),
}


@pytest.mark.parametrize("number", RIGHT)
def test_quizzes_about_sizes_have_the_answer_that_torch_gives(number):
    text, layer, shape, output = RIGHT[number]
    assert right(number) == text
    assert layer_table(layer, shape)[0].output_shape == output


def test_quizzes_about_costs_have_the_right_answer():
    full = sum(weight.numel() for weight in nn.Conv2d(64, 128, 3).parameters())
    parts = [nn.Conv2d(64, 64, 3, groups=64), nn.Conv2d(64, 128, 1)]
    separable = sum(weight.numel() for layer in parts for weight in layer.parameters())
    assert right("Q21") == f"{full:,} and {separable:,}"
    assert right("Q4a").startswith("The 1×1 layer shares one matrix")
    assert right("Q4b") == "In all three of these cases"


@pytest.mark.parametrize("number", ["Q4a", "Q4b", "Q12", "Q16", "Q17", "Q18", "Q21"])
def test_each_quiz_answers_every_choice(number):
    answers_every_choice(number)
