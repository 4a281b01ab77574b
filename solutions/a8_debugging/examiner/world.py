"""What judges and answers of A8 share: the notebook's set-up cells, and networks that can be built on either side."""

import copy
import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from hypothesis import strategies as st
from torch import nn

from course_utils.checks import Outcome, call, failure, refusal_failure
from course_utils.grading.bridge import beside
from course_utils.grading.exercise import Exercise, call_copy, expected_of
from course_utils.grading.lending import lend

_NOTEBOOK = Path(__file__).parent.parent / "a8_debugging.ipynb"
SETUP: dict = {"__name__": "setup"}
for _cell in json.loads(_NOTEBOOK.read_text(encoding="utf-8"))["cells"]:
    _mark = _cell["metadata"].get("nbgrader", {})
    _given = not _mark.get("solution") and not _mark.get("grade")
    if _cell["cell_type"] == "code" and (_given or _mark.get("grade_id") == "name_the_bug_parts"):
        exec(compile("".join(_cell["source"]), "<set-up cell>", "exec"), SETUP)
seeded, loss_of, run_of, FAULTS = (SETUP[name] for name in ("seeded", "loss_of", "run_of", "FAULTS"))
seeds = st.integers(0, 2**31 - 1)
few = st.integers(1, 3)


def layer(kind, *args, **options):
    """Return the description of a layer: its class in torch.nn (or Suspect), and its arguments."""
    return kind, args, options


class Net(nn.Sequential):
    """A network with weights drawn from a seed, which says in a line what it is."""

    def __init__(self, *layers, seed=0, training=True, low=0.0):
        super().__init__(*((getattr(nn, kind, None) or SETUP[kind])(*args, **more) for kind, args, more in layers))
        self.told = layers
        drawn = seeded(seed)
        with torch.no_grad():
            for key, value in self.state_dict().items():
                if value.is_floating_point():
                    fan = value[0].numel() if value.dim() > 1 else 4
                    value.copy_(torch.randn(value.shape, generator=drawn) / fan**0.5)
                    value -= low * key.endswith("bias")
                if key.endswith("running_var"):
                    value.abs_().add_(0.5)
        self.train(training)

    def __repr__(self):
        def words(kind, args, options):
            return f"{kind}({', '.join([*map(repr, args), *(f'{key}={value!r}' for key, value in options.items())])})"

        return f"Sequential({', '.join(words(*each) for each in self.told)})"


class Drawn(torch.Tensor):
    """A tensor that says in a line what it is; its copies are plain tensors."""

    __torch_function__ = torch._C._disabled_torch_function_impl

    def __deepcopy__(self, memo):
        return self.detach().clone().as_subclass(torch.Tensor)

    def __repr__(self):
        return getattr(self, "words", "") or f"torch.tensor({self.as_subclass(torch.Tensor).tolist()})"


def normal(seed, *shape):
    """Return normal numbers that say how they were drawn."""
    made = torch.randn(shape, generator=seeded(seed)).as_subclass(Drawn)
    made.words = f"torch.randn({', '.join(map(str, shape))}, generator=seeded({seed}))"
    return made


def told(tensor):
    """Return a small tensor that shows its values."""
    return tensor.as_subclass(Drawn)


def classes(seed, number, most):
    """Return `number` labels below `most`."""
    return told(torch.randint(most, (number,), generator=seeded(seed)))


def plain(value):
    """Return a drawn tensor, or a list of them, as ordinary ones."""
    return copy.deepcopy(value)


def lent(function, net):
    """Return a copy of a network where a student's function lives."""
    look = getattr(function, "look", None)
    if look is not None:
        return lend(net, look)
    made = nn.Sequential(*copy.deepcopy(list(net)))  # its slices are networks as well
    made.training = net.training
    return made


def tool(function, name):
    """Return what the set-up cells define or import as `name`, where a student's function lives."""
    return beside(function, name, SETUP[name])


def array(value):
    """Return a tensor, or numbers, as a float32 array: what two right programs share of a number."""
    value = value.detach().numpy() if torch.is_tensor(value) else np.asarray(value)
    return value.astype(np.float32)


def weights(model):
    """Return all parameters and statistics of a model, as arrays."""
    return [array(each) for each in model.state_dict().values()]


class Said(str):
    """Words in place of a value, shown without quotation marks."""

    __slots__ = ()
    __repr__ = str.__str__


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


def by(ask):
    """Return a judge that compares what ask(function, *arguments) makes of an answer with the oracle's value.

    Networks among the arguments live where the function lives; tensors are plain.
    """

    @remembered
    def judge(exercise, function, asked):
        def made(value):
            return lent(function, value) if isinstance(value, Net) else plain(value)

        outcome = call(lambda: ask(function, *map(made, asked.args), **asked.kwargs))
        return outcome, failure(outcome, expected_of(exercise, asked))

    return judge


@remembered
def refuses(_exercise, function, asked):
    """Judge a call that should raise a ValueError; what comes back instead matters only as being there."""
    outcome = call_copy(function, asked)
    return replace(outcome, value=None if outcome.error else Said("something")), refusal_failure(outcome)


@remembered
def kept(_exercise, function, asked):
    """Judge a call by what it leaves of the network and of the tensors that it is given."""
    net, *rest = asked.args
    model, rest = lent(function, net), plain(rest)
    look, before = tool(function, "look"), plain(rest)

    def ask():
        was = look(model)
        function(model, *rest, **asked.kwargs)
        now = look(model)
        changed = [name for name in was if not _same(was[name], now[name])]
        return changed + ["its arguments"] * (not _same(before, rest))

    outcome = call(ask)
    fault = failure(outcome, [])
    if fault and outcome.error is None:
        fault = f"after the call these are no longer what they were: {', '.join(outcome.value)}."
    return outcome, fault


def _same(mine, theirs):
    if torch.is_tensor(mine) or isinstance(mine, np.ndarray):
        return np.array_equal(mine, theirs)
    if isinstance(mine, (list, tuple)):
        return len(mine) == len(theirs) and all(map(_same, mine, theirs))
    return mine == theirs


def dictionary(found, *names):
    """Return a dict's values under the names wanted, or under all names in order; raise where it is none."""
    if not isinstance(found, dict):
        raise TypeError(f"a dict was wanted, and this is of type {type(found).__name__}")
    if names and set(names) != set(found):
        raise KeyError(f"the names {sorted(names)} were wanted, and these are {sorted(map(str, found))}")
    return [found[name] for name in names or sorted(found)]


@dataclass
class Work(Exercise):
    """An exercise on networks and tensors."""

    def know(self, facet, calls):
        """Note the oracle's values; for calls that are judged by themselves, the words for what is wanted."""
        words = {refuses: "a ValueError that says why.", kept: "everything is left as it was."}.get(facet.judge)
        if words:
            self.known |= {id(asked): (asked, Said(words)) for asked in calls}
        else:
            super().know(facet, calls)


__all__ = ["FAULTS", "SETUP", "Net", "Outcome", "Said", "Work", "array", "by", "classes", "dictionary"]
__all__ += ["few", "kept", "layer", "lent", "loss_of", "normal", "plain", "refuses", "remembered", "run_of"]
__all__ += ["seeded", "seeds", "told", "tool", "weights"]
