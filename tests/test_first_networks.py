"""Lecture 09 without a browser: torchvision's files read as a Split, the numbers of its figures, explorers, quizzes."""

import pickle
import re

import numpy as np
import pytest
import torch
from pictures import alt_of, answers_every_choice, move, refused, right, small
from torch import nn
from torch.nn import functional as F
from torchvision.datasets import cifar

from course_utils import augment, data
from course_utils.arithmetic import LayerRow, layer_table
from course_utils.models import lenet, nielsen
from course_utils.plots import first_networks as figures
from course_utils.reported import reported
from course_utils.widgets import first_networks as widgets
from course_utils.widgets import load_quizzes

QUIZZES = ("L9.1", "L9.2", "L9.3", "L9.4", "L9.5", "Q23", "Q29")
DIGIT = augment.framed(data.digits(), 28, margin=4).x_test[3, 0]


def write_idx(path, values):
    """Write bytes as the MNIST files have them: a magic number, the sizes, the bytes."""
    header = bytes([0, 0, 8, values.ndim]) + b"".join(size.to_bytes(4, "big") for size in values.shape)
    path.write_bytes(header + values.astype(np.uint8).tobytes())


@pytest.fixture
def folder(tmp_path):
    """Return a folder with a tiny MNIST and a tiny Fashion-MNIST, as torchvision keeps them."""
    for name, shade in (("MNIST", 0), ("FashionMNIST", 100)):
        raw = tmp_path / name / "raw"
        raw.mkdir(parents=True)
        for part, count in (("train", 7), ("t10k", 3)):
            pixels = shade + np.arange(count * 784).reshape(count, 28, 28) % 100
            write_idx(raw / f"{part}-images-idx3-ubyte", pixels)
            write_idx(raw / f"{part}-labels-idx1-ubyte", np.arange(count))
    return tmp_path


@pytest.fixture(autouse=True)
def no_folder_named(monkeypatch):
    monkeypatch.delenv(data.FOLDER_VARIABLE, raising=False)


def test_without_files_the_digits_come():
    made, digits = data.pictures(), data.digits()
    assert made.name == "digits"
    assert np.array_equal(made.x_train, digits.x_train)
    assert np.array_equal(made.y_test, digits.y_test)
    assert digits.name == ""


def test_files_of_torchvision_come_as_a_split(folder, monkeypatch):
    made = data.pictures("MNIST", folder)
    assert (made.name, made.x_train.shape, made.x_test.shape) == ("MNIST", (7, 1, 28, 28), (3, 1, 28, 28))
    assert (made.x_train.dtype, made.y_train.dtype) == (np.float32, np.int64)
    assert made.x_train[0, 0, 0, 99 % 28] == pytest.approx(27 % 100 / 255 - (27 - 99 % 28) / 255)
    assert made.y_test.tolist() == [0, 1, 2]
    monkeypatch.setenv(data.FOLDER_VARIABLE, str(folder))
    assert data.pictures("FashionMNIST").x_train.min() == pytest.approx(100 / 255)
    with pytest.warns(UserWarning, match="does not hold CIFAR10, unpacked, .*; scikit-learn's digits stand in for it"):
        stand_in = data.pictures("CIFAR10")
    assert stand_in.name == "digits", "a folder of the environment need not hold everything"


def test_colours_come_channel_first(tmp_path, monkeypatch):
    monkeypatch.setattr(cifar, "check_integrity", lambda *_: True)  # these files are not the real ones
    base = tmp_path / "cifar-10-batches-py"
    base.mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (2, 3, 32, 32), dtype=np.uint8)
    batch = {"data": pixels.reshape(2, -1), "labels": [4, 9]}
    for name in [f"data_batch_{k}" for k in range(1, 6)] + ["test_batch"]:
        (base / name).write_bytes(pickle.dumps(batch))
    (base / "batches.meta").write_bytes(pickle.dumps({"label_names": list("abcdefghij")}))
    made = data.pictures("CIFAR10", tmp_path)
    assert made.x_train.shape == (10, 3, 32, 32)
    assert np.allclose(made.x_test, pixels / 255)
    assert made.y_test.tolist() == [4, 9]


def test_missing_files_and_wrong_names_are_told(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match=r"does not hold MNIST, unpacked.*download=True"):
        data.pictures("MNIST", tmp_path)
    with pytest.raises(ValueError, match="there are MNIST, FashionMNIST, CIFAR10"):
        data.pictures("mnist")
    monkeypatch.setenv(data.FOLDER_VARIABLE, str(tmp_path / "nowhere"))
    with pytest.raises(ValueError, match="which is no folder"):
        data.pictures()


def test_download_is_asked_of_torchvision_and_of_nothing_else(tmp_path, monkeypatch):
    asked = []

    def fake(root, train, download):
        asked.append((str(root), train, download))
        raise RuntimeError("no network here")

    monkeypatch.setattr("torchvision.datasets.MNIST", fake)
    with pytest.raises(ValueError, match="does not hold MNIST"):
        data.pictures(download=True)
    assert asked == [("data", True, True)]


def test_what_is_held_out_is_taken_from_training():
    digits = data.digits()
    cut = data.held_out(digits, 200, seed=1)
    assert (len(cut.y_train), len(cut.y_test)) == (1000, 200)
    assert data.held_out(digits, 200, seed=1).y_test.tolist() == cut.y_test.tolist()
    together = np.concatenate([cut.x_train, cut.x_test]).reshape(1200, -1)
    assert np.array_equal(np.sort(together.sum(axis=1)), np.sort(digits.x_train.reshape(1200, -1).sum(axis=1)))
    for size in (0, 1200):
        with pytest.raises(ValueError, match="between 1 and 1199"):
            data.held_out(digits, size)


def test_budget_gives_parameters_and_work():
    alt = small(figures.draw_budget(layer_table(lenet.LeNet5(lenet.LeNetPlan()), (1, 32, 32)))).alt
    assert "c1 (conv) 156, c3 (conv) 2,416, c5 (full) 48,120, f6 (full) 10,164, output (full) 850, 61,706 in all" in alt
    assert "c1 (conv) 117,600, c3 (conv) 240,000" in alt
    with pytest.raises(ValueError, match="none of the 1 rows"):
        figures.draw_budget([LayerRow("unit", "Tanh", (3,), 0, 0)])


def test_links_are_counted():
    alt = small(figures.draw_links(lenet.C3_TABLE, 6)).alt
    assert "60 of 96 are marked" in alt
    assert "the rows 10, 10, 10, 10, 10, 10" in alt
    with pytest.raises(ValueError, match="maps 0 to 5"):
        figures.draw_links([(0, 6)], 6)


@pytest.mark.parametrize("x", [-1.5, 0.3, 5.0])
def test_units_have_the_slopes_of_their_formulas(x):
    phi, bell = 0.5 * (1 + torch.erf(torch.tensor(x) / 2**0.5)).item(), np.exp(-x * x / 2) / np.sqrt(2 * np.pi)
    s = 1 / (1 + np.exp(-x))
    wanted = {"sigmoid": (s, s * (1 - s)), "tanh": (np.tanh(x), 1 - np.tanh(x) ** 2)}
    wanted |= {"ReLU": (max(x, 0), float(x > 0)), "GELU": (x * phi, phi + x * bell)}
    alt = small(figures.draw_units(x)).alt
    for name, (value, slope) in wanted.items():
        said = re.search(rf"{name} (-?[\d.]+) with slope (-?[\d.]+\d)", alt)
        assert [float(number) for number in said.groups()] == pytest.approx([value, slope], abs=6e-5)
    with pytest.raises(ValueError, match="-6 to 6"):
        figures.draw_units(x + 13)


def test_panels_say_their_ends():
    panels = {"a": {"one": [1.0, 0.5, 0.25], "two": [2.0, 2.0, 3.0]}, "b": {"one": [1.0, 1.0, 1.0]}}
    alt = small(figures.draw_panels(panels, (1, 2, 3), ("step", "loss"), log=True)).alt
    assert "a: one 1.00 to 0.25, two 2.00 to 3.00; b: one 1.00 to 1.00" in alt
    with pytest.raises(ValueError, match="must be as many"):
        figures.draw_panels(panels, (1, 2), ("step", "loss"))


def test_errors_have_bars_of_their_count():
    alt = small(figures.draw_errors({"net": 0.63, "other": 50.0}, 10_000, {"old": 1.4})).alt
    assert "net 0.63 ± 0.16; other 50.00 ± 0.98; a line at 1.40: old" in alt
    with pytest.raises(ValueError, match="per cents"):
        figures.draw_errors({"net": 101.0}, 10)


def test_chance_says_bars_and_how_often():
    alt = small(figures.draw_chance(99.37, 99.43, 10_000)).alt
    assert "first net 99.37 ± 0.16, second net 99.43 ± 0.15" in alt
    assert f"in {nielsen.chance_of_gap(99.4, 0.06, 10_000):.0%} of all pairs" in alt
    small(figures.draw_chance(100, 100, 597))
    for wrong in ((101, 99, 10), (99, -1, 10), (99, 99, 0)):
        with pytest.raises(ValueError, match="a picture at least"):
            figures.draw_chance(*wrong)


def test_epochs_mark_what_was_chosen():
    curves = {"validation": np.array([5.0, 2.0, 3.0]), "test": np.array([6.0, 4.0, 3.5])}
    alt = small(figures.draw_epochs(curves, (10, 20, 30), {"validation": 1, "test": 2})).alt
    assert "the best by validation is step 20 with validation 2.0, test 4.0" in alt
    assert "the best by test is step 30 with validation 3.0, test 3.5" in alt
    with pytest.raises(ValueError, match="indices below 3"):
        figures.draw_epochs(curves, (10, 20, 30), {"test": 3})


def test_readings_say_what_is_mistaken_for_what():
    labels = np.array([0, 0, 1, 1, 2, 2])
    alt = small(figures.draw_readings({"same": labels, "turned": np.array([0, 0, 2, 2, 2, 0])}, labels)).alt
    assert "same: 100 on average; turned: 50 on average, read 1 as 2, 2 as 0." in alt
    with pytest.raises(ValueError, match="6 labels"):
        figures.draw_readings({"short": labels[:3]}, labels)


def test_elastic_says_what_its_field_does():
    alt = small(figures.draw_elastic(DIGIT, 20, 1.5, seed=3)).alt
    field = augment.random_field((28, 28), 20, 1.5, np.random.default_rng(3))
    assert f"pixels read {np.sqrt((field**2).mean()):.2f} pixels away" in alt
    assert f"{augment.folded(field):.1%} of the grid is folded" in alt
    with pytest.raises(ValueError, match=r"must be \(H, W\)"):
        figures.draw_elastic(DIGIT[None], 20, 1.5)


def test_changed_shows_the_reader_the_changed_picture():
    seen = []

    def read(picture):
        seen.append(picture)
        return str(len(seen))

    alt = small(figures.draw_changed(DIGIT, read, angle=180, gain=0.5)).alt
    assert "Before, it is read as 1; now as 2." in alt
    assert np.array_equal(seen[0], DIGIT)
    assert np.allclose(seen[1], 0.5 * DIGIT[::-1, ::-1], atol=1e-5)
    with pytest.raises(ValueError, match="above 0"):
        figures.draw_changed(DIGIT, read, scale=0)


def test_units_explorer_moves():
    explorer = widgets.units_explorer()
    assert "At x = 5" in alt_of(explorer)
    for x in (-6.0, 6.0):
        move(explorer, x=x)
        assert f"At x = {x:g}" in alt_of(explorer)


def test_chance_explorer_moves_to_its_ends():
    explorer = widgets.chance_explorer()
    assert "in 61% of all pairs" in alt_of(explorer)
    move(explorer, count=100_000)
    assert "on 100,000 pictures" in alt_of(explorer)
    move(explorer, first=95.0, second=100.0, count=100)
    assert "95.00 ± 4.27" in alt_of(explorer)
    assert not refused(explorer)


def test_change_explorer_moves_everything():
    explorer = widgets.change_explorer({"one": DIGIT, "two": DIGIT[::-1]}, lambda x: f"{x.sum():.0f}")
    move(explorer, name="two", down=4.0, right=-4.0, angle=-180, scale=0.5, mirrored=True, gain=2.0)
    assert "down 4, right -4, turned -180 degrees, scale 0.5, gain 2, mirrored" in alt_of(explorer)
    move(explorer, scale=1.5)
    assert not refused(explorer)


def test_elastic_explorer_moves_to_its_ends():
    explorer = widgets.elastic_explorer({"one": DIGIT, "two": DIGIT.T})
    for name, alpha, sigma, seed in (("two", 0.0, 12.0, 0), ("one", 120.0, 0.5, 9)):
        move(explorer, name=name, alpha=alpha, sigma=sigma, seed=seed)
        assert f"alpha {alpha:g} and sigma {sigma:g}" in alt_of(explorer)
        assert len(explorer.output.value) < 110_000, "in base64: 80 KB"


def test_reported_ladder_is_the_one_that_was_checked():
    values = [row.value for row in reported("nielsen_ladder")]
    assert values == sorted(values) == [97.8, 98.78, 99.06, 99.23, 99.37, 99.43, 99.6, 99.67]
    assert all(row.verified for row in reported("nielsen_ladder"))
    assert not any(row.verified for row in reported("mnist_distortions"))


def test_the_quiz_on_lenet_has_the_larger_shares():
    rows = layer_table(lenet.LeNet5(lenet.LeNetPlan()), (1, 32, 32))
    full = [row for row in rows if row.kind == "Linear"]
    assert sum(row.parameters for row in full) > 61_706 / 2
    assert sum(row.macs for row in full) < 416_520 / 2
    assert right("L9.1") == "Parameters in the fully connected layers, work in the convolutions"


def test_the_quiz_on_two_softmaxes():
    best = torch.eye(10)[:1]
    lowest = F.cross_entropy(best, torch.tensor([0])).item()
    assert right("L9.2") == f"{lowest:.2f}"
    worse = torch.distributions.Dirichlet(torch.ones(10)).sample((1000,))
    assert F.cross_entropy(worse, torch.zeros(1000, dtype=torch.long), reduction="none").min() > lowest


def test_the_quiz_on_the_second_convolution():
    one, two = (sum(p.numel() for p in nielsen.LadderNet(rung).parameters()) for rung in nielsen.LADDER[1:3])
    assert two < one / 3
    assert right("L9.3") == "It falls to less than a third"


def test_the_quizzes_on_chance():
    assert nielsen.chance_of_gap(99.4, 0.06, 10_000) == pytest.approx(0.61, abs=0.005)
    assert right("L9.4") == "In more than half of all pairs"
    rng = np.random.default_rng(5)
    lowest = rng.binomial(10_000, 0.009, (4_000, 60)).min(axis=1).mean() / 100
    assert right("L9.5") == f"{lowest:.2f} %"
    shown = [float(text.split(" ")[0]) for text in load_quizzes()["L9.5"].choices]
    assert min(shown, key=lambda value: abs(value - lowest)) == 0.69


def test_the_quiz_on_second_layer_kernels():
    top, side = torch.zeros(5, 5), torch.zeros(5, 5)
    top[0], side[:, 4] = 1, 1
    corner = torch.stack([top, side, *torch.zeros(2, 5, 5)])
    answers = [((2 * corner - 1) * shown).sum() for shown in (corner, corner.flip(2), corner.flip(1), corner * 0)]
    assert answers[0] == corner.sum() > max(answers[1:])
    assert right("Q23").startswith("A part made of strokes")


def test_the_quiz_on_moved_copies():
    torch.manual_seed(0)
    net = nielsen.LadderNet(nielsen.LADDER[3], 28).eval()
    picture, canvas = torch.zeros(1, 1, 28, 28), torch.zeros(1, 1, 68, 68)
    picture[..., 10:18, 10:14] = canvas[..., 30:38, 30:34] = 1
    pooled = nn.Sequential(net.features, nn.AdaptiveMaxPool2d(1))
    assert torch.allclose(pooled(canvas), pooled(canvas.roll(4, 3)), atol=1e-6), "far from borders, convolutions follow"
    assert not torch.allclose(net(picture), net(picture.roll(4, 3)), atol=1e-2), "the last layers do not"
    assert right("Q29").startswith("Because borders, pools and the fully connected layers")


@pytest.mark.parametrize("number", QUIZZES)
def test_each_quiz_answers_every_choice(number):
    answers_every_choice(number)
