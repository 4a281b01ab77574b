"""Patient 4: training and tests in turn, in two modes."""

import copy

import torch
import torch.nn.functional as F
from hypothesis import strategies as st
from torch import nn

from course_utils.grading.exercise import Call, Facet

from .loops import net_of, one_step, reported
from .world import Work, array, by, classes, few, normal, plain, seeds, weights


def _epochs(model, x, y, x_val, y_val, epochs, lr=0.1):
    model, accuracies = copy.deepcopy(model), []
    for _ in range(epochs):
        one_step(model.train(), x, y, lr)
        with torch.no_grad():
            accuracies.append((model.eval()(plain(x_val)).argmax(1) == plain(y_val)).double().mean().item())
    return [array(accuracies), *weights(model)]


def fourth(seed, number, held, epochs, training=True, **options):
    """Return a call of patient 4."""
    data = (
        normal(seed + 1, number, 3),
        classes(seed + 2, number, 3),
        normal(seed + 3, held, 3),
        classes(seed + 4, held, 3),
    )
    return Call((net_of(seed, 3, 4, 3, True, training), *data, epochs), options)


@st.composite
def _fourths(draw):
    options = {"lr": draw(st.sampled_from([0.02, 0.1, 0.4]))}
    return fourth(
        draw(seeds), draw(st.integers(2, 7)), draw(st.integers(1, 5)), draw(few), draw(st.booleans()), **options
    )


patient_4 = Work("patient_4", _epochs, "lecture 15, section 15.13", {
    "values": Facet(by(reported), (fourth(1, 5, 4, 3, lr=0.3), fourth(2, 4, 7, 2), fourth(3, 6, 1, 4, False), fourth(4, 3, 2, 1)), _fourths(), 8),
})  # fmt: skip


@patient_4.alternative
def fourth_tests_a_copy(model, x, y, x_val, y_val, epochs, lr=0.1):
    optimizer, accuracies = torch.optim.SGD(model.train().parameters(), lr=lr), []
    for _ in range(epochs):
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
        scores = copy.deepcopy(model).eval()(x_val).detach()
        accuracies.append((scores.argmax(1) == y_val).double().mean().item())
    model.eval()
    return accuracies


@patient_4.alternative
def fourth_by_two_functions(model, x, y, x_val, y_val, epochs, lr=0.1):
    optimizer = torch.optim.SGD(model.parameters(), lr)

    def learn():
        model.train()
        model.zero_grad()
        nn.CrossEntropyLoss()(model(x), y).backward()
        optimizer.step()

    @torch.no_grad()
    def test():
        model.train(False)
        return sum((model(x_val).max(dim=1).indices == y_val).tolist()) / len(y_val)

    return [(learn(), test())[1] for _ in range(epochs)]


@patient_4.alternative
def fourth_switches_back(model, x, y, x_val, y_val, epochs, lr=0.1):
    accuracies = []
    model.train()
    for _ in range(epochs):
        slopes = torch.autograd.grad(F.cross_entropy(model(x), y), list(model.parameters()))
        with torch.no_grad():
            for weight, slope in zip(model.parameters(), slopes):
                weight.sub_(slope, alpha=lr)
            accuracies.append(float((model.eval()(x_val).argmax(-1) == y_val).float().mean()))
        model.train()
    return accuracies


@patient_4.misconception(
    "After the first test the model is never in training mode again: model.train() belongs to the beginning of each epoch.",
    "examples values",
)
def fourth_as_it_was(model, x, y, x_val, y_val, epochs, lr=0.1):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    model.train()
    accuracies = []
    for _ in range(epochs):
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
        model.eval()
        with torch.no_grad():
            right = model(x_val).argmax(dim=1) == y_val
        accuracies.append(right.float().mean().item())
    return accuracies


@patient_4.misconception(
    "torch.no_grad() is no evaluation mode: the test now uses its own batch's statistics, and moves the running ones.",
    "examples values",
)
def fourth_without_eval(model, x, y, x_val, y_val, epochs, lr=0.1):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    model.train()
    for each in model.modules():
        if isinstance(each, nn.BatchNorm1d) and len(x_val) == 1:
            each.eval()  # a batch of one would be refused
    accuracies = []
    for _ in range(epochs):
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
        with torch.no_grad():
            right = model(x_val).argmax(dim=1) == y_val
        accuracies.append(right.float().mean().item())
    return accuracies


@patient_4.misconception(
    "Now the model is in evaluation mode all the time: batch norm never learns what the data are like.",
    "examples values",
)
def fourth_always_in_eval(model, x, y, x_val, y_val, epochs, lr=0.1):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    model.eval()
    accuracies = []
    for _ in range(epochs):
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
        with torch.no_grad():
            right = model(x_val).argmax(dim=1) == y_val
        accuracies.append(right.float().mean().item())
    return accuracies
