"""Patients 2 and 3: a net that hides its layers, and a test that hands probabilities to a loss of scores."""

from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F
from hypothesis import strategies as st
from torch import nn

from course_utils.checks import Outcome, call, failure
from course_utils.grading.exercise import Call, Facet, expected_of

from .world import Net, Work, array, by, classes, few, layer, normal, remembered, seeds, tool


def _studied(sizes):
    """Return what `study` should find: shapes, outputs, gradients, computed with matrices alone."""
    shapes = [shape for before, after in pairwise(sizes) for shape in ([after, before], [after])]
    numbers = torch.Generator().manual_seed(1)
    values = [(torch.randn(shape, generator=numbers) / 2).requires_grad_() for shape in shapes]
    x = normal(2, 3, sizes[0]).clone().as_subclass(torch.Tensor)
    for place in range(0, len(values), 2):
        x = (x.relu() if place else x) @ values[place].T + values[place + 1]
    slopes = torch.autograd.grad(x.square().sum(), values)
    return [shapes, array(x), *map(array, slopes)]


@remembered
def studied(exercise, function, asked):
    """Judge a net by its parameters, and by output and gradients when it is filled."""
    x = torch.randn(3, asked.args[0][0], generator=torch.Generator().manual_seed(2))

    def ask():
        module = function(list(asked.args[0]))
        shapes, y, *slopes = tool(function, "study")(module, x)
        return [shapes, array(y), *(None if each is None else array(each) for each in slopes)]

    outcome = call(ask)
    expected = expected_of(exercise, asked)
    if outcome.error is None and outcome.value[0] != expected[0]:
        known = Outcome(outcome.value[:1])  # the rest is different each time
        return known, f"torch knows of parameters of the shapes {known.value[0]}, and {expected[0]} were wanted."
    return outcome, failure(outcome, expected)


SIZES = st.lists(st.integers(2, 6), min_size=2, max_size=5)
patient_2 = Work("patient_2", _studied, "lecture 15, section 15.13", {
    "values": Facet(studied, tuple(Call((each,)) for each in ([3, 5, 2], [4, 3], [2, 6, 3, 5, 4])), SIZES.map(lambda each: Call((each,))), 8),
})  # fmt: skip


@patient_2.alternative
def second_in_a_module_list(sizes):
    class Mended(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.ModuleList(nn.Linear(before, after) for before, after in pairwise(sizes))

        def forward(self, x):
            *first, last = self.layers
            for each in first:
                x = each(x).relu()
            return last(x)

    return Mended()


@patient_2.alternative
def second_by_names(sizes):
    class Mended(nn.Module):
        def __init__(self):
            super().__init__()
            for place in range(len(sizes) - 1):
                self.add_module(f"layer{place}", nn.Linear(sizes[place], sizes[place + 1]))

        def forward(self, x):
            for place, each in enumerate(self.children()):
                x = each(F.relu(x) if place else x)
            return x

    return Mended()


@patient_2.alternative
def second_one_inside_the_other(sizes):
    class Mended(nn.Module):
        def __init__(self, sizes):
            super().__init__()
            self.first = nn.Linear(*sizes[:2])
            self.rest = Mended(sizes[1:]) if len(sizes) > 2 else None

        def forward(self, x):
            x = self.first(x)
            return x if self.rest is None else self.rest(torch.clamp(x, min=0.0))

    return Mended(sizes)


@patient_2.misconception(
    "The layers are still in a Python list, which torch does not look into: use nn.ModuleList or nn.Sequential.",
    "examples values",
)
def second_as_it_was(sizes):
    class Ill(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = [nn.Linear(before, after) for before, after in pairwise(sizes)]

        def forward(self, x):
            for each in self.layers[:-1]:
                x = each(x).relu()
            return self.layers[-1](x)

    return Ill()


@patient_2.misconception(
    "Only the last layer is known to torch, as an attribute of its own; those before it are still in a Python list.",
    "examples values",
)
def second_half_mended(sizes):
    class Ill(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = [nn.Linear(before, after) for before, after in pairwise(sizes[:-1])]
            self.last = nn.Linear(*sizes[-2:])

        def forward(self, x):
            for each in self.layers:
                x = each(x).relu()
            return self.last(x)

    return Ill()


@patient_2.misconception(
    "There is a ReLU after the last layer as well: its negative scores are lost, and with them their gradients.",
    "examples values",
)
def second_with_a_last_relu(sizes):
    layers = []
    for before, after in pairwise(sizes):
        layers += [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*layers)


@patient_2.misconception(
    "The ReLUs are gone: linear layers one after the other are one linear layer.",
    "examples values",
)
def second_without_relus(sizes):
    return nn.Sequential(*(nn.Linear(before, after) for before, after in pairwise(sizes)))


def _tested(model, x, y):
    z = model.eval()(x.as_subclass(torch.Tensor)).detach().double().numpy()
    logs = z - np.log(np.exp(z - z.max(1, keepdims=True)).sum(1, keepdims=True)) - z.max(1, keepdims=True)
    chosen = logs[np.arange(len(z)), y.numpy()]
    return [array([-chosen.mean(), np.exp(chosen).mean()])]


def _asked(test, model, x, y):
    loss, confidence = test(model, x, y)
    return [array([float(loss), float(confidence)])]


def third(seed, number, most, kind="Linear", training=True):
    """Return a call of patient 3."""
    middle = {"Linear": (), "Dropout": (layer("Dropout", 0.5),), "BatchNorm1d": (layer("BatchNorm1d", 4),)}[kind]
    net = Net(*middle, layer("Linear", 4, most), seed=seed, training=training)
    return Call((net, normal(seed + 1, number, 4), classes(seed + 2, number, most)))


@st.composite
def _thirds(draw):
    kind = draw(st.sampled_from(["Linear", "Dropout", "BatchNorm1d"]))
    return third(draw(seeds), draw(few) + 1, draw(st.integers(2, 6)), kind, draw(st.booleans()))


patient_3 = Work("patient_3", _tested, "lecture 15, section 15.13", {
    "values": Facet(by(_asked), (third(1, 5, 3), third(2, 4, 10, "BatchNorm1d"), third(3, 3, 2, "Dropout"), third(4, 1, 4)), _thirds(), 10),
})  # fmt: skip


@patient_3.alternative
def third_by_logarithms(model, x, y):
    model.train(False)
    with torch.inference_mode():
        logs = F.log_softmax(model(x), dim=1)
    return F.nll_loss(logs, y).item(), logs.exp().gather(1, y[:, None]).mean().item()


@patient_3.alternative
def third_by_hand(model, x, y):
    scores = model.eval()(x).detach()
    chosen = scores[torch.arange(len(y)), y] - scores.logsumexp(dim=1)
    return -float(chosen.mean()), float(chosen.exp().mean())


@patient_3.alternative
def third_in_numpy(model, x, y):
    model.eval()
    z = model(x).detach().numpy().astype(float)
    z = z - z.max(axis=1, keepdims=True)
    p = np.exp(z)
    p = p[np.arange(len(z)), y.numpy()] / p.sum(axis=1)
    return float(-np.log(p).mean()), float(p.mean())


@patient_3.misconception(
    "cross_entropy still gets probabilities, and takes a softmax of them: hand it the scores.",
    "examples values",
)
def third_as_it_was(model, x, y):
    model.eval()
    with torch.no_grad():
        p = model(x).softmax(dim=1)
    loss = F.cross_entropy(p, y).item()
    confidence = p[torch.arange(len(y)), y].mean().item()
    return loss, confidence


@patient_3.misconception(
    "The softmax is gone everywhere: the loss is right, and the confidence is the mean of scores, no probability.",
    "examples values",
)
def third_without_any_softmax(model, x, y):
    model.eval()
    with torch.no_grad():
        p = model(x)
    loss = F.cross_entropy(p, y).item()
    confidence = p[torch.arange(len(y)), y].mean().item()
    return loss, confidence


@patient_3.misconception(
    "nll_loss wants logarithms of probabilities: of the probabilities themselves it gives minus the confidence.",
    "examples values",
)
def third_without_the_logarithm(model, x, y):
    model.eval()
    with torch.no_grad():
        p = model(x).softmax(dim=1)
    loss = F.nll_loss(p, y).item()
    confidence = p[torch.arange(len(y)), y].mean().item()
    return loss, confidence


@patient_3.misconception(
    "The softmax runs over the examples (dim=0): what an example's probabilities are then depends on its neighbours.",
    "examples values",
)
def third_over_the_batch(model, x, y):
    model.eval()
    with torch.no_grad():
        scores = model(x)
    p = scores.softmax(dim=0)
    return F.cross_entropy(scores, y).item(), p[torch.arange(len(y)), y].mean().item()
