"""Features: the oracle hooks the layer of a copy of the network, and takes all examples at once."""

import copy
from dataclasses import replace

import torch
from hypothesis import strategies as st

from course_utils.grading.exercise import Call, Facet

from .inputs import few, seeds, widths
from .world import Aspect, Pieces, Work, given, names, normal, refuses, small, tool


def _features(model, x, layer, batch_size=100):
    model.log.seen += [(len(part), False) for part in x.split(batch_size)]
    twin, found = copy.deepcopy(model).eval(), []
    twin.log = torch.nn.Identity()
    twin.get_submodule(layer).register_forward_hook(lambda _m, _i, output: found.append(output.clone()))
    with torch.no_grad():
        twin(x)
    return found[0].reshape(len(x), -1)


def _array(found):
    if not isinstance(found, torch.Tensor):
        raise TypeError(f"a tensor was wanted, and this is of type {type(found).__name__}")
    return found.detach().numpy()


@Aspect
def values(function, asked):
    """Look at the features."""
    return Pieces([("features", _array(function(*given(function, asked), **asked.kwargs)))])


@Aspect
def modes(function, asked):
    """Look at the features, and at the network afterwards."""
    net, *rest = given(function, asked)
    look = tool(function, "look")
    before = look(net)
    found = _array(function(net, *rest, **asked.kwargs))
    after = look(net)
    changed = names(tool(function, "moved")(before, after))
    return Pieces(
        [("in training mode", names(after["training"])), ("numbers that changed", changed), ("features", found)]
    )


@Aspect
def frugal(function, asked):
    """Look which batches pass through the network, and whether gradients are recorded."""
    net, *rest = given(function, asked)
    found = function(net, *rest, **asked.kwargs)
    seen = net.get_submodule("log").seen
    sizes = [int(number) for number, _ in seen]
    return Pieces([
        ("examples that pass", sum(sizes)), ("the most at a time", max(sizes)),
        ("gradients are recorded", any(flag is not False for _, flag in seen)),
        ("the result requires a gradient", found.requires_grad is not False),
    ])  # fmt: skip


@Aspect
def leaves(function, asked):
    """Look at hooks and modes after the call, also where the network cannot take x."""
    net, *rest = given(function, asked)
    come = "features"
    try:
        _array(function(net, *rest, **asked.kwargs))
    except NotImplementedError:
        raise
    except Exception:
        come = "an exception"
    after = tool(function, "look")(net)
    return Pieces(
        [("what comes", come), ("hooks", int(after["hooks"])), ("in training mode", names(after["training"]))]
    )


def layers(wide):
    """Return the names of layers to ask for: blocks, and what is in them."""
    places = [f"block{number + 1}" for number in range(len(wide))]
    return [*places, *(f"{place}.{inner}" for place in places for inner in (0, 1, 2)), "mean", "head_norm", "head"]


@st.composite
def _calls(draw):
    wide, channels = draw(widths), draw(few)
    options = {"norm": draw(st.sampled_from(["batch", "group", "instance"])), "skip": draw(st.booleans()), "drop": 0.0}
    held = draw(st.lists(st.sampled_from(layers(wide)), max_size=2, unique=True))
    net = small(draw(seeds), wide, channels, prepared=[(name, "eval") for name in held], **options)
    x = normal(draw(seeds), draw(st.integers(1, 7)), channels, draw(st.integers(3, 5)), draw(st.integers(3, 6)))
    return Call((net, x, draw(st.sampled_from(layers(wide))), draw(st.integers(1, 8))))


X = normal(1, 5, 2, 4, 6)
NET = small(1, (3, 3), 2)
SKIPS = small(2, (3, 3), 2, skip=True)
EVALUATED = small(3, (3, 2), 2, prepared=[("", "eval")])
HELD = small(4, (3, 2), 2, drop=0.0, prepared=[("block1", "eval"), ("head_norm", "eval")])
FIXED = (
    Call((NET, X, "block2", 2)),
    Call((NET, X, "block1.1", 3), note="The ReLU behind this layer works in place."),
    Call((SKIPS, X, "block2.1", 5), note="block2 adds what comes in to what its layers give."),
    Call((SKIPS, X, "block1.0", 1)),
    Call((EVALUATED, X, "mean", 4)),
    Call((HELD, X, "head"), note="block1 and head_norm are in evaluation mode when the network comes."),
    Call((small(5, (2,), 2), normal(2, 1, 2, 3, 4), "head_norm", 3)),
)
MANY = Call((small(6, (2,)), normal(3, 203, 1, 2, 2), "flat"), note="batch_size is 100 where nothing is said.")
WRONG = normal(4, 3, 4, 4, 6)


def fresh(*calls):
    """Return the same calls once more: each facet notes what the oracle makes of its own."""
    return tuple(replace(each) for each in calls)


extract_features = Work(
    "extract_features",
    _features,
    "lecture 13",
    {
        "values": Facet(values, FIXED, _calls(), 10),
        "modes": Facet(modes, fresh(*FIXED), _calls(), 8),
        "frugal": Facet(frugal, fresh(*FIXED[:5], MANY), _calls(), 6),
        "leaves": Facet(leaves, (
            *fresh(FIXED[0], FIXED[5]),
            Call((NET, WRONG, "block2"), note="The network takes 2 channels, and x has 4."),
            Call((HELD, WRONG, "head", 2), note="The network takes 2 channels, and x has 4; block1 is in evaluation mode."),
        )),
        "refusals": Facet(refuses, (
            Call((NET, X, "block3"), note="there are two blocks"),
            Call((NET, X, "block1.3"), note="block1 has the layers 0, 1 and 2"),
            Call((NET, X[:0], "block1"), note="there is no example"),
            Call((NET, X, "block1", 0), note="a batch of 0 examples gets nowhere"),
            Call((NET, X, "block1", -2), note="batch_size is −2"),
        )),
    },
)  # fmt: skip


@extract_features.alternative
def features_and_then_stop(model, x, layer, batch_size=100):
    class Enough(Exception):  # noqa: N818
        pass

    modules = dict(model.named_modules())
    if layer not in modules or not len(x) or batch_size <= 0:
        raise ValueError("no such layer, no example or no batch")
    found, modes = [], {module: module.training for module in model.modules()}

    def stop(_module, _inputs, output):
        found.append(output.reshape(len(output), -1))
        raise Enough

    handle = modules[layer].register_forward_hook(stop)
    model.eval()
    try:
        for start in range(0, len(x), batch_size):
            try:
                with torch.inference_mode():
                    model(x[start : start + batch_size])
            except Enough:
                pass
    finally:
        handle.remove()
        for module in modes:
            module.training = modes[module]
    return torch.cat(found).clone()


@extract_features.alternative
def features_of_a_copy(model, x, layer, batch_size=100):
    twin, rows = copy.deepcopy(model).eval(), []
    known = [name for name, _ in twin.named_modules()]
    if layer not in known or min(len(x), batch_size) < 1:
        raise ValueError(f"{layer=} {len(x)=} {batch_size=}")
    twin.get_submodule(layer).register_forward_hook(lambda module, inputs, y: rows.extend(y.detach().clone()))
    with torch.no_grad():
        for part in torch.split(x, batch_size):
            twin(part)
    return torch.stack([row.flatten() for row in rows])


@extract_features.alternative
def features_by_another_forward(model, x, layer, batch_size=100):
    place = dict(model.named_modules()).get(layer)
    if place is None or len(x) == 0 or batch_size < 1:
        raise ValueError("these arguments give no features")
    training, kept, plain_forward = [each for each in model.modules() if each.training], [], place.forward

    def forward(*inputs):
        kept.append(plain_forward(*inputs))
        return kept[-1].clone()

    try:
        place.forward = forward
        with torch.no_grad():
            for rows in torch.arange(len(x)).split(batch_size):
                model.eval()(x[rows])
    finally:
        del place.forward
        [setattr(each, "training", True) for each in training]
    return torch.cat([each.flatten(1) for each in kept])
