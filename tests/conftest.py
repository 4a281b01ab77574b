"""What every test run sets and may ask for: one thread, no device but the CPU; a browser, a folder for its pictures."""

import os
from functools import cache
from pathlib import Path

import nbgrader.api
import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("COURSE_DEVICE", "cpu")
# nbgrader asks a process of its own for a constant each time it makes a database.
nbgrader.api.get_alembic_version = cache(nbgrader.api.get_alembic_version)


@pytest.fixture(scope="module", autouse=True)
def _warnings_heard():
    """Take back what keeps the lectures' kernels quiet: what the tests start may warn of nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PYTHONWARNINGS", raising=False)
        yield


@pytest.fixture(scope="module")
def chromium():
    """Return a running Chromium; skip where there is none, but never in continuous integration."""
    lab = pytest.importorskip("browser")
    path = lab.chromium_path()
    if path is None and os.environ.get("CI"):
        pytest.fail("there is no Chromium: install it, continuous integration never skips these tests")
    if path is None:
        pytest.skip("there is no Chromium on the PATH")
    with lab.chromium(path) as browser:
        yield browser


@pytest.fixture
def screenshots(tmp_path):
    """Return the folder for pictures of pages: COURSE_SCREENSHOTS, or one that goes away."""
    folder = Path(os.environ.get("COURSE_SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
