"""The architectures of lecture 12: counts as torchvision's, the same outputs with its weights, MACs as torch counts."""

from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.signal import correlate2d
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode
from torchvision.models import get_model, get_model_weights
from torchvision.ops import SqueezeExcitation

from course_utils.arithmetic import layer_table
from course_utils.data import digits
from course_utils.models.convnext import RoadNet, RoadPlan, convnext_plan, road, small_convnext
from course_utils.models.fractalnet import FractalBlock, FractalNet, FractalPlan
from course_utils.models.mobilenet import MobileNetV1, MobileNetV2, MobilePlan, block_zoo
from course_utils.models.pyramidnet import PyramidBlock, PyramidNet, PyramidPlan
from course_utils.models.resnext import ResNeXt, ResNeXtPlan
from course_utils.models.squeeze_excitation import (
    GATES,
    ChannelGate,
    GatePlan,
    PlaceGate,
    PlacePlan,
    SEPlan,
    SEResNet,
    SmallGatedNet,
    SmallGatedPlan,
    gate_weights,
)
from course_utils.models.squeezenet import FirePlan, SqueezeNet
from course_utils.models.xception import Xception, XceptionPlan
from course_utils.training import fit

IMAGENET, CIFAR = (3, 224, 224), (3, 32, 32)


def on_meta(build):
    with torch.device("meta"):
        return build().eval()


def parameters(net):
    return sum(parameter.numel() for parameter in net.parameters())


def counted(net, shape):
    """Return the MACs that torch's own counter finds, half of its operations."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        scores = net(torch.empty(1, *shape, device="meta"))
    return counter.get_total_flops() / 2, scores.shape


TORCHVISIONS = {
    "convnext_tiny": lambda: RoadNet(convnext_plan("T")),
    "resnext50_32x4d": lambda: ResNeXt(ResNeXtPlan()),
    "mobilenet_v2": lambda: MobileNetV2(MobilePlan()),
    "squeezenet1_0": lambda: SqueezeNet("1.0"),
    "squeezenet1_1": lambda: SqueezeNet("1.1"),
    "resnet50": lambda: SEResNet(SEPlan(reduction=None)),
}
# Counts by the authors, Keras, or the collection imgclsmob; MACs are compared where a shape is given.
OTHERS = {
    "road to resnet50": (lambda: RoadNet(RoadPlan()), IMAGENET, 25_557_032),
    "se_resnet50": (lambda: SEResNet(SEPlan()), IMAGENET, 25_557_032 + 2_514_944),
    "se_resnet50 with biases": (lambda: SEResNet(SEPlan(bias=True)), IMAGENET, 28_088_024),
    "mobilenet v1": (lambda: MobileNetV1(MobilePlan()), IMAGENET, 4_231_976),
    "mobilenet v1, 3/4": (lambda: MobileNetV1(MobilePlan(0.75)), None, 2_585_560),
    "mobilenet v1, 1/2": (lambda: MobileNetV1(MobilePlan(0.5)), None, 1_331_592),
    "xception": (lambda: Xception(XceptionPlan()), (3, 299, 299), 22_855_952),
    "pyramidnet110 a48": (lambda: PyramidNet(PyramidPlan(48, nearest=True)), CIFAR, 1_772_706),
    "pyramidnet164 a270": (lambda: PyramidNet(PyramidPlan(270, bottleneck=True)), None, 27_216_021),
}


@pytest.mark.parametrize("name", TORCHVISIONS)
def test_parameters_and_macs_are_torchvisions(name):
    net, theirs = on_meta(TORCHVISIONS[name]), on_meta(lambda: get_model(name, weights=None))
    assert parameters(net) == parameters(theirs) == get_model_weights(name).IMAGENET1K_V1.meta["num_params"]
    macs, shape = counted(net, IMAGENET)
    assert shape == (1, 1000)
    assert macs == counted(theirs, IMAGENET)[0] == sum(row.macs for row in layer_table(net, IMAGENET))
    assert macs / 1e9 == pytest.approx(get_model_weights(name).IMAGENET1K_V1.meta["_ops"], abs=1e-3)


@pytest.mark.parametrize("name", OTHERS)
def test_parameters_are_the_published_ones_and_macs_are_torchs(name):
    build, shape, published = OTHERS[name]
    net = on_meta(build)
    assert parameters(net) == published
    if shape is not None:
        macs, scores = counted(net, shape)
        assert macs == sum(row.macs for row in layer_table(net, shape))
        assert scores == (1, 10 if shape == CIFAR else 1000)


def filled(net, seed=0):
    """Return the net on the CPU with random weights and statistics that let a signal through."""
    net = net.to_empty(device="cpu")
    generator = torch.Generator().manual_seed(seed)
    for name, value in net.state_dict().items():
        if value.ndim > 1 and "layer_scale" not in name and not name.endswith("scale"):
            value.normal_(0, (2 / value[0].numel()) ** 0.5, generator=generator)
        elif name.endswith(("weight", "var", "scale")):
            value.uniform_(0.5, 1.5, generator=generator)
        elif value.is_floating_point():
            value.normal_(0, 0.1, generator=generator)
        else:
            value.zero_()
    return net.eval()


@cache
def of_torchvision(name):
    """Return torchvision's net with random weights, and what it makes of two pictures."""
    net = filled(on_meta(lambda: get_model(name, weights=None)))
    x = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        return net.state_dict(), x, net(x)


SAME_OUTPUTS = TORCHVISIONS | {"resnet50 ": lambda: RoadNet(RoadPlan())}


@pytest.mark.parametrize("name", SAME_OUTPUTS)
def test_outputs_are_torchvisions_with_its_weights(name):
    theirs, x, wanted = of_torchvision(name.strip())
    ours = on_meta(SAME_OUTPUTS[name])
    mapping = dict(zip(ours.state_dict(), theirs, strict=True))  # both in the order of their layers
    weights = {mine: theirs[other].reshape(ours.state_dict()[mine].shape) for mine, other in mapping.items()}
    ours.load_state_dict(weights, assign=True)
    with torch.no_grad():
        got = ours(x)
    assert wanted.std() > 1e-3
    torch.testing.assert_close(got, wanted, rtol=1e-3, atol=1e-4 * wanted.abs().max().item())


def test_narrow_mobilenet_is_torchvisions():
    theirs = on_meta(lambda: get_model("mobilenet_v2", weights=None, width_mult=0.35))
    assert parameters(on_meta(lambda: MobileNetV2(MobilePlan(0.35)))) == parameters(theirs)


@pytest.mark.parametrize(("size", "name"), [("S", "small"), ("B", "base"), ("L", "large")])
def test_larger_convnexts_have_torchvisions_parameters(size, name):
    published = get_model_weights(f"convnext_{name}").IMAGENET1K_V1.meta["num_params"]
    assert parameters(on_meta(lambda: RoadNet(convnext_plan(size)))) == published


def test_the_road_has_the_paper_s_costs_and_misses_8160_parameters():
    nets = {name: on_meta(lambda plan=plan: RoadNet(plan)) for name, plan in road()}
    counts = [parameters(net) for net in nets.values()]
    assert counts[0] == 25_557_032
    assert counts[-1] - counts[-2] == 8_160 == sum((3 * 96, 3 * 192, 9 * 384, 3 * 768)) + 2 * 768
    assert counts[3] < counts[2] < counts[4]
    # The paper's figure 2 gives GFLOPs with one decimal for these steps.
    printed = {"blocks 3, 3, 9, 3": 4.5, "patches of 4×4": 4.4, "width 96": 5.3}
    printed |= {"inverted bottleneck": 4.6, "depthwise first": 4.1}
    for name, milliards in printed.items():
        assert round(counted(nets[name], IMAGENET)[0] / 1e9, 1) == milliards


@pytest.mark.parametrize("step", range(len(road())))
def test_each_step_runs_small_and_gives_every_parameter_a_gradient(step):
    plan = replace(road()[step][1], depths=(2, 1), widths=(4, 8), in_channels=2, classes=3, drop_path=0.1)
    torch.manual_seed(0)
    net = RoadNet(plan if plan.layer_scale is None else replace(plan, layer_scale=1.0)).eval()
    scores = net(torch.randn(2, 2, 33, 40))
    assert scores.shape == (2, 3)
    scores.square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in net.parameters())


def test_stochastic_depth_acts_in_training_alone():
    torch.manual_seed(0)
    net = RoadNet(replace(road()[-2][1], depths=(2, 2), widths=(4, 8), classes=3, drop_path=0.9))
    x = torch.randn(1, 3, 32, 32)
    assert len({tuple(net(x)[0].tolist()) for _ in range(12)}) > 1
    net.eval()
    assert len({tuple(net(x)[0].tolist()) for _ in range(3)}) == 1


@pytest.mark.parametrize("bias", [True, False])
def test_channel_gate_is_torchvisions(bias):
    torch.manual_seed(0)
    theirs, ours = SqueezeExcitation(12, 3), ChannelGate(GatePlan(12, 4, bias))
    if not bias:
        nn.init.zeros_(theirs.fc1.bias)
        nn.init.zeros_(theirs.fc2.bias)
    names = {"reduce": theirs.fc1, "expand": theirs.fc2}
    with torch.no_grad():
        for name, layer in names.items():
            getattr(ours, name).weight.copy_(layer.weight.flatten(1))
            if bias:
                getattr(ours, name).bias.copy_(layer.bias)
        x = torch.randn(3, 12, 5, 7)
        torch.testing.assert_close(ours(x), theirs(x))
        assert ours.gates(x).shape == (3, 12)


def test_place_gate_is_scipys_correlation_of_mean_and_maximum():
    torch.manual_seed(0)
    gate, x = PlaceGate(PlacePlan(5, bias=True)), torch.randn(1, 6, 8, 9)
    kernel, maps = gate.look.weight.detach().numpy()[0], x.numpy()[0]
    look = correlate2d(maps.mean(0), kernel[0], "same") + correlate2d(maps.max(0), kernel[1], "same")
    wanted = 1 / (1 + np.exp(-look - gate.look.bias.item()))
    with torch.no_grad():
        assert gate.gates(x)[0, 0].numpy() == pytest.approx(wanted, abs=1e-5)
        assert gate(x)[0].numpy() == pytest.approx(maps * wanted, abs=1e-5)


def test_weights_of_the_gates_are_those_of_the_net():
    for plan in (SEPlan(), SEPlan(reduction=4, bias=True), SEPlan(depths=(1, 2), reduction=32)):
        bare = replace(plan, reduction=None)
        assert sum(gate_weights(plan)) == parameters(on_meta(lambda p=plan: SEResNet(p))) - parameters(
            on_meta(lambda p=bare: SEResNet(p))
        )
        assert gate_weights(bare) == [0] * len(plan.depths)
    assert gate_weights(SEPlan())[3] == 1_572_864


@pytest.mark.parametrize("kind", GATES)
def test_small_net_trains_and_shows_its_gates(kind):
    torch.manual_seed(0)
    net = SmallGatedNet(SmallGatedPlan(kind, widths=(4, 8), depth=1, reduction=2))
    losses = fit(net, digits(), steps=30, lr=0.1, batch_size=64)
    assert np.mean(losses[-5:]) < 0.9 * np.mean(losses[:5])
    net.eval()
    seen = []
    for block in net.blocks:
        block.gate.register_forward_hook(lambda _gate, inputs, output: seen.append((inputs[0], output)))
    x = torch.as_tensor(digits().x_test[:5])
    factors = net.all_gates(x)
    seen.clear()
    net(x)
    assert len(factors) == (0 if kind == "none" else 2)
    for factor, (before, after) in zip(factors, seen, strict=False):
        shape = (5, before.shape[1]) if kind == "channel" else (5, 1, *before.shape[2:])
        assert factor.shape == shape
        torch.testing.assert_close(after, before * (factor[:, :, None, None] if kind == "channel" else factor))


def test_small_convnext_learns():
    torch.manual_seed(0)
    net, data = small_convnext(widths=(8, 16), depth=1), digits()
    optimizer = torch.optim.AdamW(net.parameters(), 0.02)
    x, y = torch.as_tensor(data.x_train[:64]), torch.as_tensor(data.y_train[:64])
    losses = []
    for _ in range(40):
        optimizer.zero_grad()
        loss = F.cross_entropy(net(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.7 * losses[0]


def test_fractal_block_is_the_rule_unfolded():
    torch.manual_seed(0)
    block = FractalBlock(FractalPlan(columns=3, local_drop=0.0), 2, 4).eval()
    one, two, four = block.columns
    x = torch.randn(2, 2, 6, 6)
    middle = (two[0](x) + four[1](four[0](x))) / 2
    wanted = (one[0](x) + two[1](middle) + four[3](four[2](middle))) / 3
    torch.testing.assert_close(block(x), wanted)
    torch.testing.assert_close(block(x, only=1), two[1](two[0](x)))


@pytest.mark.parametrize(("columns", "layers", "longest"), [(1, 1, 1), (2, 3, 2), (3, 7, 4), (4, 15, 8)])
def test_fractal_nets_have_the_layers_of_their_columns(columns, layers, longest):
    plan = FractalPlan(columns=columns)
    net = on_meta(lambda: FractalNet(plan))
    convolutions = [layer for layer in net.modules() if isinstance(layer, nn.Conv2d)]
    assert len(convolutions) == 5 * layers
    assert plan.rows == longest
    widths = (3, *plan.widths)
    by_hand = sum(9 * b * (columns * a + (layers - columns) * b) + 2 * layers * b for a, b in pairwise(widths))
    assert parameters(net) == by_hand + 512 * 10 + 10
    assert counted(net, CIFAR)[1] == (1, 10)


def test_drop_path_drops_in_training_but_never_everything():
    torch.manual_seed(0)
    net = FractalNet(FractalPlan(columns=2, widths=(4, 4), local_drop=0.9))
    x = torch.randn(4, 3, 8, 8)
    answers = [net(x) for _ in range(8)]
    assert all(answer.isfinite().all() for answer in answers)
    assert len({tuple(answer[0].tolist()) for answer in answers}) > 1
    with pytest.raises(ValueError, match="no column 2; they are numbered 0 to 1"):
        net(x, only=2)


@pytest.mark.parametrize("bottleneck", [False, True])
def test_pyramids_grow_evenly_and_their_shortcut_adds_zeros(bottleneck):
    plan = PyramidPlan(alpha=84)
    steps = np.diff([16, *plan.widths])
    assert plan.widths[-1] == 100
    assert set(steps) == {1, 2}
    assert plan.layers == 110
    assert PyramidPlan(270, bottleneck=True).layers == 164
    block = PyramidBlock(6, 8, 2, bottleneck).eval()
    nn.init.zeros_(block.residual[-1].weight)
    x = torch.randn(1, 6, 8, 8)
    y = block(x)
    assert y.shape == (1, 32 if bottleneck else 8, 4, 4)
    torch.testing.assert_close(y[:, :6], F.avg_pool2d(x, 2))
    assert (y[:, 6:] == 0).all()


def test_small_versions_of_the_others_run():
    x = torch.randn(2, 3, 40, 40)
    torch.manual_seed(0)
    assert PyramidNet(PyramidPlan(alpha=9, blocks=1))(x).shape == (2, 10)
    assert MobileNetV1(MobilePlan(0.25, classes=4))(x).shape == (2, 4)
    assert ResNeXt(ResNeXtPlan(depths=(1,), groups=4, group_width=2, classes=5))(x).shape == (2, 5)


def test_the_zoo_has_the_counts_of_lecture_04():
    zoo = block_zoo(64, kernel_size=3, groups=4, expansion=4)
    x = torch.randn(1, 64, 5, 7)
    assert {tuple(block(x).shape) for block in zoo.values()} == {(1, 64, 5, 7)}
    counts = {name.split(" (")[0]: parameters(block) for name, block in zoo.items()}
    assert counts == {
        "full": 9 * 64 * 64,
        "grouped": 9 * 64 * 16,
        "depthwise": 9 * 64,
        "separable": 9 * 64 + 64 * 64,
        "bottleneck": 2 * 64 * 16 + 9 * 16 * 16,
        "grouped bottleneck": 2 * 64 * 16 + 9 * 16 * 4,
        "inverted": 2 * 64 * 256 + 9 * 256,
        "depthwise first": 2 * 64 * 256 + 9 * 64,
    }


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: RoadPlan(depths=(1, 2)), "must be as many"),
        (lambda: RoadPlan(kernel_size=4), "kernel_size 4 must be odd"),
        (lambda: RoadPlan(drop_path=1.0), "drop_path is 1.0"),
        (lambda: RoadPlan(one_norm=True), "one_norm builds on spatial_first"),
        (lambda: RoadPlan(separate_downsampling=True), "builds on layer_norm"),
        (lambda: convnext_plan("XL"), "no ConvNeXt-XL; there are T, S, B, L"),
        (lambda: GatePlan(8, 9), "8 channels reduced 9 times"),
        (lambda: GatePlan(8, 0), "reduced 0 times"),
        (lambda: PlacePlan(4), "kernel_size is 4"),
        (lambda: SEPlan(depths=(0,)), r"depths \(0,\)"),
        (lambda: SmallGatedPlan("door"), "no gate 'door'; there are none, channel, place"),
        (lambda: SmallGatedPlan(depth=0), "depth 0"),
        (lambda: MobilePlan(0), "width 0"),
        (lambda: ResNeXtPlan(groups=0), "must be 1 or more"),
        (lambda: SqueezeNet("2.0"), r"no SqueezeNet '2.0'; there are 1.0, 1.1"),
        (lambda: FirePlan(3, 0, 4), "must be 1 or more"),
        (lambda: XceptionPlan(middle=-1), "middle is -1"),
        (lambda: FractalPlan(columns=0), "must be 1 or more"),
        (lambda: FractalPlan(local_drop=1.0), "local_drop is 1.0"),
        (lambda: PyramidPlan(alpha=-1), "must be 0 or more"),
        (lambda: block_zoo(10, groups=4), "10 channels are no multiple"),
        (lambda: block_zoo(16, kernel_size=2), "kernel_size is 2"),
    ],
)
def test_bad_plans_are_refused_with_their_reason(call, message):
    with pytest.raises(ValueError, match=message):
        call()
