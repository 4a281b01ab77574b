"""The figures and explorers of "Why convolution?": their numbers against torch, scipy and plain counting."""

import re

import numpy as np
import pytest
import torch
from pictures import alt_of, answers_every_choice, move, refused, small
from torch.nn import functional as F

from course_utils.plots import motivation as plots
from course_utils.widgets import load_quizzes
from course_utils.widgets import motivation as explorers

PATTERN = np.array([[0.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 0.0, 2.0]]) - 2 / 3
QUIZZES = {"Q9": 3, "Q11": 1, "Q19": 2, "Q20": 1, "Q24": 1}


def test_count_bars_say_every_number():
    rows = [("a", 1_600_040_000, "full"), ("b", 4_040_000, "local"), ("c", 101, "shared")]
    alt = small(plots.count_bars(rows, "t")).alt
    assert all(number in alt for number in ("1,600,040,000", "4,040,000", "101"))


@pytest.mark.parametrize(
    ("rows", "says"), [([], "nothing"), ([("a", 0, "full")], "count 0"), ([("a", 2, "odd")], "odd")]
)
def test_count_bars_refuse(rows, says):
    with pytest.raises(ValueError, match=says):
        plots.count_bars(rows, "t")


@pytest.mark.parametrize(
    ("setting", "full", "local", "shared"),
    [
        # Curriculum numbers with their biases: 1.6e9 + 40,000; 4e6 + 40,000; 100 + 1, and so on.
        ((200, 1, 40_000, 10), "1,600,040,000", "4,040,000", "101"),
        ((400, 3, 500, 5), "240,000,500", "38,000", "76"),
        ((1000, 1, 1_000_000, 10), "1,000,001,000,000", "101,000,000", "101"),
        ((2, 1, 500, 2), "2,500", "2,500", "625"),
    ],
)
def test_parameters_are_the_hand_counts(setting, full, local, shared):
    alt = small(plots.parameters(*setting)).alt
    counts = re.findall(r": ([\d,]+)(?=[;.])", alt)
    assert counts == [full, local, shared]


def test_parameters_against_plain_counting():
    rng = np.random.default_rng(0)
    for side, channels, hidden, window in zip(
        rng.integers(8, 60, 5), rng.integers(1, 6, 5), rng.integers(500, 9000, 5), rng.integers(1, 8, 5), strict=True
    ):
        inputs = [(c, r, s) for c in range(channels) for r in range(side) for s in range(side)]
        seen = [place for place in inputs if place[1] < window and place[2] < window]
        maps = -(-int(hidden) // int(side * side))
        alt = plots.parameters(int(side), int(channels), int(hidden), int(window)).alt
        for count in ((len(inputs) + 1) * hidden, (len(seen) + 1) * hidden, (len(seen) + 1) * maps):
            assert f": {count:,}" in alt


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ((8, 1, 10, 9), "does not fit"),
        ((0, 1, 10, 1), "side is 0"),
        ((8, 1, 0, 3), "hidden is 0"),
        ((8, 0, 1, 1), "channels"),
    ],
)
def test_parameters_refuse(setting, says):
    with pytest.raises(ValueError, match=says):
        plots.parameters(*setting)


def test_wirings_count_the_connections_of_torch_layers():
    banded = F.conv1d(torch.eye(6)[:, None], torch.tensor([[[1.0, 2.0, 3.0]]]), padding=1)[:, 0]
    alt = small(plots.wirings()).alt
    assert "full: 36 connections, 36 weights" in alt
    assert f"local: {int((banded != 0).sum())} connections, 16 weights" in alt
    assert f"shared: 16 connections, {len(banded.unique()) - 1} weights" in alt


def test_curves_name_the_ends():
    alt = small(
        plots.curves((1, 2, 4), {"up": (0.5, 1.0, 1.5), "down": (3, 2, 1)}, ("x", "y"), "Two lines.", log_x=True)
    ).alt
    assert "up from 0.50 to 1.50" in alt
    assert "down from 3.00 to 1.00" in alt
    with pytest.raises(ValueError, match="'up' has 2 points and x has 3"):
        plots.curves((1, 2, 3), {"up": (1, 2)}, ("x", "y"), "Two lines that cross over.")


def test_image_rows():
    rows = {"a": np.eye(3)[None].repeat(4, 0), "b": [np.ones((2, 2))] * 4}
    assert (
        small(plots.image_rows(rows, "Two rows of four images.", symmetric=True), words=5).alt
        == "Two rows of four images."
    )
    small(plots.image_rows({"": [np.eye(3)]}, "One image of a diagonal.", titles=["diagonal"]), words=5)
    for bad in ({}, {"a": []}, {"a": [np.eye(2)], "b": []}):
        with pytest.raises(ValueError, match="same number"):
            plots.image_rows(bad, "Nothing that could be drawn.")


def test_hit_maps_average_on_each_side():
    local = np.zeros((4, 6))
    local[:, :2] = 0.75
    alt = small(plots.hit_maps(local, np.full((4, 6), 0.5), seen=2)).alt
    assert "75 % found left of the line, 0 % right of it" in alt
    assert "50 % found left of the line, 50 % right of it" in alt
    for shared, seen in ((np.zeros((4, 5)), 2), (local, 0), (local, 6)):
        with pytest.raises(ValueError, match="do not go together"):
            plots.hit_maps(local, shared, seen)


def scene(row: int, column: int, places: int) -> np.ndarray:
    side = places + 2
    made = np.random.default_rng(0).normal(0.0, 0.4, (side, side))
    made[row : row + 3, column : column + 3] += PATTERN
    return made


@pytest.mark.parametrize("place", [(0, 0), (2, 5), (7, 7)])
def test_shifted_says_what_torch_computes(place):
    own = np.zeros((8, 8, 3, 3))
    own[:, :4] = 2 * PATTERN
    answer = F.conv2d(torch.tensor(scene(*place, 8))[None, None], torch.tensor(PATTERN)[None, None])[0, 0].numpy()
    alt = small(plots.shifted(PATTERN, own, PATTERN, *place)).alt
    hit = "found" if np.unravel_index(answer.argmax(), (8, 8)) == place else "missed"
    assert f"shared weights: {hit}, the answer there is {answer[place]:.2f}" in alt
    assert f"the answer there is {2 * answer[place] if place[1] < 4 else 0:.2f}; shared" in alt


@pytest.mark.parametrize("place", [(8, 0), (0, 8), (-1, 2)])
def test_shifted_refuses_to_leave_the_scene(place):
    with pytest.raises(ValueError, match="leaves the scene; use 0 to 7"):
        plots.shifted(PATTERN, np.zeros((8, 8, 3, 3)), PATTERN, *place)


@pytest.mark.parametrize(
    ("side", "channels", "window", "maps"), [(32, 3, 5, 5), (32, 3, 5, 6), (4, 1, 4, 1), (64, 16, 1, 32)]
)
def test_volumes_are_the_shapes_of_torch(side, channels, window, maps):
    weight, bias = torch.zeros(maps, channels, window, window), torch.zeros(maps)
    out = F.conv2d(torch.zeros(1, channels, side, side), weight, bias)[0]
    one = weight[0].numel() + 1
    alt = small(plots.volumes(side, channels, window, maps)).alt
    assert f"a block {' x '.join(map(str, out.shape))};" in alt
    assert f"{out.numel() * one:,} if each has its own, {weight.numel() + bias.numel():,} shared" in alt


def test_volumes_refuse_a_window_larger_than_the_input():
    with pytest.raises(ValueError, match="5 x 5 does not fit into 4 x 4"):
        plots.volumes(4, 1, 5, 1)


def test_shuffle_result():
    alt = small(plots.shuffle_result({"a": (11.0, 44.0), "b": (33.0, 32.0)}, 1000)).alt
    assert "a: 11 % in order, 44 % shuffled; b: 33 % in order, 32 % shuffled" in alt
    with pytest.raises(ValueError, match="0 to 100"):
        plots.shuffle_result({"a": (11.0, 144.0)}, 1000)


@pytest.mark.parametrize("events", [plots.HISTORY, plots.APPLICATIONS])
def test_timelines_name_every_event_with_its_reference(events):
    alt = small(plots.timeline(events, "years")).alt
    assert all(f"{event.year} {event.what}" in alt for event in events)
    assert all(len(event.reference.split()) > 2 for event in events)
    assert len({event.what for event in events}) == len(events)


def test_history_has_the_dates_the_page_relies_on():
    years = {event.what.split(":")[0].split(",")[0]: event.year for event in plots.HISTORY}
    assert years["cells of the cat's visual cortex answer to edges"] == 1959
    assert years["Neocognitron"] == 1980
    assert years["convolutional net trained by back-propagation"] == 1989
    assert (years["LeNet-5 reads bank cheques"], years["ImageNet"], years["AlexNet wins the challenge"]) == (
        1998,
        2009,
        2012,
    )


@pytest.mark.parametrize("events", [(), plots.HISTORY[::-1], (plots.Event(2000, "sea", "a", "b"),)])
def test_timeline_refuses(events):
    with pytest.raises(ValueError, match="order of years"):
        plots.timeline(events, "years")


def test_parameter_explorer_moves_and_explains():
    explorer = explorers.parameter_explorer()
    assert "1,600,040,000" in alt_of(explorer)
    for name, value, says in (
        ("channels", 3, "4,800,040,000"),
        ("hidden", 1_000_000, "25 maps: 7,525"),
        ("window", 32, "32 x 32"),
    ):
        move(explorer, **{name: value})
        assert says in alt_of(explorer)
    move(explorer, side=2)
    assert refused(explorer)
    assert "32 x 32 does not fit into an image of 2 x 2" in explorer.output.value
    move(explorer, window=1)
    assert "250000 maps: 1,000,000" in alt_of(explorer)
    for name in ("side", "channels", "hidden"):
        move(explorer, **{name: explorer.controls[name].max})
        assert not refused(explorer)


def test_shift_explorer_moves_and_explains():
    explorer = explorers.shift_explorer(PATTERN, np.zeros((8, 8, 3, 3)), PATTERN)
    for row, column in ((0, 0), (7, 7), (4, 1)):
        move(explorer, row=row, column=column)
        assert f"A pattern at row {row}, column {column} " in alt_of(explorer)
    move(explorer, row=9)
    assert refused(explorer)
    move(explorer, row=5)
    assert not refused(explorer)


def test_volume_explorer_moves_and_explains():
    explorer = explorers.volume_explorer()
    assert "3,920 units, 76 parameters each: 297,920 if each has its own, 380 shared" in alt_of(explorer)
    move(explorer, maps=6)
    assert "456 shared" in alt_of(explorer)
    for name in ("side", "channels", "window", "maps"):
        move(explorer, **{name: explorer.controls[name].max})
        assert not refused(explorer)
    move(explorer, side=4)
    assert refused(explorer)


@pytest.mark.parametrize(("number", "answer"), QUIZZES.items())
def test_quizzes_load_with_the_right_answer(number, answer):
    quiz = load_quizzes()[number]
    assert quiz.answer == answer
    assert len(quiz.choices) >= 3
    answers_every_choice(number, len(quiz.choices))
