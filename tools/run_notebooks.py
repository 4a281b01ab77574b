"""Execute notebooks in place: `python tools/run_notebooks.py lectures/02_one_dimension.ipynb ...`.

Outputs are made by one runner with one set of threads and no timings, so that a second run of an
unchanged page differs in nothing that nbval compares. A page that fails keeps its old outputs.
"""

import os
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

THREADS = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
QUIET = {"PYTHONWARNINGS": "ignore", "COURSE_DEVICE": os.environ.get("COURSE_DEVICE", "cpu")}
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def run(path: Path) -> float:
    """Execute one notebook, write it back, return the seconds it took."""
    notebook = nbformat.read(path, as_version=4)
    widgets = {"store_widget_state": True}
    client = NotebookClient(
        notebook,
        timeout=120,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(path.parent)}},
        **widgets,
    )
    start = time.perf_counter()
    client.execute(env={**os.environ, **THREADS, **QUIET})
    seconds = time.perf_counter() - start
    state = notebook.metadata.get("widgets")
    notebook.metadata = nbformat.from_dict({**METADATA, **({"widgets": state} if state else {})})
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    nbformat.validate(notebook)
    nbformat.write(notebook, path)
    return seconds


def main(arguments: list[str]) -> int:
    """Execute the notebooks named; return 1 where one failed."""
    if not arguments:
        print(__doc__, file=sys.stderr)
        return 1
    failed = 0
    for name in arguments:
        try:
            print(f"{name}: {run(Path(name)):.1f} s", flush=True)
        except CellExecutionError as error:
            failed = 1
            print(f"{name}: stopped\n{error}", file=sys.stderr)
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
