"""Lecture 10 without a browser: moves and probes against other sources, figures' numbers, explorers moved, quizzes."""

import numpy as np
import pytest
import torch
from pictures import alt_of, answers_every_choice, move, refused, right, small
from scipy import ndimage
from torch import nn
from torch.nn import functional as F
from torchvision.models import AlexNet_Weights, VGG16_Weights

from course_utils import invariance
from course_utils.arithmetic import positive_stack, touched_inputs
from course_utils.data import digits
from course_utils.invariance import (
    changed,
    invariance_curves,
    layer_features,
    layer_probes,
    moved,
    moved_digits,
    on_canvas,
    only_classes,
)
from course_utils.models.alexnet import build_alexnet
from course_utils.models.vgg import build_vgg
from course_utils.parallel import COLLECTIVES, ring_total
from course_utils.plots import alexnet_vgg as plots
from course_utils.reported import reported
from course_utils.widgets import alexnet_vgg as explorers
from course_utils.widgets import load_quizzes

LAYERS = ["features.conv1", "features.conv5", "classifier.fc7"]
LECTURE = ("alexnet_ablations", "zeiler_fergus_ablations", "ilsvrc_2010", "ilsvrc_2012", "alexnet_gains")
LECTURE += ("caltech_transfer", "vgg_columns", "imagenet_sizes")


@pytest.fixture(scope="module")
def scene():
    """Return a small net with random weights, twenty pictures of all ten digits, and their labels."""
    torch.manual_seed(0)
    data = digits()
    order = np.argsort(data.y_test, kind="stable")
    kept = np.concatenate([order[data.y_test[order] == label][:2] for label in range(10)])
    return build_alexnet("small"), on_canvas(data.x_test[kept]), data.y_test[kept]


def test_quarter_turns_and_whole_pixels_are_exact():
    x = torch.rand(3, 2, 9, 9, generator=torch.Generator().manual_seed(0))
    for quarter in (1, 2, 3):
        assert torch.allclose(moved(x, angle=90.0 * quarter), x.rot90(quarter, (-2, -1)), atol=1e-5)
    shifted = moved(x, right=2.0, down=-3.0)
    assert torch.allclose(shifted[:, :, :-3, 2:], x[:, :, 3:, :-2], atol=1e-5)
    assert not shifted[:, :, -2:].any()
    assert torch.allclose(moved(x), x, atol=1e-6)
    each = moved(x, right=torch.tensor([0.0, 1.0, 2.0]))
    assert torch.allclose(each[1:2], moved(x[1:2], right=1.0), atol=1e-6)


@pytest.mark.parametrize(("scale", "angle", "right", "down"), [(1.3, 20.0, 1.5, -2.0), (0.7, -140.0, 0.0, 3.0)])
def test_general_moves_are_scipys(scale, angle, right, down):
    x = torch.zeros(1, 1, 21, 21, dtype=torch.float64)
    x[0, 0, 5:16, 5:16] = torch.rand(11, 11, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    a = np.deg2rad(angle)
    back = np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]]) / scale  # from (row, column) of the result
    offset = np.array([10, 10]) - back @ (np.array([10, 10]) + np.array([down, right]))
    wanted = ndimage.affine_transform(x[0, 0].numpy(), back, offset, order=1)
    assert np.allclose(moved(x, right, down, scale, angle)[0, 0].numpy(), wanted, atol=1e-9)


def test_changes_are_moves_by_name():
    x = torch.rand(2, 1, 7, 7, generator=torch.Generator().manual_seed(0))
    assert torch.equal(changed(x, "shift", 2), moved(x, right=2))
    assert torch.equal(changed(x, "scale", 1.5), moved(x, scale=1.5))
    assert torch.equal(changed(x, "rotation", 33), moved(x, angle=33))


def test_moved_digits_are_the_digits_of_the_split():
    data, plain = moved_digits(copies=2), digits()
    assert data.x_train.shape == (2 * len(plain.y_train), 1, 29, 29)
    assert data.x_train.dtype == np.float32
    assert np.array_equal(data.y_train, np.concatenate([plain.y_train] * 2))
    assert np.array_equal(data.y_test, plain.y_test)
    assert np.array_equal(data.x_test, moved_digits(2).x_test)
    assert not np.array_equal(data.x_test, moved_digits(2, seed=1).x_test)
    still = moved_digits(1, shift=0, scale=1, angle=0)
    assert np.allclose(still.x_test, on_canvas(plain.x_test).numpy(), atol=1e-6)
    by_torch = F.interpolate(torch.tensor(plain.x_test[:1]), size=(16, 16), mode="bilinear")
    assert torch.equal(on_canvas(plain.x_test[:1])[..., 6:22, 6:22], by_torch)


def test_layer_features_are_what_the_layers_answer(scene):
    net, x, _ = scene
    found = layer_features(net, x, ["features.conv1", "classifier.fc6", ""])
    assert np.allclose(found["features.conv1"], net.features.conv1(x).flatten(1).detach().numpy(), atol=1e-6)
    assert np.allclose(found[""], net.eval()(x).detach().numpy(), atol=1e-6)
    assert found["classifier.fc6"].shape == (20, 48)
    assert not net.features.conv1._forward_hooks


def test_invariance_curves_by_hand(scene):
    net, x, y = scene
    curves = invariance_curves(net, x, y, "shift", [-2, 0, 3], LAYERS)
    assert list(curves.distances) == LAYERS
    before, after = (layer_features(net, each, LAYERS[:1])[LAYERS[0]] for each in (x, changed(x, "shift", 3)))
    pairs = [np.linalg.norm(before[i] - before[j]) for i in range(20) for j in range(20) if y[i] != y[j]]
    wanted = np.linalg.norm(after - before, axis=1).mean() / np.mean(pairs)
    assert curves.distances[LAYERS[0]][2] == pytest.approx(wanted, rel=1e-4)
    assert all(distance[1] == pytest.approx(0, abs=1e-4) for distance in curves.distances.values())
    chances = net.eval()(x).softmax(dim=1).detach().numpy()
    assert curves.probabilities.shape == (10, 3)
    assert curves.probabilities[4, 1] == pytest.approx(chances[y == 4, 4].mean(), rel=1e-4)


def test_a_net_that_only_takes_the_mean_does_not_notice_a_shift():
    torch.manual_seed(0)
    net = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1, 2))
    x = torch.zeros(4, 1, 11, 11)
    x[:, 0, 4:6, 4:6] = torch.arange(1.0, 5).reshape(4, 1, 1)
    curves = invariance_curves(net, x, np.array([0, 1, 0, 1]), "shift", [-3, 2], ["0"])
    assert np.allclose(curves.distances["0"], 0, atol=1e-5)
    assert np.allclose(curves.probabilities[:, 0], curves.probabilities[:, 1], atol=1e-5)


def test_only_classes_keeps_and_relabels():
    data = digits()
    part = only_classes(data, [7, 2])
    assert len(part.y_test) == (data.y_test == 7).sum() + (data.y_test == 2).sum()
    assert np.array_equal(part.x_test[part.y_test == 0], data.x_test[data.y_test == 7])
    assert set(part.y_train) == {0, 1}


def test_probes_read_what_is_there_and_nothing_else():
    """A layer that keeps the label's pixel can be read without error, one that is blind only by chance."""
    y = np.arange(90) % 3
    x = np.zeros((90, 1, 4, 4), dtype=np.float32)
    x[np.arange(90), 0, 0, y] = 1
    data = invariance.Split(x[:60], y[:60], x[60:], y[60:])
    net = nn.Sequential(nn.Conv2d(1, 2, 1), nn.Sequential(nn.Flatten(), nn.Linear(32, 3)))
    nn.init.zeros_(net[1][1].weight)
    scores = layer_probes(net, data, ["0", "1"], per_class=5, repeats=2)
    assert list(scores) == ["pixels", "0", "1"]
    assert scores["pixels"] == pytest.approx([100, 100])
    assert scores["0"] == pytest.approx([100, 100])
    assert scores["1"] == pytest.approx([100 / 3] * 2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: moved(torch.zeros(1, 1, 3, 4)), r"shape \(1, 1, 3, 4\)"),
        (lambda: moved(torch.zeros(1, 1, 3, 3), scale=0.0), "the scale is 0"),
        (lambda: changed(torch.zeros(1, 1, 3, 3), "shear", 1), "no change 'shear'"),
        (lambda: moved_digits(copies=0), "copies is 0"),
        (lambda: moved_digits(copies=21), "copies is 21"),
        (lambda: layer_features(nn.Sequential(nn.ReLU()), torch.zeros(1, 1), ["1"]), "no layer 1; it has 0"),
        (lambda: only_classes(digits(), [3, 3]), "each may stand once"),
        (lambda: only_classes(digits(), [11]), r"\[11\] have none"),
        (lambda: layer_probes(nn.ReLU(), digits(), [], per_class=0), "per_class is 0"),
        (lambda: layer_probes(nn.ReLU(), digits(), [], per_class=500), "per_class is 500"),
        (
            lambda: invariance_curves(nn.ReLU(), torch.zeros(2, 1, 3, 3), np.zeros(2), "shift", [1], []),
            "all 2 pictures are of one class",
        ),
        (lambda: plots.net_rows("VGG F"), "no net 'VGG F'"),
        (lambda: plots.draw_lrn("everywhere", 1, 5), "kind 'everywhere'"),
        (lambda: plots.draw_lrn(plots.LRN_KINDS[0], 8, 5), "channel 8"),
        (lambda: plots.draw_lrn(plots.LRN_KINDS[0], 1, 4), "size 4"),
        (lambda: plots.draw_ablation({"a": [1, 2], "b": [1, 2]}, {}), "2 variants and 0 gains"),
        (lambda: plots.draw_ablation({"a": [1]}, {}), "two seeds or more"),
        (lambda: plots.draw_ring(9, 0), "9 workers"),
        (lambda: plots.draw_ring(3, 5), "step 5"),
        (lambda: plots.draw_collective("reduce", 1), "1 workers"),
        (lambda: plots.draw_probes({"a": {"x": np.ones(2)}, "b": {"y": np.ones(2)}}), "they must be the same"),
        (lambda: explorers.invariance_explorer({}, torch.zeros(1), np.zeros(1)), "there are no curves"),
    ],
)
def test_bad_input_is_refused_with_its_reason(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("name", ["AlexNet, torchvision", "VGG C", "VGG E"])
def test_net_figure_says_parameters_macs_and_shares(name):
    alt = small(plots.draw_net(name)).alt
    rows = plots.net_rows(name)
    dense = [row for row in rows if row.kind == "Linear"]
    total = sum(row.parameters for row in rows)
    assert f"{total:,} parameters, of which {100 * sum(r.parameters for r in dense) / total:.0f} %" in alt
    assert f"{sum(row.macs for row in rows):,} MACs" in alt
    assert len(dense) == 3


def test_towers_figure_says_what_crosses():
    alt = small(plots.draw_towers()).alt
    assert "43,264 before conv3, 9,216 before fc6, 4,096 before fc7, 4,096 before fc8" in alt


@pytest.mark.parametrize(("kind", "channel", "size"), [("across channels", 0, 5), ("within a channel", 3, 3)])
def test_lrn_figure_says_the_formulas_numbers(kind, channel, size):
    alt = small(plots.draw_lrn(kind, channel, size)).alt
    maps = plots.lrn_maps()[0].numpy()
    if kind == "across channels":
        read = maps[max(0, channel - size // 2) : channel + size // 2 + 1, 3, 3]
    else:
        read = maps[channel, 3 - size // 2 : 4 + size // 2, 3 - size // 2 : 4 + size // 2]
    total, a = (read**2).sum(), maps[channel, 3, 3]
    assert f"reads {read.size} values" in alt
    assert f"add up to {total:.2f}, and {a:.1f} becomes {a / (2 + 0.1 * total) ** 0.75:.3f}" in alt


def test_ablation_figure_says_means_and_gains():
    alt = small(plots.draw_ablation({"complete": [10, 12], "less": [20, 21]}, {"less": 3.5})).alt
    assert "complete 11.0 %; less 20.5 %. Reported points gained: less 3.5" in alt


def test_probe_figure_says_the_best_layer():
    scores = {"pixels": np.array([40.0, 42]), "features.relu3": np.array([70.0, 72]), "relu7": np.array([50.0, 50])}
    alt = small(plots.draw_probes({"net": scores, "control": scores})).alt
    assert "net: 41 % from pixels, best 71 % at relu3, 50 % at relu7" in alt


@pytest.mark.parametrize("kind", ["scale", "rotation"])
def test_invariance_figure_says_the_curves_numbers(scene, kind):
    net, x, y = scene
    values = {"shift": [-4, 0, 4], "scale": [0.5, 1, 2], "rotation": [-90, 0, 90]}[kind]
    curves = invariance_curves(net, x, y, kind, values, LAYERS)
    alt = small(plots.draw_invariance(curves, x[y == 3][:1], 3)).alt
    first = curves.distances["features.conv1"]
    assert f"conv1 {first[0]:.2f} and {first[-1]:.2f}" in alt
    own = curves.probabilities[3]
    assert f"class 3 has {own[0]:.2f} and {own[-1]:.2f} there" in alt
    with pytest.raises(ValueError, match="no class 12"):
        plots.draw_invariance(curves, x[:1], 12)


def test_net_explorer_moves():
    explorer = explorers.net_explorer()
    assert "60,965,224 parameters" in alt_of(explorer)
    for name in (plots.NETS[1], plots.NETS[-1]):
        move(explorer, name=name)
        assert alt_of(explorer).startswith(name)
    assert "143,667,240 parameters" in alt_of(explorer)


def test_lrn_explorer_moves():
    explorer = explorers.lrn_explorer()
    assert "in maps 2, 3, 4, 5, 6;" in alt_of(explorer)
    move(explorer, channel=0)
    assert "in maps 0, 1, 2;" in alt_of(explorer)
    move(explorer, size=7, kind="within a channel")
    assert "reads 49 values in maps 0;" in alt_of(explorer)
    move(explorer, size=1)
    assert "reads 1 values" in alt_of(explorer)


def test_invariance_explorer_moves_and_refuses_a_digit_that_is_not_there(scene):
    net, x, y = scene
    curves = {kind: invariance_curves(net, x, y, kind, [1, 2], LAYERS) for kind in ("shift", "rotation")}
    explorer = explorers.invariance_explorer(curves, x[y < 9], y[y < 9])
    assert "A digit 4 under shift" in alt_of(explorer)
    move(explorer, kind="rotation", label=0)
    assert "A digit 0 under rotation" in alt_of(explorer)
    assert "no picture of class 9" in move(explorer, label=9)
    assert refused(explorer)


def test_collective_explorer_moves():
    explorer = explorers.collective_explorer()
    held = {}
    assert set(explorer.controls["kind"].options) == set(COLLECTIVES)
    for kind in ("gather", "reduce-scatter", "all-reduce"):
        move(explorer, kind=kind)
        held[kind] = alt_of(explorer)
    assert "worker 0 4, worker 1 0" in held["gather"]
    assert "worker 0 1, worker 1 1" in held["reduce-scatter"]
    assert "worker 3 4" in held["all-reduce"]
    move(explorer, workers=6)
    assert "6 workers before and after all-reduce" in alt_of(explorer)
    move(explorer, workers=2, kind="broadcast")
    assert "worker 0 2, worker 1 2" in alt_of(explorer)


def test_ring_explorer_moves_and_refuses_steps_that_do_not_exist():
    explorer = explorers.ring_explorer()
    assert "0 of 16 chunks hold the sum" in alt_of(explorer)
    move(explorer, step=3)
    assert "4 of 16 chunks hold the sum" in alt_of(explorer)
    move(explorer, step=6)
    assert "16 of 16 chunks hold the sum of all workers. Each worker has sent 6 chunks" in alt_of(explorer)
    assert "steps 0 to 2 (workers - 1)" in move(explorer, step=7)
    move(explorer, workers=8, step=14)
    assert "64 of 64" in alt_of(explorer)
    move(explorer, workers=2, step=0)
    assert "(start): 0 of 4" in alt_of(explorer)


def test_reported_tables_are_whole_and_say_where_they_come_from():
    assert [len(reported(name)) for name in LECTURE] == [4, 5, 3, 6, 6, 16, 12, 4]
    for name in LECTURE:
        for row in reported(name):
            assert all((row.metric, row.data, row.protocol, row.source))
            assert "<caption>Reported" in reported(name)._repr_html_()
    checked = [row.value for name in LECTURE for row in reported(name) if row.verified]
    assert checked == [25.7, 26.2]
    tutorial = {row.name: row.value for row in reported("alexnet_ablations")}
    assert list(tutorial.values()) == [1.1, 5.7, 3.0, 33.5]


def test_torchvisions_metadata_agree_with_the_counts():
    for weights, name in (
        (AlexNet_Weights.IMAGENET1K_V1, "AlexNet, torchvision"),
        (VGG16_Weights.IMAGENET1K_V1, "VGG D"),
    ):
        rows = plots.net_rows(name)
        assert weights.meta["num_params"] == sum(row.parameters for row in rows)
        assert weights.meta["_ops"] == pytest.approx(sum(row.macs for row in rows) / 1e9, abs=1e-3)


def test_quizzes_have_the_answers_that_are_computed():
    dense = plots.shares(plots.net_rows("AlexNet, two towers"))
    assert right("L10.1").startswith("Parameters in the fully connected")
    quiz = load_quizzes()["L10.1"]
    assert f"{dense[0]:.0f} % of the parameters on one side, {100 - dense[1]:.0f} % of the work" in quiz.responses[1]
    a = torch.tensor([10.0, 20, 30, 40, 50], dtype=torch.float64).reshape(1, 5, 1, 1)
    by_hand = 30 / (2 + 1e-4 * (a**2).sum().item()) ** 0.75
    by_torch = {alpha: F.local_response_norm(a, 5, alpha, 0.75, 2)[0, 2].item() for alpha in (2e-5, 1e-4, 5e-4)}
    assert by_torch[float(right("L10.2").split(",")[0])] == pytest.approx(by_hand)
    assert by_torch[1e-4] / by_hand == pytest.approx(1.15, abs=0.005)
    sent = [ring_total(np.ones((w, 840)))[1] / (840 * 8) for w in (2, 8, 60)]
    assert sent[0] == 1
    assert sent == sorted(sent)
    assert sent[-1] < 2
    assert right("L10.3").startswith("A little more, but never more than twice")
    assert (1 / 2 / 8) / (1 / 2 / 24) == 3
    assert "three times" in right("L10.4")


def test_quizzes_about_sizes_have_the_answers_that_are_computed():
    with torch.device("meta"):
        a, e = (sum(p.numel() for p in build_vgg(name).parameters()) for name in "AE")
        nets = [build_alexnet("paper", without=gone) for gone in ((), ("conv3", "conv4"), ("fc7",))]
    assert right("L10.5") == f"{100 * (e - a) / a:.0f} % more"
    full, short, thin = (sum(p.numel() for p in net.parameters()) for net in nets)
    points = [row.value for row in reported("alexnet_ablations")]
    ratio = (points[2] / (full - short)) / (points[0] / (full - thin))
    assert f"{ratio:.0f} times as much" in load_quizzes()["Q13"].responses[0]
    stem = [(11, 4, 1), (3, 2, 1), (5, 1, 1), (3, 2, 1)]
    fields = [int(touched_inputs(positive_stack([*stem, *[(3, 1, 1)] * n]), (1, 300), (0, 3)).sum()) for n in (3, 1)]
    assert f"conv5 sees {fields[1]} pixels in place of {fields[0]}" in load_quizzes()["Q13"].because


@pytest.mark.parametrize("number", ["L10.1", "L10.2", "L10.3", "L10.4", "L10.5", "Q13"])
def test_each_quiz_answers_every_choice(number):
    answers_every_choice(number)
