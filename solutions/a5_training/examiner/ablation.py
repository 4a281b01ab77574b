"""Ablation: the oracle is a network of the examiner's own, made from the descriptions of the layers that are left."""

import copy
from collections import OrderedDict

import torch
from hypothesis import strategies as st
from torch import nn

from course_utils.checks import call, difference, failure
from course_utils.grading.exercise import Call, Facet, expected_of

from .inputs import few, seeds
from .world import Net, Work, layer, lent, refuses, seeded


class Ablated:
    """What is left of a network: the names of its layers, its kept weights, shapes, and scores. Shown by its layers."""

    def __init__(self, parts, words):
        self.parts, self.words = parts, words

    def __repr__(self):
        return self.words


def _array(value):
    return value.detach().numpy()


def _filled(model, shape):
    """Return the scores of a model filled with given weights: they do not depend on what was drawn for mended layers."""
    drawn = seeded(5)
    state = {key: torch.randn(tuple(each.shape), generator=drawn) / 3 for key, each in model.state_dict().items()}
    model.load_state_dict(state)
    model.eval()
    return _array(model(torch.randn(2, *shape, generator=drawn)))


def _left(net, names, shape):
    """Return the layers that are left as descriptions, mended, and the names of those with another input than before."""
    left, mended, x = [], [], torch.zeros(1, *shape)
    for (kind, args, options, name), module in zip(net.layers, net):
        if name in names:
            continue
        if kind in ("Conv2d", "Linear"):
            now = x.shape[1]
            mended += [name] if now != args[0] else []
            args = (now, *args[1:])
            module = getattr(nn, kind)(*args, **options)
        x = module(x)
        left.append((kind, args, options, name))
    return left, mended


def _oracle(net, names, input_shape):
    with torch.no_grad():
        left, mended = _left(copy.deepcopy(net).eval(), names, input_shape)
    new, old = Net(*left), net.state_dict()
    shapes = [[key, *each.shape] for key, each in new.state_dict().items()]
    kept = [_array(old[key]) for key in new.state_dict() if key.partition(".")[0] not in mended]
    keys = {"Conv2d": "in_channels", "Linear": "in_features"}
    inputs = [[name, keys[kind], args[0]] for kind, args, _, name in left if kind in keys]
    parts = {"names": [each[3] for each in left], "shapes": shapes, "mended": mended, "kept": kept, "inputs": inputs}
    return Ablated({**parts, "scores": _filled(new, input_shape)}, repr(new))


def ablated(exercise, function, asked):
    """Judge the layers that are left, their shapes, the weights that stay, and what the new network computes."""
    net, names, shape = asked.args
    expected = expected_of(exercise, asked).parts

    def ask():
        new = function(lent(function, net), names, shape)
        layers, state = dict(new.named_children()), new.state_dict()
        inputs = [[name, key, getattr(layers[name], key)] for name, key, _ in expected["inputs"] if name in layers]
        shapes = [[key, *each.shape] for key, each in state.items()]
        kept = [_array(each.clone()) for key, each in state.items() if key.partition(".")[0] not in expected["mended"]]
        same = "other weights" if difference(kept, expected["kept"]) else "kept"
        scores = _filled(new, shape) if shapes == expected["shapes"] else "other shapes"
        return [list(layers), shapes, same, inputs, scores]

    outcome = call(ask)
    if outcome.error:
        return outcome, failure(outcome, None)
    words = ("the layers", "the shapes of the weights", "the weights of layers whose input is as before")
    words += ("what the layers say of their inputs", "the scores")
    wanted = expected["names"], expected["shapes"], "kept", expected["inputs"], expected["scores"]
    faults = (difference(mine, right) for mine, right in zip(outcome.value, wanted))
    return outcome, next((f"{what}: {fault}" for what, fault in zip(words, faults) if fault), None)


def apart(_exercise, function, asked):
    """Judge whether the old model is as it was, also when the new one's weights are changed, and the other way round."""
    net, names, shape = asked.args
    old = lent(function, net)

    def state(model):
        return [_array(each.clone()) for each in model.state_dict().values()]

    def zero(model):
        model.load_state_dict({key: torch.zeros(tuple(each.shape)) for key, each in model.state_dict().items()})

    def ask():
        before, layers, mode = state(old), [name for name, _ in old.named_children()], old.training
        new = function(old, names, shape)
        if [name for name, _ in old.named_children()] != layers:
            return "the old model has lost layers"
        if difference(state(old), before):
            return "the old model's weights are changed"
        if old.training != mode:
            return "the old model is left in another mode"
        zero(new)
        return "the old model changes with the new one" if difference(state(old), before) else "apart"

    outcome = call(ask)
    fault = failure(outcome, "apart")
    return outcome, fault and (f"{outcome.value}." if outcome.error is None else fault)


def network(seed, height, width, channels=2, most=4, training=True, bias=True):
    """Return a small AlexNet-like network with names, and the shape of its input."""
    layers = (
        layer("Conv2d", channels, 3, 3, stride=2, padding=1, bias=bias, name="conv1"), layer("ReLU", name="relu1"),
        layer("MaxPool2d", 2, 1, name="pool1"), layer("Conv2d", 3, 5, (2, 1), name="conv2"), layer("ReLU", name="relu2"),
        layer("Conv2d", 5, 4, 3, padding=2, dilation=2, bias=bias, name="conv3"),
        layer("AvgPool2d", (1, 2), 1, name="pool2"), layer("Flatten", name="flat"), layer("Dropout", 0.5, name="drop"),
        layer("Linear", 4 * ((height + 1) // 2 - 2) * ((width + 1) // 2 - 2), 7, bias=bias, name="fc1"),
        layer("ReLU", name="relu3"), layer("Linear", 7, 6, name="fc2"), layer("Linear", 6, most, name="fc3"),
    )  # fmt: skip
    return Net(*layers, seed=seed, training=training), (channels, height, width)


def _call(seed, names, height=9, width=12, **options):
    net, shape = network(seed, height, width, **options)
    return Call((net, names, shape))


@st.composite
def _calls(draw):
    removable = ["conv1", "relu1", "pool1", "conv2", "relu2", "conv3", "pool2", "drop", "fc1", "relu3", "fc2", "fc3"]
    names = draw(st.lists(st.sampled_from(removable), max_size=5, unique=True))
    options = {"most": draw(st.integers(1, 5)), "training": draw(st.booleans()), "bias": draw(st.booleans())}
    return _call(draw(seeds), names, draw(st.integers(7, 10)), draw(st.integers(7, 13)), channels=draw(few), **options)


ONE, POOL, MANY = _call(1, ["conv2"]), _call(2, ["pool1", "pool2"], training=False), _call(3, ["conv1", "fc1", "fc2"])
CALLS = (
    ONE,
    POOL,
    MANY,
    _call(4, [], channels=3),
    _call(5, ["relu1", "drop", "fc3"], bias=False),
    _call(6, ["conv3"], 7, 10),
)
NET, _, SHAPE = ONE.args

ablate = Work(
    "ablate",
    _oracle,
    "lecture 10, section 10.8",
    {
        "values": Facet(ablated, CALLS, _calls(), 10),
        "apart": Facet(apart, CALLS),
        "refusals": Facet(refuses, (
            Call((NET, ["conv9"], SHAPE), note="there is no layer conv9"),
            Call((NET, ["conv1", "pool7"], SHAPE), note="there is no layer pool7"),
            Call((NET, [""], SHAPE), note="there is no layer without a name"),
            Call((NET, ["training"], SHAPE), note="training is an attribute, and no layer"),
            Call((NET, [name for name, _ in NET.named_children()], SHAPE), note="no layer would be left"),
        )),
    },
)  # fmt: skip


@ablate.alternative
def ablate_by_two_passes(model, names, input_shape):
    known = dict(model.named_children())
    if not set(names) <= set(known) or len(set(names)) == len(known):
        raise ValueError(f"{names} are not all layers, or all of them")
    new = nn.Sequential(OrderedDict((name, copy.deepcopy(part)) for name, part in known.items() if name not in names))
    x = torch.zeros(1, *input_shape)
    for name, part in list(new.named_children()):
        if isinstance(part, nn.Conv2d) and part.in_channels != x.size(1):
            options = {key: getattr(part, key) for key in ("kernel_size", "stride", "padding", "dilation")}
            part = nn.Conv2d(x.size(1), part.out_channels, bias=part.bias is not None, **options)
        elif isinstance(part, nn.Linear) and part.in_features != x.size(-1):
            part = nn.Linear(x.size(-1), part.out_features, bias=part.bias is not None)
        setattr(new, name, part)
        x = part(x).detach()
    return new


@ablate.alternative
def ablate_with_lazy_layers(model, names, input_shape):
    layers, x = OrderedDict(), torch.zeros(1, *input_shape)
    for name in names:
        if not hasattr(model, name) or name not in model._modules:
            raise ValueError(f"no layer {name!r}")
    for name, part in model._modules.items():
        if name in names:
            continue
        fresh = copy.deepcopy(part)
        if isinstance(part, nn.Conv2d):
            some = part.kernel_size, part.stride, part.padding, part.dilation
            fresh = nn.LazyConv2d(part.out_channels, *some, bias=part.bias is not None)
        if isinstance(part, nn.Linear):
            fresh = nn.LazyLinear(part.out_features, bias=part.bias is not None)
        with torch.no_grad():
            x = fresh(x)
        shapes = [value.shape for value in part.state_dict().values()]
        if shapes == [value.shape for value in fresh.state_dict().values()]:
            fresh.load_state_dict(part.state_dict())
        layers[name] = fresh
    if not layers:
        raise ValueError("nothing is left")
    return nn.Sequential(layers)


@ablate.alternative
def ablate_from_a_copy(model, names, input_shape):
    new = copy.deepcopy(model)
    children = [name for name, _ in new.named_children()]
    if any(name not in children for name in names) or len(children) == len(set(names)):
        raise ValueError("these layers cannot be taken away")
    for name in set(names):
        delattr(new, name)
    x = torch.zeros((1, *input_shape))
    for part in new:
        if isinstance(part, (nn.Conv2d, nn.Linear)) and part.weight.shape[1] != x.shape[1]:
            rest = part.weight.shape[2:]
            part.weight = nn.Parameter(torch.empty(len(part.weight), x.shape[1], *rest))
            part.reset_parameters()
            setattr(part, "in_channels" if rest else "in_features", x.shape[1])
        x = part(x)
    return new
