"""Transfer as a whole: three new tasks are drawn, and the oracle is scikit-learn's logistic regression on the source's features."""

import copy
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.linear_model import LogisticRegression
from torch import nn

from course_utils.checks import Outcome
from course_utils.grading.exercise import Call, Facet

from .inputs import seeds
from .world import SETUP, Aspect, Pieces, Work, names, refuses, told, tool

WANTED = 0.55
GUESSING = 0.2
draw_signs = SETUP["draw_signs"]


@cache
def learnt():
    """Return the numbers of the network that has learnt the signs 0 to 59, trained when they are first asked for."""
    return SETUP["source_net"]().state_dict()


class Source:
    """The network that has learnt the signs 0 to 59, made where a student's function lives."""

    def __init__(self, training=False, frozen=False):
        self.training, self.frozen = training, frozen

    def __repr__(self):
        return "source_net()" + ".train()" * self.training + ".requires_grad_(False)" * self.frozen

    def made(self, function):
        """Return it, with its numbers as they were learnt here."""
        net = tool(function, "sign_net")(60)
        net.load_state_dict(copy.deepcopy(learnt()))
        net.train(self.training)
        net.requires_grad_(not self.frozen)
        return net


class Task:
    """Eight signs that were never seen before: three pictures of each to learn from, sixty to be tested on."""

    def __init__(self, seed, classes=8):
        rng = np.random.default_rng([3, seed])
        self.signs = [int(sign) for sign in rng.choice(10**6, classes, replace=False) + 1000]
        self.seed, self.classes = seed, classes

    def __repr__(self):
        return f"the signs {self.signs}, drawn from seed {self.seed}"

    def pictures(self):
        """Return the pictures to learn from, and their labels."""
        return draw_signs(self.signs, 3, self.seed)

    def test(self):
        """Return the pictures to be tested on, and their labels."""
        return draw_signs(self.signs, 60, self.seed + 1)


class Word(str):
    """A verdict; `more` adds numbers that are told, and not compared."""

    more = ""


def _transferred(model, x, y, classes, seed=0):
    new = copy.deepcopy(model).eval().requires_grad_(True)
    new.head = nn.Identity()
    with torch.no_grad():
        fitted = LogisticRegression(C=1.0, max_iter=300).fit(new(x).numpy(), y.numpy())
    found = np.column_stack([fitted.coef_, fitted.intercept_])
    found = torch.tensor(
        found if classes > 2 else np.concatenate([-found, found]) / 2
    )  # one row tells two classes apart
    new.head = nn.Linear(found.shape[1] - 1, classes)
    new.head.load_state_dict({"weight": found[:, :-1], "bias": found[:, -1]})
    return new


def _scores(new, x):
    new.eval()
    return new(x).detach().double().numpy()


def _body(function, new):
    """Say how far the copied layers of a new network are from the old ones, by the norm of the difference."""
    numbers = {str(name): value.detach() for name, value in new.state_dict().items()}
    kept = [key for key in learnt() if key.endswith("weight") and not key.startswith("head.")]
    if any(key not in numbers or numbers[key].shape != learnt()[key].shape for key in kept):
        return ""
    far = max(float((numbers[key] - learnt()[key]).norm() / learnt()[key].norm()) for key in kept)
    return " The copied layers' weights are others: nothing of what was learnt is left." if far > 0.9 else ""


class Once(Aspect):
    """A dear judge: after its first fault, no smaller call is tried on the same function, nor held against any other."""

    def __post_init__(self):
        """Note which call each function failed, and which calls were left out."""
        super().__post_init__()
        self.failed, self.left_out = {}, {}

    def __call__(self, exercise, function, asked):
        """Judge one call, unless another has failed."""
        known = any(each.function is function for each in exercise.misconceptions)
        if not known and self.failed.get(function, asked) is not asked:
            self.left_out[id(asked)] = asked
        if id(asked) in self.left_out:
            return Outcome(self.expected(exercise, asked)), None
        outcome, fault = super().__call__(exercise, function, asked)
        if fault and not known:
            self.failed[function] = asked
        return outcome, fault


@Once
def reads(function, asked):
    """Look what share of new pictures is read rightly, on the mean of three tasks."""
    shares, bodies = [], []
    for task in asked.args:
        x, y = task.pictures()
        test, wanted = task.test()
        new = function(Source().made(function), x, y, task.classes, seed=task.seed)
        scores = _scores(new, test)
        if scores.shape != (len(test), task.classes):
            return Pieces([("the networks", Word("their scores have another shape than (M, classes)."))])
        if not np.isfinite(scores).all():
            return Pieces([("the networks", Word("their scores are nan or infinite: the training diverges."))])
        shares.append(float((scores.argmax(1) == wanted.numpy()).mean()))
        bodies.append(_body(function, new))
    share = float(np.mean(shares))
    if share >= WANTED:
        return Pieces([("the networks", Word("they read"))])
    word = Word(("they are guessing." if share < GUESSING else "they read too little.") + bodies[0])
    word.more = f" {share:.0%} of the test pictures are right, and {WANTED:.0%} should be."
    return Pieces([("the networks", word)])


reads.seconds = 20.0


@Aspect
def again(function, asked):
    """Look whether two calls give the same network."""
    x, y = asked.args[0].pictures()
    test, _ = asked.args[0].test()
    scores = [
        _scores(function(Source().made(function), x, y, asked.args[0].classes, seed=7), test[::9]) for _ in range(2)
    ]
    same = scores[0].shape == scores[1].shape and np.allclose(*scores, rtol=1e-4, atol=1e-4)
    return Pieces([("two calls with the same seed", "give the same network" if same else "give two networks")])


again.seconds = 20.0


@Aspect
def apart(function, asked):
    """Look whether the old network stays what it was, also when the new one's numbers change."""
    source, task = asked.args
    x, y = task.pictures()
    net = source.made(function)
    look, difference = tool(function, "look"), tool(function, "moved")
    before = look(net)
    new = function(net, x, y, task.classes, seed=1)
    middle = look(net)
    shapes = [str(tuple(value.shape)) for value in middle["numbers"].values()]
    changed = difference(before, middle) if len(before["numbers"]) == len(shapes) else ["layers"]
    tool(function, "settled")(new, 77)
    after = look(net)
    return Pieces([
        ("shapes of the old network", shapes), ("changed", names(changed)), ("in training mode", names(after["training"])),
        ("requires a gradient", names(after["trained"])), ("what changes with the new network", names(difference(middle, after))),
    ])  # fmt: skip


apart.seconds = 20.0


def drawn(seed):
    """Return a call of three tasks."""
    return Call(tuple(Task(1000 * seed + number) for number in (0, 10, 20)))


X, Y = draw_signs([1, 2, 3], 2, 5)
X = told(X)
X.words = "draw_signs([1, 2, 3], 2, 5)[0]"
LABELS = told(Y)

transfer = Work(
    "transfer",
    _transferred,
    "lecture 13",
    {
        "refusals": Facet(refuses, (
            Call((Source(), X, LABELS[:-1], 3), note="there are 6 pictures and 5 labels"),
            Call((Source(), X[:4], LABELS, 3), note="there are 4 pictures and 6 labels"),
            Call((Source(), X[:0], LABELS[:0], 3), note="there is nothing to learn from"),
            Call((Source(), X, LABELS, 2), note="there is a label 2, and two classes end with 1"),
            Call((Source(), X, LABELS - 1, 3), note="there is a label −1"),
            Call((Source(), X, LABELS * 0, 1), note="with one class there is nothing to tell apart"),
        )),
        "reads": Facet(reads, (), seeds.map(drawn), 1),
        "again": Facet(again, (Call((Task(1),)),)),
        "apart": Facet(apart, (
            Call((Source(), Task(2, 5))), Call((Source(training=True), Task(3, 4))), Call((Source(frozen=True), Task(4, 2))),
        )),
    },
)  # fmt: skip


@transfer.alternative
def transfer_by_fine_tuning(model, x, y, classes, seed=0):
    if len(x) != len(y) or len(x) == 0 or classes < 2 or not 0 <= int(y.min()) <= int(y.max()) < classes:
        raise ValueError("these pictures and labels do not fit together")
    torch.manual_seed(seed)
    new = copy.deepcopy(model).requires_grad_(True).eval()
    new.head = nn.Linear(new.head.in_features, classes)
    old = [each for name, each in new.named_parameters() if not name.startswith("head.")]
    groups = [{"params": old, "lr": 0.0005}, {"params": new.head.parameters(), "lr": 0.02}]
    optimizer = torch.optim.Adam(groups)
    for _ in range(40):
        optimizer.zero_grad()
        F.cross_entropy(new(x), y).backward()
        optimizer.step()
    return new


@transfer.alternative
def transfer_by_class_means(model, x, y, classes, seed=0):
    if not 0 < len(x) == len(y) or classes <= 1 or set(y.tolist()) - set(range(classes)):
        raise ValueError("labels and classes do not fit")
    new = copy.deepcopy(model).eval()
    with torch.no_grad():
        features = new[:-1](x)
        middle = features.mean(0)
        means = torch.stack([features[y == c].mean(0) for c in range(classes)]) - middle
        new.head = nn.Linear(*means.T.shape)
        new.head.weight.copy_(F.normalize(means))
        new.head.bias.copy_(-new.head.weight @ middle)
    return new


@transfer.alternative
def transfer_by_the_norms(model, x, y, classes, seed=0):
    if len(x) < 1 or len(x) != len(y) or classes < 2 or int(y.max()) > classes - 1 or int(y.min()) < 0:
        raise ValueError(f"{len(x)=}, {len(y)=}, {classes=}")
    new = copy.deepcopy(model)
    new.head = nn.Linear(32, classes)
    for each in new.head.parameters():
        nn.init.zeros_(each)
    norms = [p for m in new.modules() if isinstance(m, (nn.BatchNorm1d, nn.BatchNorm2d)) for p in m.parameters()]
    optimizer = torch.optim.SGD([{"params": norms, "lr": 0.01}, {"params": [*new.head.parameters()]}], lr=0.1)
    new.eval().requires_grad_(True)
    for _ in range(40):
        optimizer.zero_grad()
        F.cross_entropy(new(x), y).backward()
        optimizer.step()
    return new
