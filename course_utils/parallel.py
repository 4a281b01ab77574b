"""Several workers on one net: collectives and a ring all-reduce in NumPy, and a real run of torch's data parallelism.

A worker of the real run is this module, a process of its own (`python -m course_utils.parallel FOLDER RANK`).
Workers meet by a file in a temporary folder and talk over the loopback interface: no network and no port is needed.
"""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import distributed, nn
from torch.nn import functional as F

from course_utils.device import pick_device

COLLECTIVES = ("broadcast", "scatter", "gather", "all-gather", "reduce", "all-reduce", "reduce-scatter")


def collective(kind: str, buffers: np.ndarray) -> list[np.ndarray]:
    """Return what each of W workers holds after a collective in which worker w puts in buffers[w].

    `buffers` is (W, W, n): W chunks each. The root is worker 0; where a worker gets nothing its array is empty.
    Broadcast, scatter: the root's chunks to all, or one to each. Gather, all-gather: chunk w of worker w to the root,
    or to all. Reduce, all-reduce: the sum over workers to the root, or to all. Reduce-scatter: a chunk of it each.
    Raises ValueError for another kind or shape. Source: MPI Forum, MPI 4.0 (2021), chapter 6.
    """
    if kind not in COLLECTIVES:
        raise ValueError(f"no collective {kind!r}; there are {', '.join(COLLECTIVES)}")
    if buffers.ndim != 3 or buffers.shape[0] != buffers.shape[1]:
        raise ValueError(f"buffers have shape {buffers.shape}; they must be (W, W, n): W workers with W chunks each")
    workers, none = range(len(buffers)), buffers[:0, 0]
    total, own = buffers.sum(axis=0), buffers[workers, workers]
    if kind in ("scatter", "reduce-scatter"):
        source = buffers[0] if kind == "scatter" else total
        return [source[w : w + 1] for w in workers]
    result = {"broadcast": buffers[0], "gather": own, "all-gather": own, "reduce": total, "all-reduce": total}[kind]
    return [result if w == 0 or kind in ("broadcast", "all-gather", "all-reduce") else none for w in workers]


@dataclass(frozen=True)
class RingStep:
    """One step of a ring all-reduce: who sends which chunk to whom, and what all hold afterwards.

    `sends` has (from, to, chunk) for each worker; `held` is (W, W, n), `terms` (W, W) counts the workers whose
    numbers are in each chunk, and `sent` is bytes that each worker has sent since the beginning.
    """

    phase: str
    sends: tuple[tuple[int, int, int], ...]
    held: np.ndarray
    terms: np.ndarray
    sent: int


def ring_steps(buffers: np.ndarray) -> Iterator[RingStep]:
    """Yield the 2 (W - 1) steps after which each of W workers on a ring holds the sum of all.

    `buffers` is (W, W, n): each worker's numbers in W chunks of n. First each chunk travels around and is added to
    (reduce-scatter), then the finished chunks travel around and replace (all-gather).
    Raises ValueError for another shape or fewer than two workers. Source: P. Patarasuk and X. Yuan, "Bandwidth
    optimal all-reduce algorithms for clusters of workstations", J. Parallel Distrib. Comput. 69, 2009.
    """
    if buffers.ndim != 3 or buffers.shape[0] != buffers.shape[1] or len(buffers) < 2:
        raise ValueError(f"buffers have shape {buffers.shape}; they must be (W, W, n) with two workers or more")
    count = len(buffers)
    held, terms = buffers.copy(), np.ones((count, count), dtype=int)
    sent = 0
    for step in range(2 * (count - 1)):
        adding = step < count - 1
        # A worker passes on the chunk that it received in the step before; at first its own.
        sends = tuple((w, (w + 1) % count, (w - step + (0 if adding else count)) % count) for w in range(count))
        before, terms_before = held.copy(), terms.copy()
        for giver, taker, chunk in sends:
            held[taker, chunk] = before[giver, chunk] + (before[taker, chunk] if adding else 0)
            terms[taker, chunk] = terms_before[giver, chunk] + (terms_before[taker, chunk] if adding else 0)
        sent += held[0, 0].nbytes
        yield RingStep("reduce-scatter" if adding else "all-gather", sends, held.copy(), terms.copy(), sent)


def ring_total(vectors: np.ndarray) -> tuple[np.ndarray, int]:
    """Return the sum that every worker holds after a ring all-reduce of (W, n) numbers, and the bytes each has sent.

    n need not be a multiple of W: zeros are added, and sent. Raises ValueError as `ring_steps` does, and
    AssertionError where two workers would hold different sums, which cannot happen.
    """
    if vectors.ndim != 2 or len(vectors) < 2:
        raise ValueError(f"vectors have shape {vectors.shape}; they must be (W, n) with two workers or more")
    count, n = vectors.shape
    padded = np.pad(vectors, ((0, 0), (0, -n % count)))
    (last,) = deque(ring_steps(padded.reshape(count, count, -1)), maxlen=1)  # the steps before it are not kept
    assert (last.held == last.held[0]).all()
    return last.held[0].reshape(-1)[:n], last.sent


@dataclass(frozen=True)
class Crossing:
    """What goes from one tower of a net to the other before a layer: numbers for each picture."""

    layer: str
    values: int


def tower_crossings(model: nn.Module, input_shape: tuple[int, ...]) -> list[Crossing]:
    """Return where the two halves of a net must exchange what they have, if each half lives on a device of its own.

    Every device holds one half of each layer's outputs. A convolution in two groups needs its own half of the input
    only; a layer without groups needs the other half too, so all of its input crosses, half one way and half the other.
    The picture itself is given to both. Works on shapes alone. Raises RuntimeError where the model refuses the shape.
    """
    found: list[Crossing] = []
    layers = [(name, m) for name, m in model.named_modules() if isinstance(m, (nn.Conv2d, nn.Linear))]

    def watch(name: str):
        def hook(layer: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
            crosses = name != layers[0][0] and getattr(layer, "groups", 1) == 1
            found.append(Crossing(name.rpartition(".")[2], inputs[0][0].numel() if crosses else 0))

        return hook

    hooks = [layer.register_forward_pre_hook(watch(name)) for name, layer in layers]
    shapes = {name: torch.empty_like(value, device="meta") for name, value in model.state_dict().items()}
    try:
        torch.func.functional_call(model, shapes, (torch.empty(2, *input_shape, device="meta"),))
    finally:
        for each in hooks:
            each.remove()
    return found


def mean_gradients(model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> dict[str, torch.Tensor]:
    """Return the gradients of the mean cross-entropy of one batch, on one device: a tensor for each parameter.

    `x` is what the model takes, `y` int64 (N,). The model's own `.grad` is left alone.
    """
    loss = F.cross_entropy(model(x), y)
    names, weights = zip(*model.named_parameters(), strict=True)
    return dict(zip(names, torch.autograd.grad(loss, weights), strict=True))


@dataclass(frozen=True)
class DistributedRun:
    """What the workers of a real run sent back, one entry for each.

    `local` are the gradients of a worker's own shard, `averaged` those that it holds after DDP's all-reduce, `weights`
    its parameters after one step of SGD with learning rate 0.1, `reduced` the bytes that DDP handed to the all-reduce.
    """

    backend: str
    process_ids: list[int]
    local: list[dict[str, torch.Tensor]]
    averaged: list[dict[str, torch.Tensor]]
    weights: list[dict[str, torch.Tensor]]
    reduced: list[int]


def backend_for(workers: int) -> str:
    """Return "nccl" where the course is on GPUs and each worker can have its own, else "gloo", which needs none."""
    enough = pick_device().type == "cuda" and torch.cuda.device_count() >= workers
    return "nccl" if enough and distributed.is_nccl_available() else "gloo"


def run_distributed(
    model: nn.Module,
    shards: Sequence[tuple[torch.Tensor, torch.Tensor]],
    backend: str | None = None,
    limit: float = 120,
) -> DistributedRun:
    """Start one process for each shard (x, y), let DistributedDataParallel average their gradients, and return these.

    Every worker gets a copy of `model`, whose class must be importable by name; the model itself stays as it is.
    The backend is `backend_for(len(shards))` unless given. Raises ValueError where there are no two shards or one is
    empty, and RuntimeError with the workers' own words where a worker fails or all take longer than `limit` seconds.
    """
    if len(shards) < 2 or any(len(x) != len(y) or not len(y) for x, y in shards):
        sizes = [(len(x), len(y)) for x, y in shards]
        raise ValueError(f"shards have (inputs, labels) {sizes}; give two or more, none empty, labels for all")
    backend = backend or backend_for(len(shards))
    with tempfile.TemporaryDirectory(prefix="course_ddp_") as name:
        folder = Path(name)
        cpu = [(x.detach().cpu(), y.detach().cpu()) for x, y in shards]
        torch.save({"model": model, "shards": cpu, "backend": backend}, folder / "job.pt")
        workers = [_start(folder, rank) for rank in range(len(shards))]
        _wait(workers, folder, limit)
        back = [torch.load(folder / f"result{rank}.pt", weights_only=True) for rank in range(len(shards))]
    return DistributedRun(backend, *([each[key] for each in back] for key in _KEYS))


_KEYS = ("process_ids", "local", "averaged", "weights", "reduced")


def _environment() -> dict[str, str]:
    """Return the environment of a worker: this package within reach, one thread, the loopback interface."""
    root = str(Path(__file__).parents[1])
    path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    wanted = {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    loopback = [name for _, name in socket.if_nameindex() if name in ("lo", "lo0")]
    if loopback:
        wanted["GLOO_SOCKET_IFNAME"] = loopback[0]
    return os.environ | wanted


def _start(folder: Path, rank: int) -> subprocess.Popen[bytes]:
    said = (folder / f"said{rank}.txt").open("wb")
    with said:
        command = [sys.executable, "-m", "course_utils.parallel", str(folder), str(rank)]
        return subprocess.Popen(command, env=_environment(), stdin=subprocess.DEVNULL, stdout=said, stderr=said)


def _wait(workers: list[subprocess.Popen[bytes]], folder: Path, limit: float) -> None:
    """Wait for all workers; where one fails or time is up, end the others and say why."""
    end = time.monotonic() + limit
    try:
        while any(worker.poll() is None for worker in workers):
            if any(worker.poll() for worker in workers) or time.monotonic() > end:
                break
            time.sleep(0.02)
        codes = [worker.poll() for worker in workers]
    finally:
        for worker in workers:
            with contextlib.suppress(ProcessLookupError):
                worker.kill()
            worker.wait()
    if any(code != 0 for code in codes):
        words = [(folder / f"said{rank}.txt").read_text(errors="replace")[-1500:] for rank in range(len(workers))]
        why = f"not finished after {limit:g} s" if not any(codes) else f"exit codes {codes}"
        raise RuntimeError(f"{len(workers)} workers: {why}. Their last words:\n" + "\n".join(words))


def _work(folder: Path, rank: int) -> None:
    """Be one worker: gradients of the own shard, the same through DDP, and one step of SGD."""
    from torch.distributed.algorithms.ddp_comm_hooks.default_hooks import allreduce_hook
    from torch.nn.parallel import DistributedDataParallel

    job = torch.load(folder / "job.pt", weights_only=False)
    count, backend = len(job["shards"]), job["backend"]
    device = torch.device("cuda", rank) if backend == "nccl" else torch.device("cpu")
    torch.set_num_threads(1)
    if device.type == "cuda":
        torch.cuda.set_device(device)
        torch.backends.cudnn.allow_tf32 = False  # gradients are compared with those of another device
    store = distributed.FileStore(str(folder / "meet"), count)
    distributed.init_process_group(backend, store=store, rank=rank, world_size=count)
    x, y = (each.to(device) for each in job["shards"][rank])
    model = job["model"].to(device)
    local = mean_gradients(model, x, y)
    parallel = DistributedDataParallel(model, device_ids=[rank] if device.type == "cuda" else None)
    reduced: list[int] = []
    everybody = distributed.group.WORLD
    assert everybody is not None

    def weigh(_state: None, bucket: distributed.GradBucket) -> torch.futures.Future[torch.Tensor]:
        reduced.append(bucket.buffer().numel() * bucket.buffer().element_size())
        return allreduce_hook(everybody, bucket)  # what DDP does without a hook

    parallel.register_comm_hook(None, weigh)
    optimizer = torch.optim.SGD(parallel.parameters(), lr=0.1)
    F.cross_entropy(parallel(x), y).backward()
    averaged = {name: weight.grad.cpu() for name, weight in model.named_parameters()}
    optimizer.step()
    result = {
        "process_ids": os.getpid(),
        "local": {name: each.cpu() for name, each in local.items()},
        "averaged": averaged,
        "weights": {name: each.detach().cpu() for name, each in model.named_parameters()},
        "reduced": sum(reduced),
    }
    torch.save(result, folder / f"result{rank}.pt")
    distributed.destroy_process_group()


if __name__ == "__main__":
    _work(Path(sys.argv[1]), int(sys.argv[2]))
