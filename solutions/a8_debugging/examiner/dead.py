"""Dead units: the oracle sends the examples through the layers one by one, without hooks."""

import copy

import torch
from hypothesis import strategies as st
from torch import nn

from course_utils.grading.exercise import Call, Facet

from .world import Net, Work, array, by, dictionary, few, kept, layer, normal, plain, refuses, seeds


class Batches(list):
    """A list of batches whose copies are plain."""

    def __deepcopy__(self, memo):
        return [plain(each) for each in self]


def _dead(model, batches):
    model, shares = copy.deepcopy(model).eval(), {}
    with torch.no_grad():
        all_of_them = [plain(each) for each in batches]
        for name, part in model.named_children():
            all_of_them = [part(each) for each in all_of_them]
            if isinstance(part, nn.ReLU):
                units = torch.cat([each.movedim(1, -1).flatten(0, -2) for each in all_of_them])
                shares[name] = (units.amax(dim=0) == 0).double().mean()
    return [sorted(shares), array([shares[name] for name in sorted(shares)])]


def _asked(measure, model, batches):
    found = measure(model, batches)
    return [sorted(dictionary(found) and found), array([float(each) for each in dictionary(found)])]


def drawn(seed, kind, sizes, units=5, low=1.0, training=False):
    """Return a call: a net with some dead units, and batches of these sizes."""
    dense = layer("Linear", 3, units), layer("ReLU"), layer("Linear", units, units + 1), layer("ReLU")
    layers = {
        "dense": (*dense, layer("Linear", units + 1, 2)),
        "norm": (layer("Linear", 3, units), layer("BatchNorm1d", units), layer("ReLU"), layer("Linear", units, 2)),
        "drop": (layer("Linear", 3, units), layer("Dropout", 0.6), layer("ReLU"), layer("Linear", units, 2)),
        "conv": (
            layer("Conv2d", 2, units, 2),
            layer("ReLU"),
            layer("Flatten"),
            layer("Linear", 2 * units, 4),
            layer("ReLU"),
        ),
    }[kind]
    shape = (2, 2, 3) if kind == "conv" else (3,)
    batches = Batches(normal(seed + place, size, *shape) for place, size in enumerate(sizes))
    return Call((Net(*layers, seed=seed, training=training, low=low), batches))


@st.composite
def _calls(draw):
    kind, sizes = draw(st.sampled_from(["dense", "norm", "drop", "conv"])), draw(st.lists(few, min_size=1, max_size=3))
    low, training = draw(st.sampled_from([0.3, 1.0, 2.0])), draw(st.booleans())
    return drawn(draw(seeds), kind, sizes, draw(st.integers(3, 7)), low, training)


FIXED = (drawn(1, "dense", (2, 3, 1)), drawn(2, "conv", (1, 2)), drawn(3, "norm", (3, 2), training=True))
FIXED += (drawn(4, "drop", (2, 2), training=True), drawn(5, "conv", (2, 2), low=2.0), drawn(6, "dense", (1,), 7))
FIXED += (drawn(7, "norm", (4, 3), 7, 0.3, True), drawn(8, "drop", (3,), 7, 0.3, True))
NET = Net(layer("Linear", 3, 2), layer("ReLU"))

dead_fraction = Work(
    "dead_fraction",
    _dead,
    "lecture 15, section 15.4",
    {
        "values": Facet(by(_asked), FIXED, _calls(), 12),
        "kept": Facet(kept, (drawn(3, "norm", (3, 2), training=True), drawn(9, "norm", (2, 2)), drawn(4, "drop", (2,)))),
        "refusals": Facet(refuses, (
            Call((NET, []), note="there is no batch"),
            Call((Net(layer("Linear", 3, 2), layer("Tanh")), [normal(1, 2, 3)]), note="there is no nn.ReLU"),
        )),
    },
)  # fmt: skip


@dead_fraction.alternative
def dead_by_keeping_all(model, batches):
    names = {each: name for name, each in model.named_modules() if isinstance(each, nn.ReLU)}
    if not names or not batches:
        raise ValueError("a ReLU and a batch were wanted")
    twin, outputs = copy.deepcopy(model).eval(), {name: [] for name in names.values()}
    for name, each in twin.named_modules():
        if name in outputs:
            each.register_forward_hook(lambda _layer, _given, output, name=name: outputs[name].append(output))
    with torch.inference_mode():
        for batch in batches:
            twin(batch)
    found = {}
    for name, seen in outputs.items():
        highest = torch.cat([each.flatten(2).amax(2) if each.dim() == 4 else each for each in seen]).amax(0)
        found[name] = (highest == 0).double().mean().item()
    return found


@dead_fraction.alternative
def dead_by_children(model, batches):
    parts = list(model.named_children())
    if len(batches) < 1 or not any(isinstance(part, nn.ReLU) for _, part in parts):
        raise ValueError("a ReLU and a batch were wanted")
    parts, spoken = [(name, copy.deepcopy(part).eval()) for name, part in parts], {}
    for x in batches:
        for name, part in parts:
            x = part(x).detach()
            if isinstance(part, nn.ReLU):
                loud = x.abs().sum(dim=[axis for axis in range(x.dim()) if axis != 1])
                spoken[name] = spoken.get(name, 0) + loud
    return {name: (each == 0).sum().item() / len(each) for name, each in spoken.items()}


@dead_fraction.alternative
def dead_by_swapping_the_layers(model, batches):
    class Listening(nn.Module):
        def __init__(self):
            super().__init__()
            self.most = 0.0

        def forward(self, x):
            y = x.clamp(min=0)
            self.most = torch.maximum(y.transpose(0, 1).flatten(1).amax(1), torch.as_tensor(self.most))
            return y

    twin = copy.deepcopy(model)
    twin.eval()
    ears = {name: Listening() for name, each in twin.named_modules() if type(each) is nn.ReLU}
    if not (ears and batches):
        raise ValueError("a ReLU and a batch were wanted")
    for name, ear in ears.items():
        twin.set_submodule(name, ear)
    with torch.no_grad():
        for batch in batches:
            twin(batch)
    return {name: 1 - int(ear.most.count_nonzero()) / len(ear.most) for name, ear in ears.items()}


@dead_fraction.misconception(
    "A unit that is silent for one example may speak for the next: it is dead only if it is 0 for every example of every batch.",
    "examples values",
)
def dead_on_one_example(model, batches):
    layers = {name: each for name, each in model.named_modules() if isinstance(each, nn.ReLU)}
    if not layers or len(batches) == 0:
        raise ValueError("a ReLU and a batch were wanted")
    twin, spoken = copy.deepcopy(model).eval(), dict.fromkeys(layers, True)
    for name in layers:

        def hook(_layer, _inputs, output, name=name):
            spoken[name] = spoken[name] & (output > 0).movedim(1, -1).flatten(0, -2).all(dim=0)

        twin.get_submodule(name).register_forward_hook(hook)
    with torch.no_grad():
        for batch in batches:
            twin(batch)
    return {name: float((~each).double().mean()) for name, each in spoken.items()}


@dead_fraction.misconception(
    "That is the share of zeros, the sparsity. Asked was the share of units that give nothing but zeros.",
    "examples values",
)
def dead_as_sparsity(model, batches):
    layers = {name: each for name, each in model.named_modules() if isinstance(each, nn.ReLU)}
    if not layers or len(batches) == 0:
        raise ValueError("a ReLU and a batch were wanted")
    twin, seen = copy.deepcopy(model).eval(), {name: [] for name in layers}
    for name in layers:
        twin.get_submodule(name).register_forward_hook(lambda _layer, _x, y, name=name: seen[name].append(y.flatten()))
    with torch.no_grad():
        for batch in batches:
            twin(batch)
    return {name: float((torch.cat(each) == 0).double().mean()) for name, each in seen.items()}


@dead_fraction.misconception(
    "The batches' shares are averaged: a unit may be silent in one batch and speak in the next. Put the batches together unit by unit.",
    "examples values",
)
def dead_mean_of_batches(model, batches):
    layers = {name: each for name, each in model.named_modules() if isinstance(each, nn.ReLU)}
    if not layers or len(batches) == 0:
        raise ValueError("a ReLU and a batch were wanted")
    twin, shares = copy.deepcopy(model).eval(), {name: [] for name in layers}
    for name in layers:

        def hook(_layer, _inputs, output, name=name):
            silent = (output == 0).movedim(1, -1).flatten(0, -2).all(dim=0)
            shares[name].append(float(silent.double().mean()))

        twin.get_submodule(name).register_forward_hook(hook)
    with torch.no_grad():
        for batch in batches:
            twin(batch)
    return {name: sum(each) / len(each) for name, each in shares.items()}


@dead_fraction.misconception(
    "Each position of a map is counted as a unit of its own: a channel is one unit, wherever it speaks.",
    "examples values",
)
def dead_by_position(model, batches):
    layers = {name: each for name, each in model.named_modules() if isinstance(each, nn.ReLU)}
    if not layers or len(batches) == 0:
        raise ValueError("a ReLU and a batch were wanted")
    twin, spoken = copy.deepcopy(model).eval(), dict.fromkeys(layers, False)
    for name in layers:

        def hook(_layer, _inputs, output, name=name):
            spoken[name] = spoken[name] | (output > 0).any(dim=0)

        twin.get_submodule(name).register_forward_hook(hook)
    with torch.no_grad():
        for batch in batches:
            twin(batch)
    return {name: float((~each).double().mean()) for name, each in spoken.items()}


@dead_fraction.misconception(
    "The model measures in training mode: dropout silences units by chance, and batch norm looks at the batch. Call eval(), and go back at the end.",
    "examples values",
)
def dead_without_eval(model, batches):
    layers = {name: each for name, each in model.named_modules() if isinstance(each, nn.ReLU)}
    if not layers or len(batches) == 0:
        raise ValueError("a ReLU and a batch were wanted")
    twin, spoken = copy.deepcopy(model), dict.fromkeys(layers, False)
    torch.manual_seed(0)  # the same each time, so that feedback can recognise it
    for name in layers:

        def hook(_layer, _inputs, output, name=name):
            spoken[name] = spoken[name] | (output > 0).movedim(1, -1).flatten(0, -2).any(dim=0)

        twin.get_submodule(name).register_forward_hook(hook)
    with torch.no_grad():
        for batch in batches:
            twin(batch)
    return {name: float((~each).double().mean()) for name, each in spoken.items()}


@dead_fraction.misconception(
    "The hooks stay on the model: every later call runs them again. Keep the handles, and call remove().",
    "kept",
)
def dead_leaves_its_hooks(model, batches):
    layers = {name: each for name, each in model.named_modules() if isinstance(each, nn.ReLU)}
    if not layers or len(batches) == 0:
        raise ValueError("a ReLU and a batch were wanted")
    spoken, was = dict.fromkeys(layers, False), model.training
    for name, each in layers.items():

        def hook(_layer, _inputs, output, name=name):
            spoken[name] = spoken[name] | (output > 0).movedim(1, -1).flatten(0, -2).any(dim=0)

        each.register_forward_hook(hook)
    model.eval()
    with torch.no_grad():
        for batch in batches:
            model(batch)
    model.train(was)
    return {name: float((~each).double().mean()) for name, each in spoken.items()}


@dead_fraction.misconception(
    "Where there is no batch or no nn.ReLU, nothing can be measured: say so by a ValueError.",
    "examples refusals",
)
def dead_unchecked(model, batches):
    twin, spoken = copy.deepcopy(model).eval(), {}
    for name, each in twin.named_modules():

        def hook(_layer, _inputs, output, name=name):
            spoken[name] = spoken.get(name, False) | (output > 0).movedim(1, -1).flatten(0, -2).any(dim=0)

        if isinstance(each, nn.ReLU):
            each.register_forward_hook(hook)
    with torch.no_grad():
        for batch in batches:
            twin(batch)
    return {name: float((~each).double().mean()) for name, each in spoken.items()}
