"""Freezing: the oracle walks through the children once; what counts is what a look at the network shows afterwards."""

from dataclasses import replace

from hypothesis import strategies as st

from course_utils.grading.exercise import Call, Facet

from .inputs import few, seeds, widths
from .world import Aspect, Model, Pieces, Work, given, labels, names, normal, plain, refuses, small, tool


def _freeze(model, upto):
    kept = upto is None
    for name, child in model.named_children():
        child.train(kept)
        for each in child.parameters():
            each.requires_grad, each.grad = kept, each.grad if kept else None
        kept = kept or name == upto


@Aspect
def trained(function, asked):
    """Look which parameters require a gradient."""
    net, upto = given(function, asked)
    function(net, upto)
    return Pieces([("trained", names(tool(function, "look")(net)["trained"]))])


@Aspect
def modes(function, asked):
    """Look which modules are in training mode."""
    net, upto = given(function, asked)
    function(net, upto)
    return Pieces([("in training mode", names(tool(function, "look")(net)["training"]))])


@Aspect
def still(function, asked):
    """Look which numbers move in two steps of a training that goes on after the freezing, gradients left from before."""
    net, upto = given(function, asked)
    options = asked.args[0].options
    x = plain(normal(3, 6, options.get("channels", 1), 5, 4))
    y = plain(labels(3, 6, options.get("classes", 3)))
    tool(function, "slopes")(net, x, y)
    function(net, upto)
    before = tool(function, "look")(net)
    tool(function, "practise")(net, x, y)
    return Pieces([("what moves", names(tool(function, "moved")(before, tool(function, "look")(net))))])


def children(wide):
    """Return the names of a small network's children."""
    return ["log", *(f"block{number + 1}" for number in range(len(wide))), "mean", "flat", "head_norm", "drop", "head"]


@st.composite
def _calls(draw, last=True):
    wide, options = draw(widths), {"norm": draw(st.sampled_from(["batch", "group", "instance"]))}
    options |= {"channels": draw(few), "classes": draw(st.integers(2, 4))}
    upto = draw(st.sampled_from([*children(wide)[:-1], *([None, "head"] if last else [])]))
    held = draw(st.lists(st.sampled_from(children(wide)[: None if last else -1]), max_size=3, unique=True))
    prepared = [(name, "requires_grad_", False) for name in held] + [(name, "eval") for name in held if last]
    return Call((small(draw(seeds), wide, prepared=prepared, **options), upto))


HELD = [("block2", "requires_grad_", False), ("head", "requires_grad_", False), ("block2", "eval"), ("drop", "eval")]
FIXED = (
    Call((small(1, (3, 2)), "block1")),
    Call((small(2, (2,) * 11), "block1"), note="There are blocks 10 and 11, too."),
    Call((small(3, (3, 2, 4), norm="group"), "mean"), note="A child without parameters is a child."),
    Call((small(4, (2, 3)), "log")),
    Call((small(5, (2, 3, 2), prepared=HELD), "block1"), note="block2, drop and head are frozen when it comes."),
    Call(
        (small(6, (2, 3), prepared=[("", "requires_grad_", False), ("", "eval")]), None), note="All is frozen before."
    ),
    Call((small(7, (2, 3), prepared=[("", "eval")]), "head"), note="All is in evaluation mode before."),
    Call((Model("block", 2, 3), None), note="The first child has parameters, and nothing is to be frozen."),
    Call((Model("block", 2, 3), "0"), note="The first child has parameters."),
)

freeze = Work(
    "freeze",
    _freeze,
    "lecture 13",
    {
        "trained": Facet(trained, FIXED, _calls(), 10),
        "modes": Facet(modes, tuple(replace(each) for each in FIXED), _calls(), 8),
        "still": Facet(still, tuple(replace(each) for each in FIXED[:5]), _calls(last=False), 8),
        "refusals": Facet(refuses, (
            Call((small(1), "block3"), note="there are two blocks"),
            Call((small(1), "block1.0"), note="block1.0 is a grandchild"),
            Call((small(1), ""), note="no child is called nothing"),
        )),
    },
)  # fmt: skip


@freeze.alternative
def freeze_by_first_names(model, upto):
    children = dict(model.named_children())
    if upto is not None and upto not in children:
        raise ValueError(f"there is no child {upto!r}")
    order = list(children)
    held = order[: order.index(upto) + 1] if upto is not None else []
    for name, parameter in model.named_parameters():
        parameter.requires_grad = name.split(".")[0] not in held
        if not parameter.requires_grad:
            parameter.grad = None
    for name, child in children.items():
        child.train(name not in held)


@freeze.alternative
def freeze_after_thawing_all(model, upto):
    found = [name for name, _ in model.named_children()]
    if upto not in [None, *found]:
        raise ValueError(f"{upto!r} is not among {found}")
    model.train().requires_grad_(True)
    model.zero_grad()
    for name, child in model.named_children():
        if upto is None:
            return
        child.eval().requires_grad_(False)
        if name == upto:
            return


@freeze.alternative
def freeze_by_slices(model, upto):
    places = {name: place for place, (name, _) in enumerate(model.named_children(), 1)}
    if upto is not None and upto not in places:
        raise ValueError("no such child")
    cut = places.get(upto, 0)
    model[:cut].eval().requires_grad_(False).zero_grad(set_to_none=True)
    model[cut:].train().requires_grad_(True)
