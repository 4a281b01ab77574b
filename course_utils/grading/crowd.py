"""Grade many submissions at once on Dask: a local cluster by default, or a scheduler that others run."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import dask
import distributed

from course_utils.grading.marking import Job
from course_utils.grading.sandbox import SandboxError
from course_utils.grading.work import Bundle, Graded, grade

AHEAD = 3  # submissions handed out for each worker, so that none waits and few are held in memory
CONNECT_SECONDS = 20
QUIET = {
    "distributed.admin.system-monitor.interval": "10s",
    "distributed.worker.profile.enabled": False,
    # A cluster inside this process needs no pages, and they take a second to load.
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    "distributed.admin.large-graph-warning-threshold": "1GB",
}


def cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def crowd(scheduler: str | None = None, workers: int | None = None) -> Iterator[distributed.Client]:
    """Return a client of a scheduler, or of a cluster in this process that grades `workers` submissions at once.

    The work itself is done in processes of the sandbox and the examiner, so a local worker is a thread that waits.
    Raises ConnectionError that names the address where the scheduler does not answer.
    """
    with dask.config.set(QUIET):
        if scheduler is None:
            with (
                distributed.LocalCluster(
                    n_workers=1,
                    threads_per_worker=workers or cores(),
                    processes=False,
                    # Without an address they would listen to everybody, on ports that may be taken.
                    dashboard_address="127.0.0.1:0",
                    worker_dashboard_address="127.0.0.1:0",
                    protocol="inproc://",
                    memory_limit=0,
                    scheduler_kwargs={"dashboard": False},
                ) as cluster,
                distributed.Client(cluster) as client,
            ):
                yield client
            return
        try:
            client = distributed.Client(scheduler, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            raise ConnectionError(f"no Dask scheduler answers at {scheduler}: {error}") from error
        with client:
            if not client.scheduler_info().get("workers"):
                raise ConnectionError(f"the Dask scheduler at {scheduler} has no workers: start some (dask worker)")
            yield client


def grade_all(
    client: distributed.Client, bundle: Bundle, jobs: Iterable[Callable[[], Job]], confined: bool = True
) -> Iterator[Graded]:
    """Yield each submission as it is graded; jobs are read when their turn comes.

    A submission whose worker is lost is graded by another; one that brings down worker after worker is given up.
    Raises SandboxError where a worker has no sandbox.
    """
    waiting = iter(jobs)
    handed_out = distributed.as_completed(loop=client.loop)
    shared = client.scatter(bundle, broadcast=True, hash=False)
    room = AHEAD * max(sum(client.nthreads().values()), 1)
    students: dict[str, Job] = {}

    def hand_out() -> bool:
        made = next(waiting, None)
        if made is None:
            return False
        job = made()
        future = client.submit(grade, shared, job, confined, pure=False)
        students[str(future.key)] = Job(job.student, None, b"", job.work)
        handed_out.add(future)
        return True

    try:
        while len(students) < room and hand_out():
            pass
        for future in handed_out:
            yield _outcome(future, students.pop(str(future.key)))
            future.release()
            hand_out()
    finally:
        client.cancel([*handed_out.futures])


def _outcome(future: Any, job: Job) -> Graded:
    """Return what a worker gave back, or why it gave nothing."""
    error = future.exception()
    if error is None:
        return future.result()
    if isinstance(error, SandboxError):
        raise error
    if isinstance(error, distributed.scheduler.KilledWorker):
        return Graded(job.student, job.work, failure="the workers that graded it were lost, one after the other")
    return Graded(job.student, job.work, failure=f"{type(error).__name__}: {error}")
