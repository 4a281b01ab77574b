"""Statistics of activations: the oracle is NumPy's, on a table of samples and units."""

import numpy as np
import torch
from hypothesis import strategies as st

from course_utils.grading.exercise import Call, Facet

from .world import Work, array, by, dictionary, few, refuses, seeded, seeds, told

NAMES = ("variance", "sparsity", "constant", "correlation")


def _stats(hidden):
    table = np.moveaxis(hidden.numpy().astype(float), 1, -1).reshape(-1, hidden.shape[1])
    varied = [column for column in table.T if column.max() > column.min()]
    pairs = [abs(np.corrcoef(a, b)[0, 1]) for i, a in enumerate(varied) for b in varied[:i]]
    sparsity, constant = (table == 0).mean(), table.shape[1] - len(varied)
    return [array(table.var(axis=0)), array([sparsity]), constant, array([np.mean(pairs) if pairs else 0.0])]


def _asked(stats, hidden):
    variance, sparsity, constant, correlation = dictionary(stats(hidden), *NAMES)
    correlation = float(correlation)
    return [
        array(variance),
        array([float(sparsity)]),
        constant,
        array([correlation]) if correlation == correlation else "nan",
    ]


def drawn(seed, *shape, still=0, scale=1.0):
    """Return a call: activations with zeros, related units, and some that never change."""
    rng = seeded(seed)
    hidden = torch.randn(shape, generator=rng) + torch.randn(1, shape[1], *[1] * (len(shape) - 2), generator=rng)
    hidden[:, 1:] += 0.7 * hidden[:, :-1]
    hidden = scale * hidden.relu() if seed % 2 else scale * hidden
    for unit in torch.randperm(shape[1], generator=rng)[:still]:
        hidden[:, unit] = 0.1 * (unit % 2)
    return Call((told(hidden),))


@st.composite
def _tables(draw):
    units = draw(st.integers(1, 5))
    still, scale = draw(st.integers(0, units)), draw(st.sampled_from([1.0, 0.1, 50.0]))
    return drawn(draw(seeds), draw(st.integers(2, 7)), units, still=still, scale=scale)


@st.composite
def _maps(draw):
    shape = (draw(few), draw(st.integers(1, 4)), draw(few), draw(st.integers(2, 4)))
    return drawn(draw(seeds), *shape, still=draw(st.integers(0, 1)))


ODD = told(torch.tensor([[1.0, 0.0, 0.1], [3.0, 0.0, 0.1]]))
SAME = told(torch.full((7, 2), 0.1))
TABLES = (drawn(1, 5, 3), drawn(2, 4, 6, still=2), drawn(3, 7, 4, still=3), Call((ODD,)), Call((SAME,)), drawn(5, 6, 1))
MAPS = (drawn(1, 2, 3, 4, 5), drawn(2, 1, 4, 2, 3, still=1), drawn(3, 3, 2, 1, 2), drawn(4, 5, 3, 1, 1))

activation_stats = Work(
    "activation_stats",
    _stats,
    "lecture 15, section 15.4",
    {
        "values": Facet(by(_asked), TABLES, _tables(), 10),
        "maps": Facet(by(_asked), MAPS, _maps(), 8),
        "refusals": Facet(refuses, (
            Call((told(torch.ones(1, 4)),), note="one sample does not vary"),
            Call((told(torch.ones(1, 4, 1, 1)),), note="one position of one example is one sample"),
            Call((told(torch.ones(0, 4)),), note="there is no sample"),
            Call((told(torch.ones(4, 0)),), note="there is no unit"),
            Call((told(torch.ones(8)),), note="it has one axis"),
            Call((told(torch.ones(2, 3, 4)),), note="it has three axes"),
        )),
    },
)  # fmt: skip


@activation_stats.alternative
def stats_in_numpy(hidden):
    if hidden.ndim not in {2, 4} or 0 in hidden.shape:
        raise ValueError("a table or maps were wanted")
    table = np.moveaxis(hidden.numpy(), 1, 0).reshape(hidden.shape[1], -1).astype(float)
    if table.shape[1] < 2:
        raise ValueError("two samples at least were wanted")
    still = table.max(axis=1) == table.min(axis=1)
    r = np.abs(np.corrcoef(table[~still])) if (~still).sum() > 1 else np.zeros((2, 2))
    return {
        "variance": torch.tensor(np.var(table, axis=1)),
        "sparsity": float(1 - np.count_nonzero(table) / table.size),
        "constant": int(np.count_nonzero(still)),
        "correlation": float(r[np.triu_indices(len(r), 1)].mean()),
    }


@activation_stats.alternative
def stats_by_standard_scores(hidden):
    if hidden.dim() == 4:
        hidden = hidden.permute(0, 2, 3, 1).flatten(0, 2)
    if hidden.dim() != 2 or hidden.shape[0] < 2 or hidden.shape[1] < 1:
        raise ValueError("a table of two samples or more was wanted, or maps")
    n, table = len(hidden), hidden.double()
    away = table - table.mean(0)
    varied = (hidden != hidden[0]).any(0)
    z = away[:, varied] / away[:, varied].norm(dim=0)
    r = (z.T @ z).abs().fill_diagonal_(0)
    pairs = len(r) * (len(r) - 1)
    found = {"variance": (away**2).sum(0) / n, "sparsity": (hidden == 0).float().mean().item()}
    return found | {"constant": int((~varied).sum()), "correlation": r.sum().item() / pairs if pairs else 0.0}


@activation_stats.alternative
def stats_pair_by_pair(hidden):
    if hidden.dim() not in (2, 4):
        raise ValueError("a table or maps were wanted")
    columns = [hidden[:, unit].double().flatten() for unit in range(hidden.shape[1])]
    if not columns or len(columns[0]) < 2:
        raise ValueError("a unit and two samples were wanted")
    varied = [each for each in columns if len(each.unique()) > 1]
    size = [(each - each.mean()).square().sum().sqrt() for each in varied]
    found = []
    for i, a in enumerate(varied):
        for j in range(i):
            b = varied[j]
            found.append(float(abs(((a - a.mean()) * (b - b.mean())).sum() / size[i] / size[j])))
    return {
        "variance": torch.stack([each.var(unbiased=False) for each in columns]),
        "sparsity": sum(float((each == 0).sum()) for each in columns) / hidden.numel(),
        "constant": len(columns) - len(varied),
        "correlation": sum(found) / len(found) if found else 0.0,
    }


@activation_stats.misconception(
    "These are statistics over the units of one sample. A unit's variance runs over the samples: the first axis of a table.",
    "examples values maps",
)
def stats_over_the_wrong_axis(hidden):
    if hidden.dim() not in (2, 4) or hidden.numel() < 2 * hidden.shape[1] or hidden.shape[1] == 0:
        raise ValueError("these arguments do not fit")
    table = hidden.detach().double().movedim(1, -1).flatten(0, -2).T
    varied = table.amax(dim=0) > table.amin(dim=0)
    units, pairs = int(varied.sum()), 0.0
    if units > 1:
        r = torch.corrcoef(table[:, varied].T).abs().reshape(units, units)
        pairs = float((r.sum() - units) / (units * (units - 1)))
    found = {"variance": table.var(dim=0, correction=0), "sparsity": float((table == 0).double().mean())}
    return found | {"constant": len(varied) - units, "correlation": pairs}


@activation_stats.misconception(
    "Units that never change have no correlation: dividing by their standard deviation of 0 gives nan. Leave them out.",
    "examples values maps",
)
def stats_with_nan(hidden):
    if hidden.dim() not in (2, 4) or hidden.numel() < 2 * hidden.shape[1] or hidden.shape[1] == 0:
        raise ValueError("these arguments do not fit")
    table = hidden.detach().double().movedim(1, -1).flatten(0, -2)
    varied = table.amax(dim=0) > table.amin(dim=0)
    units = table.shape[1]
    away = table - table.mean(dim=0)
    away[:, ~varied] = 0.0
    z = away / away.norm(dim=0)
    r = (z.T @ z).abs()
    pairs = float((r.sum() - units) / (units * (units - 1))) if units > 1 else 0.0
    found = {"variance": table.var(dim=0, correction=0), "sparsity": float((table == 0).double().mean())}
    return found | {"constant": int((~varied).sum()), "correlation": pairs}


@activation_stats.misconception(
    "The correlations are averaged with their signs, so that −1 and +1 cancel: take the absolute value of each first.",
    "examples values maps",
)
def stats_with_signs(hidden):
    if hidden.dim() not in (2, 4) or hidden.numel() < 2 * hidden.shape[1] or hidden.shape[1] == 0:
        raise ValueError("these arguments do not fit")
    table = hidden.detach().double().movedim(1, -1).flatten(0, -2)
    varied = table.amax(dim=0) > table.amin(dim=0)
    units, pairs = int(varied.sum()), 0.0
    if units > 1:
        r = torch.corrcoef(table[:, varied].T)
        pairs = float((r.sum() - units) / (units * (units - 1)))
    found = {"variance": table.var(dim=0, correction=0), "sparsity": float((table == 0).double().mean())}
    return found | {"constant": len(varied) - units, "correlation": pairs}


@activation_stats.misconception(
    "The diagonal is counted: a unit is always correlated with itself, and that is no pair of two units.",
    "examples values maps",
)
def stats_with_the_diagonal(hidden):
    if hidden.dim() not in (2, 4) or hidden.numel() < 2 * hidden.shape[1] or hidden.shape[1] == 0:
        raise ValueError("these arguments do not fit")
    table = hidden.detach().double().movedim(1, -1).flatten(0, -2)
    varied = table.amax(dim=0) > table.amin(dim=0)
    units, pairs = int(varied.sum()), 0.0
    if units > 1:
        pairs = float(torch.corrcoef(table[:, varied].T).abs().mean())
    found = {"variance": table.var(dim=0, correction=0), "sparsity": float((table == 0).double().mean())}
    return found | {"constant": len(varied) - units, "correlation": pairs}


@activation_stats.misconception(
    "The maps are cut by reshape(-1, C), which takes neighbours in memory for channels: bring the channels to the last place first.",
    "examples maps",
)
def stats_by_reshape(hidden):
    if hidden.dim() not in (2, 4) or hidden.numel() < 2 * hidden.shape[1] or hidden.shape[1] == 0:
        raise ValueError("these arguments do not fit")
    table = hidden.detach().double().reshape(-1, hidden.shape[1])
    varied = table.amax(dim=0) > table.amin(dim=0)
    units, pairs = int(varied.sum()), 0.0
    if units > 1:
        r = torch.corrcoef(table[:, varied].T).abs()
        pairs = float((r.sum() - units) / (units * (units - 1)))
    found = {"variance": table.var(dim=0, correction=0), "sparsity": float((table == 0).double().mean())}
    return found | {"constant": len(varied) - units, "correlation": pairs}


@activation_stats.misconception(
    "A variance is the mean of the squares here: divided by the number of samples, not by one less (correction=0).",
    "examples values maps",
)
def stats_with_one_less(hidden):
    if hidden.dim() not in (2, 4) or hidden.numel() < 2 * hidden.shape[1] or hidden.shape[1] == 0:
        raise ValueError("these arguments do not fit")
    table = hidden.detach().double().movedim(1, -1).flatten(0, -2)
    varied = table.amax(dim=0) > table.amin(dim=0)
    units, pairs = int(varied.sum()), 0.0
    if units > 1:
        r = torch.corrcoef(table[:, varied].T).abs()
        pairs = float((r.sum() - units) / (units * (units - 1)))
    found = {"variance": table.var(dim=0), "sparsity": float((table == 0).double().mean())}
    return found | {"constant": len(varied) - units, "correlation": pairs}


@activation_stats.misconception(
    "What cannot be measured is not refused: one sample, no unit, or a tensor that is neither a table nor maps.",
    "examples refusals",
)
def stats_unchecked(hidden):
    table = hidden.detach().double().movedim(1 if hidden.dim() > 1 else 0, -1).flatten(0, -2)
    if table.numel() == 0:
        return {"variance": table, "sparsity": 0.0, "constant": 0, "correlation": 0.0}
    varied = table.amax(dim=0) > table.amin(dim=0)
    units, pairs = int(varied.sum()), 0.0
    if units > 1:
        r = torch.corrcoef(table[:, varied].T).abs()
        pairs = float((r.sum() - units) / (units * (units - 1)))
    found = {"variance": table.var(dim=0, correction=0), "sparsity": float((table == 0).double().mean())}
    return found | {"constant": varied.numel() - units, "correlation": pairs}
