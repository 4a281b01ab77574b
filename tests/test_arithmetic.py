"""Sizes, parameters and MACs against torch, its own counter of operations, and closed forms."""

import itertools

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from course_utils.arithmetic import (
    channel_links,
    cone,
    five_by_five_branch,
    layer_table,
    positive_stack,
    rank_errors,
    survey_sizes,
    times_read,
    touched_inputs,
    window_taps,
)


def test_layer_table_has_a_row_for_each_leaf_in_order():
    model = nn.Sequential(nn.Conv2d(1, 6, 5), nn.ReLU(), nn.Flatten(), nn.Linear(6 * 24 * 24, 10))
    rows = layer_table(model, (1, 28, 28))
    assert [row.kind for row in rows] == ["Conv2d", "ReLU", "Flatten", "Linear"]
    assert [row.output_shape for row in rows] == [(6, 24, 24), (6, 24, 24), (3456,), (10,)]
    assert [row.parameters for row in rows] == [156, 0, 0, 34570]
    assert [row.macs for row in rows] == [86400, 0, 0, 34560]


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (nn.Conv2d(3, 8, 5, stride=2, padding=1), (3, 17, 23)),
        (nn.Conv2d(12, 18, (3, 5), groups=3, dilation=2), (12, 20, 21)),
        (nn.Conv1d(15, 7, 3, stride=2), (15, 19)),
        (nn.Linear(84, 10), (84,)),
        (five_by_five_branch(16), (192, 28, 28)),
    ],
)
def test_macs_are_half_of_what_torch_counts_as_operations(layer, shape):
    with FlopCounterMode(display=False) as counter:
        layer(torch.zeros(1, *shape))
    rows = layer_table(layer, shape)
    assert 2 * sum(row.macs for row in rows) == counter.get_total_flops()
    assert sum(row.parameters for row in rows) == sum(weight.numel() for weight in layer.parameters())


def test_parameters_follow_the_printed_formula_for_random_shapes():
    rng = np.random.default_rng(0)
    for _ in range(50):
        height, width, inputs, outputs = (int(size) for size in rng.integers(1, 9, size=4))
        [row] = layer_table(nn.Conv2d(inputs, outputs, (height, width)), (inputs, 9, 9))
        assert row.parameters == (height * width * inputs + 1) * outputs


def test_layer_table_refuses_what_a_normalisation_refuses():
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(5))
    with pytest.raises(ValueError, match="BatchNorm2d of 5 channels was given 4"):
        layer_table(model, (1, 8, 8))
    assert "forward" not in vars(model[1])


def test_layer_table_leaves_the_model_alone_and_needs_no_memory():
    with torch.device("meta"):
        huge = nn.Linear(10**6, 10**6)
    assert layer_table(huge, (10**6,))[0].macs == 10**12
    model = nn.Conv2d(1, 1, 3)
    before = model.weight.clone()
    layer_table(model, (1, 5, 5))
    assert torch.equal(model.weight, before)
    assert not model._forward_hooks
    with pytest.raises(ValueError, match=r"does not take an input of shape \(2, 5, 5\)"):
        layer_table(model, (2, 5, 5))
    assert not model._forward_hooks


SETTINGS = list(itertools.product(range(1, 15), range(1, 6), range(1, 4), range(3), range(1, 4)))


def test_windows_read_what_torch_unfold_reads():
    checked = 0
    for n, k, s, p, d in SETTINGS[::7]:
        if n + 2 * p < d * (k - 1) + 1:
            with pytest.raises(ValueError, match="does not fit"):
                window_taps(n, k, s, p, d)
            continue
        numbered = torch.arange(1.0, n + 1).reshape(1, 1, 1, n)
        seen = F.unfold(numbered, (1, k), dilation=(1, d), padding=(0, p), stride=(1, s))[0].T.numpy()
        taps = window_taps(n, k, s, p, d)
        inside = np.where((taps >= 0) & (taps < n), taps + 1, 0)
        np.testing.assert_array_equal(inside, seen)
        checked += 1
    assert checked > 200


def test_the_number_of_windows_is_the_closed_form():
    n, k, s, p, d = (np.array(column) for column in zip(*SETTINGS, strict=True))
    fits = n + 2 * p >= d * (k - 1) + 1
    closed = (n + 2 * p - (d * (k - 1) + 1)) // s + 1
    counted = [len(window_taps(*setting)) for setting, fit in zip(SETTINGS, fits, strict=True) if fit]
    np.testing.assert_array_equal(counted, closed[fits])


@pytest.mark.parametrize("name", ["n", "kernel_size", "stride", "padding", "dilation"])
def test_window_taps_names_the_argument_out_of_range(name):
    good = {"n": 6, "kernel_size": 3, "stride": 1, "padding": 0, "dilation": 1}
    with pytest.raises(ValueError, match=f"^{name} is -1"):
        window_taps(**{**good, name: -1})
    with pytest.raises(ValueError, match=f"^{name} is -1"):
        times_read(**{**good, name: -1})


def test_times_read_is_the_gradient_of_the_sum_of_all_windows():
    for setting in [(6, 3, 2, 0, 1), (6, 3, 1, 1, 1), (12, 2, 4, 0, 1), (13, 3, 2, 4, 3), (1, 1, 1, 0, 1)]:
        n, k, s, p, d = setting
        x = torch.zeros(1, 1, n, requires_grad=True)
        F.conv1d(x, torch.ones(1, 1, k), stride=s, padding=p, dilation=d).sum().backward()
        np.testing.assert_array_equal(times_read(*setting), x.grad[0, 0].numpy())


def test_survey_counts_settings_and_finds_no_fault():
    survey = survey_sizes(range(1, 8), range(1, 4), range(1, 3), range(2), range(1, 3))
    expected = list(itertools.product(range(1, 8), range(1, 4), range(1, 3), range(2), range(1, 3)))
    fits = sum(n + 2 * p >= d * (k - 1) + 1 for n, k, _, p, d in expected)
    assert (survey.fit, survey.do_not_fit) == (fits, len(expected) - fits)
    assert (survey.torch_disagrees, survey.bracket_broken) == (0, 0)


def test_survey_notices_a_wrong_count(monkeypatch):
    monkeypatch.setattr("course_utils.arithmetic.window_taps", lambda *setting: window_taps(*setting)[:-1])
    with pytest.raises(IndexError):
        survey_sizes([3], [3], [1], [0], [1])
    survey = survey_sizes([8], [3], [1, 2], [0], [1])
    assert (survey.torch_disagrees, survey.bracket_broken) == (2, 2)


def test_positive_stack_averages_and_refuses_nonsense():
    stack = positive_stack([(3, 1, 1), (2, 2, 1)], dimensions=2)
    torch.testing.assert_close(stack(torch.ones(1, 1, 9, 9)), torch.ones(1, 1, 3, 3))
    with pytest.raises(ValueError, match="0 layers"):
        positive_stack([])
    with pytest.raises(ValueError, match="3 dimensions"):
        positive_stack([(3, 1, 1)], dimensions=3)


def test_cone_and_gradient_find_the_same_inputs():
    rng = np.random.default_rng(1)
    for _ in range(30):
        layers = [tuple(int(size) for size in rng.integers(1, 4, size=3)) for _ in range(3)]
        outputs = positive_stack(layers)(torch.zeros(1, 1, 120)).shape[-1]
        unit = int(rng.integers(outputs))
        marks = cone(120, layers, unit)
        assert [mark.sum() for mark in marks][-1] == 1
        np.testing.assert_array_equal(marks[0], touched_inputs(positive_stack(layers), (1, 120), (0, unit))[0])


def test_cone_names_the_layer_that_does_not_fit_and_the_unit_that_is_not_there():
    with pytest.raises(ValueError, match=r"^layer 2 of 2: a window that spans 5"):
        cone(6, [(3, 1, 1), (5, 1, 1)], 0)
    for unit in (-1, 4):
        with pytest.raises(ValueError, match=rf"^unit {unit} does not exist: the last layer has 4 units"):
            cone(6, [(3, 1, 1)], unit)


def test_touched_inputs_leaves_the_model_alone_and_checks_the_unit():
    model = nn.Conv1d(2, 3, 3)
    assert touched_inputs(model, (2, 9), (1, 4)).sum() == 6
    assert model.weight.dtype == torch.float32
    assert model.weight.grad is None
    for unit in ((3, 0), (0, 7), (0,)):
        with pytest.raises(ValueError, match="is no element of an output of shape"):
            touched_inputs(model, (2, 9), unit)


def test_channel_links_are_the_blocks_of_the_groups():
    for groups in (1, 2, 4, 8):
        links = channel_links(nn.Conv2d(8, 16, 3, groups=groups), 8)
        np.testing.assert_array_equal(links, np.kron(np.eye(groups), np.ones((16 // groups, 8 // groups))) > 0)
    with pytest.raises(ValueError, match="does not take 5 channels"):
        channel_links(nn.Conv2d(8, 16, 3), 5)


def test_five_by_five_branch_has_the_published_cost():
    def macs(middle=None):
        return sum(row.macs for row in layer_table(five_by_five_branch(middle), (192, 28, 28)))

    assert (macs(), macs(16)) == (120_422_400, 12_443_648)
    assert macs(154) < macs() < macs(155)
    with pytest.raises(ValueError, match="middle is 0"):
        five_by_five_branch(0)


@pytest.mark.parametrize("shape", [(6, 40), (12, 5)])
def test_rank_errors_are_what_the_best_rebuilding_leaves(shape):
    channels = np.random.default_rng(2).standard_normal(shape)
    errors = rank_errors(channels)
    u, values, v = np.linalg.svd(channels, full_matrices=False)
    for r in range(shape[0] + 1):
        rest = channels - (u[:, :r] * values[:r]) @ v[:r]
        assert errors[r] == pytest.approx(np.linalg.norm(rest) / np.linalg.norm(channels), abs=1e-12)


def test_no_mixture_beats_the_best_rank():
    rng = np.random.default_rng(3)
    channels = rng.standard_normal((8, 30))
    for r in range(1, 8):
        mixtures = rng.standard_normal((r, 8)) @ channels
        back, *_ = np.linalg.lstsq(mixtures.T, channels.T, rcond=None)
        rest = np.linalg.norm(channels - (mixtures.T @ back).T) / np.linalg.norm(channels)
        assert rest >= rank_errors(channels)[r]


@pytest.mark.parametrize("channels", [np.zeros((3, 4)), np.ones(5), np.ones((2, 3, 4))])
def test_rank_errors_refuses_what_is_no_set_of_channels(channels):
    with pytest.raises(ValueError, match="channels has shape"):
        rank_errors(channels)


def test_layer_table_takes_a_model_of_any_precision():
    for model in (nn.Linear(3, 2).double(), nn.Linear(3, 2).bfloat16(), nn.ReLU()):
        assert layer_table(model, (3,))[0].output_shape[-1] in (2, 3)
