"""What judges and answers of A5 share: the notebook's set-up cells, and networks that can be built on either side."""

import copy
import json
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import nn

from course_utils.checks import Outcome, refusal_failure
from course_utils.grading.bridge import beside
from course_utils.grading.exercise import Exercise, call_copy
from course_utils.grading.lending import lend

_NOTEBOOK = Path(__file__).parent.parent / "a5_training.ipynb"
SETUP: dict = {"__name__": "setup"}
for _cell in json.loads(_NOTEBOOK.read_text(encoding="utf-8"))["cells"]:
    if _cell["metadata"].get("nbgrader", {}).get("grade_id", "").startswith("setup"):
        exec(compile("".join(_cell["source"]), "<set-up cell>", "exec"), SETUP)
seeded, Far = SETUP["seeded"], SETUP["Far"]


def layer(kind, *args, name="", **options):
    """Return the description of a layer: its class in torch.nn (or Log), its arguments, its name in the network."""
    return kind, args, options, name


class Net(nn.Sequential):
    """A network with weights drawn from a seed, which says in a line what it is."""

    def __init__(self, *layers, seed=0, training=True):
        super().__init__()
        self.layers = layers
        for place, (kind, args, options, name) in enumerate(layers):
            made = SETUP["Log"]() if kind == "Log" else getattr(nn, kind)(*args, **options)
            self.add_module(name or str(place), made)
        drawn = seeded(seed)
        with torch.no_grad():
            for key, value in self.state_dict().items():
                if value.is_floating_point():
                    fan = value[0].numel() if value.dim() > 1 else 4
                    value.copy_(torch.randn(value.shape, generator=drawn) / fan**0.5)
                if key.endswith("running_var"):
                    value.abs_().add_(0.5)
        self.train(training)

    def __repr__(self):
        def told(kind, args, options, name):
            inside = ", ".join([*map(repr, args), *(f"{key}={value!r}" for key, value in options.items())])
            return f"{name}={kind}({inside})" if name else f"{kind}({inside})"

        words = ", ".join(told(*each) for each in self.layers)
        return f"OrderedDict({words})" if any(each[3] for each in self.layers) else f"Sequential({words})"


class Drawn(torch.Tensor):
    """A tensor that says in a line what it is; its copies are plain tensors."""

    __torch_function__ = torch._C._disabled_torch_function_impl

    def __deepcopy__(self, memo):
        return self.detach().clone().as_subclass(torch.Tensor).requires_grad_(self.requires_grad)

    def __repr__(self):
        words = getattr(self, "words", "")
        return words or f"torch.tensor({self.as_subclass(torch.Tensor).tolist()})"


def normal(seed, *shape, times=1):
    """Return normal numbers that say how they were drawn."""
    made = (times * torch.randn(shape, generator=seeded(seed))).as_subclass(Drawn)
    made.words = (
        f"{'' if times == 1 else f'{times} * '}torch.randn({', '.join(map(str, shape))}, generator=seeded({seed}))"
    )
    return made


def told(tensor):
    """Return a small tensor that shows its values."""
    return tensor.as_subclass(Drawn)


def classes(seed, number, most):
    """Return `number` labels below `most`."""
    return told(torch.randint(most, (number,), generator=seeded(seed)))


def plain(tensor):
    """Return a drawn tensor as an ordinary one."""
    return copy.deepcopy(tensor)


def lent(function, net):
    """Return a copy of a network where a student's function lives."""
    look = getattr(function, "look", None)
    return copy.deepcopy(net) if look is None else lend(net, look)


def itself(function):
    """Return a student's function such that it can be an argument of another one over there, and stay what it is."""
    return beside(function, getattr(function, "__name__", ""), function)


def tool(function, name):
    """Return what the set-up cells define or import as `name`, where a student's function lives."""
    return beside(function, name, SETUP[name])


class Said(str):
    """Words in place of a value, shown without quotation marks."""

    __slots__ = ()
    __repr__ = str.__str__


def refuses(_exercise, function, asked):
    """Judge a call that should raise a ValueError; what comes back instead matters only as being there."""
    outcome = call_copy(function, asked)
    return replace(outcome, value=None if outcome.error else Said("something")), refusal_failure(outcome)


def remembered(judge):
    """Return a judge that remembers what the known wrong answers come to: each feedback compares with all of them."""
    noted = {}

    def judged(exercise, function, asked):
        if all(each.function is not function for each in exercise.misconceptions):
            return judge(exercise, function, asked)
        key = function, id(asked)
        if key not in noted:
            noted[key] = asked, judge(exercise, function, asked)  # the call is kept, so that no other gets its id
        return noted[key][1]

    return judged


def unexplained(judge):
    """Return a judge that does not try the known wrong answers: for facets that are dear, where others tell the cause."""

    def judged(exercise, function, asked):
        if any(each.function is function for each in exercise.misconceptions):
            return Outcome(Said("not tried")), "not tried"
        return judge(exercise, function, asked)

    return judged


@dataclass
class Work(Exercise):
    """An exercise on networks and tensors."""

    def know(self, facet, calls):
        """Note the oracle's values; for calls that should raise, the words for that."""
        if facet.judge is refuses:
            self.known |= {id(asked): (asked, Said("a ValueError that says why.")) for asked in calls}
        else:
            super().know(facet, calls)
