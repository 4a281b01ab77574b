"""Parameter groups: judged by how far one step of SGD moves each parameter, where every gradient is 1."""

from hypothesis import strategies as st

from course_utils.grading.bridge import kept
from course_utils.grading.exercise import Call, Facet

from .inputs import few, seeds
from .world import Aspect, Pieces, Work, given, refuses, small, tool


def _groups(model, lr_old, lr_new, head="head"):
    new = {id(each) for each in model.get_submodule(head).parameters()}
    found = [each for each in model.parameters() if each.requires_grad]
    return [{"params": [each], "lr": lr_new if id(each) in new else lr_old} for each in found]


@Aspect
def steps(function, asked):
    """Make a step with the groups."""
    net, *rest = given(function, asked)
    groups = kept(function)(net, *rest, **asked.kwargs)
    far = tool(function, "distances")(net, groups)
    return Pieces([("how far each moves", sorted(f"{name} {float(each):g}" for name, each in far.items()))])


@st.composite
def _calls(draw, frozen=False, places=False):
    wide = (*draw(st.lists(few, max_size=2)), *([2, 2, 2] if places else [draw(few)]))
    head = draw(st.sampled_from(["head", "top.1", "head_new.1"])) if places else "head"
    options = {"tied": draw(st.booleans()), "scale": draw(st.booleans())} if places else {}
    options |= {"norm": draw(st.sampled_from(["batch", "group", "instance"])), "channels": draw(few)}
    every = [*(f"block{number + 1}" for number in range(len(wide))), "block1.1", "head_norm"]
    held = draw(st.lists(st.sampled_from(every), min_size=1, max_size=4, unique=True)) if frozen else ()
    rates = draw(st.permutations([0.0625, 0.125, 0.25, 0.5, 1.0, 2.0]))[:2]
    net = small(draw(seeds), wide, head=head, prepared=[(name, "requires_grad_", False) for name in held], **options)
    return Call((net, *rates, head))


def _held(*names):
    return [(name, "requires_grad_", False) for name in names]


ALL_BUT_HEAD = _held("block1", "block2", "head_norm")
NET = small(1, (2, 3))

param_groups = Work(
    "param_groups",
    _groups,
    "lecture 13",
    {
        "steps": Facet(steps, (
            Call((NET, 0.125, 1.0)), Call((NET, 2.0, 0.5)), Call((NET, 0.25, 0.25)),
            Call((small(2, (3,), norm="group"), 0.5, 1.0, "head")),
        ), _calls(), 8),
        "frozen": Facet(steps, (
            Call((small(3, (2, 3), prepared=ALL_BUT_HEAD), 0.5, 1.0), note="The head alone is trained."),
            Call((small(4, (2, 3), prepared=_held("head")), 0.5, 1.0), note="The head is frozen."),
            Call((small(5, (2, 3), prepared=_held("block1.1", "block2.0")), 1.0, 0.5)),
        ), _calls(frozen=True), 8),
        "places": Facet(steps, (
            Call((small(6, (3, 3, 3), tied=True), 0.5, 1.0), note="The convolutions of blocks 2 and 3 share their weights."),
            Call((small(7, (2, 3), scale=True), 0.5, 1.0), note="scale stands in the network, and in no child."),
            Call((small(8, (2, 3), head="top.1"), 0.5, 1.0, "top.1")),
            Call((small(9, (2,), head="head_new.1"), 0.5, 1.0, "head_new.1")),
        ), _calls(places=True), 8),
        "refusals": Facet(refuses, (
            Call((NET, 0.0, 1.0), note="a rate of 0 trains nothing: freeze instead"),
            Call((NET, 0.1, 0.0), note="a head with rate 0 learns nothing"),
            Call((NET, -0.1, 1.0), note="a negative rate leads uphill"),
            Call((NET, 0.1, -1.0), note="a negative rate leads uphill"),
            Call((NET, 0.1, 1.0, "top"), note="the model has no module top"),
            Call((NET, 0.1, 1.0, "hea"), note="a part of a name is no name"),
        )),
    },
)  # fmt: skip


@param_groups.alternative
def groups_by_identity(model, lr_old, lr_new, head="head"):
    try:
        last = model.get_submodule(head)
    except AttributeError:
        raise ValueError(f"there is no {head!r} in the model") from None
    if min(lr_old, lr_new) <= 0:
        raise ValueError(f"rates {lr_old} and {lr_new}")
    new = [each for each in last.parameters() if each.requires_grad]
    known = set(map(id, new))
    old = [each for each in model.parameters() if each.requires_grad and id(each) not in known]
    return [{"params": new, "lr": lr_new}, {"params": old, "lr": lr_old}]


@param_groups.alternative
def groups_of_one(model, lr_old, lr_new, head="head"):
    if not (lr_old > 0 and lr_new > 0) or head not in [name for name, _ in model.named_modules()]:
        raise ValueError("rates above 0 and the name of a module are wanted")
    rates = {True: lr_new, False: lr_old}
    found = model.named_parameters()
    return [{"params": [p], "lr": rates[name.startswith(head + ".")]} for name, p in found if p.requires_grad]


@param_groups.alternative
def groups_sorted_out(model, lr_old, lr_new, head="head"):
    rest = {name: each for name, each in model.named_parameters() if each.requires_grad}
    modules = dict(model.named_modules())
    if head not in modules or lr_old <= 0 or lr_new <= 0:
        raise ValueError("this cannot be grouped")
    names = [f"{head}.{name}" for name, _ in modules[head].named_parameters()]
    new = [rest.pop(name) for name in names if name in rest]
    return [{"lr": lr_old, "params": [*rest.values()]}, {"lr": lr_new, "params": new}]
