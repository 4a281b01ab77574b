"""Lecture 11 without a browser: what is measured of nets at the start, its figures, explorers and quizzes."""

import re

import numpy as np
import pytest
import torch
from pictures import alt_of, answers_every_choice, move, refused, right, small
from torch import nn
from torch.nn import functional as F

from course_utils.data import digits
from course_utils.landscape import Start, filter_directions, gradient_turns, loss_surface, measure_start
from course_utils.models import densenet, resnet
from course_utils.models.googlenet import MODULES
from course_utils.models.resnet import KINDS, SmallPlan, SmallResNet, side_by_side
from course_utils.plots import depth as figures
from course_utils.reported import reported
from course_utils.widgets import depth as widgets

DATA = digits()
LABELS = torch.as_tensor(DATA.y_train[:16])


def small_net(**how):
    return SmallResNet(SmallPlan(**({"depth": 8, "width": 2, "seeds": (0, 1)} | how)))


def pictures_for(net, count=16):
    return side_by_side(net, DATA.x_train[:count])


def test_the_start_is_what_autograd_finds():
    net = small_net(seeds=(3,))
    found = measure_start(net, pictures_for(net), LABELS)
    copy = small_net(seeds=(3,)).double()
    F.cross_entropy(copy(pictures_for(net).double()), LABELS).backward()
    layers = [layer for layer in copy.modules() if isinstance(layer, nn.Conv2d)][:-1]
    assert found.gradients[:, 0] == pytest.approx([layer.weight.grad.norm().item() for layer in layers])
    assert found.ratios[0] == pytest.approx(found.gradients[0, 0] / found.gradients[-1, 0])
    first = layers[0](pictures_for(net).double())
    assert found.signals[0, 0] == pytest.approx(first.square().mean().sqrt().item())
    assert all(weight.grad is None for weight in net.parameters()), "the model itself stays as it is"


def test_groups_are_measured_as_if_each_were_alone():
    both = small_net(kinds=KINDS)
    found = measure_start(both, pictures_for(both), LABELS, groups=4)
    for number, member in enumerate(both.plan.members):
        alone = both.pick(member)
        one = measure_start(alone, pictures_for(alone), LABELS)
        assert found.gradients[:, number] == pytest.approx(one.gradients[:, 0])
        assert found.signals[:, number] == pytest.approx(one.signals[:, 0])


def test_a_gradient_whose_squares_float32_loses_is_still_measured():
    net = small_net(depth=56, seeds=(0,), kinds=("plain",), normalise=False, start="torch")
    F.cross_entropy(net(pictures_for(net)), LABELS).backward()
    assert net.stem[0].weight.grad.square().sum() == 0
    found = measure_start(net, pictures_for(net), LABELS).gradients
    assert 0 < found.max() < 1e-20


def test_the_four_starts_differ_as_the_lecture_says():
    def ratio(**how):
        net = small_net(**({"depth": 32, "width": 4} | how))
        return measure_start(net, pictures_for(net), LABELS, groups=2)

    exploding, healthy = ratio(kinds=("plain",)).ratios, ratio(kinds=("residual",)).ratios
    assert exploding.min() > 10
    assert healthy.max() < 6
    dying = ratio(kinds=("plain",), normalise=False, start="torch")
    assert dying.gradients.max() < 1e-10
    growing = ratio(normalise=False).signals[-1]
    scaled = ratio(normalise=False, branch=15**-0.5).signals[-1]
    assert scaled.max() < growing.min()


def test_measure_start_refuses_what_does_not_fit():
    net = small_net()
    with pytest.raises(ValueError, match="do not fit 16 labels and 1 groups"):
        measure_start(net, pictures_for(net), LABELS)
    with pytest.raises(ValueError, match="no convolution larger than 1×1"):
        measure_start(nn.Conv2d(1, 10, 1), pictures_for(net), LABELS)


def test_directions_are_filter_normalised_and_seeded():
    net = small_net(kinds=KINDS)
    first, second = filter_directions(net, seed=5)
    again, _ = filter_directions(net, seed=5)
    weights = dict(net.named_parameters())
    assert set(first) == {name for name, weight in weights.items() if weight.ndim > 1}
    for name, step in first.items():
        assert step.flatten(1).norm(dim=1).tolist() == pytest.approx(
            weights[name].flatten(1).norm(dim=1).tolist(), rel=1e-4
        )
        assert torch.equal(step, again[name])
        assert not torch.equal(step, second[name])


def test_loss_surface_is_the_loss_after_those_steps():
    net = small_net(kinds=KINDS)
    before = [weight.detach().clone() for weight in net.parameters()]
    x, directions, steps = pictures_for(net), filter_directions(net, seed=0), [-0.5, 0.0, 0.25]
    found = loss_surface(net, x, LABELS, directions, steps, groups=4)
    assert found.shape == (4, 3, 3)
    assert all(torch.equal(old, new) for old, new in zip(before, net.parameters(), strict=True))
    moved = small_net(kinds=KINDS)
    with torch.no_grad():
        for name, weight in moved.named_parameters():
            if name in directions[0]:
                weight += -0.5 * directions[0][name] + 0.25 * directions[1][name]
        wanted = [F.cross_entropy(moved(x)[:, member], LABELS).item() for member in range(4)]
    assert found[:, 0, 2].tolist() == pytest.approx(wanted, rel=1e-4)
    line = loss_surface(net, x, LABELS, directions[:1], steps, groups=4)
    assert np.allclose(line, found[:, :, 1], atol=1e-5)
    for bad, message in (([], "give one for a line"), ([{"nothing": torch.ones(1)}], "no parameters nothing")):
        with pytest.raises(ValueError, match=message):
            loss_surface(net, x, LABELS, bad, steps, groups=4)


def test_gradient_turns_is_one_at_no_step_and_follows_a_parabola():
    net = small_net(kinds=KINDS)
    [away] = filter_directions(net, seed=0, count=1)
    turns = gradient_turns(net, pictures_for(net), LABELS, away, [0.0, 1e-4, 0.5], groups=4)
    assert turns.shape == (4, 3)
    assert turns[:, 0] == pytest.approx(1, abs=1e-5)
    assert (turns[:, 1] > 0.99).all()
    assert (turns[:, 2] < turns[:, 1]).all()
    with pytest.raises(ValueError, match="no parameters nothing"):
        gradient_turns(net, pictures_for(net), LABELS, {"nothing": torch.ones(1)}, [0.1], groups=4)


def test_deep_plain_nets_lose_their_slope_sooner():
    net = small_net(depth=38, width=4, kinds=KINDS, seeds=(0, 1))
    [away] = filter_directions(net, seed=0, count=1)
    turns = gradient_turns(net, pictures_for(net), LABELS, away, [0.01], groups=4)[:, 0]
    assert turns[:2].max() < turns[2:].min() - 0.3


def test_module_picture_says_channels_parameters_and_macs():
    reduced = small(figures.draw_module(MODULES["3a"], 28)).alt
    assert "from 192 to 256 channels" in reduced
    assert "3×3: 96 then 128; 5×5: 16 then 32; pool: 32" in reduced
    assert "163,696 parameters and 128,049,152 MACs" in reduced
    naive = small(figures.draw_module(MODULES["3a"].naive(), 28)).alt
    assert "to 416 channels" in naive
    assert "pool: all that came in" in naive
    with pytest.raises(ValueError, match="size is 0"):
        figures.draw_module(MODULES["3a"], 0)


def test_bars_losses_and_depths_say_their_numbers():
    rows = {"a": {"x": 1500.0, "y": 20.0}, "b": {"x": 3e6, "y": 2.5e9}}
    assert "a: x 1.5 k, y 20; b: x 3 M, y 2.5 G" in small(figures.draw_bars(rows, "MACs")).alt
    steps = np.linspace(2.0, 1.0, 20)[:, None] * np.array([1.0, 1.2])
    alt = small(figures.draw_losses({"8 layers": {"plain": steps, "residual": steps / 2}})).alt
    assert f"8 layers plain ends near {steps[-5:].mean():.1f}" in alt
    errors = {"plain": {20: [20.0, 26.0], 56: [66.0]}, "residual": {20: [1.0], 56: [0.6, 2.4]}}
    alt = small(figures.draw_depths(errors)).alt
    assert "plain 20: 20 to 26; plain 56: 66 to 66; residual 20: 1 to 1; residual 56: 1 to 2" in alt


def test_start_picture_says_both_ends():
    start = Start(np.array([[1e-5, 1e-7], [1.0, 1.0], [0.1, 0.1]]), np.ones((3, 2)))
    alt = small(figures.draw_start({"a net": start})).alt
    assert "a net: 1e-06 in layer 1, 1e-01 in layer 3" in alt
    with pytest.raises(ValueError, match="tells up to 4 apart"):
        figures.draw_start({str(number): start for number in range(5)})


def test_walks_and_surfaces_say_range_and_turns():
    steps = np.linspace(-1, 1, 5)
    walks = {"plain": np.array([[1.0, 2, 1, 2, 1]]), "residual": np.array([[3.0, 2, 1, 2, 3]])}
    alt = small(figures.draw_walks(steps, walks)).alt
    assert "plain: 3 turns between 1.0 and 2.0; residual: 1 turns between 1.0 and 3.0" in alt
    bowl = steps[:, None] ** 2 + 2 * steps[None] ** 2 + 0.5
    alt = small(figures.draw_surfaces(steps, {"a bowl": bowl})).alt
    assert "a bowl: from 0.5 to 3.5, in the cut 0.5 to 1.5" in alt
    assert "in the cut 2.5 to 3.5" in figures.draw_surfaces(steps, {"a bowl": bowl}, 0).alt
    for bad in ((steps[:4], {"a bowl": bowl}), (steps, {"a bowl": bowl}, 5)):
        with pytest.raises(ValueError, match="need surfaces of as many rows"):
            figures.draw_surfaces(*bad)


def test_resnet_picture_adds_up_to_torchvisions_numbers():
    alt = small(figures.draw_resnet(34, "B")).alt
    assert "21,797,672 parameters and 3,663,761,408 multiply-accumulates" in alt
    assert "A plain net, of 18 layers: 11,515,688" in figures.draw_resnet(18, "none").alt


def test_dense_picture_says_the_channels_of_the_paper():
    alt = small(figures.draw_dense(densenet.PLANS[161])).alt
    assert "DenseNet of 161 layers with growth 48" in alt
    assert "stage 4, 24 layers, 1056 to 2208" in alt


def test_module_explorer_counts_what_is_built():
    explorer = widgets.module_explorer()
    assert "163,696 parameters" in alt_of(explorer)
    assert "to 416 channels" in move(explorer, naive=True)
    move(explorer, naive=False, in_channels=1024, one=512, five=256, five_reduce=0, size=56)
    built = nn.Sequential(nn.Conv2d(1024, 512, 1), nn.Conv2d(1024, 256, 5), nn.Conv2d(1024, 96, 1))
    rest = nn.Sequential(nn.Conv2d(96, 128, 3), nn.Conv2d(1024, 32, 1))
    count = sum(weight.numel() for part in (built, rest) for weight in part.parameters())
    assert f"{count:,} parameters" in alt_of(explorer)
    assert not refused(explorer)


def test_start_explorer_moves_and_measures():
    explorer = widgets.start_explorer(DATA, pictures=8, width=2)
    assert "plain, 20 layers" in alt_of(explorer)
    before = alt_of(explorer)
    assert move(explorer, start="torch", normalise=False) != before
    move(explorer, kind="residual", start="he", normalise=True, depth=8, scaled=True)
    shown = float(re.search(r"first layer over last ([\d.e+-]+)", alt_of(explorer)).group(1))
    net = small_net(branch=3**-0.5)
    found = measure_start(net, pictures_for(net, 8), LABELS[:8], groups=2).ratios
    assert shown == pytest.approx(np.exp(np.log(found).mean()), rel=0.06)


def test_surface_explorer_moves_the_cut():
    steps = np.linspace(-1, 1, 5)
    bowl = steps[:, None] ** 2 + 2 * steps[None] ** 2 + 0.5
    explorer = widgets.surface_explorer(steps, {"a bowl": bowl})
    assert "in the cut 0.5 to 1.5" in alt_of(explorer)
    assert "in the cut 2.5 to 3.5" in move(explorer, row=4)


def test_resnet_and_dense_explorers_move_to_their_ends():
    explorer = widgets.resnet_explorer()
    assert "21,797,672" in alt_of(explorer)
    assert "21,623,848" in move(explorer, shortcut=list(widgets.SHORTCUTS)[1])
    assert "11,515,688" in move(explorer, depth=18)
    explorer = widgets.dense_explorer()
    assert "256 to 1024" in alt_of(explorer)
    move(explorer, stages="201", keep=1.0, growth=64, stem=128)
    assert f"stage 4, 32 layers, {128 + 64 * 66} to {128 + 64 * 98}" in alt_of(explorer)


@pytest.mark.parametrize("number", [f"L11.{k}" for k in range(1, 7)])
def test_quizzes_answer_every_choice(number):
    answers_every_choice(number)


def test_right_answers_are_computed():
    plan = MODULES["4b"].naive()
    assert plan.out_channels - plan.in_channels == plan.one + plan.three + plan.five
    assert right("L11.1").startswith("It grows by")
    assert right("L11.2").startswith("Harder optimisation")
    block = resnet.BasicBlock(resnet.BlockPlan(2, 2)).eval()
    nn.init.zeros_(block.layers[-1].weight)
    x = torch.rand(1, 2, 4, 4)
    assert torch.equal(block(x), x)
    assert right("L11.3") == "x, unchanged"
    net = small_net(depth=56, width=4, kinds=("plain",))
    assert measure_start(net, pictures_for(net), LABELS, groups=2).ratios.min() > 100
    assert right("L11.4").startswith("Hundreds of times larger")
    [(_, seventh, _)] = densenet.DensePlan((6,), growth=32, stem=64).channels()
    assert right("L11.5") == str(seventh)
    low, high, *_ = (row.value for row in reported("objectnet"))
    assert right("L11.6").endswith(f"{low:.0f} to {high:.0f} per cent")


def test_reported_tables_say_their_protocol():
    for table in ("googlenet", "resnet_degradation", "resnet_table4", "densenet", "objectnet"):
        assert all(row.protocol and row.source and row.metric for row in reported(table))
    table4 = {(row.name, row.metric[:5]): row.value for row in reported("resnet_table4")}
    assert table4["ResNet-152", "top-5"] == 4.49
    assert table4["GoogLeNet", "top-5"] == 7.89
    assert {row.value for row in reported("googlenet")} >= {6.67, 7.89}
