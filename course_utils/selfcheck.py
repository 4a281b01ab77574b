"""A student's own check of a notebook: every cell in order, in a process of its own, visible tests reported."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat


@dataclass(frozen=True)
class Checked:
    """One graded cell: its id, whether it held, what was said where it did not."""

    grade_id: str
    held: bool
    said: str


@dataclass(frozen=True)
class Report:
    """All graded cells of a notebook, and what stopped the run, if anything did."""

    cells: tuple[Checked, ...]
    stopped: str = ""

    @property
    def passed(self) -> bool:
        """Return whether every visible test held."""
        return not self.stopped and all(cell.held for cell in self.cells)

    def text(self) -> str:
        """Return the report in words."""
        lines = []
        for cell in self.cells:
            lines.append(f"{'ok     ' if cell.held else 'FAILED '} {cell.grade_id.replace('__', ', ')}")
            lines += [f"        {line}" for line in cell.said.splitlines()]
        held = sum(cell.held for cell in self.cells)
        if self.stopped:
            lines.append(f"The run stopped: {self.stopped}")
        lines.append(
            f"{held} of {len(self.cells)} visible tests hold. The tests that come after handing in ask for more."
        )
        return "\n".join(lines)


def check(path: Path, seconds: int = 60) -> Report:
    """Run a notebook and report its visible tests.

    Raises ValueError in one line where the file is no notebook, or holds no graded cells.
    """
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    try:
        notebook = nbformat.read(path, as_version=4)
    except Exception as error:
        raise ValueError(
            f"{path} is no notebook that can be read ({type(error).__name__}); is it an .ipynb file?"
        ) from error
    cells = [(c.source, _visible(c)) for c in notebook.cells if c.cell_type == "code"]
    if not any(name for _source, name in cells):
        raise ValueError(f"{path} holds no tests; is it one of the notebooks in assignments/?")
    return _run(path, cells, seconds)


def _visible(cell: nbformat.NotebookNode) -> str:
    """Return the grade id of a test cell that has something to run here, else an empty string."""
    mark = cell.metadata.get("nbgrader", {})
    code = [line for line in cell.source.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return mark.get("grade_id", "") if mark.get("grade") and code else ""


def _run(path: Path, cells: list[tuple[str, str]], seconds: int) -> Report:
    """Run the cells in a child process that answers one line of JSON for each graded cell."""
    command = [sys.executable, "-m", "course_utils.selfcheck", str(seconds)]
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "MPLBACKEND": "agg"}
    limit = seconds * len(cells)
    try:
        done = subprocess.run(
            command,
            input=json.dumps(cells),
            cwd=path.resolve().parent,
            env=environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=limit,
        )
        said, stopped = done.stdout, "" if done.returncode == 0 else "Python ended before the last cell"
    except subprocess.TimeoutExpired as error:
        output = error.stdout or b""
        said = output if isinstance(output, str) else output.decode("utf-8", "replace")
        stopped = f"it took longer than {limit} seconds"
    answers = [json.loads(line[len(_MARK) :]) for line in said.splitlines() if line.startswith(_MARK)]
    reported = tuple(Checked(*answer) for answer in answers)
    missing = [name for _source, name in cells if name and name not in {cell.grade_id for cell in reported}]
    return Report(reported + tuple(Checked(name, False, "not reached") for name in missing), stopped)


_MARK = "@course-check@ "


def _child(seconds: int) -> None:
    """Run cells from standard input in one IPython shell; print one marked line for each graded cell."""
    from IPython.core.interactiveshell import InteractiveShell

    from course_utils.checks import TooSlowError, time_limit

    cells = json.loads(sys.stdin.read())
    shell = InteractiveShell.instance()
    shell.showtraceback = lambda *_args, **_kwargs: None  # type: ignore[method-assign]
    for source, name in cells:
        try:
            with time_limit(seconds):
                result = shell.run_cell(source)
            error = result.error_before_exec or result.error_in_exec
        except TooSlowError:
            error = TimeoutError(f"the cell did not come back within {seconds} seconds")
        if name:
            said = "" if error is None else str(error) if isinstance(error, AssertionError) else repr(error)
            print(f"\n{_MARK}{json.dumps([name, error is None, said])}", flush=True)


if __name__ == "__main__":
    _child(int(sys.argv[1]))
