"""A real JupyterLab in a real browser: start a server on copies of the notebooks, open a page, read it, move it."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kernels import FORKS
from playwright.sync_api import Browser, Locator, Page, sync_playwright
from playwright.sync_api import TimeoutError as NothingHappened

ROOT = Path(__file__).resolve().parent.parent
PANEL = ".jp-NotebookPanel:not(.lm-mod-hidden)"
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
SWITCHES = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
TOKEN = "a-token-of-the-tests"
# A page is read whole only where Lab keeps every cell in it, news and updates would ask the network,
# and a page saved half-way would be another page to the next test.
SETTINGS = {
    "notebook-extension/tracker": {"windowingMode": "none"},
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True},
    "docmanager-extension/plugin": {"autosave": False},
}
ALLOWED_HOSTS = ("127.0.0.1", "localhost")
ALLOWED_SCHEMES = ("data", "blob", "about")
BUSY = """panel => [...document.querySelectorAll(panel + ' .jp-InputPrompt')]
    .some(prompt => prompt.textContent.includes('*'))"""
RUN_CELLS = """numbers => {
    const notebook = jupyterapp.shell.currentWidget.content;
    notebook.deselectAll();
    notebook.activeCellIndex = numbers[0];
    numbers.forEach(number => notebook.select(notebook.widgets[number]));
    jupyterapp.commands.execute('notebook:run-cell');
}"""
SECOND = 1000  # Playwright counts in milliseconds
POLL = 200  # to ask at every frame, as it does unasked, keeps a processor busy with drawing
BOXES = ".jp-OutputArea-output .widget-vbox:not(.widget-vbox .widget-vbox)"
LINE = ".widget-text input[type=text]"
MOVABLE = f".noUi-handle, select, {LINE}"
RED_OUTPUT = ", ".join(f'[data-mime-type="application/vnd.jupyter.{kind}"]' for kind in ("error", "stderr"))
WIDGET_TROUBLE = re.compile("(Error displaying|Error creating|Loading) widget|model not found", re.IGNORECASE)


def chromium_path() -> str | None:
    """Return where Chromium or Chrome is, or None."""
    return next((path for name in CHROMIUM_NAMES if (path := shutil.which(name))), None)


@dataclass(frozen=True)
class Server:
    """A running JupyterLab: its address, and the folder that it serves."""

    url: str
    root: Path

    @property
    def lab_url(self) -> str:
        """Return the address of Lab itself, with nothing open but its launcher."""
        return f"{self.url}/lab/workspaces/empty?reset&token={TOKEN}"

    def ask(self, path: str, method: str = "GET") -> object:
        """Return what the server's interface answers, None where it has nothing to say."""
        request = urllib.request.Request(
            f"{self.url}/api/{path}", method=method, headers={"Authorization": f"token {TOKEN}"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            body = answer.read()
        return json.loads(body) if body else None

    def cell_count(self, path: str) -> int:
        """Return how many cells a served notebook has."""
        return len(json.loads((self.root / path).read_text(encoding="utf-8"))["cells"])

    def wait_for_kernel(self, seconds: float = 90) -> None:
        """Wait until a kernel has started and is idle; raise TimeoutError where none does."""
        end = time.monotonic() + seconds
        while not any(session["kernel"]["execution_state"] == "idle" for session in self.ask("sessions")):
            if time.monotonic() > end:
                raise TimeoutError(f"no kernel was ready within {seconds} seconds")
            time.sleep(0.2)

    def stop_kernels(self) -> None:
        """End every session, so that one page's kernel does not slow the next page down."""
        for session in self.ask("sessions"):
            self.ask(f"sessions/{session['id']}", method="DELETE")


def _copy_course(root: Path) -> None:
    """Copy what a reader opens; the checkout itself is never served."""
    for room in ("lectures", "assignments"):
        shutil.copytree(ROOT / room, root / room, ignore=shutil.ignore_patterns(".ipynb_checkpoints", "__pycache__"))


def _server_environment(folder: Path) -> dict[str, str]:
    """Return an environment in which no setting, kernel or history of the user's is found."""
    own = {"HOME": "home", "JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "runtime"}
    own |= {"IPYTHONDIR": "ipython", "JUPYTERLAB_SETTINGS_DIR": "settings", "JUPYTERLAB_WORKSPACES_DIR": "workspaces"}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "JPY_", "IPYTHON"))}
    threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    beside = str(Path(sys.executable).parent)
    environment = {**kept, **threads, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore", "COURSE_DEVICE": "cpu"}
    if FORKS in os.environ:
        environment["JUPYTER_PATH"] = os.environ[FORKS]
    environment["PATH"] = os.pathsep.join((beside, os.environ.get("PATH", "")))
    for variable, name in own.items():
        (folder / name).mkdir()
        environment[variable] = str(folder / name)
    for name, values in SETTINGS.items():
        path = folder / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values), encoding="utf-8")
    return environment


def _free_port() -> int:
    """Return a loopback port that nobody listens on at this moment."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def _wait_for(server: Server, process: subprocess.Popen, log: Path, seconds: float = 120) -> None:
    """Return once the server answers; raise RuntimeError with the end of its log where it does not."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        try:
            server.ask("status")
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
        else:
            return
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text(encoding='utf-8')[-3000:]}")


def _end(process: subprocess.Popen) -> None:
    """End a process gently, then by force, and collect it."""
    process.terminate()
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def jupyterlab(folder: Path) -> Iterator[Server]:
    """Run JupyterLab over copies of lectures/ and assignments/, all inside `folder`."""
    root = folder / "course"
    root.mkdir()
    _copy_course(root)
    with serving(root, folder) as server:
        yield server


@contextmanager
def serving(root: Path, folder: Path, **environment: str) -> Iterator[Server]:
    """Run JupyterLab on a free loopback port over `root`; what it writes for itself goes to `folder`.

    `environment` is set besides: it has the last word.
    """
    log, port = folder / "server.log", _free_port()
    server = Server(f"http://127.0.0.1:{port}", root)
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1"]
    command += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0", f"--ServerApp.root_dir={root}"]
    command += [f"--IdentityProvider.token={TOKEN}", "--LabApp.news_url=", "--LabApp.extension_manager=readonly"]
    command += ["--LabApp.expose_app_in_browser=True"]
    settings = {**_server_environment(folder), **environment}
    with log.open("w", encoding="utf-8") as lines:
        process = subprocess.Popen(command, cwd=root, env=settings, stdout=lines, stderr=subprocess.STDOUT)
        try:
            _wait_for(server, process, log)
            yield server
            server.stop_kernels()
        finally:
            _end(process)


@contextmanager
def chromium(path: str) -> Iterator[Browser]:
    """Run the Chromium at `path` without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, headless=True, args=list(SWITCHES))
        try:
            yield browser
        finally:
            browser.close()


def is_local(url: str) -> bool:
    """Return whether a request for `url` stays on this machine."""
    parts = urllib.parse.urlsplit(url)
    return parts.scheme in ALLOWED_SCHEMES or parts.hostname in ALLOWED_HOSTS


class NotebookPage:
    """The notebook that is open in a browser's page, and every address that the page asked for."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.requested: list[str] = []
        page.on("request", lambda request: self.requested.append(request.url))
        page.on("websocket", lambda channel: self.requested.append(channel.url))

    def load(self, server: Server) -> None:
        """Load Lab anew, with no notebook open."""
        self.page.goto(server.lab_url, timeout=90 * SECOND)
        self.page.wait_for_function("window.jupyterapp?.restored.then(() => true)", timeout=90 * SECOND)

    @property
    def panel(self) -> Locator:
        """Return the notebook on show."""
        return self.page.locator(PANEL)

    @property
    def explorers(self) -> list[Locator]:
        """Return every Explorer on the page: a box of widgets in an output with something to move."""
        return self.panel.locator(BOXES).filter(has=self.page.locator(MOVABLE)).all()

    @property
    def self_checks(self) -> list[Locator]:
        """Return every self-check on the page: a box of widgets with choices in it."""
        return self.panel.locator(BOXES).filter(has=self.page.locator(".widget-radio")).all()

    def asked_elsewhere(self) -> list[str]:
        """Return the addresses that the page asked for and that are not on this machine."""
        return sorted({url for url in self.requested if not is_local(url)})

    def cell(self, number: int) -> Locator:
        """Return the cell at this place in the notebook, from 0."""
        return self.panel.locator(".jp-Notebook-cell").nth(number)

    def rewrite(self, number: int, source: str) -> None:
        """Type `source` in place of what a cell holds; no editor's help with indents comes between."""
        self.cell(number).locator(".cm-content").click()
        self.page.keyboard.press("ControlOrMeta+A")
        self.page.keyboard.insert_text(source)

    def run_to(self, number: int) -> None:
        """Run every cell above this one, and this one, and wait."""
        self.cell(number).locator(".jp-InputPrompt").click()
        self.choose_menu("Run", "Run All Above Selected Cell")
        self.cell(number).locator(".jp-InputPrompt").click()
        self.page.keyboard.press("ControlOrMeta+Enter")
        self.cell(number).locator(".jp-OutputArea-output").first.wait_for(timeout=60 * SECOND)
        self.wait_until_idle()

    def choose_menu(self, menu: str, entry: str) -> None:
        """Choose an entry of the menu bar, as a reader does."""
        self.page.locator(".lm-MenuBar-itemLabel").get_by_text(menu, exact=True).click()
        self.page.locator(".lm-Menu-itemLabel").get_by_text(entry, exact=True).click()

    def wait_for_cells(self, count: int) -> None:
        """Wait until the page holds this many cells."""
        script = "([panel, count]) => document.querySelectorAll(panel + ' .jp-Notebook-cell').length === count"
        self.page.wait_for_function(script, arg=[PANEL, count], timeout=90 * SECOND)

    def wait_until_busy(self) -> None:
        """Wait until a cell runs or waits to run."""
        self.page.wait_for_function(BUSY, arg=PANEL, polling=POLL, timeout=60 * SECOND)

    def wait_until_idle(self, seconds: float = 180) -> None:
        """Wait until no cell runs or waits, and the kernel says that it is idle."""
        indicator = ".jp-Notebook-ExecutionIndicator"
        script = f"""panel => !({BUSY})(panel)
            && document.querySelector(panel + ' {indicator}')?.dataset.status === 'idle'"""
        self.page.wait_for_function(script, arg=PANEL, polling=POLL, timeout=seconds * SECOND)

    def clear(self) -> None:
        """Clear every output, so that whatever stands there later was made by a later run."""
        self.choose_menu("Edit", "Clear Outputs of All Cells")
        script = "panel => document.querySelectorAll(panel + ' .jp-OutputArea-output').length === 0"
        self.page.wait_for_function(script, arg=PANEL)

    def run_cells(self, numbers: list[int], seconds: float = 180) -> None:
        """Clear every output, select these cells, run them by Lab's own command and wait until the last has ended."""
        self.clear()
        self.page.evaluate(RUN_CELLS, numbers)
        self.wait_until_busy()
        self.wait_until_idle(seconds)

    def validate(self) -> str:
        """Press nbgrader's Validate and return what its dialog says."""
        self.panel.get_by_text("Validate", exact=True).click()
        said = self.page.locator(".jp-Dialog").filter(has_text=re.compile("validat|success|fail", re.IGNORECASE))
        said.wait_for(timeout=180 * SECOND)
        return said.inner_text()

    def trust(self) -> None:
        """Trust the notebook by Lab's command palette; Lab then shows what the notebook keeps of its widgets."""
        self.page.keyboard.press("ControlOrMeta+Shift+C")
        self.page.locator(".lm-CommandPalette-input:visible").fill("Trust Notebook")
        self.page.locator(".lm-CommandPalette-item[data-command='notebook:trust']").click()
        self.page.locator(".jp-Dialog button.jp-mod-accept").click()
        self.page.locator(".jp-Dialog").wait_for(state="detached")

    def wait_for_widgets(self, count: int) -> None:
        """Wait until this many widget boxes are drawn and none is still loading."""
        script = """([panel, boxes, count]) => document.querySelectorAll(panel + ' ' + boxes).length === count
            && !document.querySelector(panel).innerText.includes('Loading widget')"""
        self.page.wait_for_function(script, arg=[PANEL, BOXES, count], timeout=60 * SECOND)

    def troubles(self) -> list[str]:
        """Return what a reader sees in red: errors of cells, widgets and formulas that could not be shown."""
        cells = self.panel.locator(RED_OUTPUT).all_inner_texts()
        widgets = self.panel.locator(".jp-OutputArea-output").filter(has_text=WIDGET_TROUBLE).all_inner_texts()
        formulas = self.panel.locator("mjx-merror, .MathJax_Error").all_inner_texts()
        return [text.strip()[:300] for text in cells + widgets + formulas]

    def pictures_without_words(self) -> int:
        """Return how many pictures have no alternative text."""
        return self.panel.locator("img").evaluate_all("all => all.filter(image => !image.alt.trim()).length")

    def broken_pictures(self) -> list[str]:
        """Return the alternative text of each picture that the browser could not draw."""
        script = "all => all.filter(image => image.complete && !image.naturalWidth).map(image => image.alt)"
        return self.panel.locator("img").evaluate_all(script)

    def photograph(self, folder: Path, name: str) -> list[Path]:
        """Write the notebook from top to bottom as pictures of one window each, and return their paths."""
        scroller = self.panel.locator(".jp-WindowedPanel-outer")
        height, window = scroller.evaluate("box => [box.scrollHeight, box.clientHeight]")
        paths = []
        for number, top in enumerate(range(0, height, window - 60)):
            scroller.evaluate("(box, top) => { box.scrollTop = top; }", top)
            paths.append(folder / f"{name}_{number:02d}.png")
            scroller.screenshot(path=paths[-1])
        return paths


@contextmanager
def open_lab(browser: Browser, server: Server) -> Iterator[NotebookPage]:
    """Open Lab in a fresh browser profile, without a notebook; it is loaded once for all of them."""
    context = browser.new_context(viewport={"width": 1300, "height": 1500}, reduced_motion="reduce")
    try:
        context.set_default_timeout(30 * SECOND)
        opened = NotebookPage(context.new_page())
        opened.load(server)
        yield opened
    finally:
        context.close()


@contextmanager
def open_notebook(page: NotebookPage, server: Server, path: str) -> Iterator[NotebookPage]:
    """Open a notebook and wait until Lab shows it; afterwards its kernel is ended and Lab without it."""
    page.page.evaluate("path => { jupyterapp.commands.execute('docmanager:open', { path }); }", path)
    try:
        page.wait_for_cells(server.cell_count(path))
        server.wait_for_kernel()
        yield page
        page.page.evaluate("jupyterapp.shell.currentWidget.dispose()")  # to close it would ask whether to save it
        page.panel.wait_for(state="detached")
    except BaseException:
        page.load(server)
        raise
    finally:
        server.stop_kernels()


def face(explorer: Locator) -> Locator:
    """Return the part of an Explorer that holds its picture, or the reason why there is none."""
    return explorer.locator(".widget-html-content").last


def wait_for_change(part: Locator, before: str, moved: str) -> None:
    """Wait until a part of the page holds something new; raise AssertionError that names what was `moved` if not."""
    script = "([part, before]) => part.innerHTML && part.innerHTML !== before"
    try:
        part.page.wait_for_function(script, arg=[part.element_handle(), before], timeout=30 * SECOND)
    except NothingHappened as error:
        raise AssertionError(f"nothing on the page changed within 30 seconds after: {moved}") from error


def move_by_keyboard(explorer: Locator) -> None:
    """Move an Explorer's first slider that can be moved, or else its first list or line, by keys; wait for its picture.

    In a list, space opens it first: Lab takes the arrow keys of a closed one for its own. In a line a digit is added.
    """
    handles = explorer.locator(".noUi-target:not([disabled]) .noUi-handle")
    others = explorer.locator("select").or_(explorer.locator(LINE)).first
    shown = face(explorer)
    before = shown.inner_html()
    if handles.count():
        now, most = (handles.first.get_attribute(f"aria-value{word}") for word in ("now", "max"))
        keys = ["ArrowLeft" if now == most else "ArrowRight"]
    elif explorer.locator("select").count():
        keys = ["Space", "ArrowDown", "Enter"]
    else:
        keys = ["End", "7", "Enter"]
    (handles.first if handles.count() else others).focus()
    for key in keys:
        explorer.page.keyboard.press(key)
    wait_for_change(shown, before, f"{', '.join(keys)} in the Explorer {explorer.inner_text()!r}")


def take_self_check(self_check: Locator) -> None:
    """Choose an answer of a self-check, then ask for the right one; wait for each response.

    What it says to each choice is tested without a browser.
    """
    question, said, shown = self_check.locator(".widget-html-content").all()
    before = said.inner_html()
    self_check.locator("input[type=radio]").last.check()
    wait_for_change(said, before, f"choosing an answer to {question.inner_text()!r}")
    self_check.get_by_role("button", name="Show the answer").click()
    wait_for_change(shown, "", f"'Show the answer' to {question.inner_text()!r}")
