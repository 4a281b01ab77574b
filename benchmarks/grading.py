"""Grading a class of A1: `course grade` beside stock `nbgrader autograde`, the same submissions in the same run.

Prints wall and processor seconds a graded submission, peak memory and the ratio; then how `course grade` grows, and
what it takes with PostgreSQL and with a Dask cluster of two worker processes. Processor time is that of every process
begun, by a cgroup where one can be made, else of the whole machine. Run it on a machine that does nothing else.
"""

import argparse
import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
A1 = "a1_convolution_arithmetic"
SINGLE = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
# nbgrader as it comes: its own kernel, its own feedback; only time enough for the tests.
STOCK = "c.ExecutePreprocessor.timeout = 60\nc.ExecutePreprocessor.iopub_timeout = 10\n"
HOOKS = 'importlib.import_module("course_utils.grading.hooks").configure(c)'


@dataclass(frozen=True)
class Cost:
    """What a command took: wall and processor seconds, megabytes of memory at its peak; how many it then had graded."""

    wall: float
    processor: float
    memory: float
    graded: int = 0


class Meter:
    """Counts the processor time of whatever is started through it."""

    def __init__(self) -> None:
        self.group = Path(f"/sys/fs/cgroup/cpuacct/course-{os.getpid()}")
        try:
            self.group.mkdir()
            (self.group / "tasks").read_text()
            self.means = "a cgroup"
        except OSError:
            self.group, self.means = Path(), "the whole machine's"

    def enter(self) -> None:
        """Put the process that calls into the group, and with it all that it starts."""
        if self.group.name:
            (self.group / "tasks").write_text(str(os.getpid()))

    def seconds(self) -> float:
        """Return the processor seconds so far."""
        if self.group.name:
            return int((self.group / "cpuacct.usage").read_text()) / 1e9
        fields = Path("/proc/stat").read_text().split("\n")[0].split()[1:]
        return (sum(map(int, fields)) - int(fields[3]) - int(fields[4])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        """Remove the group."""
        if self.group.name:
            with contextlib.suppress(OSError):
                self.group.rmdir()


def available() -> float:
    """Return the megabytes of memory that could still be had."""
    lines = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    return int(lines["MemAvailable"].split()[0]) / 1024


def cost(meter: Meter, commands: list[list[str]], folder: Path) -> Cost:
    """Run commands one after the other and return what they took together."""
    lowest = before = available()
    done = threading.Event()

    def watch() -> None:
        nonlocal lowest
        while not done.wait(0.2):
            lowest = min(lowest, available())

    watcher = threading.Thread(target=watch)
    watcher.start()
    processor, start = meter.seconds(), time.perf_counter()
    for command in commands:
        environment = {**os.environ, **SINGLE, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
        environment.pop("COURSE_ROOT", None)
        told = {"capture_output": True, "text": True, "check": False}
        ended = subprocess.run(command, cwd=folder, env=environment, preexec_fn=meter.enter, **told)
        if ended.returncode > 1:
            print(ended.stdout[-500:], ended.stderr[-500:])
    wall = time.perf_counter() - start
    time.sleep(0.5)  # what was started and left behind ends
    done.set()
    watcher.join()
    return Cost(wall, meter.seconds() - processor, before - lowest)


def make_class(place: Path, count: int) -> Path:
    """Make a course folder in which `count` of the demo's members, over and over, have handed in; return it."""
    from course_utils.grading import classroom, demo

    everybody = classroom.demo_class(A1)
    several = [replace(everybody[i % len(everybody)], name=f"s{i:03d} {everybody[i % len(everybody)].name}")
               for i in range(count)]  # fmt: skip
    classroom.demo_class = lambda _assignment: several
    try:
        demo.make_class(ROOT, place, A1)
    finally:
        classroom.demo_class = lambda _assignment: everybody
    shutil.rmtree(place / "downloaded")  # collected already; nbgrader's autograde does not collect either
    return place


def ours(*options: str) -> Callable[[Path], list[list[str]]]:
    """Return the command that grades a class by `course grade`, feedback and class report included."""
    return lambda place: [[sys.executable, "-m", "course_utils", "grade", "a1", "--root", str(place), *options]]


def stock(place: Path) -> list[list[str]]:
    """Return the commands that grade a class by nbgrader as it comes, feedback included."""
    config = place / "nbgrader_config.py"
    config.write_text(config.read_text().replace(HOOKS, "pass") + STOCK)
    return [[sys.executable, "-m", "nbgrader", each, A1, "--force"] for each in ("autograde", "generate_feedback")]


def measure(meter: Meter, scratch: Path, count: int, make: Callable[[Path], list[list[str]]]) -> Cost:
    """Return what grading a fresh class took."""
    place = make_class(scratch / f"class-{time.monotonic_ns()}", count)
    try:
        taken = cost(meter, make(place), place)
        done = len(list(place.glob(f"autograded/*/{A1}/{A1}.ipynb")))
        if done < count:  # nbgrader gives up what breaks off, and all that follow a file with old metadata
            print(f"  only {done} of {count} graded", flush=True)
        return replace(taken, graded=done)
    finally:
        shutil.rmtree(place)


def line(name: str, costs: list[Cost], count: int, peer: list[Cost] | None = None) -> str:
    """Return a line of the table: medians a graded submission with lowest and highest, and the ratio to the peer."""
    parts = [f"{name:34}{count:5}"]
    for what in ("wall", "processor"):
        each = sorted(each_of(one, what) for one in costs)
        parts.append(f"{statistics.median(each):8.2f} ({each[0]:.2f}-{each[-1]:.2f})")
    parts.append(f"{max(one.memory for one in costs):8.0f}")
    if peer:
        for what in ("wall", "processor"):
            mine, theirs = (statistics.median(each_of(one, what) for one in some) for some in (costs, peer))
            parts.append(f"{theirs / mine:7.1f}x {what}")
    return " ".join(parts)


def each_of(one: Cost, what: str) -> float:
    """Return the seconds for each submission that was graded."""
    return getattr(one, what) / max(one.graded, 1)


@contextlib.contextmanager
def cluster(folder: Path, meter: Meter) -> Iterator[str]:
    """Run a Dask scheduler and two worker processes of one thread; return the address."""
    quiet = {"cwd": folder, "env": {**os.environ, **SINGLE}, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    where = folder / "scheduler.json"
    part = "distributed.cli.dask_"
    plain = ["--scheduler-file", str(where), "--no-dashboard"]
    scheduler = [sys.executable, "-m", f"{part}scheduler", "--host", "127.0.0.1", "--port", "0", *plain]
    worker = [sys.executable, "-m", f"{part}worker", "--nthreads", "1", "--no-nanny", *plain]
    running = [subprocess.Popen(each, preexec_fn=meter.enter, **quiet) for each in (scheduler, worker, worker)]
    try:
        import distributed

        until = time.monotonic() + 60
        while not where.exists() and time.monotonic() < until:
            time.sleep(0.1)
        with distributed.Client(scheduler_file=str(where), set_as_default=False) as client:
            client.wait_for_workers(2, timeout=60)
            address = client.scheduler.address
        yield address
    finally:
        for each in reversed(running):
            each.terminate()
            each.wait()


def where_it_goes(meter: Meter, scratch: Path) -> None:
    """Print the processor seconds of a run's parts: what is loaded once, and each member of the demo class."""
    from course_utils.grading import classroom, marking, work
    from course_utils.grading.pipeline import Course

    place = make_class(scratch / "parts", len(classroom.demo_class(A1)))
    commands = {"the command's modules": "import course_utils.grading.commands", "torch": "import torch"}
    for what, code in {**commands, "torch and SciPy": "import torch, scipy.signal"}.items():
        print(f"{what:34}{cost(meter, [[sys.executable, '-c', code]], place).processor:8.2f}")
    meter.enter()
    before = meter.seconds()
    desk = work.Desk(work.bundle_of(place, A1, Course(place).released(A1)))
    print(f"{'both processes, pools drawn':34}{meter.seconds() - before:8.2f}")
    try:
        for folder in sorted((place / "submitted").iterdir()):
            data = (folder / A1 / f"{A1}.ipynb").read_bytes()
            before = meter.seconds()
            graded = desk.grade(marking.Job(folder.name, data, b"k" * 32, "w"))
            time.sleep(0.2)  # the student's process and its warden end
            spent = meter.seconds() - before
            print(f"{folder.name[5:]:34}{spent:8.2f}  of it the examiner {graded.processor:.2f}", flush=True)
    finally:
        desk.close()
        shutil.rmtree(place)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--submissions", type=int, default=40)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--growth", type=int, nargs="*", default=[10, 40, 100, 200])
    parser.add_argument("--stock-growth", type=int, nargs="*", default=[10])
    parser.add_argument("--parts", action="store_true", help="print only what each part of a run takes")
    parser.add_argument("--no-stock", action="store_true", help="leave nbgrader as it comes out; it takes minutes")
    asked = parser.parse_args()
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    os.environ["COURSE_ROOT"] = str(ROOT)
    meter = Meter()
    if asked.parts:
        with tempfile.TemporaryDirectory() as folder:
            where_it_goes(meter, Path(folder))
        return
    print(f"{os.cpu_count()} processors, {asked.runs} run(s); processor time by {meter.means}", flush=True)
    print(f"{'':34}{'subm.':>5} {'wall s each':>20} {'processor s each':>21} {'MB':>8}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        count = asked.submissions
        peer: list[Cost] | None = None
        mine, theirs = [], []
        for _ in range(asked.runs):  # in turn, so that both meet the same weather
            if not asked.no_stock:
                theirs.append(measure(meter, scratch, count, stock))
            mine.append(measure(meter, scratch, count, ours()))
        if theirs:
            peer = theirs
            print(line("nbgrader autograde + feedback", theirs, count), flush=True)
        print(line("course grade", mine, count, peer), flush=True)
        if not asked.no_stock:
            for each in asked.stock_growth:
                print(line("nbgrader autograde + feedback", [measure(meter, scratch, each, stock)], each), flush=True)
        for each in asked.growth:
            print(line("course grade", [measure(meter, scratch, each, ours())], each, peer), flush=True)
        alone = [measure(meter, scratch, count, ours("--workers", "1"))]
        print(line("course grade --workers 1", alone, count), flush=True)
        with cluster(scratch, meter) as address:
            grown = measure(meter, scratch, count, ours("--scheduler", address))
            print(line("course grade, two Dask processes", [grown], count), flush=True)
        with contextlib.suppress(ImportError):
            import postgres

            if postgres.programs():
                server = postgres.Server()
                try:
                    url = server.create("benchmark")
                    stored = measure(meter, scratch, count, ours("--db", url))
                    print(line("course grade, PostgreSQL, release", [stored], count), flush=True)
                finally:
                    server.close()
    meter.close()


if __name__ == "__main__":
    main()
