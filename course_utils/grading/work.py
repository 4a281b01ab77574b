"""What a worker needs to grade an assignment, in one bundle of bytes, and the desk at which one process grades.

A bundle holds the instructor's notebook, the examiner and the released notebook, so that a worker on another machine
needs the course's packages and bubblewrap, and no folder in common. The course's secret is not in it: only what the
pools of calls are drawn from, and each submission's key.
"""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import hmac
import io
import os
import secrets
import tempfile
import threading
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import course_utils
from course_utils.grading.host import Answer, Host, HostError
from course_utils.grading.loading import policy_of
from course_utils.grading.marking import Job
from course_utils.grading.sandbox import Policy, SandboxError, Warm

SECRET_FILE = ".course-secret"
_DESKS_KEPT = 3


@dataclass(frozen=True)
class Bundle:
    """An assignment as workers get it: a zip of what grading needs, the digest of all tests, the pools' secret."""

    assignment: str
    files: bytes
    tests: str
    secret: bytes
    policy: Policy


@dataclass(frozen=True)
class Graded:
    """What came of one submission: the graded notebook's text, or why it could not be graded; and what it cost."""

    student: str
    work: str
    notebook: str = ""
    failure: str = ""
    wall: float = 0.0
    processor: float = 0.0


def course_secret(root: Path) -> bytes:
    """Return the secret that test inputs are drawn from; made at the first grading, readable by its owner alone."""
    path = root / SECRET_FILE
    if not path.exists():
        with tempfile.NamedTemporaryFile("w", dir=root, prefix=SECRET_FILE, delete=False) as file:
            file.write(secrets.token_hex(32))
        try:
            os.link(file.name, path)  # whole or not at all, and the first one stays
        except FileExistsError:
            pass
        finally:
            Path(file.name).unlink()
    return path.read_text().strip().encode()


def submission_key(root: Path, assignment: str, student: str, work: str) -> bytes:
    """Return the key of a submission: nobody can foresee it, and grading the same submission again repeats it."""
    return hmac.new(course_secret(root), "\0".join((assignment, student, work)).encode(), "sha256").digest()


def bundle_of(root: Path, assignment: str, released: Path) -> Bundle:
    """Return the bundle of an assignment in a course folder; `released` is the notebook that students were given."""
    folder = root / "solutions" / assignment
    unwanted = {"__pycache__", ".ipynb_checkpoints"}
    files = {
        f"solutions/{assignment}/{path.relative_to(folder)}": path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not unwanted & set(path.parts)
    }
    files["released.ipynb"] = released.read_bytes()
    package = Path(course_utils.__file__).parent
    shown = {"plots", "widgets"}  # what is only looked at changes no score
    modules = [path for path in sorted(package.rglob("*.py")) if not shown & set(path.relative_to(package).parts)]
    graders = {f"course_utils/{path.relative_to(package)}": path.read_bytes() for path in modules}
    digest = hashlib.sha256()
    for name, content in {**files, **graders}.items():
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    secret = hmac.new(course_secret(root), f"pools of {assignment}".encode(), "sha256").digest()
    return Bundle(assignment, packed.getvalue(), digest.hexdigest(), secret, policy_of(root, assignment))


class Desk:
    """The processes that grade one assignment for this process: the sandbox's warm process and the examiner's host."""

    def __init__(self, bundle: Bundle, confined: bool = True) -> None:
        self.bundle, self.confined = bundle, confined
        self._folder = tempfile.TemporaryDirectory(prefix="course-")
        try:
            with zipfile.ZipFile(io.BytesIO(bundle.files)) as archive:
                archive.extractall(self._folder.name)
            self._host, self._warm = self._open_both()
        except BaseException:
            self._folder.cleanup()
            raise
        self._lock = threading.Lock()

    def _open_both(self) -> tuple[Host, Warm]:
        """Start both processes side by side; where one fails, the other ends too."""
        with ThreadPoolExecutor(1) as pool:
            opening = pool.submit(self._open_host)
            try:
                warm = Warm(self.bundle.policy, self.confined)
            except BaseException:
                with contextlib.suppress(SandboxError):
                    opening.result().close()
                raise
            try:
                return opening.result(), warm
            except BaseException:
                warm.close()
                raise

    def _open_host(self) -> Host:
        return Host(Path(self._folder.name), self.bundle.assignment, self.bundle.tests, self.bundle.secret)

    def _mark(self, told: dict, data: bytes) -> Answer:
        """Have the examiner grade; one that has gone is started again, once."""
        host = self._host
        try:
            return host.mark(self._warm, self.confined, told, data)
        except HostError:
            if host.alive():
                raise
        with self._lock:
            if self._host is host:
                host.close()
                self._host = self._open_host()
        return self._host.mark(self._warm, self.confined, told, data)

    def grade(self, job: Job) -> Graded:
        """Grade one submission. Raises SandboxError where the sandbox fails; all else that fails is said in words."""
        start = time.perf_counter()
        told = {**asdict(job), "key": job.key.hex()}
        data = told.pop("data") or b""
        try:
            answer = self._mark(told, data)
        except HostError as error:
            return Graded(job.student, job.work, failure=str(error), wall=time.perf_counter() - start)
        return Graded(job.student, job.work, answer.notebook, "", time.perf_counter() - start, answer.processor)

    def close(self) -> None:
        """End both processes and remove the unpacked bundle."""
        self._host.close()
        self._warm.close()
        self._folder.cleanup()


_DESKS: dict[tuple[str, bool], Desk] = {}
_LOCK = threading.Lock()


def desk_of(bundle: Bundle, confined: bool = True) -> Desk:
    """Return this process's desk for a bundle; it is made once, and the oldest of several is given up."""
    with _LOCK:
        key = (bundle.assignment + bundle.tests + bundle.secret.hex(), confined)
        if key not in _DESKS:
            while len(_DESKS) >= _DESKS_KEPT:
                _DESKS.pop(next(iter(_DESKS))).close()
            _DESKS[key] = Desk(bundle, confined)
        return _DESKS[key]


def grade(bundle: Bundle, job: Job, confined: bool = True) -> Graded:
    """Grade one submission at this process's desk: what a worker is asked to do."""
    return desk_of(bundle, confined).grade(job)


@atexit.register
def close_desks() -> None:
    """End the processes of all desks; the next submission opens another."""
    with _LOCK:
        while _DESKS:
            _DESKS.popitem()[1].close()


__all__ = ["Bundle", "Desk", "Graded", "SandboxError", "bundle_of", "close_desks", "desk_of", "grade", "submission_key"]
