"""Lecture 08 without a browser: bits, queue, pattern and slopes against other sources, explorers moved, quizzes."""

import math
import re
import struct

import numpy as np
import pytest
import torch
from pictures import alt_of, answers_every_choice, move, refused, right, small
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from course_utils.data import Split, digits
from course_utils.plots import gpu as plots
from course_utils.reported import reported
from course_utils.timing import OperatorShare, Ratio
from course_utils.training import History, Recipe, TrainingRun
from course_utils.widgets import gpu as explorers
from course_utils.widgets import load_quizzes

VALUES = (0.1, -0.1, 1.0, 257.0, 65504.0, 70000.0, 1e-6, 6e-8, 1e-8, 3e38, 0.0, -0.0)


@pytest.mark.parametrize("value", VALUES)
def test_bits_are_those_of_other_libraries(value):
    """float32 as struct packs it, float16 as NumPy has it, bfloat16 as the rounded upper half of float32."""
    whole = struct.unpack(">I", struct.pack(">f", value))[0]
    assert plots.stored(value, "float32") == (f"{whole:032b}", pytest.approx(value, rel=1e-7))
    with np.errstate(over="ignore"):
        half = np.float16(value)
    assert plots.stored(value, "float16") == (f"{half.view(np.uint16):016b}", float(half))
    upper = (whole + 0x7FFF + (whole >> 16 & 1)) >> 16  # to nearest, ties to even
    kept = struct.unpack(">f", struct.pack(">I", upper << 16))[0]
    assert plots.stored(value, "bfloat16") == (f"{upper:016b}", kept)


def test_formats_say_what_is_kept():
    alt = small(plots.draw_formats("0.1")).alt
    assert "float32 keeps 0.100000001 (off by 1.5e-08)" in alt
    assert "bfloat16 keeps 0.100097656 (off by 9.8e-04)" in alt
    assert "float16 keeps inf (out of range)" in plots.draw_formats(70_000).alt
    assert "exact" in plots.draw_formats(0).alt
    explorer = explorers.format_explorer()
    assert "float16 keeps 0.333251953" in move(explorer, value="0.3333333333")
    move(explorer, value="many")
    assert refused(explorer)


def test_queue_picture_and_explorer():
    alt = small(plots.draw_queue(8, 5, 20, False)).alt
    assert "says 40, one that waits 165" in alt
    explorer = explorers.queue_explorer()
    assert alt_of(explorer) == alt
    move(explorer, launch=10, run=4, kernels=12, wait_each=True)
    assert "says 164, one that waits 168. The device is busy for 29% of the time." in alt_of(explorer)
    assert not refused(explorer)


def test_ratio_pictures():
    found = [Ratio("as it is", 1, 1, 1), Ratio("other", 1.71, 1.5, 1.9)]
    assert "other 1.71" in small(plots.draw_ratios(found, "as it is")).alt
    with pytest.raises(ValueError, match="no job 'nobody'"):
        plots.draw_ratios(found, "nobody")
    shares = [OperatorShare(f"aten::op{i}", 0.1, i) for i in range(10)]
    alt = small(plots.draw_operators(shares, most=4)).alt
    assert "op3, 3 a step: 10 per cent, 6 others: 60 per cent" in alt


def test_cs231n_example_has_6440_parameters():
    alt = small(plots.draw_pattern(plots.Pattern())).alt
    assert "6,440 parameters, 1,610 of them in fully connected layers" in alt
    net = plots.pattern_net(plots.Pattern())
    counts = [sum(p.numel() for p in layer.parameters()) for layer in net if list(layer.parameters())]
    assert counts == [280, 910, 910, 910, 910, 910, 1610]


@pytest.mark.parametrize(
    "pattern",
    [
        plots.Pattern(),
        plots.Pattern(1, 2, 2, True, 6, True, 5, 17, 30),
        plots.Pattern(3, 1, 1, False, 4, False, 3, 9, 12),
        plots.Pattern(0, 0, 0, True, side=5),
    ],
)
def test_pattern_counts_against_torchs_counter_and_a_sum(pattern):
    net = plots.pattern_net(pattern)
    x = torch.zeros(1, 3, pattern.side, pattern.side)
    with FlopCounterMode(display=False) as counter:
        assert net(x).shape == (1, 10)
    alt = plots.draw_pattern(pattern).alt
    assert f"{counter.get_total_flops() // 2:,} MACs" in alt
    assert f"with {sum(p.numel() for p in net.parameters()):,} parameters" in alt
    side = pattern.side // (2**pattern.blocks if pattern.pool else 1)
    assert alt.rstrip(".").endswith(f"×{side}×{side}")
    kinds = [type(layer).__name__ for layer in net]
    block = ["Conv2d", "ReLU"] * pattern.convs + ["MaxPool2d"] * pattern.pool
    assert kinds == block * pattern.blocks + ["Flatten"] + ["Linear", "ReLU"] * pattern.hidden + ["Linear"]


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"kernel_size": 4}, "only an odd one"),
        ({"side": 7}, r"block 3 meets a map of 1×1"),
        ({"channels": 0}, "channels is 0; it must be 1 or more"),
        ({"convs": -1}, "convs is -1; it must be 0 or more"),
    ],
)
def test_impossible_patterns(parts, says):
    with pytest.raises(ValueError, match=says):
        plots.pattern_net(plots.Pattern(**parts))


def test_pattern_explorer():
    explorer = explorers.pattern_explorer()
    assert alt_of(explorer) == plots.draw_pattern(plots.Pattern()).alt
    assert "6,410 of them in fully connected" in move(explorer, side=64)
    move(explorer, side=8, blocks=4)
    assert refused(explorer)
    move(explorer, pool=False, double=True, channels=64, hidden=2, kernel_size=7, convs=3, units=1000)
    assert not refused(explorer)
    small(plots.draw_pattern(plots.Pattern(3, 5, 2, True, 64, True, 7, 64, 1000)))


@pytest.mark.parametrize(
    ("name", "x", "slope"),
    [
        ("sigmoid", 5.0, math.exp(-5) / (1 + math.exp(-5)) ** 2),
        ("tanh", 5.0, 1 / math.cosh(5) ** 2),
        ("ReLU", 5.0, 1.0),
        ("ReLU", -5.0, 0.0),
        (
            "GELU",
            -1.0,
            0.5 * (1 + math.erf(-1 / math.sqrt(2))) - math.exp(-0.5) / math.sqrt(2 * math.pi),
        ),
    ],
)
def test_slopes_are_the_derivatives(name, x, slope):
    alt = small(plots.draw_slopes(name, x, 3)).alt
    told = float(re.search(r"which is (\S+) at", alt).group(1))
    assert told == pytest.approx(slope, rel=0.06, abs=1e-9)


def test_sigmoids_starve_the_first_layer_and_relus_do_not():
    first, last = (
        float(v) for v in re.findall(r"(?:first layer|last) (\S+?)[,;.](?:\s|$)", plots.draw_slopes("ReLU", 0, 10).alt)
    )
    assert 0.1 < first / last < 10
    alt = plots.draw_slopes("sigmoid", 5, 10).alt
    first, last = (float(v) for v in re.search(r"sigmoid: first layer (\S+), last (\S+);", alt).groups())
    assert first / last < 1e-5
    explorer = explorers.slope_explorer()
    move(explorer, activation="tanh", depth=30, x=-8.0)
    assert not refused(explorer)
    with pytest.raises(ValueError, match="give one of sigmoid"):
        plots.draw_slopes("step", 0, 3)


def test_history_and_monitor():
    whole = digits()
    data = Split(whole.x_train[:80], whole.y_train[:80], whole.x_test[:40], whole.y_test[:40])
    recipe = Recipe(steps=12, lr=0.1, batch_size=20)
    torch.manual_seed(0)
    run = TrainingRun(nn.Sequential(nn.Flatten(), nn.Linear(64, 10)), data, recipe)
    monitor = explorers.TrainingMonitor(recipe, "digits", pause=0)
    assert repr(monitor) == "TrainingMonitor()"
    run.advance(6, every=3, watch=monitor)
    assert (monitor.bar.value, monitor.bar.max) == (6, 12)
    assert "step 6 of 12" in monitor.label.value
    assert "Training after 6 of 12 steps" in monitor.output.value
    run.advance(every=3, watch=monitor)
    alt = small(plots.draw_history({"digits": run.history}, 12)).alt
    for part in ("test", "training"):
        assert f"digits, {part} part {run.history.errors[part][-1][1]:.1f} per cent wrong" in alt
    patient = explorers.TrainingMonitor(recipe, pause=1e9)
    patient(run)  # the end is always drawn
    assert "Training after 12 of 12" in patient.output.value
    assert "not yet measured" in plots.draw_history({"new": History()}, 5).alt
    with pytest.raises(ValueError, match="no run to draw"):
        plots.draw_history({}, 5)


def test_monitor_does_not_draw_at_every_call():
    recipe = Recipe(steps=10, lr=0.1)
    monitor = explorers.TrainingMonitor(recipe, pause=1e9)

    class Run:
        step, history = 1, History([2.3])

    Run.recipe = recipe
    monitor(Run)
    first = monitor.output.value
    Run.step, Run.history = 2, History([2.3, 2.2])
    monitor(Run)
    assert first
    assert monitor.output.value == first
    assert monitor.bar.value == 2


def test_reported_table_is_the_books():
    assert [row.value for row in reported("mnist1d_book")] == [17.0, 40.0]
    assert not any(row.verified for row in reported("mnist1d_book"))


NUMBERS = ["L8.1", "L8.2", "L8.3", "L8.4", "L8.5", "L8.6"]


@pytest.mark.parametrize("number", NUMBERS)
def test_self_checks_answer_every_choice(number):
    answers_every_choice(number, words=5)


def test_right_answers_computed():
    assert set(NUMBERS) <= set(load_quizzes())
    numbers = np.random.default_rng(0).standard_normal(10_000).astype(np.float32)
    sums = [np.add.accumulate(order)[-1] for order in (numbers, numbers[::-1])]
    assert sums[0] != sums[1]
    assert right("L8.1").startswith("No: each addition rounds")
    total = torch.zeros((), dtype=torch.bfloat16)
    for _ in range(1000):
        total += 1
    assert right("L8.2") == f"At {total.item():g}"
    clocks = {
        re.search(r"does not wait says (\d+)", plots.draw_queue(8, 5, run, False).alt).group(1) for run in (20, 80)
    }
    assert clocks == {"40"}
    assert right("L8.3") == f"{clocks.pop()} microseconds both times"
    heads = [plots.pattern_net(plots.Pattern(side=side))[-1].weight.numel() + 10 for side in (32, 64)]
    assert 3.9 < heads[1] / heads[0] < 4
    assert "factor of nearly four" in right("L8.4")
    bn = nn.BatchNorm1d(3)
    x = torch.randn(8, 3)
    with torch.no_grad():
        before = bn(x).clone()
        bn.running_mean += 5
        assert torch.equal(bn(x), before)
        assert not torch.equal(bn.eval()(x), before)
    assert right("L8.5") == "Nothing at all"
    assert math.isclose(0.25**10, 1e-6, rel_tol=0.05)
    assert right("L8.6") == "About 1/1,000,000"
