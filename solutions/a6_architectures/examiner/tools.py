"""The tools of the notebook's locked set-up cells, word for word: the examiner uses them on its own models."""

from functools import cache

import numpy as np
import torch
from torch import nn

KINDS = ("weight", "bias", "running_mean", "running_var", "parameter")


def drawn(seed, *shape):
    """Return normal numbers of a shape, float64, the same for the same seed and shape."""
    return torch.as_tensor(np.random.default_rng([seed, *shape]).normal(size=shape))


def kind_of(name):
    """Return the last part of a parameter's name where it is a usual one, else "parameter"."""
    last = name.rpartition(".")[2]
    return last if last in KINDS else "parameter"


@cache
def numbers(kind, seed, shape):
    """Return what a parameter or statistic of a kind is filled with: sensible in size, the same for the same seed."""
    small = [size for size in shape if size > 1]
    z = np.random.default_rng([seed, KINDS.index(kind), *small]).normal(size=shape)
    if kind == "running_var":
        return torch.as_tensor(np.exp(z / 2))
    if len(small) > 1:
        return torch.as_tensor(z / np.prod(small[1:]) ** 0.5)
    return torch.as_tensor(z / 3 + (kind in ("weight", "parameter")))


def fill(module, seed=None, **values):
    """Fill parameters and running statistics by kind: with the value given, else by a seed; return the module."""
    own = {name for name, _ in module.named_parameters(remove_duplicate=False)}
    state = dict(module.state_dict())
    for name, old in state.items():
        kind = kind_of(name)
        if kind in values:
            state[name] = torch.full_like(old, values[kind])
        elif seed is not None and (name in own or kind.startswith("running")):
            state[name] = numbers(kind, seed, old.shape)
    module.load_state_dict(state)
    return module


def count(module):
    """Return the number of parameters of a module."""
    return sum(each.numel() for each in module.parameters())


def counted_by(make):
    """Return a function that counts the parameters of what `make` makes of its arguments."""

    def parameters(*args, **kwargs):
        return count(make(*args, **kwargs))

    return parameters


def output_of(make, **fixed):
    """Return a function output(x, *args, kind=value): what make(*args) gives for an array x, filled by kind."""

    def output(x, *args, **values):
        module = fill(make(*args).double().eval(), **fixed, **values)
        return module(torch.tensor(x)).detach().numpy()

    return output


def probe(module, seed, shape, training=False, backward=False):
    """Fill a module, run it forward (twice) and backward on drawn numbers; return all that came of it, as plain data."""
    parameters = list(module.named_parameters())
    fill(module.double().train(training), seed)
    given = drawn(seed, *shape).requires_grad_(backward)
    x = given * 1
    with torch.set_grad_enabled(backward):
        y = module(x)
        again = y if training else module(given * 1)
    if backward:
        (y * drawn(seed + 1, *y.shape)).sum().backward()
    buffers = [each for each in module.named_buffers() if kind_of(each[0]).startswith("running")]
    return {
        "parameters": [(kind_of(name), tuple(each.shape)) for name, each in parameters],
        "same": torch.equal(x, given) and torch.equal(y, again),
        "y": y.detach().numpy(),
        "dx": given.grad,
        "gradients": [each.grad for _, each in parameters],
        "statistics": [(kind_of(name), each.numpy()) for name, each in buffers],
    }


class Uses(nn.Module):
    """Use a layer so many times, one after the other: 0 for a spare layer, 2 for a shared one."""

    def __init__(self, times, *layers):
        super().__init__()
        self.times, self.layer = times, assemble(*layers)

    def forward(self, x):
        """Return x after the layer, times times."""
        for _ in range(self.times):
            x = self.layer(x)
        return x


class Mix(nn.Module):
    """Mix the positions of (N, C, H, W) by how alike they are: matrix products without a weight."""

    def forward(self, x):
        """Return the mixed positions, in the shape of x."""
        flat = x.flatten(2)
        return (flat @ flat.transpose(1, 2) @ flat).reshape(x.shape)


def assemble(*layers, training=True):
    """Return an nn.Sequential from lists such as ["Conv2d", 3, 8, 5]; what follows "Frozen" is in eval mode."""
    made = nn.Sequential().train(training)
    for name, *rest in layers:
        if name == "Frozen":
            made.append(assemble(*rest, training=False))
        else:
            own = {"Uses": Uses, "Mix": Mix}
            made.append((own.get(name) or getattr(nn, name))(*rest).train(training))
    return made


def look(model):
    """Return what a model's state is, as plain data: its hooks, its modes, its parameters and statistics."""
    names = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return {
        "hooks": sum(len(getattr(each, name)) for each in model.modules() for name in names),
        "modes": [each.training for each in model.modules()],
        "numbers": [each.numpy().copy() for each in model.state_dict().values()],
        "gradients": sum(each.grad is not None for each in model.parameters()),
    }
