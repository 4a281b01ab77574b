"""A new head: the oracle builds the whole network anew with so many classes, and copies all numbers but the head's."""

import copy
from dataclasses import replace

import torch
from hypothesis import strategies as st
from torch import nn

from course_utils.grading.exercise import Call, Facet

from .inputs import few, seeds
from .world import Aspect, Model, Pieces, Work, given, names, normal, plain, refuses, small, tool


def _new_head(model, classes, head="head", keep=None):
    parts = head.split(".")
    new = copy.deepcopy(model)
    place = new
    for part in parts[:-1]:
        place = place._modules[part]
    old = place._modules[parts[-1]]
    width = old.weight.shape[1]
    if isinstance(old, nn.Linear):
        made = nn.Linear(width, classes, old.bias is not None)
    else:
        sizes = old.kernel_size, old.stride, old.padding, old.dilation, 1, old.bias is not None
        made = nn.Conv2d(width, classes, *sizes)
    for mine, theirs in ((made.weight, old.weight), (made.bias, old.bias)):
        for row, before in (keep or {}).items():
            if theirs is not None:
                mine.data[row] = theirs.data[before]
    place._modules[parts[-1]] = made
    return new


def _reseeded(function, seed):
    tool(function, "torch").manual_seed(seed)


def _head_of(asked):
    return asked.args[2] if len(asked.args) > 2 else "head"


def _numbers(net):
    return {str(name): value.detach().clone() for name, value in net.state_dict().items()}


@Aspect
def layers(function, asked):
    """Look at the names and shapes of a new network, at what it has kept, at what is trained, and at its scores."""
    net, *rest = given(function, asked)
    old, head = _numbers(net), _head_of(asked)
    new = function(net, *rest, **asked.kwargs)
    mine, look = _numbers(new), tool(function, "look")(new)
    shapes = [f"{name} {tuple(value.shape)}" for name, value in mine.items()]
    body = [name for name in mine if not name.startswith(f"{head}.")]
    changed = [name for name in body if name not in old or not mine[name].equal(old[name])]
    last = new.get_submodule(head)
    sizes = [name for name in ("out_features", "out_channels") if getattr(asked_head(asked), name, None)]
    told = [f"{name} {int(getattr(last, name))}" for name in sizes]
    pieces = [("numbers and their shapes", shapes), ("changed", names(changed)), ("trained", names(look["trained"]))]
    pieces += [("the head says", told)]
    options = asked.args[0].options
    x = plain(normal(5, 2, options.get("channels", 1), 7, 8))
    tool(function, "settled")(new, 5)
    new.eval()
    return Pieces([*pieces, ("scores, filled with given numbers", new(x).detach().numpy())])


def asked_head(asked):
    """Return the head of the network that a call asks about, made here."""
    return asked.args[0].made(None).get_submodule(_head_of(asked))


@Aspect
def kept(function, asked):
    """Look which rows of the new head are rows of the old one."""
    net, classes, head, keep = given(function, asked)
    old = _numbers(net)
    new = _numbers(function(net, classes, head, keep))
    pieces = []
    for kind in ("weight", "bias"):
        if f"{head}.{kind}" in old:
            mine, theirs = new[f"{head}.{kind}"], old[f"{head}.{kind}"]
            if mine.shape[1:] != theirs.shape[1:] or len(mine) != classes:
                return Pieces([("the head's shape", str(tuple(mine.shape)))])
            same = [f"{a}: {b}" for a in range(classes) for b in range(len(theirs)) if mine[a].equal(theirs[b])]
            pieces.append((f"classes whose {kind} is kept (new: old)", same))
    return Pieces(pieces)


@Aspect
def fresh(function, asked):
    """Look whether the head's numbers are drawn as PyTorch draws them: by its own generator, and as large."""
    net, *rest = given(function, asked)
    head, drawn = _head_of(asked), []
    for seed in (1, 1, 2):
        _reseeded(function, seed)
        numbers = _numbers(function(net, *rest))
        drawn.append(torch.cat([value.flatten() for name, value in numbers.items() if name.startswith(f"{head}.")]))
        weight = numbers[f"{head}.weight"]
    most = float(drawn[-1].abs().max()) * weight[0].numel() ** 0.5
    size = "as PyTorch draws" if 0.5 < most <= 1.0001 else "larger" if most > 1 else "smaller"
    return Pieces([
        ("after the same seed", "the same" if drawn[0].equal(drawn[1]) else "others"),
        ("after another seed", "the same" if drawn[0].equal(drawn[2]) else "others"), ("size of the numbers", size),
    ])  # fmt: skip


@Aspect
def apart(function, asked):
    """Look whether the old network stays what it was, also when the new one's numbers change."""
    net, *rest = given(function, asked)
    look, difference = tool(function, "look"), tool(function, "moved")
    before = look(net)
    new = function(net, *rest)
    after = look(net)
    shapes = [f"{name} {tuple(value.shape)}" for name, value in after["numbers"].items()]
    changed = (
        difference(before, after) if shapes == [f"{n} {tuple(v.shape)}" for n, v in before["numbers"].items()] else []
    )
    tool(function, "settled")(new, 77)
    later = difference(after, look(net))
    return Pieces([
        ("the old network's numbers", shapes), ("changed", names(changed)), ("trained", names(after["trained"])),
        ("what changes with the new network", names(later)),
    ])  # fmt: skip


def conv(seed, *args, prepared=(), **options):
    """Return the description of a network whose head is a convolution."""
    return Model("conv_net", seed, *args, prepared=prepared, **options)


FROZEN = [("", "requires_grad_", False)]


@st.composite
def _calls(draw, keeping=False):
    channels, classes, new = draw(few), draw(st.integers(1, 4)), draw(st.integers(1, 5))
    options = {"channels": channels, "classes": classes, "norm": draw(st.sampled_from(["batch", "group", "instance"]))}
    wide, held = tuple(draw(st.lists(few, min_size=1, max_size=2))), FROZEN if draw(st.booleans()) else ()
    head, options["bias"] = draw(st.sampled_from(["head", "top.1"])), draw(st.booleans())
    if draw(st.booleans()):
        net, head = conv(draw(seeds), wide, prepared=held, **options), "head"
    else:
        net = small(draw(seeds), wide, head=head, prepared=held, **options)
    if not keeping:
        return Call((net, new, head))
    rows = draw(st.lists(st.integers(0, new - 1), min_size=1, max_size=3, unique=True))
    return Call((net, new, head, {row: draw(st.integers(0, classes - 1)) for row in rows}))


PLAIN = small(1, (2, 3), classes=4)
TOP = small(2, (2,), channels=2, head="top.1")
CONV, BARE = conv(3, (2, 3), classes=4), conv(4, (3,), channels=2, bias=False)
STILL = small(5, (2, 2), prepared=[*FROZEN, ("", "eval")])
FIXED = (
    Call((PLAIN, 6)),
    Call((TOP, 2, "top.1"), note="The head is the layer 1 in the child top."),
    Call((CONV, 5), note="The head is a convolution."),
    Call((BARE, 4), note="The head is a convolution without a bias."),
    Call((small(8, (2,), bias=False), 5), note="The head has no bias."),
    Call((STILL, 3), note="Nothing in the old network requires a gradient, and it is in evaluation mode."),
)
KEPT = (
    Call((PLAIN, 4, "head", {0: 3, 2: 1})),
    Call((PLAIN, 6, "head", {5: 0, 1: 1})),
    Call((TOP, 2, "top.1", {1: 2})),
    Call((CONV, 5, "head", {4: 2, 0: 1})),
    Call((BARE, 3, "head", {2: 0})),
    Call((PLAIN, 5, "head", {})),
)


def again(*calls):
    """Return the same calls once more: each facet notes what the oracle makes of its own."""
    return tuple(replace(each) for each in calls)


replace_head = Work(
    "replace_head",
    _new_head,
    "lecture 13",
    {
        "refusals": Facet(refuses, (
            Call((PLAIN, 0), note="a head for no class"),
            Call((PLAIN, -1), note="a head for −1 classes"),
            Call((PLAIN, 3, "mean"), note="mean is a pooling layer"),
            Call((PLAIN, 3, "head_norm"), note="head_norm is a normalisation layer, not a linear one"),
            Call((PLAIN, 3, "top"), note="the model has no layer top"),
            Call((TOP, 3, "top"), note="top is a Sequential, not a linear layer"),
            Call((PLAIN, 3, "head", {3: 0}), note="of three classes the last is number 2"),
            Call((PLAIN, 3, "head", {0: 4}), note="the old head has the classes 0 to 3"),
            Call((PLAIN, 3, "head", {-1: 0}), note="no class has the number −1"),
            Call((PLAIN, 3, "head", {0: -1}), note="no class has the number −1"),
        )),
        "layers": Facet(layers, FIXED, _calls(), 8),
        "kept": Facet(kept, KEPT, _calls(keeping=True), 8),
        "fresh": Facet(fresh, (Call((small(6, (9, 9), classes=4), 8)), Call((conv(7, (5,)), 4, "head")))),
        "apart": Facet(apart, again(*FIXED[:4]), _calls(), 4),
    },
)  # fmt: skip


@replace_head.alternative
def head_with_its_numbers_drawn_anew(model, classes, head="head", keep=None):
    if head not in [name for name, _ in model.named_modules()] or classes <= 0:
        raise ValueError("no such head")
    new = copy.deepcopy(model)
    layer = new.get_submodule(head)
    if not hasattr(layer, "out_features") and not hasattr(layer, "out_channels"):
        raise ValueError(f"{layer} is no layer with outputs")
    setattr(layer, "out_features" if isinstance(layer, nn.Linear) else "out_channels", classes)
    old = {name: each.detach() for name, each in layer.named_parameters()}
    for name, each in old.items():
        setattr(layer, name, nn.Parameter(torch.empty(classes, *each.shape[1:])))
    layer.reset_parameters()
    for now, before in (keep or {}).items():
        if not (0 <= now < classes and 0 <= before < len(old["weight"])):
            raise ValueError(f"{now}: {before} cannot be kept")
        for name, each in layer.named_parameters():
            each.data[now] = old[name][before]
    return new


@replace_head.alternative
def head_by_its_parent(model, classes, head="head", keep=None):
    modules = dict(model.named_modules())
    layer = modules.get(head)
    if classes < 1 or type(layer) not in (nn.Linear, nn.Conv2d):
        raise ValueError(f"{head} cannot be a head for {classes} classes")
    before = len(layer.weight)
    keep = dict(keep or {})
    if set(keep) - set(range(classes)) or set(keep.values()) - set(range(before)):
        raise ValueError("keep names classes that there are not")
    biased = layer.bias is not None
    if type(layer) is nn.Linear:
        made = nn.Linear(layer.in_features, classes, bias=biased)
    else:
        made = nn.Conv2d(
            layer.in_channels, classes, layer.kernel_size, layer.stride, layer.padding, layer.dilation, bias=biased
        )
    state, old = made.state_dict(), layer.state_dict()
    for name in state:
        for row in keep:
            state[name][row] = old[name][keep[row]]
    new = copy.deepcopy(model)
    parent = new
    *path, last = head.split(".")
    for name in path:
        parent = getattr(parent, name)
    parent.add_module(last, made)
    return new


@replace_head.alternative
def head_exchanged_while_copying(model, classes, head="head", keep=None):
    if classes < 1:
        raise ValueError(f"{classes} classes")
    try:
        layer = model.get_submodule(head)
        width = layer.weight.shape[1]
    except (AttributeError, IndexError):
        raise ValueError(f"{head} is no linear layer and no convolution") from None
    if isinstance(layer, nn.Linear):
        made = nn.Linear(width, classes, layer.bias is not None)
    else:
        names = "kernel_size", "stride", "padding", "dilation", "groups", "padding_mode"
        made = nn.Conv2d(width, classes, bias=layer.bias is not None, **{name: getattr(layer, name) for name in names})
    for row, old in (keep or {}).items():
        if min(row, old) < 0 or row >= classes or old >= layer.weight.shape[0]:
            raise ValueError(f"class {row} cannot start as {old}")
        with torch.no_grad():
            made.weight[row].copy_(layer.weight[old])
            if layer.bias is not None:
                made.bias[row].copy_(layer.bias[old])
    return copy.deepcopy(model, {id(layer): made})
