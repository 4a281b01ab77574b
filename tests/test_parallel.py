"""Collectives and the ring against NumPy's sums, crossings against shapes, a real run against one process."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import distributed, nn
from torch.nn import functional as F

from course_utils import parallel
from course_utils.models.alexnet import build_alexnet


def buffers(workers, n=3, seed=0):
    return np.random.default_rng(seed).integers(-9, 10, (workers, workers, n))


@pytest.mark.parametrize("workers", [2, 3, 5])
def test_collectives_move_what_their_names_say(workers):
    put_in = buffers(workers)
    total = sum(put_in)
    got = {kind: parallel.collective(kind, put_in) for kind in parallel.COLLECTIVES}
    for w in range(workers):
        assert np.array_equal(got["broadcast"][w], put_in[0])
        assert np.array_equal(got["scatter"][w], [put_in[0][w]])
        assert np.array_equal(got["all-gather"][w], [put_in[v][v] for v in range(workers)])
        assert np.array_equal(got["all-reduce"][w], total)
        assert np.array_equal(got["reduce-scatter"][w], [total[w]])
        for kind, everything in (("gather", got["all-gather"][0]), ("reduce", total)):
            assert np.array_equal(got[kind][w], everything if w == 0 else everything[:0])


@pytest.mark.parametrize("workers", [2, 3, 4, 7])
def test_ring_ends_with_the_sum_everywhere_and_counts_its_bytes(workers):
    put_in = buffers(workers).astype(np.float32)
    kept = put_in.copy()
    steps = list(parallel.ring_steps(put_in))
    assert np.array_equal(put_in, kept)
    assert len(steps) == 2 * (workers - 1)
    assert all(np.array_equal(held, put_in.sum(axis=0)) for held in steps[-1].held)
    assert (steps[-1].terms == workers).all()
    half = steps[workers - 2]
    assert half.phase == "reduce-scatter"
    assert (half.terms == workers).sum() == workers  # each worker has one finished chunk
    assert steps[-1].sent == 2 * (workers - 1) * put_in[0, 0].nbytes
    for number, step in enumerate(steps):
        assert {(giver, taker) for giver, taker, _ in step.sends} == {(w, (w + 1) % workers) for w in range(workers)}
        assert len({chunk for _, _, chunk in step.sends}) == workers
        assert step.sent == (number + 1) * put_in[0, 0].nbytes


def test_terms_count_whose_numbers_are_in_a_chunk():
    workers = 5
    marks = np.repeat(2 ** np.arange(workers), workers).reshape(workers, workers, 1)  # a bit for each worker
    for step in parallel.ring_steps(marks):
        bits = np.vectorize(lambda number: bin(number).count("1"))(step.held[..., 0])
        assert np.array_equal(bits, step.terms)


@pytest.mark.parametrize(("workers", "n"), [(2, 10), (4, 10), (3, 1), (8, 64)])
def test_ring_total_is_numpys_sum_for_any_length(workers, n):
    vectors = np.random.default_rng(1).standard_normal((workers, n))
    total, sent = parallel.ring_total(vectors)
    assert np.allclose(total, vectors.sum(axis=0), atol=1e-12)
    assert sent == 2 * (workers - 1) * -(-n // workers) * 8


def test_towers_meet_at_conv3_and_in_the_fully_connected_layers():
    with torch.device("meta"):
        nets = {name: build_alexnet(name) for name in ("paper", "one tower")}
        shorter = build_alexnet("paper", without=("conv3", "conv4"))
    crossings = {each.layer: each.values for each in parallel.tower_crossings(nets["paper"], (3, 227, 227))}
    meet = {"conv3": 256 * 13 * 13, "fc6": 256 * 6 * 6, "fc7": 4096, "fc8": 4096}
    assert crossings == dict.fromkeys(crossings, 0) | meet
    assert [each.values > 0 for each in parallel.tower_crossings(shorter, (3, 227, 227))] == [False] * 3 + [True] * 3
    everywhere = parallel.tower_crossings(nets["one tower"], (3, 227, 227))
    assert [each.values > 0 for each in everywhere] == [False] + [True] * 7


def small_batch():
    torch.manual_seed(0)
    return build_alexnet("small", batch_norm=False), torch.rand(12, 1, 29, 29), torch.arange(12) % 10


def test_mean_gradients_are_those_of_backward():
    model, x, y = small_batch()
    found = parallel.mean_gradients(model, x, y)
    assert all(weight.grad is None for weight in model.parameters())
    F.cross_entropy(model(x), y).backward()
    assert all(torch.equal(found[name], weight.grad) for name, weight in model.named_parameters())


@pytest.mark.slow
def test_two_processes_hold_the_gradients_of_one():
    model, x, y = small_batch()
    before = {name: weight.detach().clone() for name, weight in model.named_parameters()}
    run = parallel.run_distributed(model, [(x[:6], y[:6]), (x[6:], y[6:])])
    assert run.backend == parallel.backend_for(2) == "gloo"
    assert len(set(run.process_ids)) == 2
    whole = parallel.mean_gradients(model, x, y)
    shards = [parallel.mean_gradients(model, x[s], y[s]) for s in (slice(6), slice(6, 12))]
    for name, wanted in whole.items():
        for rank in (0, 1):
            assert torch.allclose(run.local[rank][name], shards[rank][name], atol=1e-6)
            assert torch.allclose(run.averaged[rank][name], wanted, atol=1e-6)
            assert torch.allclose(run.weights[rank][name], before[name] - 0.1 * wanted, atol=1e-6)
        assert torch.equal(run.weights[0][name], run.weights[1][name])
        assert torch.equal(before[name], dict(model.named_parameters())[name])
    assert any(not torch.allclose(shards[0][name], wanted, atol=1e-3) for name, wanted in whole.items())
    assert run.reduced == [4 * sum(weight.numel() for weight in model.parameters())] * 2
    # The ring of this course gives the same mean.
    flat = np.stack([np.concatenate([each.numpy().ravel() for each in local.values()]) for local in run.local])
    mean = parallel.ring_total(flat)[0] / 2
    averaged = np.concatenate([each.numpy().ravel() for each in run.averaged[0].values()])
    assert np.allclose(mean, averaged, atol=1e-6)


def test_backend_is_nccl_only_where_each_worker_has_a_gpu(monkeypatch):
    monkeypatch.setattr(parallel, "pick_device", lambda: torch.device("cuda"))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(distributed, "is_nccl_available", lambda: True)
    assert [parallel.backend_for(workers) for workers in (1, 2, 3)] == ["nccl", "nccl", "gloo"]
    monkeypatch.setattr(parallel, "pick_device", lambda: torch.device("cpu"))
    assert parallel.backend_for(2) == "gloo"


def test_a_worker_that_fails_is_reported_in_its_own_words(monkeypatch):
    def start(folder, rank):
        said = (folder / f"said{rank}.txt").open("wb")
        code = "print('out of luck'); raise SystemExit(3)" if rank else "import time; time.sleep(60)"
        with said:
            return subprocess.Popen([sys.executable, "-S", "-c", code], stdout=said, stderr=said)

    monkeypatch.setattr(parallel, "_start", start)
    model, x, y = small_batch()
    with pytest.raises(RuntimeError, match=r"(?s)exit codes \[None, 3\].*out of luck"):
        parallel.run_distributed(model, [(x, y), (x, y)])


def test_workers_that_take_too_long_are_ended():
    model, x, y = small_batch()
    with pytest.raises(RuntimeError, match=r"2 workers: not finished after 0\.05 s"):
        parallel.run_distributed(model, [(x, y), (x, y)], limit=0.05)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: parallel.collective("gossip", buffers(2)), "no collective 'gossip'"),
        (lambda: parallel.collective("reduce", np.zeros((2, 3, 1))), r"shape \(2, 3, 1\)"),
        (lambda: list(parallel.ring_steps(np.zeros((1, 1, 4)))), "two workers or more"),
        (lambda: list(parallel.ring_steps(np.zeros((3, 4)))), r"shape \(3, 4\)"),
        (lambda: parallel.ring_total(np.zeros(4)), r"shape \(4,\)"),
        (lambda: parallel.ring_total(np.zeros((1, 4))), "two workers or more"),
        (lambda: parallel.run_distributed(nn.Linear(1, 1), [(torch.zeros(1, 1), torch.zeros(1))]), r"\[\(1, 1\)\]"),
        (lambda: parallel.run_distributed(nn.Linear(1, 1), [(torch.zeros(2, 1), torch.zeros(1))] * 2), "none empty"),
    ],
)
def test_bad_input_is_refused_with_its_reason(call, message):
    with pytest.raises(ValueError, match=message):
        call()
