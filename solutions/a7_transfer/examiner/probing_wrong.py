"""What goes wrong with a linear probe."""

import torch
import torch.nn.functional as F

from .probing import linear_probe


@linear_probe.misconception(
    "There is no intercept, so classes of unequal size, or away from the mean, are pressed together: add b to the scores.",
    "examples values scales rare dead care",
)
def probe_without_intercept(features, labels, new_features, penalty=0.1):
    if not 0 < len(features) == len(labels) or new_features.shape[1:] != features.shape[1:] or penalty <= 0:
        raise ValueError("these do not fit together")
    x, new = features.detach().double(), new_features.detach().double()
    mean, deviation = x.mean(0), x.std(0, correction=0)
    deviation[deviation == 0] = 1
    x, new = (x - mean) / deviation, (new - mean) / deviation
    shape = x.shape[1], int(labels.max()) + 1
    weight = torch.zeros(shape, dtype=x.dtype, requires_grad=True)
    optimizer = torch.optim.LBFGS([weight], max_iter=300, tolerance_grad=1e-9, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = F.cross_entropy(x @ weight, labels) + penalty / 2 * weight.square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    return (new @ weight).softmax(1).detach()


@linear_probe.misconception(
    "The penalty is on the intercept as well; it belongs on the weights alone.",
    "examples values scales rare dead care",
)
def probe_penalises_intercept(features, labels, new_features, penalty=0.1):
    if not 0 < len(features) == len(labels) or new_features.shape[1:] != features.shape[1:] or penalty <= 0:
        raise ValueError("these do not fit together")
    x, new = features.detach().double(), new_features.detach().double()
    mean, deviation = x.mean(0), x.std(0, correction=0)
    deviation[deviation == 0] = 1
    x, new = (x - mean) / deviation, (new - mean) / deviation
    shape = x.shape[1], int(labels.max()) + 1
    weight, bias = (torch.zeros(size, dtype=x.dtype, requires_grad=True) for size in (shape, shape[1:]))
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=300, tolerance_grad=1e-9, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = F.cross_entropy(x @ weight + bias, labels) + penalty / 2 * (weight.square().sum() + bias.square().sum())
        loss.backward()
        return loss

    optimizer.step(closure)
    return (new @ weight + bias).softmax(1).detach()


@linear_probe.misconception(
    "The new features are standardised by their own mean and deviation: what the probe is told of an example then depends on its company. Use those of the training features.",
    "examples scales care",
)
def probe_new_statistics(features, labels, new_features, penalty=0.1):
    if not 0 < len(features) == len(labels) or new_features.shape[1:] != features.shape[1:] or penalty <= 0:
        raise ValueError("these do not fit together")
    x, new = features.detach().double(), new_features.detach().double()
    mean, deviation = x.mean(0), x.std(0, correction=0)
    deviation[deviation == 0] = 1
    x = (x - mean) / deviation
    deviation = new.std(0, correction=0)
    new = (new - new.mean(0)) / torch.where(deviation > 0, deviation, 1.0)
    shape = x.shape[1], int(labels.max()) + 1
    weight, bias = (torch.zeros(size, dtype=x.dtype, requires_grad=True) for size in (shape, shape[1:]))
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=300, tolerance_grad=1e-9, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = F.cross_entropy(x @ weight + bias, labels) + penalty / 2 * weight.square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    return (new @ weight + bias).softmax(1).detach()


@linear_probe.misconception(
    "Mean and deviation are taken over training and new features together, so the probe has seen what it is tested on.",
    "examples scales care",
)
def probe_common_statistics(features, labels, new_features, penalty=0.1):
    if not 0 < len(features) == len(labels) or new_features.shape[1:] != features.shape[1:] or penalty <= 0:
        raise ValueError("these do not fit together")
    x, new = features.detach().double(), new_features.detach().double()
    both = torch.cat([x, new])
    mean, deviation = both.mean(0), both.std(0, correction=0)
    deviation[deviation == 0] = 1
    x, new = (x - mean) / deviation, (new - mean) / deviation
    shape = x.shape[1], int(labels.max()) + 1
    weight, bias = (torch.zeros(size, dtype=x.dtype, requires_grad=True) for size in (shape, shape[1:]))
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=300, tolerance_grad=1e-9, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = F.cross_entropy(x @ weight + bias, labels) + penalty / 2 * weight.square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    return (new @ weight + bias).softmax(1).detach()


@linear_probe.misconception(
    "The columns are not standardised, so the penalty weighs on small columns more than on large ones.",
    "examples scales care",
)
def probe_not_standardised(features, labels, new_features, penalty=0.1):
    if not 0 < len(features) == len(labels) or new_features.shape[1:] != features.shape[1:] or penalty <= 0:
        raise ValueError("these do not fit together")
    x, new = features.detach().double(), new_features.detach().double()
    shape = x.shape[1], int(labels.max()) + 1
    weight, bias = (torch.zeros(size, dtype=x.dtype, requires_grad=True) for size in (shape, shape[1:]))
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=300, tolerance_grad=1e-9, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = F.cross_entropy(x @ weight + bias, labels) + penalty / 2 * weight.square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    return (new @ weight + bias).softmax(1).detach()


@linear_probe.misconception(
    "One mean and one deviation are taken for all columns together: standardise each column by its own.",
    "scales dead care",
)
def probe_one_scale_for_all(features, labels, new_features, penalty=0.1):
    if not 0 < len(features) == len(labels) or new_features.shape[1:] != features.shape[1:] or penalty <= 0:
        raise ValueError("these do not fit together")
    x, new = features.detach().double(), new_features.detach().double()
    mean, deviation = x.mean(), x.std(correction=0)
    deviation = deviation if deviation > 0 else 1
    x, new = (x - mean) / deviation, (new - mean) / deviation
    shape = x.shape[1], int(labels.max()) + 1
    weight, bias = (torch.zeros(size, dtype=x.dtype, requires_grad=True) for size in (shape, shape[1:]))
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=300, tolerance_grad=1e-9, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = F.cross_entropy(x @ weight + bias, labels) + penalty / 2 * weight.square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    return (new @ weight + bias).softmax(1).detach()


@linear_probe.misconception(
    "torch.std divides by N − 1 unless it is told otherwise: correction=0 gives the root of the mean squared deviation.",
    "examples values scales rare dead care",
)
def probe_divided_by_one_less(features, labels, new_features, penalty=0.1):
    if not 0 < len(features) == len(labels) or new_features.shape[1:] != features.shape[1:] or penalty <= 0:
        raise ValueError("these do not fit together")
    x, new = features.detach().double(), new_features.detach().double()
    mean, deviation = x.mean(0), x.std(0)
    deviation[deviation == 0] = 1
    x, new = (x - mean) / deviation, (new - mean) / deviation
    shape = x.shape[1], int(labels.max()) + 1
    weight, bias = (torch.zeros(size, dtype=x.dtype, requires_grad=True) for size in (shape, shape[1:]))
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=300, tolerance_grad=1e-9, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = F.cross_entropy(x @ weight + bias, labels) + penalty / 2 * weight.square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    return (new @ weight + bias).softmax(1).detach()


@linear_probe.misconception(
    "The losses are summed, not averaged, so the penalty weighs N times less than it should.",
    "examples values scales rare dead care",
)
def probe_with_a_sum(features, labels, new_features, penalty=0.1):
    if not 0 < len(features) == len(labels) or new_features.shape[1:] != features.shape[1:] or penalty <= 0:
        raise ValueError("these do not fit together")
    x, new = features.detach().double(), new_features.detach().double()
    mean, deviation = x.mean(0), x.std(0, correction=0)
    deviation[deviation == 0] = 1
    x, new = (x - mean) / deviation, (new - mean) / deviation
    shape = x.shape[1], int(labels.max()) + 1
    weight, bias = (torch.zeros(size, dtype=x.dtype, requires_grad=True) for size in (shape, shape[1:]))
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=300, tolerance_grad=1e-9, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = F.cross_entropy(x @ weight + bias, labels, reduction="sum") + penalty / 2 * weight.square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    return (new @ weight + bias).softmax(1).detach()


@linear_probe.misconception(
    "The penalty is not halved: it is penalty / 2 times the sum of squares.",
    "examples values scales rare dead care",
)
def probe_penalty_doubled(features, labels, new_features, penalty=0.1):
    if not 0 < len(features) == len(labels) or new_features.shape[1:] != features.shape[1:] or penalty <= 0:
        raise ValueError("these do not fit together")
    x, new = features.detach().double(), new_features.detach().double()
    mean, deviation = x.mean(0), x.std(0, correction=0)
    deviation[deviation == 0] = 1
    x, new = (x - mean) / deviation, (new - mean) / deviation
    shape = x.shape[1], int(labels.max()) + 1
    weight, bias = (torch.zeros(size, dtype=x.dtype, requires_grad=True) for size in (shape, shape[1:]))
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=300, tolerance_grad=1e-9, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = F.cross_entropy(x @ weight + bias, labels) + penalty * weight.square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    return (new @ weight + bias).softmax(1).detach()


@linear_probe.misconception(
    "These are scores; probabilities are wanted: their softmax.",
    "examples values scales rare dead care",
)
def probe_gives_scores(features, labels, new_features, penalty=0.1):
    if not 0 < len(features) == len(labels) or new_features.shape[1:] != features.shape[1:] or penalty <= 0:
        raise ValueError("these do not fit together")
    x, new = features.detach().double(), new_features.detach().double()
    mean, deviation = x.mean(0), x.std(0, correction=0)
    deviation[deviation == 0] = 1
    x, new = (x - mean) / deviation, (new - mean) / deviation
    shape = x.shape[1], int(labels.max()) + 1
    weight, bias = (torch.zeros(size, dtype=x.dtype, requires_grad=True) for size in (shape, shape[1:]))
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=300, tolerance_grad=1e-9, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = F.cross_entropy(x @ weight + bias, labels) + penalty / 2 * weight.square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    return (new @ weight + bias).detach()


@linear_probe.misconception(
    "A column without variance is divided by 0, and all probabilities are nan: divide it by 1.",
    "examples dead",
)
def probe_with_dead_columns(features, labels, new_features, penalty=0.1):
    if not 0 < len(features) == len(labels) or new_features.shape[1:] != features.shape[1:] or penalty <= 0:
        raise ValueError("these do not fit together")
    x, new = features.detach().double(), new_features.detach().double()
    mean, deviation = x.mean(0), x.std(0, correction=0)
    x, new = (x - mean) / deviation, (new - mean) / deviation
    shape = x.shape[1], int(labels.max()) + 1
    weight, bias = (torch.zeros(size, dtype=x.dtype, requires_grad=True) for size in (shape, shape[1:]))
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=300, tolerance_grad=1e-9, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = F.cross_entropy(x @ weight + bias, labels) + penalty / 2 * weight.square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    return (new @ weight + bias).softmax(1).detach()


@linear_probe.misconception(
    "The minimum is not reached: the optimizer makes too few steps. Watch the gradient, and go on until it is nearly 0.",
    "examples values scales rare dead care",
)
def probe_stops_early(features, labels, new_features, penalty=0.1):
    if not 0 < len(features) == len(labels) or new_features.shape[1:] != features.shape[1:] or penalty <= 0:
        raise ValueError("these do not fit together")
    x, new = features.detach().double(), new_features.detach().double()
    mean, deviation = x.mean(0), x.std(0, correction=0)
    deviation[deviation == 0] = 1
    x, new = (x - mean) / deviation, (new - mean) / deviation
    shape = x.shape[1], int(labels.max()) + 1
    weight, bias = (torch.zeros(size, dtype=x.dtype, requires_grad=True) for size in (shape, shape[1:]))
    optimizer = torch.optim.SGD([weight, bias], lr=0.1)

    def closure():
        optimizer.zero_grad()
        loss = F.cross_entropy(x @ weight + bias, labels) + penalty / 2 * weight.square().sum()
        loss.backward()
        return loss

    for _ in range(20):
        optimizer.step(closure)
    return (new @ weight + bias).softmax(1).detach()


@linear_probe.misconception(
    "The features that were handed over are standardised in place, and the caller's are no longer what they were: make new tensors.",
    "care",
)
def probe_in_place(features, labels, new_features, penalty=0.1):
    if not 0 < len(features) == len(labels) or new_features.shape[1:] != features.shape[1:] or penalty <= 0:
        raise ValueError("these do not fit together")
    x, new = features.detach(), new_features.detach()
    mean, deviation = x.mean(0), x.std(0, correction=0)
    deviation[deviation == 0] = 1
    x.sub_(mean).div_(deviation)
    new.sub_(mean).div_(deviation)
    shape = x.shape[1], int(labels.max()) + 1
    weight, bias = (torch.zeros(size, dtype=x.dtype, requires_grad=True) for size in (shape, shape[1:]))
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=300, tolerance_grad=1e-9, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = F.cross_entropy(x @ weight + bias, labels) + penalty / 2 * weight.square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    return (new @ weight + bias).softmax(1).detach()


@linear_probe.misconception(
    "The result still hangs on the fit and requires a gradient: detach it.",
    "care",
)
def probe_keeps_gradients(features, labels, new_features, penalty=0.1):
    if not 0 < len(features) == len(labels) or new_features.shape[1:] != features.shape[1:] or penalty <= 0:
        raise ValueError("these do not fit together")
    x, new = features.detach().double(), new_features.detach().double()
    mean, deviation = x.mean(0), x.std(0, correction=0)
    deviation[deviation == 0] = 1
    x, new = (x - mean) / deviation, (new - mean) / deviation
    shape = x.shape[1], int(labels.max()) + 1
    weight, bias = (torch.zeros(size, dtype=x.dtype, requires_grad=True) for size in (shape, shape[1:]))
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=300, tolerance_grad=1e-9, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = F.cross_entropy(x @ weight + bias, labels) + penalty / 2 * weight.square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    return (new @ weight + bias).softmax(1)


@linear_probe.misconception(
    "Shapes that do not fit and penalties that are none are taken, or end in an exception of another kind: raise ValueError.",
    "examples refusals",
)
def probe_unchecked(features, labels, new_features, penalty=0.1):
    number = min(len(features), len(labels))
    features, labels = features[:number], labels[:number]
    x, new = features.detach().double(), new_features.detach().double()
    mean, deviation = x.mean(0), x.std(0, correction=0)
    deviation[deviation == 0] = 1
    x, new = (x - mean) / deviation, (new - mean) / deviation
    shape = x.shape[1], int(labels.max()) + 1
    weight, bias = (torch.zeros(size, dtype=x.dtype, requires_grad=True) for size in (shape, shape[1:]))
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=300, tolerance_grad=1e-9, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = F.cross_entropy(x @ weight + bias, labels) + penalty / 2 * weight.square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    return (new @ weight + bias).softmax(1).detach()
