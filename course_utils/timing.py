"""Fair timing: jobs take turns, the device is waited for, and what comes out are ratios with their spread."""

import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from course_utils.device import pick_device, synchronise

Job = Callable[[], object]
CLOCKS: dict[str, Callable[[], float]] = {"processor": time.process_time, "wall": time.perf_counter}


@dataclass(frozen=True)
class Ratio:
    """What a job takes in units of another: the median over the rounds, the quarter below and the quarter above."""

    name: str
    median: float
    low: float
    high: float

    def __str__(self) -> str:
        """Return the name, the median and the middle half of the rounds."""
        return f"{self.name:34} {self.median:6.2f} ({self.low:.2f} to {self.high:.2f})"


def side_by_side(
    jobs: Mapping[str, Job],
    *,
    rounds: int = 11,
    least: float = 0.002,
    clock: str | None = None,
    device: torch.device | None = None,
    seed: int = 0,
) -> dict[str, np.ndarray]:
    """Return the seconds a call of each job takes: float64 (rounds,) by name.

    In each round every job runs once, in a new order, so that a machine that is busy for a while is busy for all.
    A job shorter than `least` seconds is called several times in a row. The device is waited for before the clock
    is started and before it is stopped. `clock` is "wall" or "processor"; without it, processor time on a CPU (other
    programs do not count) and wall time on other devices (whose work is no processor time). Each job runs once
    before anything counts. Raises ValueError for no jobs, no rounds or an unknown clock.
    """
    device = device or pick_device()
    clock = clock or ("processor" if device.type == "cpu" else "wall")
    if not jobs or rounds < 1 or clock not in CLOCKS:
        raise ValueError(
            f"{len(jobs)} jobs, {rounds} rounds, clock {clock!r}; give a job or more, a round or more, "
            f"and one of the clocks {', '.join(CLOCKS)}"
        )
    rng = np.random.default_rng(seed)
    calls = {}
    for name, job in jobs.items():
        job()  # the first call loads, allocates, picks algorithms
        once = _seconds(job, 1, CLOCKS[clock], device)
        calls[name] = max(1, math.ceil(least / max(once, 1e-7)))
    spent: dict[str, list[float]] = {name: [] for name in jobs}
    names = list(jobs)
    for _ in range(rounds):
        for place in rng.permutation(len(names)):
            name = names[place]
            spent[name].append(_seconds(jobs[name], calls[name], CLOCKS[clock], device))
    return {name: np.array(values) for name, values in spent.items()}


def _seconds(job: Job, calls: int, read: Callable[[], float], device: torch.device) -> float:
    synchronise(device)
    start = read()
    for _ in range(calls):
        job()
    synchronise(device)
    return (read() - start) / calls


def ratios(seconds: Mapping[str, np.ndarray], unit: str) -> list[Ratio]:
    """Return each job's time in units of the job `unit`, round by round, as median and quartiles.

    `seconds` is what `side_by_side` returns. Raises ValueError where no job has that name.
    """
    if unit not in seconds:
        raise ValueError(f"no job {unit!r} to compare with; there are {', '.join(seconds)}")
    found = []
    for name, values in seconds.items():
        low, median, high = np.quantile(values / np.maximum(seconds[unit], 1e-12), [0.25, 0.5, 0.75])
        found.append(Ratio(name, float(median), float(low), float(high)))
    return found


Span = tuple[float, float]


def queue_times(kernels: int, launch: float, run: float, wait_each: bool = False) -> tuple[list[Span], list[Span]]:
    """Return when a processor launches kernels and when a device runs them: (start, end) of each, in any unit of time.

    To launch one takes the processor `launch`, to run one takes the device `run`. The device takes them in order, each
    as soon as it is launched and the one before is done. With `wait_each` the processor waits for each result before
    it launches the next. Raises ValueError for no kernels or negative times.
    """
    if kernels < 1 or launch < 0 or run < 0:
        raise ValueError(
            f"{kernels} kernels, launch {launch}, run {run}; give a kernel or more, and times from 0 upwards"
        )
    host: list[Span] = []
    device: list[Span] = []
    now = free = 0.0
    for _ in range(kernels):
        host.append((now, now + launch))
        now += launch
        start = max(now, free)
        free = start + run
        device.append((start, free))
        now = free if wait_each else now
    return host, device


def saved_bytes(forward: Callable[[], torch.Tensor]) -> int:
    """Return how many bytes a forward pass keeps for its backward pass, weights and inputs among them.

    Memory that several saved tensors share counts once. Nothing is kept where gradients are off: 0.
    """
    kept: dict[int, torch.Tensor] = {}

    def pack(saved: torch.Tensor) -> torch.Tensor:
        kept[saved.untyped_storage().data_ptr()] = saved
        return saved

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda saved: saved):
        result = forward()
    total = sum(saved.untyped_storage().nbytes() for saved in kept.values())
    del result
    return total


@dataclass(frozen=True)
class OperatorShare:
    """One operator of a profile: its share of all the time (0 to 1), and how often it ran."""

    name: str
    share: float
    calls: int


def operator_shares(job: Job, *, device: torch.device | None = None, calls: int = 3) -> list[OperatorShare]:
    """Profile `calls` calls of a job and return its operators, the one with the most time of its own first.

    The time is that of the device where it is a GPU, else the processor's; what an operator spends in operators it
    calls itself is theirs. One call before warms up. Raises ValueError where `calls` is below 1.
    """
    if calls < 1:
        raise ValueError(f"calls is {calls}; it must be 1 or more")
    device = device or pick_device()
    on_gpu = device.type == "cuda"
    job()
    synchronise(device)
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # else the tracer prints that it looked for a GPU and found none
    with torch.profiler.profile() as profile:
        for _ in range(calls):
            job()
        synchronise(device)
    rows: Sequence[Any] = profile.key_averages()
    spent = {row.key: float(row.self_device_time_total if on_gpu else row.self_cpu_time_total) for row in rows}
    total = sum(spent.values())
    found = [OperatorShare(row.key, spent[row.key] / total, row.count // calls) for row in rows if spent[row.key] > 0]
    return sorted(found, key=lambda each: -each.share)
