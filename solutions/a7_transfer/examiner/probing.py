"""The linear probe: the oracle is scikit-learn's logistic regression on features standardised by scikit-learn."""

from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from course_utils.grading.exercise import Call, Facet

from .inputs import seeds
from .world import Aspect, Pieces, Work, given, labels, refuses, seeded, told

NEAR = 0.002  # how far a probability may be from that at the minimum


def _probabilities(features, targets, new_features, penalty=0.1):
    scaler = StandardScaler().fit(features.double().numpy())
    # For two classes scikit-learn has one weight for a column where this sum has two of half its size.
    strength = (2 if targets.max() == 1 else 1) / (len(targets) * penalty)
    model = LogisticRegression(C=strength, tol=1e-10, max_iter=500, solver="newton-cg")
    model.fit(scaler.transform(features.double().numpy()), targets.numpy())
    return torch.tensor(model.predict_proba(scaler.transform(new_features.double().numpy())))


def _array(found):
    if not isinstance(found, torch.Tensor):
        raise TypeError(f"a tensor was wanted, and this is of type {type(found).__name__}")
    return found.detach().double().numpy()


def _settled(found, exact):
    """Return what was found, or the exact values where it is near enough to them."""
    if not np.isfinite(found).all():
        return "they are nan."
    near = found.shape == exact.shape and bool(np.all(np.abs(found - exact) <= NEAR))
    return exact if near else found.astype(np.float32)


_EXACT = {}


def _exact(asked):
    """Return the probabilities at the minimum, computed once for each call."""
    if id(asked) not in _EXACT:
        _EXACT[id(asked)] = asked, _array(_probabilities(*given(None, asked), **asked.kwargs))
    return _EXACT[id(asked)][1]


@Aspect
def probabilities(function, asked):
    """Look at the probabilities."""
    args, exact = given(function, asked), _exact(asked)
    return Pieces([("probabilities", _settled(_array(function(*args, **asked.kwargs)), exact))])


@Aspect
def careful(function, asked):
    """Look at the arguments after the call, and whether the result requires a gradient."""
    args = given(function, asked)
    before = [each.clone() if isinstance(each, torch.Tensor) else each for each in args]
    exact, found = _exact(asked), function(*args)
    pairs = zip(("features", "labels", "new_features"), args, before)
    changed = [name for name, mine, old in pairs if not torch.equal(mine.detach(), old.detach())]
    found, wants = _array(found), found.requires_grad is not False
    return Pieces([("changed", changed), ("requires a gradient", wants), ("probabilities", _settled(found, exact))])


def _standardised(x):
    return (x - x.mean(0)) / x.std(0, correction=0)


def drawn(seed, number=20, columns=3, most=3, new=4, penalty=0.1, **options):
    """Return a call: classes that overlap, in columns of mean 0 and deviation 1, unless the options say more."""
    rare, dead, scaled = (options.get(name, False) for name in ("rare", "dead", "scaled"))
    generator = seeded(seed)
    y = torch.as_tensor(labels(seed, number, most)).as_subclass(torch.Tensor)
    if rare:  # the first classes have two examples each
        y = torch.cat([torch.arange(most - 1).repeat(2), torch.full((number - 2 * most + 2,), most - 1)])
    middles = 1.5 * torch.randn(most, columns, generator=generator)
    x = _standardised(middles[y] + torch.randn(number, columns, generator=generator))
    z = torch.randn(new, columns, generator=generator)
    z = z if scaled else _standardised(z)
    if scaled:
        size = 10 ** (2 * torch.rand(columns, generator=generator) - 1)
        shift = 3 * size * torch.randn(columns, generator=generator)
        x, z = x * size + shift, (0.5 * z + 0.7) * size + shift
    if dead:
        x[:, ::2], z[:, ::2] = 0.0, 3 * torch.rand(len(z), len(x[0, ::2]), generator=generator)
    return Call((told(x), told(y), told(z), penalty))


@st.composite
def _calls(draw, **options):
    sizes = {"number": draw(st.integers(10, 20)), "columns": draw(st.integers(1, 4)), "most": draw(st.integers(2, 4))}
    sizes |= {
        "new": draw(st.integers(1 if options.get("scaled") else 3, 5)),
        "penalty": draw(st.sampled_from([0.05, 0.1, 0.3, 1.0])),
    }
    if options.get("rare"):
        sizes["penalty"] = draw(st.sampled_from([0.5, 1.0, 2.0]))
    return drawn(draw(seeds), **sizes, **options)


X, Y, NEW, _ = drawn(1, 8, 2, 2, 3).args

linear_probe = Work(
    "linear_probe",
    _probabilities,
    "lecture 13",
    {
        "refusals": Facet(refuses, (
            Call((X, Y[:-1], NEW), note="there are 8 examples and 7 labels"),
            Call((X[:7], Y, NEW), note="there are 7 examples and 8 labels"),
            Call((X[:0], Y[:0], NEW), note="there is no example"),
            Call((X, Y, NEW[:, :1]), note="the new features have one column, the others two"),
            Call((X, Y, NEW, 0.0), note="without a penalty there may be no minimum"),
            Call((X, Y, NEW, -0.5), note="a negative penalty has no minimum"),
        )),
        "values": Facet(probabilities, (
            drawn(1, 8, 1, 2), drawn(2, 15, 3, 3, 5, 0.3), replace(drawn(3, 20, 4, 4), args=drawn(3, 20, 4, 4).args[:3]),
            drawn(4, 12, 2, 3, 3, 1.0), drawn(5, 30, 5, 3, 4, 0.05),
        ), _calls(), 6),
        "scales": Facet(probabilities, (
            drawn(6, 9, 2, 2, 3, scaled=True), drawn(7, 15, 4, 3, 1, scaled=True), drawn(8, 20, 3, 3, 5, 0.3, scaled=True),
        ), _calls(scaled=True), 5),
        "rare": Facet(probabilities, (
            drawn(9, 14, 2, 2, 3, 1.0, rare=True), drawn(10, 20, 3, 3, 4, 2.0, rare=True),
        ), _calls(rare=True), 4),
        "dead": Facet(probabilities, (
            drawn(11, 9, 2, 2, 3, dead=True), drawn(12, 15, 5, 3, 4, dead=True), drawn(13, 10, 1, 3, 3, dead=True),
        ), _calls(dead=True), 4),
        "care": Facet(careful, (drawn(14, 10, 3, 3, scaled=True), drawn(15, 12, 2, 2, scaled=True))),
    },
)  # fmt: skip


@linear_probe.alternative
def probe_by_gradient_descent(features, labels, new_features, penalty=0.1):
    if len(features) != len(labels) or len(labels) == 0 or penalty <= 0 or features.shape[1] != new_features.shape[1]:
        raise ValueError("the shapes do not fit, or there is no penalty")
    x, new = features.detach().double().numpy(), new_features.detach().double().numpy()
    middle = x.mean(axis=0)
    spread = ((x - middle) ** 2).mean(axis=0) ** 0.5
    spread = np.where(spread > 0, spread, 1.0)
    x, new = (np.column_stack([(each - middle) / spread, np.ones(len(each))]) for each in (x, new))
    wanted = F.one_hot(labels).double().numpy()
    w, speed = np.zeros((2, x.shape[1], wanted.shape[1]))
    weigh = penalty * np.r_[np.ones(len(w) - 1), 0.0][:, None]
    for _ in range(500):
        p = np.exp(x @ w)
        slope = x.T @ (p / p.sum(axis=1, keepdims=True) - wanted) / len(x) + weigh * w
        speed = 0.9 * speed - 0.3 * slope
        w = w + speed
    return torch.tensor(new @ w).softmax(dim=1)


@linear_probe.alternative
def probe_by_newton(features, labels, new_features, penalty=0.1):
    x, y, new = (each.detach().numpy().astype(float) for each in (features, labels, new_features))
    if not 0 < len(x) == len(y) or x.shape[1] != new.shape[1] or penalty <= 0:
        raise ValueError(f"{x.shape}, {y.shape}, {new.shape}, {penalty=}")
    mean, spread = x.mean(axis=0), x.std(axis=0)
    spread[spread == 0] = 1
    rows, new = (np.c_[(each - mean) / spread, np.ones(len(each))] for each in (x, new))
    wanted = np.eye(int(y.max()) + 1)[y.astype(int)]
    w = np.zeros((rows.shape[1], wanted.shape[1]))
    ridge = np.full_like(w, penalty)
    ridge[-1] = 0
    for _ in range(30):
        p = np.exp(rows @ w - (rows @ w).max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        slope = rows.T @ (p - wanted) / len(x) + ridge * w
        bend = np.einsum("nc,ce->nce", p, np.eye(p.shape[1])) - np.einsum("nc,ne->nce", p, p)
        hessian = np.einsum("ni,nj,nce->icje", rows, rows, bend).reshape(w.size, w.size) / len(x)
        step = np.linalg.lstsq(hessian + np.diag(ridge.ravel()), slope.ravel(), rcond=1e-12)[0]
        w -= step.reshape(w.shape)
    p = np.exp(new @ w - (new @ w).max(axis=1, keepdims=True))
    return torch.tensor(p / p.sum(axis=1, keepdims=True))


@linear_probe.alternative
def probe_by_a_layer(features, labels, new_features, penalty=0.1):
    if not len(features) or len(features) != len(labels) or features.size(1) != new_features.size(1) or not penalty > 0:
        raise ValueError("no probe can be fitted to these")
    deviation, mean = torch.std_mean(features.double(), dim=0, correction=0)
    deviation = deviation + (deviation == 0)
    layer = torch.nn.Linear(features.size(1), labels.max().item() + 1).double()
    search = torch.optim.LBFGS(layer.parameters(), lr=0.5, max_iter=20)

    def loss():
        layer.zero_grad()
        found = F.nll_loss(layer((features - mean) / deviation).log_softmax(1), labels)
        found += penalty * (layer.weight**2).sum() / 2
        found.backward()
        return found

    for _ in range(6):
        search.step(loss)
    with torch.no_grad():
        return layer((new_features - mean) / deviation).softmax(1)
