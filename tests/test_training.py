"""training.TrainingRun, device and timing without a page: the same run again, fair clocks, honest counts."""

import io
import itertools
import time
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from rich.console import Console
from torch import nn
from torch.nn import functional as F

from course_utils import timing
from course_utils.data import Split, digits
from course_utils.device import autocast, device_name, pick_device, synchronise
from course_utils.training import Recipe, TrainingRun, error_percent, gradient_norms, progress_bar

CPU = torch.device("cpu")
RECIPE = Recipe(steps=30, lr=0.1, batch_size=32, decay="linear", weight_decay=1e-3, seed=3)


@pytest.fixture(scope="module")
def data():
    whole = digits()
    return Split(whole.x_train[:150], whole.y_train[:150], whole.x_test[:60], whole.y_test[:60])


def net(seed=0):
    torch.manual_seed(seed)
    features = [nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*features, nn.Flatten(), nn.Dropout(0.4), nn.Linear(36, 10))


def same_net(a, b):
    return all(torch.equal(x, y) for x, y in zip(a.state_dict().values(), b.state_dict().values(), strict=True))


@pytest.mark.parametrize("stop", [1, 5, 13, 29])
def test_a_resumed_run_is_the_same_run_bit_for_bit(data, tmp_path, stop):
    whole = TrainingRun(net(), data, RECIPE)
    whole.advance(every=7)
    first = TrainingRun(net(), data, RECIPE)
    first.advance(stop, every=7)
    first.save(tmp_path / "run.pt")
    assert [path.name for path in tmp_path.iterdir()] == ["run.pt"]
    torch.rand(17)  # other code draws random numbers meanwhile
    second = TrainingRun(net(seed=9), data, RECIPE)
    second.load(tmp_path / "run.pt")
    assert second.step == stop
    second.advance(every=7)
    assert whole.history.losses == second.history.losses
    assert len(whole.history.losses) == RECIPE.steps
    assert same_net(whole.model, second.model)
    # The run that was saved can go on too, and is not the worse for it.
    first.advance(every=7)
    assert first.history.losses == whole.history.losses


@pytest.mark.parametrize(("part", "differs"), [("model", 10), ("optimizer", 11), ("step", 10), ("random", 10)])
def test_each_part_of_a_state_is_needed(data, part, differs):
    whole = TrainingRun(net(), data, RECIPE)
    whole.advance(every=30)
    run = TrainingRun(net(), data, RECIPE)
    run.advance(10)
    new = TrainingRun(net(seed=4), data, RECIPE)
    new.restore(run.state() | {part: new.state()[part]})
    new.advance(every=30)
    unlike = [k for k in range(10, 30) if whole.history.losses[k] != new.history.losses[k]]
    assert unlike[0] == differs


def test_watching_measuring_and_others_random_numbers_do_not_change_a_run(data):
    quiet, watched = TrainingRun(net(), data, RECIPE), TrainingRun(net(), data, RECIPE)
    quiet.advance(every=30)
    seen = []
    torch.manual_seed(5)
    wanted = torch.rand(3)
    torch.manual_seed(5)
    watched.advance(every=4, watch=lambda run: seen.append(run.step))
    assert torch.equal(torch.rand(3), wanted)  # nor does the run change what others draw
    assert seen == [4, 8, 12, 16, 20, 24, 28, 30]
    assert [step for step, _ in watched.history.errors["test"]] == seen
    assert watched.history.losses == quiet.history.losses
    assert watched.history.errors["test"][-1][1] == error_percent(watched.model, data.x_test, data.y_test)


def test_a_run_is_sgd_as_torch_documents_it(data):
    """Against the update rule written out: weight decay, momentum, a rate that falls along a line."""
    recipe = replace(RECIPE, steps=6, batch_size=150)  # all examples in each step: their order is nothing
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    weights = [weight.detach().clone().requires_grad_() for weight in model.parameters()]
    speeds = [torch.zeros_like(weight) for weight in weights]
    x, y = torch.tensor(data.x_train).flatten(1), torch.tensor(data.y_train)
    losses = []
    for step in range(6):
        loss = F.cross_entropy(F.linear(x, *weights), y)
        losses.append(loss.item())
        for place, grad in enumerate(torch.autograd.grad(loss, weights)):
            speeds[place] = 0.9 * speeds[place] + grad + 1e-3 * weights[place].detach()
            with torch.no_grad():
                weights[place] -= 0.1 * (1 - step / 6) * speeds[place]
    run = TrainingRun(model, data, recipe)
    assert run.advance().losses == pytest.approx(losses, rel=1e-5)
    for mine, true in zip(model.parameters(), weights, strict=True):
        assert torch.allclose(mine, true, rtol=1e-4, atol=1e-6)


def test_every_example_is_used_once_an_epoch(data):
    run = TrainingRun(net(), data, RECIPE)
    seen = []
    for step in range(10):  # two epochs of 150 examples: batches of 32, the last of 22
        run.step = step
        seen.append(run._batch().tolist())
    assert [len(batch) for batch in seen] == [32, 32, 32, 32, 22] * 2
    epochs = [list(itertools.chain(*seen[:5])), list(itertools.chain(*seen[5:]))]
    assert all(sorted(epoch) == list(range(150)) for epoch in epochs)
    assert epochs[0] != epochs[1]


def test_bfloat16_learns_and_keeps_its_weights_in_float32(data):
    run = TrainingRun(net(), data, replace(RECIPE, precision="bfloat16"))
    losses = run.advance().losses
    exact = TrainingRun(net(), data, RECIPE).advance().losses
    assert losses != exact
    assert losses[0] == pytest.approx(exact[0], rel=0.02)
    assert np.mean(losses[-5:]) < 0.7 * losses[0]
    assert {weight.dtype for weight in run.model.parameters()} == {torch.float32}


def test_what_a_run_refuses(data, tmp_path):
    for bad, says in (
        ({"steps": 0}, "must be 1 or more"),
        ({"batch_size": 0}, "must be 1 or more"),
        ({"decay": "cosine"}, "'none' or 'linear'"),
        ({"precision": "float16"}, "'float32' or 'bfloat16'"),
    ):
        with pytest.raises(ValueError, match=says):
            replace(RECIPE, **bad)
    run = TrainingRun(net(), data, RECIPE)
    run.advance(4)
    for to, every in ((4, 1), (31, 1), (5, 0)):
        with pytest.raises(ValueError, match="stands at step 4 of 30"):
            run.advance(to, every=every)
    with pytest.raises(ValueError, match="no state of a training run"):
        run.restore({"step": 3})
    with pytest.raises(ValueError, match=r"another recipe, with \{'lr': 0.1\}"):
        TrainingRun(net(), data, replace(RECIPE, lr=0.2)).restore(run.state())
    other = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    with pytest.raises(ValueError, match="another net"):
        TrainingRun(other, data, RECIPE).restore(run.state())


def test_a_state_is_a_copy_on_the_cpu(data):
    run = TrainingRun(net(), data, RECIPE)
    run.advance(3)
    state = run.state()
    before = state["model"]["0.weight"].clone()
    run.advance(6)
    assert torch.equal(state["model"]["0.weight"], before)
    assert len(state["history"]["losses"]) == 3
    assert state["recipe"] == asdict(RECIPE)
    assert not torch.equal(run.model.state_dict()["0.weight"].cpu(), before)


def test_progress_bar_says_how_far_it_is(data):
    told = io.StringIO()
    with progress_bar(RECIPE, Console(file=told, force_terminal=True, width=100)) as watch:
        run = TrainingRun(net(), data, RECIPE)
        run.advance(15, watch=watch)
    assert "50%" in told.getvalue()
    assert f"test {run.history.errors['test'][-1][1]:.1f} %" in told.getvalue()


def test_gradient_norms_are_those_of_backward(data):
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 8), nn.Tanh(), nn.Linear(8, 10))
    x, y = torch.tensor(data.x_train), torch.tensor(data.y_train)
    norms = gradient_norms(model, x, y)
    assert all(weight.grad is None for weight in model.parameters())
    F.cross_entropy(model(x), y).backward()
    assert norms == {name: pytest.approx(float(model[int(name[0])].weight.grad.norm())) for name in norms}
    assert list(norms) == ["1.weight", "3.weight"]


def test_autocast_and_names(monkeypatch):
    a = torch.ones(2, 2)
    for precision, dtype in (("float32", torch.float32), ("bfloat16", torch.bfloat16)):
        with autocast(CPU, precision):
            assert (a @ a).dtype == dtype
    with pytest.raises(ValueError, match="precision is 'half'"):
        autocast(CPU, "half")
    assert device_name(CPU).strip()
    monkeypatch.setenv("COURSE_DEVICE", "cpu")
    synchronise(pick_device())


def test_side_by_side_tells_long_from_short():
    calls = {"short": 0, "long": 0}

    def job(name, seconds):
        calls[name] += 1
        time.sleep(seconds)

    spent = timing.side_by_side(
        {"short": lambda: job("short", 0.002), "long": lambda: job("long", 0.008)}, rounds=5, clock="wall", device=CPU
    )
    assert {name: len(values) for name, values in spent.items()} == {"short": 5, "long": 5}
    short, long = timing.ratios(spent, "short")
    assert (short.median, short.low, short.high) == (1, 1, 1)
    assert 1.5 < long.median < 8
    assert long.low <= long.median <= long.high
    assert calls["long"] == 1 + 1 + 5  # first call, calibration, rounds
    assert "long" in str(long)


def test_processor_time_does_not_run_while_one_sleeps():
    spent = timing.side_by_side({"sleep": lambda: time.sleep(0.02)}, rounds=3, device=CPU)
    assert np.median(spent["sleep"]) < 0.01


@pytest.mark.parametrize(("jobs", "more"), [({}, {}), ({"a": list}, {"rounds": 0}), ({"a": list}, {"clock": "sun"})])
def test_side_by_side_refuses(jobs, more):
    with pytest.raises(ValueError, match="the clocks processor, wall"):
        timing.side_by_side(jobs, **more)


def test_ratios_refuse_an_unknown_unit():
    with pytest.raises(ValueError, match="no job 'b' to compare with; there are a"):
        timing.ratios({"a": np.ones(3)}, "b")


@pytest.mark.parametrize("wait_each", [False, True])
@pytest.mark.parametrize(("launch", "run"), [(5, 20), (10, 4), (3, 3), (0, 2), (4, 0)])
def test_queue_times_against_a_tick_by_tick_simulation(launch, run, wait_each):
    """Every microsecond: the processor launches, or waits; the device runs what is launched, one kernel at a time."""
    kernels, clock, launched, finished = 4, 0, [], []
    left_launch, left_run, running = launch, 0, None
    while len(finished) < kernels:
        progress = True
        while progress:  # what takes no time happens at once
            progress = False
            if running is not None and left_run == 0:
                finished.append(clock)
                running, progress = None, True
            if running is None and len(launched) > len(finished):
                running, left_run, progress = len(finished), run, True
                progress = left_run == 0
            may = len(launched) < kernels and not (wait_each and len(launched) > len(finished))
            if may and left_launch == 0:
                launched.append(clock)
                left_launch, progress = launch, True
        if len(finished) == kernels:
            break
        may = len(launched) < kernels and not (wait_each and len(launched) > len(finished))
        left_launch -= 1 if may else 0
        left_run -= 1 if running is not None else 0
        clock += 1
    host, device = timing.queue_times(kernels, launch, run, wait_each)
    assert [end for _, end in host] == launched
    assert [end for _, end in device] == finished
    assert all(end - start == run for start, end in device)


def test_queue_times_refuse():
    for bad in ((0, 1, 1), (1, -1, 1), (1, 1, -1)):
        with pytest.raises(ValueError, match="a kernel or more"):
            timing.queue_times(*bad)


def test_saved_bytes_are_the_tensors_that_backward_needs():
    a, b = (torch.ones(10, 10, requires_grad=True) for _ in range(2))
    assert timing.saved_bytes(lambda: a * b) == 2 * 400  # a product needs both factors
    assert timing.saved_bytes(lambda: a + b) == 0  # a sum needs neither
    assert timing.saved_bytes(lambda: a.exp()) == 400  # its own result
    assert timing.saved_bytes(lambda: a * a) == 400  # shared memory counts once
    with torch.no_grad():
        assert timing.saved_bytes(lambda: a * b) == 0


def test_operator_shares_find_the_product_that_costs():
    a = torch.randn(300, 300)
    found = timing.operator_shares(lambda: (a @ a).relu(), device=CPU)
    by_name = {each.name: each for each in found}
    assert found[0].name == "aten::mm"
    assert by_name["aten::relu"].calls == 1
    assert sum(each.share for each in found) == pytest.approx(1)
    with pytest.raises(ValueError, match="calls is 0"):
        timing.operator_shares(list, calls=0)
