"""What grading one submission of A1 costs, beside a bare Python process that imports torch, in the same run.

Prints wall and processor seconds for each, and their ratio. `--runs N` repeats (default 3).
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ASSIGNMENT = "a1_convolution_arithmetic"
STUDENTS = 4


def spent(command: list[str], folder: Path) -> tuple[float, float]:
    """Run a command; return its wall and processor seconds, children included."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, capture_output=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - start, processor


def main() -> None:
    """Make a class of four right submissions and time nbgrader's autograde on it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    runs = parser.parse_args().runs

    sys.path.insert(0, str(ROOT))
    from course_utils.grading import demo

    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch) / "class"
        demo.make_class(ROOT, place, ASSIGNMENT, STUDENTS)
        grading = [sys.executable, "-m", "nbgrader", "autograde", ASSIGNMENT, "--force"]
        bare = [sys.executable, "-c", "import torch"]
        rows = [(spent(grading, place), spent(bare, place)) for _ in range(runs)]
    print(f"{os.cpu_count()} cores, {runs} runs, {STUDENTS} submissions each; median (lowest to highest)")
    for index, kind in enumerate(("wall", "processor")):
        graded = sorted(row[0][index] / STUDENTS for row in rows)
        ratio = sorted(row[0][index] / STUDENTS / row[1][index] for row in rows)
        print(
            f"{kind:9} {statistics.median(graded):6.2f} s a submission ({graded[0]:.2f} to {graded[-1]:.2f}), "
            f"{statistics.median(ratio):5.2f} times a bare import of torch ({ratio[0]:.2f} to {ratio[-1]:.2f})"
        )


if __name__ == "__main__":
    main()
