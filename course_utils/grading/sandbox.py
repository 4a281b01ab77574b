"""Student processes behind bubblewrap: a warm process in a sandbox, and a confined fork of it for each submission."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType

from course_utils.grading.callee import wire

CALLEE = Path(__file__).parent / "callee"
HIDDEN = CALLEE / "hidden"
COURSE = Path(__file__).parent.parent
SCRATCH = "/scratch"
WARM_SECONDS = 120.0
# The first optimizer asks for torch._dynamo, which takes seconds: once here, else in every submission.
WARM_MODULES = ("numpy", "matplotlib.pyplot", "IPython.core.interactiveshell", "torch", "torch._dynamo")
SETTINGS = {
    "LANG": "C.UTF-8",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONNOUSERSITE": "1",
    "MPLBACKEND": "agg",
    "MPLCONFIGDIR": "/tmp",
    "IPYTHONDIR": "/tmp/ipython",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "CUDA_VISIBLE_DEVICES": "",
}
# What a hidden package's importable names are; anything else hides the package of its own name.
ALIASES = {"scikit-learn": "sklearn", "scikit-image": "skimage"}


class SandboxError(Exception):
    """No sandbox can be had, or one failed to start; the message says what to do."""


@dataclass(frozen=True)
class Limits:
    """What one submission may use; an assignment's examiner may set its own.

    `memory_mb` is resident memory of all its processes, `data_mb` private writable memory of one (torch maps far more
    than it uses), `cpu_s` processor seconds, `cell_s` wall seconds of a cell or a call, `wall_s` wall seconds of the
    whole submission, `processes` processes and threads, `files` open files, `file_mb` the size of a file and of each
    of its four folders (scratch, home, /tmp and /dev/shm), `output` characters kept of a cell.
    """

    memory_mb: int = 2048
    data_mb: int = 4096
    cpu_s: int = 120
    cell_s: float = 20.0
    wall_s: float = 300.0
    processes: int = 32
    files: int = 128
    file_mb: int = 64
    output: int = 20_000


@dataclass(frozen=True)
class Policy:
    """How an assignment's student process is confined: its limits, and the packages that are not there.

    `hidden` names packages of this Python and, as `course_utils.models`, modules of the course's own.
    """

    limits: Limits = field(default_factory=Limits)
    hidden: tuple[str, ...] = ()


def problem() -> str | None:
    """Return why no sandbox can be had on this machine and what to do about it, or None."""
    if not sys.platform.startswith("linux"):
        return "the sandbox needs Linux; grade on a Linux machine, or in a Linux container or virtual machine"
    if shutil.which("bwrap") is None:
        return (
            "bubblewrap is missing; install it (Debian, Ubuntu: apt install bubblewrap; Fedora: dnf install bubblewrap)"
        )
    tried = subprocess.run(
        ["bwrap", "--ro-bind", "/", "/", "--unshare-all", "--proc", "/proc", "--dev", "/dev", "true"],
        capture_output=True,
        text=True,
    )
    if tried.returncode == 0:
        return None
    apparmor = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
    if apparmor.exists() and apparmor.read_text().strip() == "1":
        return (
            "this system's AppArmor forbids unprivileged user namespaces (Ubuntu 24.04 and later); allow them for "
            "bubblewrap by a profile in /etc/apparmor.d, or: sysctl kernel.apparmor_restrict_unprivileged_userns=0"
        )
    return f"bubblewrap does not work here: {tried.stderr.strip() or 'no reason was given'}"


def _hidden_paths(packages: tuple[str, ...]) -> list[Path]:
    """Return the folders and files of the packages to hide, in every folder of packages that the sandbox sees.

    That is more than what this Python imports from: another Python's packages can be imported by their path.
    """
    names = [ALIASES.get(package, package) for package in packages]
    sites = {Path(sysconfig.get_paths()[kind]) for kind in ("purelib", "platlib")}
    for base in {sys.prefix, sys.base_prefix, "/usr", "/usr/local"}:
        sites |= {site for pattern in ("lib*/python3*/*-packages", "pkgs", "envs") for site in Path(base).glob(pattern)}
    found = {site for site in sites if site.name in ("pkgs", "envs")}  # conda's: whole packages by the dozen
    for site in sites - found:
        for name in names:
            found |= {path for path in (site / name, site / f"{name}.py", *site.glob(f"{name}.*.so")) if path.exists()}
    for name in names:
        spec = importlib.util.find_spec(name)
        if spec is not None:
            found |= {Path(place) for place in spec.submodule_search_locations or [str(spec.origin)]}
    return sorted({path.resolve() for path in found if path.exists()})


def _shown(path: Path) -> Path:
    """Return where the sandbox shows a path: the course's own modules lie below /course, all else where it is."""
    own = COURSE.resolve()
    return Path("/course/course_utils", path.relative_to(own)) if path.is_relative_to(own) else path


def _check_places(places: list[str]) -> None:
    """Raise SandboxError where a folder that submissions can read holds a course with its solutions."""
    for root in {Path.cwd(), COURSE.parent, Path(os.environ.get("COURSE_ROOT", COURSE.parent))}:
        for place in places:
            if (root / "solutions").is_dir() and root.resolve().is_relative_to(place):
                raise SandboxError(
                    f"the course in {root} lies inside {place}, which every submission can read; "
                    "move the course elsewhere, or use a Python environment that does not contain it"
                )


def command(hidden: tuple[str, ...]) -> list[str]:
    """Return the bubblewrap command up to the program: what the sandbox sees, read-only, and nothing else.

    The system's libraries, Python and its packages, the course as a student has it, this side's `callee/`;
    an empty home, an empty scratch folder, no network, no other processes, none of the grader's environment.
    """
    line = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL"]
    # Not root inside: the kernel lets nobody without powers map root once more for the namespaces of a fork.
    line += ["--uid", "1000", "--gid", "1000"]
    system = ["/usr", "/bin", "/sbin", "/lib", "/lib64", "/lib32"]
    for place in [*map(Path, system), *map(Path, ("/etc/ld.so.cache", "/etc/alternatives", "/etc/fonts"))]:
        if place.is_symlink():
            line += ["--symlink", str(place.readlink()), str(place)]
        elif place.exists():
            line += ["--ro-bind", str(place), str(place)]
    line += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--dir", SCRATCH, "--dir", "/home/student"]
    pythons = list(dict.fromkeys((sys.base_prefix, sys.prefix)))
    _check_places(["/usr", *pythons])
    for python in pythons:
        if not python.startswith("/usr"):
            line += ["--ro-bind", python, python]
    for part in sorted(COURSE.iterdir()):
        if part.name not in ("grading", "__pycache__"):
            line += ["--ro-bind", str(part), f"/course/course_utils/{part.name}"]
    line += ["--ro-bind", str(CALLEE), "/callee"]
    for path in _hidden_paths(hidden):
        line += ["--ro-bind", str(HIDDEN if path.is_dir() else HIDDEN / "__init__.py"), str(_shown(path))]
    line += ["--remount-ro", "/dev", "--remount-ro", "/"]  # what one submission wrote there, the next would find
    places = {"PATH": "/usr/bin:/bin", "HOME": "/home/student", "PYTHONPATH": "/callee:/course"}
    for name, value in {**places, **SETTINGS}.items():
        line += ["--setenv", name, value]
    return [*line, "--chdir", "/"]


class Student:
    """A confined process: the socket to talk to it, and the warden's line that tells why it ended."""

    def __init__(self, link: socket.socket, line: socket.socket) -> None:
        self.link, self._line = link, line

    def end(self) -> str:
        """Hang up and return why the process ended, in the warden's word; "hung up" where it only now ends."""
        self._line.setblocking(False)
        try:
            why = self._line.recv(4096).decode("utf-8", "replace")
        except OSError:
            why = ""
        self.link.close()
        self._line.close()
        return why or "hung up"

    def why(self, seconds: float = 2.0) -> str:
        """Wait for the warden's word on a process that is gone; return it."""
        self._line.settimeout(seconds)
        try:
            return self._line.recv(4096).decode("utf-8", "replace") or "the warden is gone"
        except OSError:
            return "it does not answer"


class Door:
    """The way to a warm process; `student()` has it fork a confined process."""

    def __init__(self, policy: Policy, control: socket.socket) -> None:
        self.policy, self.control = policy, control

    def student(self) -> Student:
        """Fork a confined process for one submission."""
        link, theirs = socket.socketpair()
        line, wardens = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            request = json.dumps(asdict(self.policy.limits)).encode()
            socket.send_fds(self.control, [request], [theirs.fileno(), wardens.fileno()])
        except OSError as error:
            link.close()
            line.close()
            raise SandboxError(f"the warm process is gone: {error}") from error
        finally:
            theirs.close()
            wardens.close()
        return Student(link, line)


# What is started ends with the thread that started it, so one thread that outlasts all work starts everything.
_KEEPER = ThreadPoolExecutor(1, "keeper")


def start(command: list[str], control: socket.socket, environment: dict[str, str]) -> subprocess.Popen:
    """Start a process that is handed one end of a socket and ends when this process does."""
    return _KEEPER.submit(
        subprocess.Popen,
        command,
        pass_fds=(control.fileno(),),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=environment,
    ).result()


class Warm(Door):
    """The warm process of one policy. Use it in a `with` block.

    With `confined=False` there is no sandbox: student code runs with the grader's rights, under limits alone.
    """

    def __init__(self, policy: Policy, confined: bool = True) -> None:
        fault = problem() if confined else None
        if fault:
            raise SandboxError(fault)
        control, inner = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        super().__init__(policy, control)
        names = {ALIASES.get(package, package) for package in policy.hidden}
        modules = [name for name in WARM_MODULES if name.partition(".")[0] not in names]
        self._scratch = None if confined else tempfile.TemporaryDirectory(prefix="course-")
        if self._scratch is None:
            line, environment = [*command(policy.hidden), sys.executable, "-B", "/callee/warm.py"], {}
        else:
            line, environment = [sys.executable, "-B", str(CALLEE / "warm.py")], unconfined_environment()
        arguments = [str(inner.fileno()), self._scratch.name if self._scratch else SCRATCH, json.dumps(modules)]
        arguments += ["confined"] if confined else ["unconfined", json.dumps(sorted(names))]
        self._process = start([*line, *arguments], inner, {"PATH": os.environ.get("PATH", ""), **environment})
        inner.close()
        await_ready(self.control, self._process, b"warm\n", "the sandbox did not start", self.close)
        self._try()

    def _try(self) -> None:
        """Fork a process and talk to it once: a sandbox that cannot be put on is found now, not by a submission."""
        first = self.student()
        try:
            wire.send(first.link, {"do": "kinds", "names": []}, [])
            wire.receive(first.link, time.monotonic() + WARM_SECONDS)
        except (OSError, wire.WireError):
            why = first.why()
            self.close()
            raise SandboxError(f"the sandbox does not work here: {why}") from None
        finally:
            first.end()

    def close(self) -> None:
        """End the warm process and everything that was forked from it."""
        self.control.close()
        end(self._process)
        if self._scratch is not None:
            self._scratch.cleanup()

    def __enter__(self) -> Warm:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()


def await_ready(
    control: socket.socket, process: subprocess.Popen, word: bytes, failure: str, close: Callable[[], None]
) -> None:
    """Wait until a started process says that it is ready; raise SandboxError with its last line where it does not."""
    control.settimeout(WARM_SECONDS)
    try:
        ready = control.recv(16)
    except OSError:
        ready = b""
    control.settimeout(None)
    if ready != word:
        process.kill()
        said = (process.stderr.read() if process.stderr else b"").decode("utf-8", "replace").strip()
        close()
        raise SandboxError(f"{failure}: {said.splitlines()[-1] if said else 'it said nothing'}")


def end(process: subprocess.Popen) -> None:
    """Kill a process and let go of it."""
    process.kill()
    process.wait()
    if process.stderr:
        process.stderr.close()


def unconfined_environment() -> dict[str, str]:
    """Return a student process's environment without a sandbox: the course, one thread, nothing of the grader's."""
    path = os.pathsep.join((str(CALLEE), str(COURSE.parent)))
    return {**SETTINGS, "PYTHONPATH": path, "HOME": tempfile.gettempdir()}


__all__ = ["Door", "Limits", "Policy", "SandboxError", "Student", "Warm", "command", "end", "problem"]
