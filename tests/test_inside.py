"""Lecture 14 without a browser: methods against Captum and brute force, fits, figures' numbers, explorers, quizzes."""

import math

import numpy as np
import pytest
import torch
from captum import attr
from pictures import alt_of, answers_every_choice, move, refused, right, small
from scipy.stats import spearmanr
from torch import nn

from course_utils import inside
from course_utils.data import Split, digits
from course_utils.device import pick_device
from course_utils.filters import gabor
from course_utils.invariance import on_canvas
from course_utils.plots import inside as plots
from course_utils.widgets import inside as explorers

QUIZZES = ["Q10", "L14.1", "L14.2", "L14.3", "L14.4"]
METHODS = list(inside.METHODS)


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    return inside.Reader((4, 5, 6), first=5).to(pick_device())


@pytest.fixture(scope="module")
def x():
    return on_canvas(digits().x_test[:12]).numpy()


@pytest.fixture(scope="module")
def y():
    return digits().y_test[:12]


def captums(net, x, y):
    device = next(net.parameters()).device
    given, target = torch.tensor(x, device=device), torch.tensor(y, device=device)
    cam = attr.LayerGradCam(net, net.features.relu3).attribute(given, target=target, relu_attributions=True)
    with pytest.warns(UserWarning, match="Setting backward hooks"):
        down = [each(net).attribute(given.clone(), target=target) for each in (attr.Deconvolution, attr.GuidedBackprop)]
    found = {
        "saliency": attr.Saliency(net).attribute(given.clone(), target=target),
        "gradient × input": attr.InputXGradient(net).attribute(given.clone(), target=target),
        "occlusion": attr.Occlusion(net).attribute(given, (1, 5, 5), strides=(1, 3, 3), baselines=0, target=target),
        "Grad-CAM": attr.LayerAttribution.interpolate(cam, (29, 29), "bilinear"),
        "DeconvNet": down[0].abs(),
        "guided": down[1].abs(),
    }
    return {name: each[:, 0].detach().cpu().numpy() for name, each in found.items()}


@pytest.mark.filterwarnings("ignore:Input Tensor:UserWarning")
def test_each_method_is_captums(net, x, y):
    theirs = captums(net, x[:2], y[:2])
    assert set(theirs) == set(METHODS)
    for name, method in inside.METHODS.items():
        ours = method(net, x[:2], y[:2])
        assert ours.shape == (2, 29, 29)
        np.testing.assert_allclose(ours, theirs[name], atol=1e-6, err_msg=name)
        assert np.ptp(ours) > 1e-4, name


NEURONS = {"DeconvNet": attr.NeuronDeconvolution, "guided": attr.NeuronGuidedBackprop}


@pytest.mark.parametrize("rule", NEURONS)
@pytest.mark.parametrize("layer", ["relu2", "relu3"])
def test_the_way_down_from_a_unit_is_captums_times_its_answer(net, x, rule, layer):
    top = inside.top_patches(net, x, layer, 1, count=1)
    picture, place = x[top.pictures], top.places
    ours = inside.project_down(net, picture, layer, inside.unit_signal(net, picture, layer, 1, place), rule)
    given = torch.tensor(picture, device=pick_device(), requires_grad=True)
    method = NEURONS[rule](net, getattr(net.features, layer))
    with pytest.warns(UserWarning, match="Setting backward hooks"):
        theirs = method.attribute(given, neuron_selector=(1, *map(int, place[0])))
    np.testing.assert_allclose(ours, top.answers[0] * theirs.detach().cpu().numpy(), atol=1e-6)
    assert top.answers[0] > 0
    assert np.abs(ours).max() > 0


def test_the_gradient_rule_is_autograds(net, x):
    given = torch.tensor(x[:3], device=pick_device(), requires_grad=True)
    answer = inside.up_to(net, "pool2")(given)
    signal = torch.randn(answer.shape, generator=torch.Generator().manual_seed(1)).to(answer.device)
    (slope,) = torch.autograd.grad((answer * signal).sum(), given)
    np.testing.assert_allclose(
        inside.project_down(net, x[:3], "pool2", signal, "gradient"), slope.cpu().numpy(), atol=1e-5
    )


def test_occlusion_is_the_mean_drop_of_the_squares_over_a_pixel(net, x, y):
    found = inside.occlusion(net, x[:1], y[:1], size=9, step=4, fill=0.5)[0]

    def score(picture):
        with torch.no_grad():
            return net(torch.tensor(picture, device=pick_device()))[0, y[0]].item()

    for row, column in ((0, 0), (11, 13), (28, 5)):
        drops = []
        for top in range(0, 21, 4):
            for left in range(0, 21, 4):
                if top <= row < top + 9 and left <= column < left + 9:
                    hidden = x[:1].copy()
                    hidden[..., top : top + 9, left : left + 9] = 0.5
                    drops.append(score(x[:1]) - score(hidden))
        assert found[row, column] == pytest.approx(np.mean(drops), abs=1e-5)


def test_grad_cam_of_a_net_that_ends_in_means_adds_up_to_the_score(net, x):
    maps = torch.tensor(inside.maps_of(net, x, "relu3"))
    weight, bias = net.head.weight.detach().cpu(), net.head.bias.detach().cpu()
    by_place = torch.einsum("ck,nkhw->nchw", weight, maps) / maps[0, 0].numel()
    with torch.no_grad():
        scores = net(torch.tensor(x, device=pick_device())).cpu()
    torch.testing.assert_close(by_place.sum(dim=(2, 3)) + bias, scores, atol=1e-5, rtol=1e-4)
    for c in (0, 7):
        found = inside.coarse_cam(net, x, np.full(len(x), c))
        np.testing.assert_allclose(found, by_place[:, c].relu().numpy(), atol=1e-6)


@pytest.mark.parametrize(("layer", "unit"), [("conv1", (14, 14)), ("pool1", (5, 6)), ("relu3", (3, 4))])
def test_windows_are_where_a_pixel_makes_a_difference(layer, unit):
    positive = inside.Reader((1, 1, 1), first=5)
    for weight in positive.parameters():
        nn.init.ones_(weight)
    dots = torch.eye(841).reshape(841, 1, 29, 29)
    maps = inside.maps_of(positive, dots, layer)
    ground = inside.maps_of(positive, torch.zeros(1, 1, 29, 29), layer)
    rows, columns = np.nonzero((maps != ground)[:, 0, unit[0], unit[1]].reshape(29, 29))
    seen = inside.window_of(positive, layer)
    for found, place in ((rows, unit[0]), (columns, unit[1])):
        first = place * seen.step + seen.start
        assert (found.min(), found.max()) == (max(first, 0), min(first + seen.size, 29) - 1)


def test_top_patches_are_the_largest_answers_and_their_windows(net, x):
    found = inside.top_patches(net, x, "relu2", 2, count=5)
    maps = inside.maps_of(net, x, "relu2")[:, 2]
    assert found.answers.tolist() == sorted(maps.max(axis=(1, 2)), reverse=True)[:5]
    seen = inside.window_of(net, "relu2")
    for picture, (r, c), answer, window in zip(found.pictures, found.places, found.answers, found.windows, strict=True):
        assert maps[picture, r, c] == answer
        assert window.shape == (seen.size, seen.size)
        top, left = r * seen.step + seen.start, c * seen.step + seen.start
        inner = x[picture, 0, max(top, 0) : top + seen.size, max(left, 0) : left + seen.size]
        assert window.sum() == pytest.approx(inner.sum(), rel=1e-5)


def test_hooks_are_gone_after_the_block_and_after_an_error(net, x):
    with inside.listening(net, ["relu1", "pool2"]) as heard:
        net(torch.tensor(x[:1], device=pick_device()))
    assert {name: tuple(maps.shape) for name, maps in heard.items()} == {
        "relu1": (1, 4, 29, 29),
        "pool2": (1, 5, 7, 7),
    }
    with pytest.raises(RuntimeError), inside.listening(net, ["relu1", "pool2"]):
        net(torch.zeros(1, 3, 29, 29, device=pick_device()))
    assert not any(layer._forward_hooks for layer in net.modules())


def test_purity_counts_the_commonest_label():
    values = np.array([[5.0, 0], [4, 1], [3, 2], [2, 3], [1, 4]])
    labels = np.array([1, 1, 1, 2, 3])
    assert inside.purity(values, labels, 3).tolist() == [1.0, pytest.approx(1 / 3)]
    assert inside.purity(values, labels, 5).tolist() == [0.6, 0.6]


def test_pair_ablations_are_those_of_hooks(net, x, y):
    found = inside.pair_ablations(net, x, y)
    assert np.allclose(found, found.T)
    means = inside.maps_of(net, x, "relu3").mean(axis=(2, 3))
    weight, bias = (each.detach().cpu().numpy() for each in (net.head.weight, net.head.bias))
    for i, j in ((0, 0), (1, 4), (5, 2)):
        cut = means.copy()
        cut[:, [i, j]] = means[:, [i, j]].mean(axis=0)
        wrong = (cut @ weight.T + bias).argmax(axis=1) != y
        assert found[i, j] == pytest.approx(100 * wrong.mean())


def test_a_gabor_is_found_again_and_noise_is_not():
    angles, frequencies = [0.3, 2.5], [0.12, 0.16]
    planted = np.stack([gabor(a, f, 0.7, 1.8, 0.7, 9) for a, f in zip(angles, frequencies, strict=True)])
    moved = np.roll(planted[:1], (1, -1), axis=(1, 2))
    fits = inside.fit_gabors(np.concatenate([planted, 3 * moved, inside.noise_filters(1, 9)]), steps=60)
    assert (fits.shares[:2] > 0.99).all()
    assert fits.shares[2] > 0.9
    assert fits.shares[3] < 0.75
    assert np.abs(np.sin(fits.angles[:2] - angles)).max() < 0.05
    assert fits.frequencies[:2] == pytest.approx(frequencies, abs=0.02)
    explained = 1 - ((fits.pictures[:2] - planted) ** 2).sum((1, 2)) / (planted**2).sum((1, 2))
    assert fits.shares[:2] == pytest.approx(explained)


def test_noise_filters_have_mean_0_and_blur_makes_neighbours_alike():
    plain, blurred = (inside.noise_filters(40, 7, blur) for blur in (0, 1.0))
    links = [np.corrcoef(each[:, :, 1:].ravel(), each[:, :, :-1].ravel())[0, 1] for each in (plain, blurred)]
    assert abs(links[0]) < 0.1
    assert links[1] > 0.6
    assert np.abs(blurred.mean(axis=(1, 2))).max() < 1e-12


def test_tuning_of_a_gabor_unit():
    made = inside.Reader((2, 1, 1), first=9).to(pick_device())
    with torch.no_grad():
        made.features.conv1.weight[0, 0] = torch.tensor(gabor(np.pi / 3, 0.15, 0.0, 2.0, 0.6, 9))
        made.features.conv1.weight[0] -= made.features.conv1.weight[0].mean()
        made.features.conv1.weight[1] = 0
        made.features.conv1.bias[:] = torch.tensor([0.0, 1.0])
    found = inside.tuning(made, "relu1", frequency=0.15, angles=12, phases=8)
    assert found.answers.shape == (2, 12, 8)
    assert np.degrees(found.angles[found.answers[0].mean(axis=1).argmax()]) == pytest.approx(60)
    assert found.selectivity()[0] > 0.5
    assert found.selectivity()[1] == pytest.approx(0, abs=1e-6)
    half_wave = np.maximum(np.cos(np.arange(8) * np.pi / 4), 0)  # what a linear unit makes of a wave, above 0
    first = 2 * np.abs(np.fft.fft(half_wave)[1]) / 8
    assert found.modulation()[0] == pytest.approx(first / half_wave.mean(), rel=0.01)
    assert found.modulation()[1] == pytest.approx(0, abs=1e-6)


def test_gratings_have_their_period_and_angle():
    waves = inside.gratings(np.array([0.0, np.pi / 2]), np.array([0.0, np.pi]), 0.1)
    assert waves.shape == (2, 2, 29, 29)
    assert waves.min() >= 0
    assert waves.max() <= 1
    np.testing.assert_allclose(waves[0, 0, :, :19], waves[0, 0, :, 10:], atol=1e-9)
    np.testing.assert_allclose(waves[0], waves[1].swapaxes(1, 2), atol=1e-9)
    np.testing.assert_allclose(waves[:, 0] + waves[:, 1], 1, atol=1e-9)


def test_shuffling_keeps_each_layers_values_and_the_net_given(net):
    before = {name: weight.clone() for name, weight in net.state_dict().items()}
    other = inside.shuffled(net, ["head", "conv2"], seed=3)
    for name, weight in other.state_dict().items():
        assert torch.equal(before[name], net.state_dict()[name])
        assert torch.equal(weight.flatten().sort().values, before[name].flatten().sort().values)
        changed = name in ("head.weight", "head.bias", "features.conv2.weight")  # the other biases are all 0
        assert torch.equal(weight, before[name]) != changed


def test_agreement_is_spearmans():
    one, other = np.random.default_rng(0).integers(0, 5, (2, 6, 7, 8)).astype(float)
    wanted = [spearmanr(a.ravel(), b.ravel()).statistic for a, b in zip(one, other, strict=True)]
    np.testing.assert_allclose(inside.agreement(one, other), wanted)
    np.testing.assert_allclose(inside.agreement(one, np.exp(one)), 1)
    assert inside.agreement(one[:1], np.ones((1, 7, 8))).tolist() == [0]


def test_the_mark_and_what_is_found_of_it(x):
    marked = inside.tagged(x)
    changed = (marked != x).any(axis=(0, 1))
    rows, columns = np.nonzero(changed)
    assert rows.min() >= 1
    assert max(rows.max(), columns.max()) <= 5
    assert marked[0, 0, *inside.TAG].sum() == 16
    maps = np.zeros((3, 29, 29))
    maps[0, 3, 3], maps[0, 20, 20], maps[0, 9, 9] = 3, 1, -5
    maps[1, 20, 20] = 1
    share, hit = inside.found_tag(maps)
    assert share.tolist() == [0.75, 0, 0]
    assert hit.tolist() == [True, False, False]
    assert inside.found_tag(np.ones((1, 29, 29)))[0] == pytest.approx(64 / 841)


@pytest.mark.parametrize("waves", [True, False])
def test_maximise_finds_the_half_that_is_wanted(waves):
    def left(pictures):
        return pictures[:, 0, :, :14].mean(dim=(1, 2)) - pictures[:, 0, :, 15:].mean(dim=(1, 2))

    found = inside.maximise(left, 2, waves=waves, steps=40, rate=0.3, jitter=0)
    assert found.shape == (2, 29, 29)
    assert found.min() >= 0
    assert found.max() <= 1
    assert (found[:, :, :12].mean(axis=(1, 2)) - found[:, :, 17:].mean(axis=(1, 2))).min() > 0.5
    assert np.array_equal(found, inside.maximise(left, 2, waves=waves, steps=40, rate=0.3, jitter=0))
    dark = inside.maximise(left, 2, waves=waves, steps=40, rate=0.3, jitter=0, ink=5.0)
    assert dark.mean() < found.mean()


def test_atlas_cells_are_means_of_places(net, x):
    many = np.concatenate([x] * 5)
    found = inside.atlas(net, many, cells=2, least=1)
    assert found.counts.sum() == len(many)
    assert found.directions.shape == (len(found.at), 6)
    size = inside.window_of(net, "relu3").size
    assert found.windows.shape == (len(found.at), size, size)
    weight = net.head.weight.detach().cpu().numpy()
    assert found.votes.tolist() == (found.directions @ weight.T).argmax(axis=1).tolist()
    maps = inside.maps_of(net, many, "relu3")
    assert found.directions.max() <= maps.max()


def test_filters_without_labels_are_smooth_and_the_same_again():
    found = inside.filters_without_labels(4, 7, windows=400)
    assert found.shape == (4, 7, 7)
    assert np.corrcoef(found[:, :, 1:].ravel(), found[:, :, :-1].ravel())[0, 1] > 0.3
    assert np.array_equal(found, inside.filters_without_labels(4, 7, windows=400))


def test_phases_drawn_anew_keep_the_spectrum():
    filters = inside.noise_filters(5, 7, 1.0)
    other = inside.phases_drawn_anew(filters)
    np.testing.assert_allclose(np.abs(np.fft.rfft2(other))[:, 1:4, 1:], np.abs(np.fft.rfft2(filters))[:, 1:4, 1:])
    assert abs(np.corrcoef(filters.ravel(), other.ravel())[0, 1]) < 0.5


def test_teach_lowers_the_loss_and_repeats_itself():
    data = Split(*(part[:100] for part in (on_canvas(digits().x_train[:100]).numpy(), digits().y_train)), None, None)
    nets = [inside.teach(data, steps=10) for _ in range(2)]
    torch.manual_seed(0)
    start = inside.Reader().to(pick_device())
    x, y = (torch.as_tensor(each, device=pick_device()) for each in (data.x_train, data.y_train))
    with torch.no_grad():
        before, after, again = (float(nn.functional.cross_entropy(net(x), y)) for net in (start, *nets))
    assert after < before
    assert after == again


def test_alexnets_filters_come_from_a_file_at_hand_only(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    assert inside.alexnet_filters() is None
    from torchvision.models import AlexNet_Weights

    (tmp_path / "checkpoints").mkdir()
    kernels = torch.randn(64, 3, 11, 11)
    torch.save({"features.0.weight": kernels}, tmp_path / "checkpoints" / AlexNet_Weights.DEFAULT.url.split("/")[-1])
    assert np.array_equal(inside.alexnet_filters(), kernels.numpy())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda net, x, y: inside.maps_of(net, x, "relu9"), "no layer 'relu9'; it has conv1, relu1"),
        (lambda net, x, y: inside.maps_of(net, x[0], "relu1"), r"shape \(1, 29, 29\); they must be"),
        (lambda net, x, y: inside.top_patches(net, x, "relu1", 4), "unit is 4 of 4"),
        (lambda net, x, y: inside.top_patches(net, x, "relu1", 0, 13), "count 13 of 12"),
        (lambda net, x, y: inside.purity(np.zeros((3, 2)), np.zeros(4, int)), "3 rows and 4 labels"),
        (lambda net, x, y: inside.occlusion(net, x, y, size=5, step=5), "squares of 5 in steps of 5 do not fit"),
        (lambda net, x, y: inside.occlusion(net, x, y, size=1, step=2), "squares of 1 in steps of 2"),
        (lambda net, x, y: inside.project_down(net, x, "relu1", torch.ones(1), "mine"), "no rule 'mine'; there are"),
        (lambda net, x, y: inside.shuffled(net, ["conv9"]), r"no layers \['conv9'\]"),
        (lambda net, x, y: inside.agreement(x[:, 0], x[:2, 0]), r"shapes \(12, 29, 29\) and \(2, 29, 29\)"),
        (lambda net, x, y: inside.maximise(lambda p: p.sum(), 0), "count is 0"),
        (lambda net, x, y: inside.atlas(net, x, least=13), "no cell holds 13 of the 12"),
        (lambda net, x, y: inside.fit_gabors(np.zeros((2, 5, 5))), "none of them all 0"),
        (lambda net, x, y: inside.fit_gabors(np.ones((2, 5, 4))), r"filters have shape \(2, 5, 4\)"),
        (lambda net, x, y: inside.tuning(net, "relu1", angles=2), "angles is 2"),
        (lambda net, x, y: inside.filters_without_labels(0), "count is 0"),
        (lambda net, x, y: inside.teach(digits(), steps=9), "steps is 9"),
        (lambda net, x, y: plots.draw_filters({}), "rows have lengths"),
        (lambda net, x, y: plots.draw_explanations([]), "at least one row"),
    ],
)
def test_bad_input_is_refused_with_its_reason(call, message, net, x, y):
    with pytest.raises(ValueError, match=message):
        call(net, x, y)


def test_a_layer_without_a_way_back_is_refused(net, x):
    strange = nn.Sequential()
    strange.features = nn.Sequential()
    strange.features.add_module("conv1", nn.Conv2d(1, 2, 3))
    strange.features.add_module("soft", nn.Sigmoid())
    strange.to(pick_device())
    with pytest.raises(ValueError, match="no way back through Sigmoid"):
        inside.project_down(strange, x[:1], "soft", torch.ones(1, 2, 27, 27, device=pick_device()))


def test_figures_of_filters_and_tuning_say_their_numbers(net):
    filters = inside.noise_filters(3, 7)
    fits = inside.fit_gabors(filters, steps=3)
    assert (
        f"a: median {np.median(fits.shares):.2f}" in small(plots.draw_filters({"a": filters}, {"a": fits.shares})).alt
    )
    assert "a: 3" in small(plots.draw_filters({"a": filters}), words=8).alt
    alt = small(plots.draw_fits(filters, fits, 2)).alt
    best = int(fits.shares.argmax())
    assert f"{fits.shares[best]:.2f} at {np.degrees(fits.angles[best]):.0f}°" in alt
    alt = small(plots.draw_shares({"a": np.array([0.2, 0.4, 0.9]), "b": np.array([0.1])})).alt
    assert "a: median 0.40, from 0.20 to 0.90" in alt
    tuned = inside.tuning(net, "conv1")
    alt = small(plots.draw_tuning({"a": tuned}, {"a": 2})).alt
    assert f"selectivity {tuned.selectivity()[2]:.2f}, F1/F0 {tuned.modulation()[2]:.2f}" in alt


def test_figures_of_maps_and_patches_say_their_numbers(net, x):
    maps = inside.maps_of(net, x[:1], "relu3")[0]
    alt = small(plots.draw_maps(x[0, 0], maps, "relu3")).alt
    assert (
        f"the 6 maps of relu3, 7×7 each, with their largest answers: from {maps.min():.1f} to {maps.max():.1f}" in alt
    )
    assert f"{(maps == 0).mean():.0%} of all values are 0" in alt
    top = inside.top_patches(net, x, "relu2", 0, count=3)
    alt = small(plots.draw_patches({"u": top}, {"u": top.windows})).alt
    assert "The 3 windows with the largest answers, a row a unit, each above what" in alt
    assert f"u from {top.answers[0]:.1f} to {top.answers[-1]:.1f}" in alt


def test_figures_of_explanations_say_their_numbers(net, x, y):
    maps = {name: inside.METHODS[name](net, x[:1], y[:1])[0] for name in ("saliency", "Grad-CAM")}
    alt = small(plots.draw_explanations([("one", x[0, 0], maps)], mark=True)).alt
    row, column = divmod(int(maps["saliency"].argmax()), 29)
    assert f"saliency at row {row}, column {column}" in alt
    alt = small(plots.draw_found({"a": (0.5, 0.1), "b": (0.25, 0.0)}, 0.0761)).alt
    assert "a 50% and 10%; b 25% and 0%; area 8%" in alt
    alt = small(plots.draw_shuffles({"a": [1, 0.4], "b": [1.0, -0.1]}, ["none", "head"])).alt
    assert "a ends at 0.40; b ends at -0.10" in alt


def test_figures_of_wishes_pairs_and_atlas_say_their_numbers(net, x, y):
    pictures = {"u: 3.0": x[0, 0], "v: 1.0": x[1, 0]}
    assert "r: u: 3.0, v: 1.0" in small(plots.draw_wishes({"r": pictures, "s": {"w: 2": x[2, 0]}})).alt
    features = inside.maps_of(net, x, "relu3").mean(axis=(2, 3))
    first, second = sorted(set(y.tolist()))[:2]
    alt = small(plots.draw_pair(features, y, 0, 1, [first, second])).alt
    assert f"correlated by {np.corrcoef(features[:, 0], features[:, 1])[0, 1]:.2f}" in alt
    assert f"{first}s at {features[y == first][:, 0].mean():.2f}" in alt
    found = inside.atlas(net, np.concatenate([x] * 5), cells=3, least=1)
    wishes = np.zeros((len(found.at), 29, 29))
    assert f"An atlas of {len(found.at)} cells of 60 places" in small(plots.draw_atlas(found, wishes)).alt


def test_explorers_move(net, x, y):
    hooks = explorers.hook_explorer(net, x)
    move(hooks, layer="relu3")
    assert "the 6 maps of relu3, 7×7 each" in alt_of(hooks)
    hidden = explorers.occlusion_explorer(net, x, y)
    before = hidden.output.value
    move(hidden, fill=1.0)
    assert hidden.output.value != before
    move(hidden, step=5)
    assert refused(hidden)
    methods = explorers.method_explorer(net, x)
    move(methods, label=9)
    assert "for class 9: largest by occlusion at" in alt_of(methods)
    features = inside.maps_of(net, x, "relu3").mean(axis=(2, 3))
    pairs = explorers.pair_explorer(features, y % 2, 0, 1)
    assert refused(pairs)
    assert "there is no picture of class 3, 8" in pairs.output.value
    pairs = explorers.pair_explorer(features, y, 0, 1)
    move(pairs, one=5, other=2, first=int(y[0]), second=int(y[1]))
    assert "units 5 and 2" in alt_of(pairs)


def test_quizzes_have_the_answers_that_are_computed(net):
    days = math.comb(4096, 2) / 86_400
    assert 90 < days < 100
    assert right("L14.4") == "about a hundred days"
    marks = torch.ones(2, requires_grad=True)
    (slopes,) = torch.autograd.grad(1 - (1 - marks.sum()).relu(), marks)
    assert slopes.tolist() == [0, 0]
    assert right("L14.1") == "occlusion of both at once"
    with inside.listening(net, ["relu3"]) as heard:
        score = net(torch.rand(1, 1, 29, 29, device=pick_device()))[0, 2]
    (slope,) = torch.autograd.grad(score, heard["relu3"])
    torch.testing.assert_close(slope.mean(dim=(2, 3))[0], net.head.weight[2] / 49)
    assert right("L14.2") == "the class's weights in the linear layer, divided by the number of places"
    assert right("L14.3") == "X shows the picture, not the net"
    assert right("Q10").startswith("Not the best in general; they can be learned")


@pytest.mark.parametrize("number", QUIZZES)
def test_each_quiz_answers_every_choice(number):
    answers_every_choice(number)
