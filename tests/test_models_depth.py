"""GoogLeNet, ResNet and DenseNet beside torchvision's: parameters, multiply-adds, outputs; and the small nets."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode
from torchvision.models import get_model, get_model_weights

from course_utils.arithmetic import layer_table
from course_utils.data import digits
from course_utils.models import densenet, googlenet, resnet
from course_utils.models.resnet import KINDS, SmallPlan, SmallResNet


def on_meta(build):
    with torch.device("meta"):
        return build().eval()


def parameters(model):
    return sum(weight.numel() for weight in model.parameters())


def macs(model, side=224, channels=3):
    return sum(row.macs for row in layer_table(model, (channels, side, side)))


def stored(name):
    return get_model_weights(name).IMAGENET1K_V1.meta


def take_weights(ours, theirs):
    """Copy torchvision's weights by the order in which both register them; each pair must agree in shape."""
    mine, other = ours.state_dict(), theirs.state_dict()
    assert len(mine) == len(other)
    assert [value.shape for value in mine.values()] == [value.shape for value in other.values()]
    ours.load_state_dict(dict(zip(mine, other.values(), strict=True)))


def shaken(model, seed=0):
    """Give normalisations statistics and scales that are not those of the start, so that every value counts."""
    generator = torch.Generator().manual_seed(seed)
    for layer in model.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            for value, low in ((layer.weight, 0.7), (layer.running_var, 0.7), (layer.bias, -0.1)):
                with torch.no_grad():
                    value.uniform_(low, low + 0.5, generator=generator)
            layer.running_mean.normal_(0, 0.1, generator=generator)
    return model


def same_outputs(ours, theirs, side=64):
    shaken(theirs)
    take_weights(ours, theirs)
    x = torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        wanted, got = theirs.eval()(x), ours.eval()(x)
    assert wanted.std() > 1e-3, "scores that do not differ would prove nothing"
    assert torch.allclose(got, wanted, rtol=1e-4, atol=1e-4 * wanted.abs().max().item())


def test_googlenet_has_the_counts_of_the_paper_and_of_torchvision():
    paper = on_meta(googlenet.GoogLeNet)
    assert parameters(paper) == 6_998_552
    assert sum(w.numel() for name, w in paper.named_parameters() if not name.startswith("head")) == 5_973_552
    assert macs(paper) == 1_582_671_872
    ours = on_meta(lambda: googlenet.GoogLeNet("torchvision"))
    theirs = on_meta(lambda: get_model("googlenet", aux_logits=False, init_weights=False))
    assert parameters(ours) == parameters(theirs) == stored("googlenet")["num_params"] == 6_624_904
    assert macs(ours) == macs(theirs) == pytest.approx(stored("googlenet")["_ops"] * 1e9, rel=1e-3)
    assert parameters(on_meta(lambda: googlenet.GoogLeNet("torchvision", side_heads=True))) == 13_004_888
    with pytest.raises(ValueError, match="it must be 'paper' or 'torchvision'"):
        googlenet.GoogLeNet("caffe")


def test_googlenet_gives_torchvisions_outputs():
    theirs = get_model("googlenet", aux_logits=False, init_weights=False)
    same_outputs(googlenet.GoogLeNet("torchvision"), theirs)


def test_side_heads_give_torchvisions_outputs_while_training():
    theirs = get_model("googlenet", aux_logits=True, init_weights=False)
    ours = googlenet.GoogLeNet("torchvision", side_heads=True)
    named = theirs.state_dict()
    heads = [name for name in named if name.startswith("aux")]
    rest = [name for name in named if name not in heads]
    mine = ours.state_dict()
    order = [name for name in mine if not name.startswith("side")], [name for name in mine if name.startswith("side")]
    pairs = [*zip(order[0], rest, strict=True), *zip(order[1], heads, strict=True)]
    ours.load_state_dict({own: named[other] for own, other in pairs})
    x = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    for model in (ours, theirs):
        model.train()
        for layer in model.modules():
            if isinstance(layer, torch.nn.Dropout):
                layer.p = 0.0
    with torch.no_grad():
        wanted, got = theirs(x), ours(x)
    for own, other in zip(got, (wanted.logits, wanted.aux_logits1, wanted.aux_logits2), strict=True):
        assert own.std() > 1e-4, "scores that do not differ would prove nothing"
        assert torch.allclose(own, other, rtol=1e-3, atol=1e-4)
    with torch.no_grad():
        assert ours.eval()(x).shape == (2, 1000)
        assert googlenet.GoogLeNet(side_heads=True).train()(torch.zeros(1, 3, 224, 224))[2].shape == (1, 1000)


def test_modules_follow_each_other_and_cost_what_their_sizes_say():
    plans = list(googlenet.MODULES.values())
    assert [plan.out_channels for plan in plans] == [256, 480, 512, 512, 512, 528, 832, 832, 1024]
    assert [plan.in_channels for plan in plans[1:]] == [plan.out_channels for plan in plans[:-1]]
    first = googlenet.MODULES["3a"]
    assert first.naive().out_channels == 416
    module = on_meta(lambda: googlenet.InceptionModule(first))
    places = 28 * 28
    by_hand = 192 * (64 + 96 + 16 + 32) + 9 * 96 * 128 + 25 * 16 * 32
    assert sum(row.macs for row in layer_table(module, (192, 28, 28))) == places * by_hand
    assert parameters(module) == by_hand + 64 + 96 + 16 + 32 + 128 + 32
    x = torch.randn(2, 192, 5, 7)
    assert googlenet.InceptionModule(first)(x).shape == (2, 256, 5, 7)
    for bad in ({"one": 0}, {"pool": -1}, {"five_kernel": 7}):
        with pytest.raises(ValueError, match=r"must be 1 or more|five_kernel is 3 or 5"):
            googlenet.InceptionPlan(
                **(
                    {"in_channels": 8, "one": 1, "three_reduce": 1, "three": 1}
                    | {"five_reduce": 0, "five": 1, "pool": 0}
                    | bad
                )
            )


def test_a_naive_module_hands_on_what_its_pool_got():
    module = googlenet.InceptionModule(googlenet.InceptionPlan(6, 2, 0, 3, 0, 4, 0))
    x = torch.randn(1, 6, 5, 5, generator=torch.Generator().manual_seed(0))
    assert torch.equal(module(x)[:, 9:], F.max_pool2d(x, 3, stride=1, padding=1))


@pytest.mark.parametrize("depth", resnet.TABLE)
def test_resnets_have_torchvisions_counts(depth):
    ours, theirs = on_meta(lambda: resnet.ResNet(depth)), stored(f"resnet{depth}")
    assert parameters(ours) == theirs["num_params"]
    parts = resnet.costs(depth)
    assert sum(part.macs for part in parts) == pytest.approx(theirs["_ops"] * 1e9, abs=6e5)
    assert sum(part.parameters for part in parts) == theirs["num_params"]
    assert resnet.weight_layers(depth) == depth


def test_options_of_the_shortcut_cost_what_the_sources_say():
    found = {key: resnet.costs(34, key) for key in ("none", "A", "B", "C")}
    work = {key: sum(part.macs for part in parts) for key, parts in found.items()}
    sizes = {key: sum(part.parameters for part in parts) for key, parts in found.items()}
    assert work["A"] == work["none"] == 3_644_493_824
    assert work["B"] == 3_663_761_408
    assert sizes["A"] == sizes["none"]
    assert sizes["B"] - sizes["A"] == sum(c * 2 * c + 4 * c for c in (64, 128, 256))  # 1×1 layers, their normalisations
    assert sizes["C"] > sizes["B"]
    late, early = (sum(part.macs for part in resnet.costs(50, "B", place)) for place in (True, False))
    # The three 1×1 layers that get the stride would else see four times as many places: 128 of 256 channels and so on.
    assert late - early == sum(3 * 28**2 // 4**k * (256 * 2**k) * (128 * 2**k) for k in range(3))
    assert early == 3_857_973_248
    with pytest.raises(ValueError, match="must be 'A', 'B', 'C' or 'none'"):
        resnet.ResNet(18, "D")
    with pytest.raises(ValueError, match="no ResNet of depth 20"):
        resnet.ResNet(20)


@pytest.mark.parametrize("depth", [18, 50])
def test_resnets_give_torchvisions_outputs(depth):
    same_outputs(resnet.ResNet(depth), get_model(f"resnet{depth}"))


def test_blocks_add_what_they_get_and_plain_ones_do_not():
    x = torch.rand(2, 4, 6, 6, generator=torch.Generator().manual_seed(0))
    for shortcut, wanted in (("A", x), ("B", x), ("none", torch.zeros_like(x))):
        block = resnet.BasicBlock(resnet.BlockPlan(4, 4, shortcut=shortcut)).eval()
        torch.nn.init.zeros_(block.layers[-1].weight)
        assert torch.equal(block(x), wanted)
    padded = resnet.Bottleneck(resnet.BlockPlan(4, 2, 2, "A")).eval()
    torch.nn.init.zeros_(padded.layers[-1].weight)
    out = padded(x)
    assert out.shape == (2, 8, 3, 3)
    assert torch.equal(out[:, :4], x[:, :, ::2, ::2])
    assert not out[:, 4:].any()


@pytest.mark.parametrize("depth", densenet.PLANS)
def test_densenets_have_torchvisions_counts(depth):
    plan, theirs = densenet.PLANS[depth], stored(f"densenet{depth}")
    ours = on_meta(lambda: densenet.build_densenet(depth))
    rows = layer_table(ours, (3, 224, 224))
    assert parameters(ours) == theirs["num_params"]
    assert sum(row.macs for row in rows) == pytest.approx(theirs["_ops"] * 1e9, abs=6e5)
    assert plan.depth == 2 * sum(plan.stages) + 5 == depth == sum(row.macs > 0 for row in rows)
    convolutions = [row for row in rows if row.kind == "Conv2d"]
    assert max(row.output_shape[0] for row in rows if row.kind == "BatchNorm2d") == max(
        e for _, e, _ in plan.channels()
    )
    assert convolutions[0].output_shape == (plan.stem, 112, 112)


def test_densenet_gives_torchvisions_outputs_and_counts_channels():
    same_outputs(densenet.build_densenet(121), get_model("densenet121"))
    assert list(densenet.PLANS[121].channels()) == [
        (64, 256, 128),
        (128, 512, 256),
        (256, 1024, 512),
        (512, 1024, 1024),
    ]
    layer = densenet.DenseLayer(densenet.DensePlan((3,), growth=5, stem=4), 4, 2)
    x = torch.randn(2, 14, 6, 6)
    assert torch.equal(layer(x)[:, :14], x)
    assert layer(x).shape == (2, 19, 6, 6)
    with pytest.raises(ValueError, match="no DenseNet of depth 100"):
        densenet.build_densenet(100)
    for bad in ({"stages": ()}, {"stages": (2,), "growth": 0}, {"stages": (2,), "keep": 0.0}):
        with pytest.raises(ValueError, match="keep above 0"):
            densenet.DensePlan(**bad)


@pytest.mark.parametrize(
    ("build", "shape"),
    [
        (lambda: googlenet.GoogLeNet(), (3, 224, 224)),
        (lambda: resnet.ResNet(18, "C"), (3, 96, 96)),
        (lambda: resnet.ResNet(50, "A"), (3, 96, 96)),
        (lambda: densenet.DenseNet(densenet.DIGITS, 10), (1, 8, 8)),
        (lambda: SmallResNet(SmallPlan(14, 4)), (1, 8, 8)),
    ],
)
def test_multiply_adds_are_half_of_torchs_flops(build, shape):
    with torch.device("meta"):
        model = build().eval()
        x = torch.empty(1, *shape)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(x)
    assert counter.get_total_flops() == 2 * sum(row.macs for row in layer_table(model, shape))


@pytest.mark.parametrize("depth", [8, 20, 56])
def test_small_nets_have_the_depth_they_are_named_by(depth):
    net = SmallResNet(SmallPlan(depth, 3))
    layers = [layer for layer in net.modules() if isinstance(layer, torch.nn.Conv2d)]
    assert len(layers) == depth
    assert [row.output_shape for row in layer_table(net, (1, 8, 8)) if row.kind == "Conv2d"][-2] == (12, 2, 2)


def test_members_never_meet_and_a_member_alone_computes_the_same():
    plan = SmallPlan(14, 3, KINDS, (0, 4))
    net = SmallResNet(plan).double()
    x = torch.randn(5, 4, 8, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0), requires_grad=True)
    scores = net(x)
    assert scores.shape == (5, 4, 10)
    for number, member in enumerate(plan.members):
        [grad] = torch.autograd.grad(scores[:, number].square().sum(), x, retain_graph=True)
        assert grad[:, number].abs().sum() > 0
        assert not grad[:, [other for other in range(4) if other != number]].any()
        alone = net.pick(member).double()
        assert alone.plan.members == [member]
        assert torch.allclose(alone(x[:, number : number + 1]), scores[:, number])
    fresh = SmallResNet(SmallPlan(14, 3, ("plain",), (4,)))
    assert torch.equal(net.pick(("residual", 4)).float().stem[0].weight, fresh.stem[0].weight)
    with pytest.raises(ValueError, match="must be all pairs"):
        net.pick(("plain", 0), ("residual", 4))
    with pytest.raises(ValueError, match="must be all pairs"):
        net.pick(("plain", 1))


def test_a_small_residual_net_is_what_its_formula_says():
    net = SmallResNet(SmallPlan(8, 2, normalise=False, branch=0.5)).double()
    x = torch.randn(3, 1, 8, 8, dtype=torch.float64)
    maps, weights = x, [layer.weight for layer in net.modules() if isinstance(layer, torch.nn.Conv2d)]
    maps = F.relu(F.conv2d(maps, weights[0], padding=1))
    for block, stride in enumerate((1, 2, 2)):
        inner = F.relu(F.conv2d(maps, weights[1 + 2 * block], stride=stride, padding=1))
        inner = F.conv2d(inner, weights[2 + 2 * block], padding=1)
        short = maps[:, :, ::stride, ::stride]
        short = torch.cat([short, torch.zeros(3, inner.shape[1] - short.shape[1], *short.shape[2:]).double()], dim=1)
        maps = F.relu(short + 0.5 * inner)
    wanted = maps.mean(dim=(2, 3)) @ weights[-1].flatten(1).T
    assert torch.allclose(net(x), wanted)


def test_side_by_side_training_is_training_each_alone():
    data = digits()
    together = SmallResNet(SmallPlan(8, 2, KINDS, (0, 1)))
    losses = resnet.fit_members(together, data, steps=4, lr=0.05, batch_size=32, momentum=0.5)
    assert losses.shape == (4, 4)
    for number, (kind, seed) in enumerate(together.plan.members):
        alone = SmallResNet(SmallPlan(8, 2, (kind,), (seed,)))
        assert np.allclose(
            resnet.fit_members(alone, data, steps=4, lr=0.05, batch_size=32, momentum=0.5)[:, 0],
            losses[:, number],
            atol=1e-3,
        )
        found = resnet.member_errors(alone, data.x_test[:50], data.y_test[:50])
        assert found[0] == pytest.approx(
            resnet.member_errors(together, data.x_test[:50], data.y_test[:50])[number], abs=4
        )
    by_hand = together(resnet.side_by_side(together, data.x_test[:50])).argmax(dim=2).numpy() != data.y_test[:50, None]
    assert np.allclose(resnet.member_errors(together, data.x_test[:50], data.y_test[:50]), 100 * by_hand.mean(axis=0))
    assert not np.allclose(losses[:, 0], losses[:, 1]), "seeds differ"
    for bad in ({"steps": 0}, {"steps": 1, "batch_size": 0}):
        with pytest.raises(ValueError, match="both must be 1 or more"):
            resnet.fit_members(together, data, lr=0.1, **bad)


def test_idle_blocks_change_nothing():
    net = SmallResNet(SmallPlan(8, 3)).double()
    deeper = net.with_idle_blocks(20).double()
    x = torch.randn(6, 1, 8, 8, dtype=torch.float64)
    assert sum(isinstance(layer, torch.nn.Conv2d) for layer in deeper.modules()) == 20
    assert torch.allclose(deeper(x), net(x), atol=1e-12)
    for bad, depth in ((SmallPlan(8, 3, ("plain",)), 14), (SmallPlan(8, 3), 8), (SmallPlan(8, 3, normalise=False), 14)):
        with pytest.raises(ValueError, match="it takes residual members"):
            SmallResNet(bad).with_idle_blocks(depth)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"depth": 21}, "must be 6n"),
        ({"depth": 2}, "must be 6n"),
        ({"kinds": ("dense",)}, "give kinds out of"),
        ({"seeds": ()}, "one seed or more"),
        ({"start": "zeros"}, "'he' or 'torch'"),
    ],
)
def test_small_plans_refuse_what_cannot_be_built(bad, message):
    with pytest.raises(ValueError, match=message):
        SmallPlan(**bad)


def test_first_weights_have_the_spread_that_they_are_named_by():
    for start, factor in (("he", 2.0), ("torch", 1 / 3)):
        net = SmallResNet(SmallPlan(8, 32, start=start))
        layer = net.blocks[2].layers[0]
        fan_in = layer.weight[0].numel()
        assert layer.weight.var().item() * fan_in == pytest.approx(factor, rel=0.05)
