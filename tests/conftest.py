"""What every test run sets and may ask for: one thread, no device but the CPU; a browser, a folder for its pictures."""

import os
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import kernels
import nbgrader.api
import pytest
from nbval.plugin import IPyNbCell

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("COURSE_DEVICE", "cpu")
# nbgrader asks a process of its own for a constant each time it makes a database.
nbgrader.api.get_alembic_version = cache(nbgrader.api.get_alembic_version)


class ForNbval:
    """Start the kernels of nbval's pages as forks, in each worker its own; what the other tests start does not know."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self):
        """Have the forks at hand while tests run."""
        with (
            TemporaryDirectory() as folder,
            kernels.forked(Path(folder)) as path,
            pytest.MonkeyPatch.context() as patch,
        ):
            patch.setenv(kernels.FORKS, str(path))
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self, item):
        """Let nbval find them."""
        with pytest.MonkeyPatch.context() as patch:
            if isinstance(item, IPyNbCell):
                patch.setenv("JUPYTER_PATH", os.environ[kernels.FORKS])
            return (yield)


def pytest_configure(config):
    """Hooks of this folder would not be asked about lectures/, those of a plugin are."""
    runs_tests = hasattr(config, "workerinput") or not config.getoption("numprocesses", None)
    if runs_tests and config.getoption("nbval", False):
        config.pluginmanager.register(ForNbval())


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """To move an Explorer takes several pictures: such tests are slow, wherever they stand."""
    for item in items:
        if "explorer" in item.nodeid.lower():
            item.add_marker(pytest.mark.slow)


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
