"""LeNet-5 then and now, and Nielsen's ladder: counts, shapes, second opinions on the old layers, runs that repeat."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from course_utils.arithmetic import layer_table
from course_utils.data import Split
from course_utils.models import lenet, nielsen


def parameters(net):
    return sum(p.numel() for p in net.parameters())


def flops(net, *shape):
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        net.to("meta")(torch.empty(1, *shape))
    return counter.get_total_flops()


def test_lenet_of_today_has_its_counts():
    net = lenet.LeNet5(lenet.LeNetPlan())
    assert parameters(net) == 61_706
    rows = layer_table(net, (1, 32, 32))
    assert [row.parameters for row in rows if row.parameters] == [156, 2416, 48_120, 10_164, 850]
    assert sum(row.macs for row in rows) == 416_520
    assert flops(net, 1, 32, 32) == 2 * 416_520


def test_lenet_takes_its_plan():
    plan = lenet.LeNetPlan(nn.ReLU, nn.MaxPool2d, channels=3, classes=7)
    net = lenet.LeNet5(plan)
    assert net(torch.zeros(2, 3, 32, 32)).shape == (2, 7)
    assert parameters(net) == 61_706 + 2 * 150 - 3 * 85
    for wrong in (3, None, (1, 10)):
        with pytest.raises(ValueError, match="a plan is wanted"):
            lenet.LeNet5(wrong)


def test_lenet_is_the_chain_of_its_layers():
    torch.manual_seed(0)
    net, x = lenet.LeNet5(lenet.LeNetPlan()), torch.randn(3, 1, 32, 32)
    chain = nn.Sequential(
        net.c1, nn.Tanh(), nn.AvgPool2d(2), net.c3, nn.Tanh(), nn.AvgPool2d(2), nn.Flatten(),
        net.c5, nn.Tanh(), net.f6, nn.Tanh(), net.output,
    )  # fmt: skip
    assert torch.equal(net(x), chain(x))


def test_the_net_of_1998_has_60_000_parameters_that_learn():
    net = lenet.LeNet1998(lenet.segment_codes())
    assert {name: parameters(layer) for name, layer in net.named_children() if parameters(layer)} == {
        "c1": 156, "s2": 12, "c3": 1516, "s4": 32, "c5": 48_120, "f6": 10_164,
    }  # fmt: skip
    assert parameters(net) == 60_000
    assert sum(b.numel() for name, b in net.named_buffers() if name.endswith("codes")) == 840
    F.cross_entropy(net(torch.randn(4, 1, 32, 32)), torch.arange(4)).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in net.parameters())
    with pytest.raises(ValueError, match=r"\(classes, 84\) is wanted"):
        lenet.LeNet1998(torch.zeros(10, 80))


def test_the_table_is_the_one_of_the_paper():
    reads = [sum(source in row for row in lenet.C3_TABLE) for source in range(6)]
    assert [len(row) for row in lenet.C3_TABLE] == [3] * 6 + [4] * 9 + [6]
    assert reads == [10] * 6
    assert len({frozenset(row) for row in lenet.C3_TABLE}) == 16, "no two maps read the same"
    # The columns of the paper's Table I whose maps are not neighbours.
    assert [set(row) for row in lenet.C3_TABLE[12:15]] == [{0, 1, 3, 4}, {1, 2, 4, 5}, {0, 2, 3, 5}]


def test_a_sparse_convolution_is_one_convolution_for_each_map():
    torch.manual_seed(0)
    table = ((0, 2), (1,), (0, 1, 2))
    layer, x = lenet.TableConv2d(table, 3, 2), torch.randn(2, 3, 5, 6)
    nn.init.normal_(layer.bias)
    first, parts = 0, []
    for out, row in enumerate(table):
        weight = layer.weight[first : first + len(row)][None]
        parts.append(F.conv2d(x[:, list(row)], weight, layer.bias[out : out + 1]))
        first += len(row)
    assert torch.allclose(layer(x), torch.cat(parts, dim=1), atol=1e-6)


def test_subsampling_sums_four_places():
    layer, x = lenet.Subsampling(2), torch.arange(32.0).reshape(1, 2, 4, 4)
    layer.coefficient.data, layer.bias.data = torch.tensor([0.5, 2.0]), torch.tensor([1.0, -1.0])
    assert layer(x)[0, :, 0, 0].tolist() == [0.5 * (0 + 1 + 4 + 5) + 1, 2.0 * (16 + 17 + 20 + 21) - 1]


def test_the_nearest_code_wins():
    codes = lenet.segment_codes()
    assert codes.shape == (10, 84)
    assert set(codes.unique().tolist()) == {-1.0, 1.0}
    apart = ((codes[:, None] - codes) ** 2).sum(dim=2) + 1000 * torch.eye(10)
    assert apart.min() >= 16, "four places at least tell two digits apart"
    scores = lenet.CodeDistance(codes)(codes + 0.1)
    assert torch.equal(scores.argmax(dim=1), torch.arange(10))
    assert scores.diagonal() == pytest.approx(torch.full((10,), -0.84), abs=1e-4)
    squash = lenet.Squash()
    assert squash(torch.tensor([1.0, -1.0])).tolist() == pytest.approx([1.0, -1.0], abs=1e-4)


@pytest.mark.parametrize(
    ("rung", "wanted"), zip(nielsen.LADDER, (79_510, 289_630, 85_670, 85_670, 85_670, 95_770, 1_672_570), strict=True)
)
def test_the_ladder_has_the_counts_of_the_chapter(rung, wanted):
    net = nielsen.LadderNet(rung)
    assert parameters(net) == wanted
    macs = sum(row.macs for row in layer_table(net.eval(), (1, 28, 28)))
    assert flops(net, 1, 28, 28) == 2 * macs


def test_the_ladder_fits_small_pictures_and_says_where_it_does_not():
    net = nielsen.LadderNet(nielsen.LADDER[2], side=16)
    assert net.features(torch.zeros(1, 1, 16, 16)).shape == (1, 40, 1, 1)
    with pytest.raises(ValueError, match="15×15 is too small"):
        nielsen.LadderNet(nielsen.LADDER[2], side=15)
    with pytest.raises(ValueError, match="no unit 'step'"):
        nielsen.LadderNet(nielsen.Rung("wrong", (), (3,), "step"))


def test_pooling_before_a_rising_unit_changes_nothing():
    x = torch.randn(2, 3, 6, 6)
    for name in ("sigmoid", "tanh", "ReLU"):
        unit = nielsen.UNITS[name]()
        assert torch.equal(unit(F.max_pool2d(x, 2)), F.max_pool2d(unit(x), 2))


@pytest.mark.parametrize("unit", ["tanh", "ReLU", "GELU"])
def test_weights_drawn_for_a_unit_keep_gradients_level(unit):
    torch.manual_seed(0)
    net = nielsen.LadderNet(nielsen.Rung("deep", (), (64,) * 8, unit), side=8)
    F.cross_entropy(net(torch.rand(200, 1, 8, 8)), torch.arange(200) % 10).backward()
    norms = [layer.weight.grad.norm().item() for layer in net.head if isinstance(layer, nn.Linear)]
    assert max(norms[:-1]) / min(norms[:-1]) < 6
    assert not any(layer.bias.any() for layer in net.head if isinstance(layer, nn.Linear))


def stripes():
    """Return pictures of 16×16 with a bright row or a bright column: two classes that are easily told apart."""
    rng = np.random.default_rng(0)
    x, y = 0.1 * rng.random((80, 1, 16, 16)).astype(np.float32), np.arange(80) % 2
    for number, label in enumerate(y):
        place = rng.integers(3, 13)
        x[(number, 0, place, slice(None)) if label else (number, 0, slice(None), place)] = 1
    return Split(x[:60], y[:60], x[60:], y[60:])


def run(seed=0, change=None, **recipe):
    data = stripes()
    torch.manual_seed(0)
    net = nielsen.LadderNet(nielsen.Rung("tiny", (3,), (8,), "ReLU", 0.2), 16, classes=2)
    watched = {"test": (data.x_test, data.y_test)}
    return net, nielsen.followed(net, data, nielsen.Recipe(**recipe), watched, seed, change)


def test_a_run_learns_repeats_and_keeps_what_it_saw():
    net, seen = run(steps=60, lr=0.1, batch_size=20, looks=3)
    _, again = run(steps=60, lr=0.1, batch_size=20, looks=3)
    assert np.array_equal(seen.losses, again.losses)
    assert seen.at.tolist() == [20, 40, 60]
    assert seen.wrong["test"].shape == (3, 20)
    assert seen.errors("test").tolist() == (100 * seen.wrong["test"].mean(axis=1)).tolist()
    assert seen.errors("test")[-1] <= 10
    assert np.mean(seen.losses[-5:]) < seen.losses[0] / 2
    data = stripes()
    assert np.array_equal(nielsen.misread(net, data.x_test, data.y_test, batch_size=7), seen.wrong["test"][-1])
    assert net.training, "a look leaves the mode as it was"


def test_a_run_obeys_its_recipe():
    _, constant = run(steps=6, lr=0.1, batch_size=20)
    _, falling = run(steps=6, lr=0.1, batch_size=20, falling=True)
    assert constant.losses[:2].tolist() == falling.losses[:2].tolist()
    assert constant.losses[-1] != falling.losses[-1]
    light, _ = run(steps=20, lr=0.1, weight_decay=0.2)
    heavy, _ = run(steps=20, lr=0.1)
    assert sum(p.norm() for p in light.parameters()) < sum(p.norm() for p in heavy.parameters())
    batches = []

    def change(batch, rng):
        batches.append(batch.shape)
        return batch * rng.uniform(0, 1e-9)

    _, blind = run(steps=4, lr=0.1, batch_size=25, change=change)
    assert batches == [(25, 1, 16, 16)] * 4
    assert blind.losses == pytest.approx(np.full(4, np.log(2)), abs=0.1), "black pictures teach nothing"
    for wrong in ({"steps": 0}, {"steps": 3, "looks": 4}, {"steps": 3, "batch_size": 0}):
        with pytest.raises(ValueError, match="does not work"):
            run(lr=0.1, **wrong)


@pytest.mark.parametrize(("accuracy", "gap", "count"), [(99.4, 0.06, 10_000), (90, 2, 500), (50, 30, 10), (97, 0, 50)])
def test_the_chance_of_a_gap_is_what_tosses_give(accuracy, gap, count):
    right = np.random.default_rng(0).binomial(count, accuracy / 100, (200_000, 2))
    often = np.mean(np.abs(right[:, 0] - right[:, 1]) >= gap * count / 100 - 1e-9)
    assert nielsen.chance_of_gap(accuracy, gap, count) == pytest.approx(often, abs=0.005)


def test_the_chance_of_a_gap_knows_its_limits():
    assert nielsen.chance_of_gap(100, 0.01, 1000) == 0
    assert nielsen.chance_of_gap(0, 0, 1000) == pytest.approx(1)
    for wrong in ((101, 1, 10), (90, -1, 10), (90, 1, 0)):
        with pytest.raises(ValueError, match="give 0…100"):
            nielsen.chance_of_gap(*wrong)
