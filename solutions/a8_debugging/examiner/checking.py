"""The gradient check: the oracle measures by unit vectors, on a copy."""

import copy
import math

import numpy as np
import torch
from hypothesis import strategies as st
from torch import nn

from course_utils.grading.exercise import Call, Facet

from .world import Net, Work, array, by, dictionary, kept, layer, loss_of, normal, plain, refuses, seeds, told


def _errors(module, x, eps=1e-6):
    """Return the names, sorted, and the relative errors beside them."""
    module, x = copy.deepcopy(module).double().eval(), plain(x).double().requires_grad_()
    loss_of(module, x).backward()
    found = {}
    for name, tensor in {"input": x, **dict(module.named_parameters())}.items():
        claim = np.zeros(tensor.numel()) if tensor.grad is None else tensor.grad.numpy().ravel()
        moves, losses = torch.eye(tensor.numel(), dtype=torch.float64).mul(eps).view(-1, *tensor.shape), []
        with torch.no_grad():
            start = tensor.clone()
            for move in (*moves, *-moves):
                tensor.copy_(start + move)
                losses.append(loss_of(module, x).item())
            tensor.copy_(start)
        measured = np.subtract(*np.split(np.array(losses), 2)) / (2 * eps)
        larger = max(np.linalg.norm(claim), np.linalg.norm(measured))
        found[name] = np.linalg.norm(claim - measured) / larger if larger else 0.0
    return [sorted(found), array([found[name] for name in sorted(found)])]


def _asked(check, module, x, *eps):
    found = check(module, x, *eps)
    return [sorted(dictionary(found) and found), array([float(each) for each in dictionary(found)])]


def small(seed, features, units, kind, eps, training=True, suspect=None):
    """Return a call: a net of one kind, with examples for it; eps may be large."""
    middle = layer("Suspect", suspect) if suspect else layer("Tanh")
    layers = {
        "dense": (layer("Linear", features, units), middle, layer("Linear", units, 2)),
        "drop": (layer("Linear", features, units), layer("Dropout", 0.5), middle, layer("Linear", units, 2)),
        "norm": (layer("Linear", features, units), layer("BatchNorm1d", units), middle, layer("Linear", units, 2)),
        "one": (layer("Linear", 1, 2), middle, layer("Linear", 2, 1)),
        "conv": (layer("Conv2d", 1, 2, 2, bias=False), middle, layer("Flatten"), layer("Linear", 2 * features, 2)),
    }[kind]
    shape = (units, 1, 2, features + 1) if kind == "conv" else (units + 1, features)
    return Call((Net(*layers, seed=seed, training=training), normal(seed + 1, *shape), *((eps,) if eps else ())))


@st.composite
def _calls(draw, suspects=(None,)):
    kind, suspect = draw(st.sampled_from(["dense", "drop", "norm", "conv"])), draw(st.sampled_from(suspects))
    eps, training = draw(st.sampled_from([0.5, 0.2, 0.1, 1e-4, None])), draw(st.booleans())
    return small(draw(seeds), draw(st.integers(1, 2)), draw(st.integers(2, 3)), kind, eps, training, suspect)


FAULTY = ("sign", "twice", "cut")
FIXED = tuple(small(1, 3, 2, kind, eps) for kind, eps in (("dense", 0.5), ("drop", 0.2), ("norm", 0.5), ("conv", 0.1)))
FIXED += (small(4, 1, 0, "one", 0.1), small(2, 2, 3, "dense", None), small(3, 2, 2, "norm", None, False))
ZERO = Call((Net(layer("Linear", 2, 3), layer("ReLU"), layer("Linear", 3, 1), seed=3, low=99.0), normal(4, 2, 2), 0.1))
ILL = tuple(small(5, 3, 2, kind, 0.1, suspect=each) for kind, each in zip(("dense", "conv", "norm"), FAULTY))
NET, X = small(1, 3, 2, "drop", None).args

gradient_check_module = Work(
    "gradient_check_module",
    _errors,
    "lecture 15, section 15.3",
    {
        "values": Facet(by(_asked), (*FIXED, ZERO), _calls(), 4),
        "faults": Facet(by(_asked), ILL, _calls(FAULTY), 4),
        "kept": Facet(kept, (small(1, 3, 2, "norm", None), small(2, 3, 2, "drop", 0.1), small(3, 2, 3, "norm", 0.1, False), small(5, 3, 2, "dense", 0.1, suspect="cut"))),
        "refusals": Facet(refuses, (
            Call((NET, X, 0.0), note="eps is 0"),
            Call((NET, X, -1e-3), note="eps is negative"),
            Call((NET, X[:0]), note="there is no example"),
            Call((NET, told(torch.tensor([[1.0, math.nan, 2.0]]))), note="x holds nan"),
            Call((NET, told(torch.tensor([[1.0, math.inf, 2.0]]))), note="x holds infinity"),
        )),
    },
)  # fmt: skip


@gradient_check_module.alternative
def check_by_functional_call(module, x, eps=1e-6):
    if eps <= 0 or x.numel() < 1 or not torch.isfinite(x).all():
        raise ValueError("eps must be above 0, and x must hold finite numbers")
    twin = copy.deepcopy(module).eval().double()
    start = {"input": x.double(), **{name: each.detach() for name, each in twin.named_parameters()}}

    def loss(values):
        values = dict(values)
        given = values.pop("input")
        return loss_of(lambda z: torch.func.functional_call(twin, values, z), given)

    slopes, errors = torch.func.grad(loss)(start), {}
    for name, at in start.items():
        measured = torch.zeros_like(at)
        for place in np.ndindex(*at.shape):
            up, down = at.clone(), at.clone()
            up[place] += eps
            down[place] -= eps
            measured[place] = (loss({**start, name: up}) - loss({**start, name: down})) / (2 * eps)
        larger = max(slopes[name].norm(), measured.norm())
        errors[name] = ((slopes[name] - measured).norm() / larger).item() if larger > 0 else 0.0
    return errors


@gradient_check_module.alternative
def check_by_backward(module, x, eps=1e-6):
    if x.numel() == 0 or not bool(x.isfinite().all()) or eps <= 0:
        raise ValueError("eps must be above 0, and x must hold finite numbers")
    module = copy.deepcopy(module).to(torch.float64).train(False)
    x = nn.Parameter(x.detach().to(torch.float64, copy=True))
    loss_of(module, x).backward()
    errors = {}
    with torch.no_grad():
        for name, tensor in (("input", x), *module.named_parameters()):
            kept, measured = tensor.data.clone(), []
            for move in torch.eye(tensor.numel(), dtype=torch.float64) * eps:
                tensor.data = kept + move.view_as(kept)
                above = loss_of(module, x)
                tensor.data = kept - move.view_as(kept)
                measured.append((above - loss_of(module, x)).item() / 2 / eps)
            tensor.data = kept
            claimed = np.zeros(len(measured)) if tensor.grad is None else tensor.grad.numpy().ravel()
            norms = np.linalg.norm(claimed), np.linalg.norm(measured)
            errors[name] = np.linalg.norm(claimed - measured) / max(*norms, 1e-300)
    return errors


@gradient_check_module.alternative
def check_of_one_long_vector(module, x, eps=1e-6):
    if not (eps > 0 and x.numel() and x.isfinite().all()):
        raise ValueError("eps must be above 0, and x must hold finite numbers")
    net = copy.deepcopy(module).double().eval()
    names, sizes = zip(("input", x.numel()), *((name, each.numel()) for name, each in net.named_parameters()))
    flat = torch.cat([x.detach().double().flatten(), *(each.detach().flatten() for each in net.parameters())])

    def loss(numbers):
        z = numbers[: x.numel()].view(x.shape)
        torch.nn.utils.vector_to_parameters(numbers[x.numel() :], net.parameters())
        return loss_of(net, z).item()

    z = x.double().requires_grad_()
    claimed = torch.autograd.grad(loss_of(net, z), [z, *net.parameters()], materialize_grads=True, allow_unused=True)
    moves = eps * torch.eye(len(flat), dtype=torch.float64)
    measured = torch.tensor([(loss(flat + move) - loss(flat - move)) / (2 * eps) for move in moves])
    errors = {}
    for name, claim, part in zip(names, claimed, measured.split(sizes)):
        larger = max(claim.norm().item(), part.norm().item())
        errors[name] = (claim.flatten() - part).norm().item() / larger if larger else 0.0
    return errors


@gradient_check_module.misconception(
    "The difference is taken on one side only: its error shrinks with eps, that of a central difference with eps squared.",
    "examples values faults",
)
def check_one_sided(module, x, eps=1e-6):
    if not eps > 0 or x.numel() == 0 or not x.isfinite().all():
        raise ValueError("these arguments do not fit")
    module, x = copy.deepcopy(module).double().eval(), x.detach().double().clone().requires_grad_()
    tensors = {"input": x, **dict(module.named_parameters())}
    found = torch.autograd.grad(loss_of(module, x), list(tensors.values()), materialize_grads=True, allow_unused=True)
    errors = {}
    for (name, tensor), claimed in zip(tensors.items(), found):
        flat, measured = tensor.detach().view(-1), torch.zeros(tensor.numel(), dtype=torch.float64)
        for i, old in enumerate(flat.tolist()):
            with torch.no_grad():
                here = loss_of(module, x)
                flat[i] = old + eps
                measured[i] = (loss_of(module, x) - here) / eps
                flat[i] = old
        larger = max(claimed.norm(), measured.norm())
        errors[name] = float((claimed.flatten() - measured).norm() / larger) if larger else 0.0
    return errors


@gradient_check_module.misconception(
    "That is the absolute error: a gradient of 1e-5 may be off by a half and pass. Divide by the larger of the two norms.",
    "examples values faults",
)
def check_absolute(module, x, eps=1e-6):
    if not eps > 0 or x.numel() == 0 or not x.isfinite().all():
        raise ValueError("these arguments do not fit")
    module, x = copy.deepcopy(module).double().eval(), x.detach().double().clone().requires_grad_()
    tensors = {"input": x, **dict(module.named_parameters())}
    found = torch.autograd.grad(loss_of(module, x), list(tensors.values()), materialize_grads=True, allow_unused=True)
    errors = {}
    for (name, tensor), claimed in zip(tensors.items(), found):
        flat, measured = tensor.detach().view(-1), torch.zeros(tensor.numel(), dtype=torch.float64)
        for i, old in enumerate(flat.tolist()):
            for sign in (1, -1):
                flat[i] = old + sign * eps
                with torch.no_grad():
                    measured[i] += sign * loss_of(module, x) / (2 * eps)
            flat[i] = old
        errors[name] = float((claimed.flatten() - measured).norm())
    return errors


@gradient_check_module.misconception(
    "The differences are computed in float32: with a step of 1e-6 nothing but rounding is left. Convert copies of module and x by .double().",
    "examples values faults",
)
def check_in_float32(module, x, eps=1e-6):
    if not eps > 0 or x.numel() == 0 or not x.isfinite().all():
        raise ValueError("these arguments do not fit")
    module, x = copy.deepcopy(module).eval(), x.detach().clone().requires_grad_()
    tensors = {"input": x, **dict(module.named_parameters())}
    found = torch.autograd.grad(loss_of(module, x), list(tensors.values()), materialize_grads=True, allow_unused=True)
    errors = {}
    for (name, tensor), claimed in zip(tensors.items(), found):
        flat, measured = tensor.detach().view(-1), torch.zeros(tensor.numel())
        for i, old in enumerate(flat.tolist()):
            for sign in (1, -1):
                flat[i] = old + sign * eps
                with torch.no_grad():
                    measured[i] += sign * loss_of(module, x).float() / (2 * eps)
            flat[i] = old
        larger = max(claimed.norm(), measured.norm())
        errors[name] = float((claimed.flatten() - measured).norm() / larger) if larger else 0.0
    return errors


@gradient_check_module.misconception(
    "The check is not made in evaluation mode: with dropout each call computes another function, and no difference means anything.",
    "examples values faults",
)
def check_without_eval(module, x, eps=1e-6):
    if not eps > 0 or x.numel() == 0 or not x.isfinite().all():
        raise ValueError("these arguments do not fit")
    module, x = copy.deepcopy(module).double(), x.detach().double().clone().requires_grad_()
    torch.manual_seed(0)  # the same each time, so that feedback can recognise it
    tensors = {"input": x, **dict(module.named_parameters())}
    found = torch.autograd.grad(loss_of(module, x), list(tensors.values()), materialize_grads=True, allow_unused=True)
    errors = {}
    for (name, tensor), claimed in zip(tensors.items(), found):
        flat, measured = tensor.detach().view(-1), torch.zeros(tensor.numel(), dtype=torch.float64)
        for i, old in enumerate(flat.tolist()):
            for sign in (1, -1):
                flat[i] = old + sign * eps
                with torch.no_grad():
                    measured[i] += sign * loss_of(module, x) / (2 * eps)
            flat[i] = old
        larger = max(claimed.norm(), measured.norm())
        errors[name] = float((claimed.flatten() - measured).norm() / larger) if larger else 0.0
    return errors


@gradient_check_module.misconception(
    "The module itself is converted and switched to evaluation mode, and stays so: measure on a copy, by copy.deepcopy.",
    "kept",
)
def check_on_the_module_itself(module, x, eps=1e-6):
    if not eps > 0 or x.numel() == 0 or not x.isfinite().all():
        raise ValueError("these arguments do not fit")
    module, x = module.double().eval(), x.detach().double().clone().requires_grad_()
    tensors = {"input": x, **dict(module.named_parameters())}
    found = torch.autograd.grad(loss_of(module, x), list(tensors.values()), materialize_grads=True, allow_unused=True)
    errors = {}
    for (name, tensor), claimed in zip(tensors.items(), found):
        flat, measured = tensor.detach().view(-1), torch.zeros(tensor.numel(), dtype=torch.float64)
        for i, old in enumerate(flat.tolist()):
            for sign in (1, -1):
                flat[i] = old + sign * eps
                with torch.no_grad():
                    measured[i] += sign * loss_of(module, x) / (2 * eps)
            flat[i] = old
        larger = max(claimed.norm(), measured.norm())
        errors[name] = float((claimed.flatten() - measured).norm() / larger) if larger else 0.0
    return errors


@gradient_check_module.misconception(
    "The arguments are not checked: a step of 0, no example, or nan in x makes a check that says nothing.",
    "examples refusals",
)
def check_unchecked(module, x, eps=1e-6):
    module, x = copy.deepcopy(module).double().eval(), x.detach().double().clone().requires_grad_()
    tensors = {"input": x, **dict(module.named_parameters())}
    found = torch.autograd.grad(loss_of(module, x), list(tensors.values()), materialize_grads=True, allow_unused=True)
    errors = {}
    for (name, tensor), claimed in zip(tensors.items(), found):
        flat, measured = tensor.detach().view(-1), torch.zeros(tensor.numel(), dtype=torch.float64)
        for i, old in enumerate(flat.tolist()):
            for sign in (1, -1):
                flat[i] = old + sign * eps
                with torch.no_grad():
                    measured[i] += sign * loss_of(module, x) / (2 * eps) if eps else 0.0
            flat[i] = old
        larger = max(claimed.norm(), measured.norm())
        errors[name] = float((claimed.flatten() - measured).norm() / larger) if larger else 0.0
    return errors
