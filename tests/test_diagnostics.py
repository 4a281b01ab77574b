"""`diagnose`: it sees the faults it claims to see, leaves healthy nets in peace, and changes nothing."""

import copy
import math
import random

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from course_utils.clinic import CASES, Recipe, admit
from course_utils.data import digits
from course_utils.diagnostics import CHECKS, Finding, Report, diagnose, first_filters, undisturbed
from course_utils.models.convnext import small_convnext
from course_utils.models.densenet import DenseNet, DensePlan
from course_utils.models.lenet import LeNet5, LeNetPlan
from course_utils.models.squeeze_excitation import SmallGatedNet, SmallGatedPlan
from course_utils.models.vgg import build_small_vgg

DATA = digits()
X, Y = torch.as_tensor(DATA.x_train[:160]), torch.as_tensor(DATA.y_train[:160])
SEEN = [case for case in CASES if case.sees is not None]


def mlp(*between):
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), *between, nn.Linear(32, 10))


class Functional(nn.Module):
    """A net that calls its activations as functions."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(64, 24), nn.Linear(24, 10)

    def forward(self, x):
        return self.last(torch.tanh(self.first(x.flatten(1))))


HEALTHY = {
    "mlp": lambda: mlp(),
    "mlp with dropout": lambda: mlp(nn.Dropout(0.5)),
    "functional": Functional,
    "lenet": lambda: LeNet5(LeNetPlan()),
    "vgg": lambda: build_small_vgg("A", blocks=2),
    "gated resnet": lambda: SmallGatedNet(SmallGatedPlan("channel", widths=(8,), depth=1)),
    "convnext": lambda: small_convnext(widths=(8,), depth=1),
    "densenet": lambda: DenseNet(DensePlan((2,), growth=8, stem=8, in_channels=1, small=True), 10),
}


@pytest.mark.parametrize("name", HEALTHY)
def test_healthy_nets_raise_no_alarm(name):
    torch.manual_seed(1)
    x = F.pad(X, (12, 12, 12, 12)) if name == "lenet" else X
    model = HEALTHY[name]()
    how = {"optimizer": torch.optim.Adam(model.parameters(), 0.003 if name == "lenet" else 0.01), "steps": 200}
    report = diagnose(model, [(x[:96], Y[:96])], validation=[(x[96:], Y[96:])], **how)
    assert {finding.check for finding in report.findings} == set(CHECKS)
    assert str(report).startswith("Nothing looks wrong."), str(report)
    assert not [finding for finding in report.findings if finding.severity == "note"]
    assert report.layers
    assert report.relative_gradients


@pytest.mark.parametrize("case", SEEN, ids=lambda case: case.name)
def test_each_fault_that_diagnose_claims_to_see_is_seen(case):
    check, place = case.sees
    broken, repaired = (case.examined(repaired) for repaired in (False, True))
    assert broken.of(check)[place].alarm, str(broken)
    assert not repaired.alarms, str(repaired)
    assert broken.of(check)[place].check == check


def state(model, optimizer):
    grads = [None if weight.grad is None else weight.grad.clone() for weight in model.parameters()]
    modes = [part.training for part in model.modules()]
    return copy.deepcopy(model.state_dict()), grads, modes, copy.deepcopy(optimizer.state_dict())


@pytest.mark.parametrize("training", [True, False])
def test_nothing_of_the_readers_is_changed(training):
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.2), nn.Flatten())
    model = model.append(nn.Linear(144, 10)).train(training)
    optimizer = torch.optim.SGD(model.parameters(), 0.05, momentum=0.9)
    for _ in range(2):
        F.cross_entropy(model(X), Y).backward()
        optimizer.step()
    loader = DataLoader(TensorDataset(X, Y), batch_size=32, shuffle=True)
    before = state(model, optimizer)
    drawn = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state()  # noqa: NPY002
    first = diagnose(model, loader, optimizer=optimizer, validation=[(X, Y)], steps=20)
    assert (random.getstate(), np.random.get_state()[1].tolist()) == drawn[:2]  # noqa: NPY002
    assert torch.equal(torch.get_rng_state(), drawn[2])
    after = state(model, optimizer)
    assert before[2] == after[2]
    torch.testing.assert_close(after[0], before[0], rtol=0, atol=0)
    torch.testing.assert_close(after[1], before[1], rtol=0, atol=0)
    torch.testing.assert_close(after[3], before[3], rtol=0, atol=0)
    assert str(diagnose(model, loader, optimizer=optimizer, validation=[(X, Y)], steps=20)) == str(first)


def test_a_step_that_trains_the_model_itself_is_refused_and_undone():
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    before = copy.deepcopy(model.state_dict())

    def step(_model, _optimizer, x, y):
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    with pytest.raises(ValueError, match="step changed the model itself"):
        diagnose(model, [(X, Y)], optimizer=optimizer, step=step, checks=["step"])
    torch.testing.assert_close(model.state_dict(), before, rtol=0, atol=0)
    assert all(weight.grad is None for weight in model.parameters())


def alarms(check, model=None, batches=None, **how):
    """Return the places of a check's findings that raise an alarm."""
    report = diagnose(model or mlp(), batches or [(X, Y)], checks=[check], **how)
    return [place for place, finding in enumerate(report.findings) if finding.alarm]


@pytest.mark.parametrize(
    ("loss", "places", "words"),
    [
        (nn.CrossEntropyLoss(), [], ""),
        (nn.CrossEntropyLoss(label_smoothing=0.1), [], ""),
        (nn.CrossEntropyLoss(weight=torch.arange(1.0, 11)), [], ""),
        (nn.CrossEntropyLoss(reduction="sum"), [0], "summed over the batch"),
        (lambda s, y: F.cross_entropy(s, y) / len(y), [0], "averaged twice"),
        (lambda s, y: F.cross_entropy(s.softmax(1), y), [1], "1.4612"),
        (lambda s, y: -F.cross_entropy(s, y), [1], ""),
        (lambda s, y: F.mse_loss(s, F.one_hot(y, 10).float()), [], "no cross-entropy"),
    ],
)
def test_losses(loss, places, words):
    report = diagnose(mlp(), [(X, Y)], loss=loss, checks=["loss"])
    found = [place for place, finding in enumerate(report.findings[:2]) if finding.alarm]
    assert found == places or (loss(torch.zeros(1, 10), Y[:1]) < 0 and 1 in found)
    assert words in str(report)


def test_nll_loss_on_scores_is_named():
    report = diagnose(mlp(), [(X, Y)], loss=F.nll_loss, checks=["loss"])
    assert "meant for log-probabilities" in report.findings[0].seen
    assert not alarms("loss", mlp(nn.Identity(), nn.Linear(32, 32)).append(nn.LogSoftmax(1)))


def test_data_that_do_not_fit_are_seen():
    assert alarms("data") == []
    assert alarms("data", batches=[(X.where(X != 0, torch.nan), Y)])[0] == 0
    assert alarms("data", batches=[(X * 255, Y)]) == [1]
    assert alarms("data", batches=[(X + 100, Y)]) == [1]
    assert alarms("data", batches=[(X, torch.where(Y == 3, 3, 4))]) == [2]
    assert alarms("data", batches=[(X, Y.roll(1))]) == [3]


def test_outputs_that_do_not_fit_are_seen():
    assert alarms("outputs", mlp().append(nn.Softmax(1))) == [1]
    assert alarms("outputs", mlp().append(nn.ReLU())) == [1]
    flat = mlp()
    nn.init.zeros_(flat[-1].weight)
    assert alarms("outputs", flat) == [2]

    class Centred(nn.Module):
        def forward(self, x):
            return x - x.mean(dim=0)

    assert alarms("outputs", mlp(Centred())) == [0]


def test_weights_that_cannot_learn_are_seen():
    model = mlp()
    older, frozen = mlp(), mlp()
    assert alarms("weights", model, optimizer=torch.optim.SGD(model[1].parameters(), 0.1)) == [1]
    assert alarms("weights", model, optimizer=torch.optim.SGD(older.parameters(), 0.1)) == [1]
    frozen[1].requires_grad_(False)
    assert alarms("weights", frozen) == []

    class Cut(nn.Module):
        def forward(self, x):
            return x.detach()

    assert alarms("weights", mlp(Cut())) == [2]
    stray = mlp()
    stray.more = {"a": nn.Linear(3, 2), "b": nn.Linear(2, 1)}
    report = diagnose(stray, [(X, Y)], checks=["weights"])
    assert report.findings[0].value == 3 * 2 + 2 + 2 + 1
    assert report.findings[0].alarm


class Slip(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, factor):
        ctx.factor = factor
        return x.sin()

    @staticmethod
    def backward(ctx, grad):
        return grad * ctx.factor, None


@pytest.mark.parametrize("kind", [nn.ReLU(), nn.Tanh(), nn.GELU(), nn.Dropout(0.5), nn.BatchNorm1d(32)])
def test_right_gradients_pass(kind):
    finding = diagnose(mlp(kind), [(X, Y)], checks=["gradients"]).findings[0]
    assert not finding.alarm
    assert finding.value < 1e-4


def test_wrong_gradients_and_nets_that_refuse_float64():
    class Own(nn.Module):
        def forward(self, x):
            return Slip.apply(x, 1.0)

    finding = diagnose(mlp(Own()), [(X, Y)], checks=["gradients"]).findings[0]
    assert finding.alarm
    assert "(1." in finding.seen
    assert "4." not in finding.advice

    class Single(nn.Module):
        def forward(self, x):
            return x.float() @ torch.eye(32)

    finding = diagnose(mlp(Single()), [(X, Y)], checks=["gradients"]).findings[0]
    assert finding.severity == "note"
    assert "could not be checked" in finding.seen


def test_hidden_units_are_measured_as_by_hand():
    model = mlp()
    with torch.no_grad():
        model[1].bias[:8] = -50
        model[1].weight[8:12] = 0
    [layer] = diagnose(model, [(X, Y)], checks=["units"]).layers
    hidden = model[1](X.flatten(1)).relu().detach().numpy()[:128].T
    assert layer.matrix == pytest.approx(hidden, abs=1e-6)
    dead = (hidden == 0).all(axis=1)
    assert layer.dead == pytest.approx(dead.mean())
    flat = (hidden.std(axis=1) < 1e-6) & ~dead
    assert layer.constant == pytest.approx(flat.mean())
    pairs = np.abs(np.corrcoef(hidden[~dead & ~flat]))
    assert layer.correlation == pytest.approx(pairs[~np.eye(len(pairs), dtype=bool)].mean(), abs=1e-5)
    assert layer.variance == pytest.approx(hidden.var(axis=1, ddof=1).mean(), rel=1e-4)


def test_saturated_and_constant_units_are_seen():
    model = Functional()
    nn.init.normal_(model.first.weight, std=30)
    assert alarms("units", model) == [1]
    nn.init.zeros_(model.first.weight)
    nn.init.normal_(model.first.bias)
    assert alarms("units", model) == [2]


def test_filters_of_known_kernels():
    layer = nn.Conv2d(3, 2, 3)
    with torch.no_grad():
        layer.weight[0] = 1
        layer.weight[1] = torch.tensor([[1.0, -1, 1], [-1, 1, -1], [1, -1, 1]])
    both = first_filters(nn.Sequential(nn.Conv2d(3, 3, 1), layer))
    assert both.kernels.shape == (2, 3, 3)
    assert both.smoothness == pytest.approx(0, abs=1e-6)
    assert both.cosine == pytest.approx(1 / 9, abs=1e-6)
    with torch.no_grad():
        layer.weight[1] = 2
    assert first_filters(layer).smoothness == pytest.approx(1)
    assert first_filters(layer).cosine == pytest.approx(1)
    assert first_filters(mlp()) is None


def test_a_step_in_eval_mode_is_seen():
    def step(model, optimizer, x, y):
        model.eval()
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    assert alarms("step", mlp(nn.BatchNorm1d(32)), step=step) == [2]
    assert alarms("step", mlp(), step=step) == []
    frozen = mlp()
    assert alarms("step", frozen, optimizer=torch.optim.SGD(frozen.parameters(), 0.0)) == [1]


def test_small_batch_tells_half_way_from_not_at_all():
    def finding(rate, steps):
        model = mlp()
        optimizer = torch.optim.SGD(model.parameters(), rate)
        return diagnose(model, [(X, Y)], optimizer=optimizer, checks=["small batch"], steps=steps).findings[0]

    assert finding(0.5, 150).severity == "fine"
    assert finding(0.5, 25).severity == "warning"
    assert finding(1e-4, 25).severity == "fault"


def test_report_is_in_plain_words_and_the_worst_comes_first():
    report = diagnose(mlp().append(nn.Softmax(1)), [(X * 255, Y)], checks=["data", "outputs"])
    lines = str(report).splitlines()
    assert lines[0] == f"{len(report.alarms)} of {len(report.findings)} findings need a look."
    assert lines[1].startswith("BAD  outputs: scores are probabilities")
    assert "       wanted: any numbers, of both signs" in lines
    assert [finding.severity for finding in report.alarms] == ["warning", "fault"]
    assert math.isnan(Finding("a", "fine", "b", "c").value)
    assert Report(()).alarms == ()
    assert report.chance_loss == pytest.approx(math.log(10))


def test_undisturbed_puts_back_what_was_drawn():
    torch.manual_seed(3)
    with undisturbed(0):
        first = torch.rand(2)
    with undisturbed(0):
        assert torch.equal(torch.rand(2), first)
    assert torch.equal(torch.rand(2), torch.rand(2, generator=torch.Generator().manual_seed(3)))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: diagnose("net", [(X, Y)]), "model is a str"),
        (lambda: diagnose(nn.ReLU(), [(X, Y)]), "no parameters that require a gradient"),
        (lambda: diagnose(mlp(), X), "loader is a Tensor"),
        (lambda: diagnose(mlp(), [X]), "loader gave a Tensor; each batch must be two tensors"),
        (lambda: diagnose(mlp(), [(X, Y.float())]), "labels .160,. torch.float32; wanted"),
        (lambda: diagnose(mlp(), [(X, Y[:9])]), "wanted float inputs"),
        (lambda: diagnose(mlp(), []), "loader gave 0 examples"),
        (lambda: diagnose(mlp(), [(X, Y)], validation=[(X[:1], Y[:1])]), "validation gave 1 examples"),
        (lambda: diagnose(mlp(), [(X, Y + 1)]), "labels run from 1 to 10, and the model has 10 classes"),
        (lambda: diagnose(mlp(), [(X[:, :, 1:], Y)]), "does not take inputs of shape .2, 1, 7, 8."),
        (lambda: diagnose(nn.Conv2d(1, 4, 3), [(X, Y)]), "2 inputs give .2, 4, 6, 6."),
        (lambda: diagnose(mlp(), [(X, Y)], checks=["colour"]), "colour.* give an nn.Module and some of"),
        (lambda: diagnose(mlp(), [(X, Y)], checks="data"), "checks 'data'"),
        (lambda: diagnose(mlp(), [(X, Y)], steps=0), "steps 0"),
    ],
)
def test_bad_input_is_refused_with_its_reason(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_on_a_gpu():
    model = build_small_vgg("A", blocks=2).cuda()
    assert not diagnose(model, [(X, Y)], steps=80).alarms


def test_patients_are_examined_without_being_treated():
    patient = admit(Recipe())
    before = copy.deepcopy(patient.model.state_dict())
    how = {"optimizer": patient.optimizer, "step": patient.step, "loss": patient.loss}
    assert not diagnose(patient.model, patient.batches, validation=patient.validation, **how).alarms
    torch.testing.assert_close(patient.model.state_dict(), before, rtol=0, atol=0)
