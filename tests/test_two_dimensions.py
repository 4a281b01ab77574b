"""Lecture 03: what its figures, explorers and self-checks show."""

import numpy as np
import pytest
import torch
from pictures import answers_every_choice, move, refused, small
from scipy import signal
from torch.nn import functional as F

from course_utils import filters
from course_utils.data import photograph
from course_utils.plots import two_dimensions as plots
from course_utils.widgets import Explorer, load_quizzes
from course_utils.widgets import two_dimensions as explore

ROWS = [
    "ef.hi....",
    "defghi...",
    ".de.gh...",
    "bc.ef.hi.",
    "abcdefghi",
    ".ab.de.gh",
    "...bc.ef.",
    "...abcdef",
    "....ab.de",
]


def flat(name: str) -> tuple[float, ...]:
    return tuple(filters.classic_kernel(name).flat)


@pytest.mark.parametrize(
    "draw",
    [
        lambda: plots.window_picture(),
        lambda: plots.window_picture(16, 4, full=True, turn=False),
        lambda: plots.reads_picture({(2, 3): np.ones((4, 5), bool)}),
        lambda: plots.channels_picture(6, 6, 5),
        lambda: plots.gallery_picture("china"),
        lambda: plots.gallery_picture("flower"),
        lambda: plots.kernel_picture(flat("sharpen")),
        lambda: plots.kernel_picture((1, -2, 3, -4, 5, -6, 7, -8, 9), "flower"),
        lambda: plots.random_picture(3, 3, 0),
        lambda: plots.random_picture(1, 1, 3, "flower", "cauchy"),
        lambda: plots.overshoot_picture([2, 3], [0.5, 0.67], filters.random_kernels(4, 3, 3)),
        lambda: plots.detector_picture(),
        lambda: plots.detector_picture(0, 0.1, "ReLU", "edge", "flower"),
        lambda: plots.activations_picture(),
        lambda: plots.matrix_picture(ROWS),
    ],
)
def test_every_figure_is_small_and_described(draw) -> None:
    small(draw(), words=15)


def test_window_picture_tells_the_running_sum() -> None:
    assert "1·80 + 0.5·40 + 0.25·40 = 110." in plots.window_picture(2, 3).alt
    assert "0·0 + 0.25·80 + 0.5·20 + 1·40 = 70." in plots.window_picture(1, 4, turn=False).alt
    with pytest.raises(ValueError, match="terms is 5"):
        plots.window_picture(1, 5)


def test_matrix_rows_are_the_layer() -> None:
    torch.manual_seed(3)
    weight, field = torch.randn(3, 3, dtype=torch.float64), torch.randn(3, 3, dtype=torch.float64)
    value = {".": 0.0, **dict(zip("abcdefghi", weight.flatten().tolist(), strict=True))}
    matrix = torch.tensor([[value[mark] for mark in row] for row in ROWS], dtype=torch.float64)
    wanted = F.conv2d(field[None, None], weight[None, None], padding=1).flatten()
    assert torch.allclose(matrix @ field.flatten(), wanted)
    assert "49 weights and 32 zeros" in plots.matrix_picture(ROWS).alt


def test_gallery_says_what_saturates() -> None:
    y = signal.correlate2d(photograph("china", 72), filters.classic_kernel("blur"), mode="valid")
    assert f"blur, DC gain 8, {100 * np.mean(y > 255):.0f}% of the pixels" in plots.gallery_picture("china").alt


def test_kernel_picture_numbers() -> None:
    assert "DC gain 4, gain 12 on the finest checkerboard" in plots.kernel_picture(flat("sharpen")).alt
    assert "DC gain 1, gain 3 on the finest checkerboard" in plots.kernel_picture(flat("sharpen"), divide=True).alt
    assert "[[-1.0, 0.0, 1.0]" in plots.kernel_picture(flat("Sobel"), turn=True).alt
    with pytest.raises(ValueError, match="nothing to divide by"):
        plots.kernel_picture(flat("edge"), divide=True)
    with pytest.raises(ValueError, match="nine weights"):
        plots.kernel_picture((1.0, 2.0))


def test_random_picture_counts_by_the_definition() -> None:
    count = 0
    for kernel in filters.random_kernels(16, 2, 3, seed=4):
        step = np.repeat([[0.0] * 3 + [1.0] * 3], 2, axis=0)
        y = signal.correlate2d(step, kernel, mode="valid")[0]
        count += y.max() > max(y[0], y[-1]) or y.min() < min(y[0], y[-1])
    assert f"{count} of them overshoot" in plots.random_picture(2, 3, 4).alt
    assert "0 of them overshoot" in plots.random_picture(3, 1, 4).alt


def test_detector_picture_share_and_faults() -> None:
    y = signal.correlate2d(photograph("flower", 96), filters.classic_kernel("Sobel"), mode="valid")
    alt = plots.detector_picture(100, 0.02, "sigmoid", "Sobel", "flower").alt
    assert f"{100 * np.mean(y > 100):.1f}% of the responses lie above it, the largest is {y.max():.0f}" in alt
    with pytest.raises(ValueError, match="slope is 0"):
        plots.detector_picture(slope=0)
    with pytest.raises(ValueError, match="no rule"):
        plots.detector_picture(rule="softmax")


def test_activation_gradients_at_five() -> None:
    assert "sigmoid 0.00665, tanh 0.00018, ReLU 1.00000, GELU 1.00001" in plots.activations_picture().alt


def test_channels_picture_counts_slices() -> None:
    assert "12 in all with 108 weights" in plots.channels_picture(3, 4, 3).alt
    with pytest.raises(ValueError, match="1 to 6 channels"):
        plots.channels_picture(0, 4)


def works(explorer: Explorer) -> bool:
    return explorer.output.value.startswith("<img")


@pytest.mark.parametrize(
    ("make", "moves"),
    [
        (explore.window_explorer, [{"window": 4}, {"terms": 4}, {"full": True, "window": 16}, {"turn": False}]),
        (explore.kernel_explorer, [{"photo": "flower"}, {"turn": True}]),
        (
            explore.random_explorer,
            [{"rows": 11, "columns": 11}, {"rows": 1, "columns": 1}, {"law": "cauchy"}],
        ),
        (
            explore.detector_explorer,
            [{"threshold": 0}, {"threshold": 760, "rule": "ReLU"}, {"kernel": "edge"}],
        ),
    ],
)
def test_explorers_move(make, moves: list[dict]) -> None:
    explorer = make()
    assert works(explorer)
    for values in moves:
        before = explorer.output.value
        assert move(explorer, **values) != before
        assert works(explorer)
        assert repr(explorer).startswith("Explorer(")


@pytest.mark.parametrize(
    ("make", "name", "bad", "good", "words"),
    [
        (explore.window_explorer, "window", 5, 4, "no window 5"),
        (explore.random_explorer, "seed", -1, 2, "seed is -1"),
        (explore.detector_explorer, "slope", 0.0, 0.02, "slope is 0.0"),
        (explore.kernel_explorer, "divide", True, False, "nothing to divide by"),
    ],
)
def test_impossible_settings_explain_themselves(make, name: str, bad: object, good: object, words: str) -> None:
    explorer = make()
    assert words in move(explorer, **{name: bad})
    assert refused(explorer)
    move(explorer, **{name: good})
    assert works(explorer)


def test_kernel_grid_presets_and_cells() -> None:
    explorer = explore.kernel_explorer()
    grid = explorer.controls["kernel"]
    changes: list[object] = []
    grid.observe(lambda change: changes.append(change), names="value")
    for name in ("blur", "Prewitt", "identity"):
        grid.preset.value = name
        assert grid.value == flat(name)
        assert works(explorer)
    assert len(changes) == 3
    grid.cells[4].value = 100.0
    assert grid.value[4] == 100.0
    assert "100.0" in explorer.output.value
    for cell in grid.cells:
        cell.value = 0.0
    assert works(explorer)


@pytest.mark.parametrize(("number", "right"), [("Q1", 1), ("Q3", 2), ("L3.1", 2), ("L3.2", 3), ("L3.3", 1)])
def test_quizzes_load_with_the_right_answer(number: str, right: int) -> None:
    assert load_quizzes()[number].answer == right
    answers_every_choice(number, words=6)


def test_quiz_answers_are_what_torch_says() -> None:
    quizzes = load_quizzes()
    x = torch.tensor(filters.WORKED_IMAGE)[None, None]
    kernel = torch.tensor(filters.WORKED_KERNEL)[None, None]
    assert quizzes["L3.1"].choices[2] == f"{F.conv2d(x, kernel)[0, 0, 0, 0].item():g}"
    shape = torch.nn.Conv2d(3, 8, 5).weight.shape
    assert quizzes["L3.2"].choices[3].startswith(f"{shape[0] * shape[1]}:")
    slopes = {}
    for name, function in plots.ACTIVATIONS.items():
        z = torch.tensor(5.0, requires_grad=True)
        function(z).backward()
        slopes[name] = float(z.grad)
    assert quizzes["L3.3"].choices[quizzes["L3.3"].answer] == min(slopes, key=slopes.__getitem__)
