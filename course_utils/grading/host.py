"""The examiner's own processes: one that holds torch, SciPy and an assignment's pools, and a fork of it a submission.

A fork never runs a line of the student's code. It gets the bytes that were handed in and a way to the warm process of
the sandbox, and gives back the graded notebook as text.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import resource
import signal
import socket
import struct
import sys
from dataclasses import dataclass
from pathlib import Path

from hypothesis.configuration import set_hypothesis_home_dir

from course_utils.grading import loading, marking, sweep
from course_utils.grading.sandbox import Door, Policy, SandboxError, await_ready, end, start

SESSION_SECONDS = 900.0
MOST = 200_000_000
PRELOADED = ("torch", "scipy.signal", "hypothesis.internal.conjecture.engine")


class HostError(Exception):
    """The examiner itself failed, which no submission should be able to bring about."""


@dataclass(frozen=True)
class Answer:
    """What a fork gives back: the graded notebook's text, and the processor seconds of the fork."""

    notebook: str
    processor: float


def _send(link: socket.socket, *blocks: bytes) -> None:
    for block in blocks:
        link.sendall(struct.pack("<Q", len(block)))
        link.sendall(block)


def _receive(link: socket.socket) -> bytes:
    (size,) = struct.unpack("<Q", _exactly(link, 8))
    if size > MOST:
        raise HostError(f"a message of {size:,} bytes, and at most {MOST:,} are taken")
    return _exactly(link, size)


def _exactly(link: socket.socket, size: int) -> bytes:
    parts, left = [], size
    while left:
        part = link.recv(min(left, 1 << 20))
        if not part:
            raise EOFError
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


class Host:
    """The process that holds what examining one assignment needs; `mark` has it fork for a submission.

    `folder` holds `released.ipynb` and `solutions/<assignment>/`; `secret` is what the pools are drawn from.
    """

    def __init__(self, folder: Path, assignment: str, tests: str, secret: bytes) -> None:
        self.control, inner = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        single = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
        environment = {**os.environ, **single, "COURSE_ROOT": str(folder), "CUDA_VISIBLE_DEVICES": ""}
        # -P: nothing is imported from where the grader happens to stand, which may be a folder of a student's.
        command = [
            sys.executable,
            "-P",
            "-m",
            "course_utils.grading.host",
            str(inner.fileno()),
            str(folder),
            assignment,
        ]
        self._process = start([*command, tests], inner, environment)
        inner.close()
        self.control.sendall(secret.hex().encode() or b"-")
        await_ready(self.control, self._process, b"ready\n", "the examiner did not start", self.close)

    def mark(self, door: Door, confined: bool, job: dict[str, str], data: bytes) -> Answer:
        """Grade one submission in a process of its own; raise HostError where that ends without an answer."""
        link, theirs = socket.socketpair()
        try:
            try:
                socket.send_fds(self.control, [b"mark"], [theirs.fileno(), door.control.fileno()])
            except OSError as error:
                raise HostError(f"the examiner is gone: {error}") from error
            finally:
                theirs.close()
            link.settimeout(SESSION_SECONDS)
            try:
                _send(link, json.dumps({**job, "confined": confined}).encode(), data)
                reply = json.loads(_receive(link))
            except TimeoutError:
                raise HostError(f"the examination took longer than {SESSION_SECONDS:g} seconds") from None
            except (EOFError, OSError):
                raise HostError("the examiner ended without a verdict") from None
        finally:
            link.close()
        if "sandbox" in reply:
            raise SandboxError(reply["sandbox"])
        if "failure" in reply:
            raise HostError(f"the examiner failed: {reply['failure']}")
        return Answer(reply["notebook"], reply["processor"])

    def alive(self) -> bool:
        """Return whether the process is still there."""
        return self._process.poll() is None

    def close(self) -> None:
        """End the process; forks that still examine end with their sockets."""
        self.control.close()
        end(self._process)


def _answer(link: socket.socket, door: socket.socket, case: marking.Case, policy: Policy) -> None:
    """Grade the one submission that comes through `link`, in this fork."""
    told = json.loads(_receive(link))
    data = _receive(link)
    confined = told.pop("confined")
    key = bytes.fromhex(told.pop("key"))
    job = marking.Job(data=None if told["missing"] else data, key=key, **told)
    try:
        notebook = marking.mark(case, job, Door(policy, door), confined)
        reply = {"notebook": marking.as_file(notebook), "processor": sum(resource.getrusage(resource.RUSAGE_SELF)[:2])}
    except SandboxError as error:
        reply = {"sandbox": str(error)}
    except Exception as error:
        reply = {"failure": f"{type(error).__name__}: {error}"}
    _send(link, json.dumps(reply).encode())


def main(number: int, folder: Path, assignment: str, tests: str) -> None:
    """Load, draw the pools, say so, and fork for whoever asks, until the grader hangs up."""
    control = socket.socket(fileno=number)
    secret = control.recv(4096)
    set_hypothesis_home_dir(folder / ".hypothesis")  # else it writes to, and reads from, where the grader stands
    for name in PRELOADED:
        importlib.import_module(name)
    exercises = loading.load_exercises(assignment)
    sweep.prepare(assignment, exercises, b"" if secret == b"-" else bytes.fromhex(secret.decode()))
    case, policy = marking.case_of(folder, assignment, tests), loading.policy_of(folder, assignment)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # forks are reaped by the kernel
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the grader decides when to end
    gc.collect()
    gc.freeze()  # so that forks share the pages of what is loaded
    control.sendall(b"ready\n")
    while True:
        request, handed, _flags, _address = socket.recv_fds(control, 64, 2)
        if not request:
            return
        link, door = (socket.socket(fileno=each) for each in handed)
        if os.fork() == 0:
            with contextlib.suppress(BaseException):
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                control.close()
                _answer(link, door, case, policy)
            os._exit(0)
        link.close()
        door.close()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4])
