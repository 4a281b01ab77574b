"""AlexNet and VGG against torchvision: parameters, outputs with copied weights, MACs; the paper's net by its facts."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode
from torchvision.models import get_model

from course_utils.arithmetic import layer_table
from course_utils.models.alexnet import LAYERS, build_alexnet, train_small
from course_utils.models.vgg import COLUMNS, VeryDeepNet, build_small_vgg, build_vgg, set_weights, weight_layers

TOTALS = {"A": 132863336, "A-LRN": 132863336, "B": 133047848, "C": 133638952, "D": 138357544, "E": 143667240}
THEIRS = {"A": "vgg11", "B": "vgg13", "D": "vgg16", "E": "vgg19"}


def on_meta(build, *arguments, **changes):
    with torch.device("meta"):
        return build(*arguments, **changes)


def count(model):
    return sum(weights.numel() for weights in model.parameters())


def numbers_like(weights, seed):
    """Return numbers of a tensor's shape that are cheap to draw: a random line of prime length, repeated."""
    line = torch.randn(10_007, generator=torch.Generator().manual_seed(seed)) / weights[0].numel() ** 0.5
    return line.repeat(-(-weights.numel() // len(line)))[: weights.numel()].reshape(weights.shape)


def same_weights(ours, theirs):
    """Give two nets on the meta device the same weights, ours by its names, theirs by its own, matched by order."""
    mine, other = ours.state_dict(), theirs.state_dict()
    assert [value.shape for value in mine.values()] == [value.shape for value in other.values()]
    values = [numbers_like(value, seed) for seed, value in enumerate(mine.values())]
    ours.load_state_dict(dict(zip(mine, values, strict=True)), assign=True)
    theirs.load_state_dict(dict(zip(other, values, strict=True)), assign=True)
    return ours.eval(), theirs.eval()


def test_alexnets_have_their_parameters():
    totals = {name: count(on_meta(build_alexnet, name)) for name in ("paper", "one tower", "torchvision")}
    assert totals == {"paper": 60_965_224, "one tower": 62_378_344, "torchvision": 61_100_840}
    assert totals["torchvision"] == count(on_meta(get_model, "alexnet"))


@pytest.mark.parametrize("side", [224, 95])
def test_torchvisions_alexnet_gives_the_same_scores(side):
    ours, theirs = same_weights(on_meta(build_alexnet, "torchvision"), on_meta(get_model, "alexnet"))
    x = torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        scores = theirs(x)
        assert scores.std() > 1e-3
        assert torch.equal(ours(x), scores)


@pytest.mark.parametrize(("column", "name"), THEIRS.items())
def test_vgg_convolutions_give_the_same_maps_as_torchvisions(column, name):
    ours, theirs = same_weights(on_meta(build_vgg, column).features, on_meta(get_model, name).features)
    x = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.equal(ours(x), theirs(x))
        assert ours(x).std() > 0


def test_vgg_classifier_gives_the_same_scores_as_torchvisions():
    ours, theirs = on_meta(build_vgg, "D"), on_meta(get_model, "vgg16")
    mine, other = same_weights(ours.classifier, theirs.classifier)
    maps = torch.randn(1, 512, 7, 7, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.equal(mine(maps), other(theirs.avgpool(maps).flatten(1)))


def test_vgg_columns_to_the_last_parameter():
    nets = {name: on_meta(build_vgg, name) for name in COLUMNS}
    assert {name: count(net) for name, net in nets.items()} == TOTALS
    assert {name: count(nets[name]) for name in THEIRS} == {
        name: count(on_meta(get_model, theirs)) for name, theirs in THEIRS.items()
    }
    assert [weight_layers(net) for net in nets.values()] == [11, 11, 13, 16, 16, 19]
    assert {count(net.classifier) for net in nets.values()} == {123_642_856}
    kernels = [layer.kernel_size[0] for layer in nets["C"].features if isinstance(layer, nn.Conv2d)]
    assert [place for place, size in enumerate(kernels) if size == 1] == [6, 9, 12]
    assert [type(layer) for layer in nets["A-LRN"].features[:4]] == [
        nn.Conv2d,
        nn.ReLU,
        nn.LocalResponseNorm,
        nn.MaxPool2d,
    ]


@pytest.mark.parametrize(
    ("build", "version", "macs"),
    [
        (build_alexnet, "paper", 724_406_816),
        (build_alexnet, "torchvision", 714_188_480),
        (build_vgg, "C", 11_770_888_192),
        (build_vgg, "D", 15_470_264_320),
        (build_vgg, "E", 19_632_062_464),
    ],
)
def test_macs_are_half_of_what_torchs_flop_counter_counts(build, version, macs):
    net = on_meta(build, version)
    shape = net.plan.image if build is build_alexnet else (3, 224, 224)
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        net(torch.empty(1, *shape))
    assert counter.get_total_flops() == 2 * macs
    assert sum(row.macs for row in layer_table(net, shape)) == macs


@pytest.mark.parametrize(
    ("gone", "towers", "one"),
    [
        (("fc7",), 16_781_312, 16_781_312),
        (("fc6", "fc7"), 49_414_144, 49_414_144),
        (("conv3", "conv4"), 1_696_512, 2_507_520),
        (("conv3", "conv4", "fc6", "fc7"), 51_110_656, 51_921_664),
    ],
)
def test_removed_layers_take_their_parameters_along(gone, towers, one):
    for version, less in (("paper", towers), ("one tower", one)):
        full, rest = on_meta(build_alexnet, version), on_meta(build_alexnet, version, without=gone)
        assert count(full) - count(rest) == less
        names = [name.rpartition(".")[2] for name, _ in rest.named_modules()]
        assert [name for name in LAYERS if name in names] == [name for name in LAYERS if name not in gone]
        assert layer_table(rest, (3, 227, 227))[-1].output_shape == (1000,)


def test_the_towers_of_conv2_do_not_see_each_other():
    torch.manual_seed(0)
    convolution = on_meta(build_alexnet).features.conv2.to_empty(device="cpu")
    nn.init.normal_(convolution.weight)
    nn.init.zeros_(convolution.bias)
    x = torch.randn(1, 96, 9, 9)
    other = x.clone()
    other[:, 48:] = 0
    before, after = convolution(x), convolution(other)
    assert torch.equal(before[:, :128], after[:, :128])
    assert not torch.allclose(before[:, 128:], after[:, 128:])


def test_normalisation_is_the_papers_sum_and_not_torchs_mean():
    norm = on_meta(build_alexnet).features.norm1
    a = 30 * torch.rand(2, 7, 3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    wanted = torch.empty_like(a)
    for i in range(7):
        neighbours = a[:, max(0, i - 2) : i + 3]
        wanted[:, i] = a[:, i] / (2 + 1e-4 * (neighbours**2).sum(dim=1)) ** 0.75
    assert torch.allclose(norm(a), wanted, rtol=1e-12)
    assert not torch.allclose(F.local_response_norm(a, 5, 1e-4, 0.75, 2), wanted, rtol=1e-3)


def test_overlapping_or_not_the_maps_have_the_same_sizes():
    for version in ("paper", "small"):
        nets = [on_meta(build_alexnet, version, pool_size=size).eval() for size in (3, 2)]
        shapes = [[row.output_shape for row in layer_table(net, net.plan.image)] for net in nets]
        assert shapes[0] == shapes[1]
    assert [shape[1] for shape in shapes[0] if len(shape) == 3][-1] == 1


def test_switches_of_a_plan_do_what_they_say():
    kinds = {type(layer) for layer in on_meta(build_alexnet, "paper", lrn=False).modules()}
    assert nn.LocalResponseNorm not in kinds
    small = build_alexnet("small", batch_norm=False, lrn=True)
    kinds = [type(layer) for layer in small.modules()]
    assert nn.BatchNorm2d not in kinds
    assert kinds.count(nn.LocalResponseNorm) == 2
    drops = [name for name, layer in on_meta(build_alexnet).named_modules() if isinstance(layer, nn.Dropout)]
    assert drops == ["classifier.drop6", "classifier.drop7"]
    order = list(dict(on_meta(build_alexnet).classifier.named_children()))
    assert order == ["flatten", "fc6", "relu6", "drop6", "fc7", "relu7", "drop7", "fc8"]
    first = list(dict(on_meta(build_alexnet, "torchvision").classifier.named_children()))
    assert first == ["flatten", "drop6", "fc6", "relu6", "drop7", "fc7", "relu7", "fc8"]


def two_kinds_of_pictures():
    """Return 60 pictures of 29×29, bright on the left (0) or on the right (1)."""
    rng = np.random.default_rng(0)
    y = rng.integers(2, size=60)
    x = rng.random((60, 1, 29, 29)).astype(np.float32)
    x[y == 0, :, :, :14] += 1
    x[y == 1, :, :, 15:] += 1
    return x, y


def test_small_alexnet_learns_and_repeats_itself():
    x, y = two_kinds_of_pictures()
    nets = []
    for _ in range(2):
        torch.manual_seed(0)
        nets.append(build_alexnet("small", classes=2))
        train_small(nets[-1], x, y, steps=8, seed=3)
    assert all(torch.equal(a, b) for a, b in zip(*(net.state_dict().values() for net in nets), strict=True))
    losses = [
        F.cross_entropy(net(torch.tensor(x)), torch.tensor(y)).item()
        for net in (build_alexnet("small", classes=2), nets[0])
    ]
    assert losses[1] < losses[0] / 2


@pytest.mark.parametrize("column", COLUMNS)
def test_small_vggs_have_the_columns_layers_and_train(column):
    torch.manual_seed(0)
    net = build_small_vgg(column)
    full = [layer.kernel_size for layer in on_meta(build_vgg, column).features if isinstance(layer, nn.Conv2d)]
    kernels = [layer.kernel_size for layer in net.features if isinstance(layer, nn.Conv2d)]
    assert kernels == full[: len(kernels)]
    assert len(kernels) == sum(letter in "31" for block in COLUMNS[column][:3] for letter in block)
    x, y = torch.rand(20, 1, 8, 8).numpy(), np.arange(20) % 10
    before = F.cross_entropy(net(torch.tensor(x)), torch.tensor(y)).item()
    train_small(net, x, y, steps=6)
    assert F.cross_entropy(net(torch.tensor(x)), torch.tensor(y)).item() < before


def test_initial_weights_have_the_spread_that_was_asked_for():
    torch.manual_seed(0)
    layer = nn.Conv2d(64, 64, 3)
    set_weights(layer, "0.01")
    assert layer.weight.std().item() == pytest.approx(0.01, rel=0.02)
    set_weights(layer, "He")
    assert layer.weight.std().item() == pytest.approx((2 / (64 * 9)) ** 0.5, rel=0.02)
    assert not layer.bias.any()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: build_alexnet("large"), "no AlexNet 'large'; there are paper, one tower"),
        (lambda: build_alexnet("small", depth=3), "a plan has no depth"),
        (lambda: build_alexnet("small", without=("conv1",)), "cannot leave out conv1"),
        (lambda: build_alexnet("small", without=("fc9",)), "cannot leave out fc9"),
        (lambda: build_alexnet("small", image=(1, 9, 9)), r"the picture of \(1, 9, 9\) is too small"),
        (lambda: train_small(nn.Linear(1, 1), np.zeros((2, 1)), np.zeros(2), steps=0), "steps is 0"),
        (lambda: train_small(nn.Linear(1, 1), np.zeros((2, 1)), np.zeros(3)), "pictures 2, labels 3"),
        (lambda: build_vgg("F"), "no column 'F' in VGG's table"),
        (lambda: VeryDeepNet(("3", "3"), (8, 8), side=3), "2 pools leave nothing of a side of 3"),
        (lambda: VeryDeepNet(("35",), (8,), side=8), "a block '35' has the letter '5'"),
        (lambda: build_small_vgg("A", blocks=4), "blocks is 4"),
        (lambda: build_small_vgg("A", weights="Xavier"), "weights 'Xavier'"),
    ],
)
def test_bad_input_is_refused_with_its_reason(call, message):
    with pytest.raises(ValueError, match=message):
        call()
