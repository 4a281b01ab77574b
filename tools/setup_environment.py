"""Fill `.venv` with what the lock file names, using nothing but the standard library.

Run by the Makefile. A second run finds the stamp of the first and does nothing.
Whatever is missing is named in one line, and the exit status is then 1.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = Path(os.environ.get("COURSE_VENV", ROOT / ".venv"))
STAMP = VENV / "installed.sha256"
LOCK = ROOT / "requirements.lock"
NEEDED_GB = 9.0
OLDEST = (3, 11)


class MissingError(Exception):
    """Something the machine lacks, said in one line."""


def fingerprint() -> str:
    """Return a hash of everything the environment is made from."""
    parts = [LOCK.read_bytes(), (ROOT / "pyproject.toml").read_bytes()]
    return hashlib.sha256(b"\0".join([*parts, str(ROOT).encode()])).hexdigest()


def check_machine() -> None:
    """Raise MissingError where Python is too old or the disk too full."""
    if sys.version_info < OLDEST:
        found = ".".join(map(str, sys.version_info[:3]))
        raise MissingError(
            f"Python 3.11 or newer is needed, and {sys.executable} is {found}. "
            "Install one, or name it: make PYTHON=/path/to/python3.11 demo"
        )
    free = shutil.disk_usage(ROOT).free / 1e9
    if free < NEEDED_GB:
        raise MissingError(
            f"{NEEDED_GB:.0f} GB of free disk are needed (torch alone takes 5), "
            f"and {ROOT} has {free:.1f} GB. Free some, or clone to another disk."
        )


def find_uv() -> list[str]:
    """Return the command that runs uv, fetching it by pip where there is none."""
    found = shutil.which("uv")
    if found:
        return [found]
    target = ROOT / ".tools"
    private = target / "bin" / "uv"
    if not private.exists():
        print("uv is not here: fetching it by pip into .tools/", flush=True)
        pip = [sys.executable, "-m", "pip"]
        if subprocess.run([*pip, "--version"], capture_output=True).returncode:
            raise MissingError(
                "neither uv nor pip was found. Install one of them (on Debian or Ubuntu: apt install python3-pip)."
            )
        run([*pip, "install", "--quiet", "--target", str(target), "uv"], "uv could not be fetched")
    return [str(private)]


def run(command: list[str], failure: str) -> None:
    """Run a command; raise MissingError with the last line it printed where it fails."""
    environment = {**os.environ, "VIRTUAL_ENV": str(VENV)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    done = subprocess.run(command, env=environment, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        log = ROOT / ".tools" / "setup.log"
        log.parent.mkdir(exist_ok=True)
        log.write_text(done.stderr)
        said = [line.strip() for line in done.stderr.splitlines() if line.strip()] or ["no message"]
        network = any(
            word in done.stderr.lower() for word in ("dns", "connect", "network", "timed out", "resolve host")
        )
        why = "the package index cannot be reached: check the network" if network else said[-1]
        raise MissingError(f"{failure}: {why} (all of it: {log})")


def lock() -> None:
    """Resolve pyproject.toml anew for every platform: hashes, and no address of any index."""
    options = ["--all-extras", "--universal", "--python-version", "3.11", "--generate-hashes", "--upgrade"]
    plain = ["--quiet", "--no-emit-index-url", "--no-header", "--no-annotate"]
    compile_ = [*find_uv(), "pip", "compile", str(ROOT / "pyproject.toml"), *options, *plain, "-o", str(LOCK)]
    run(compile_, "the lock file could not be made")


def main() -> int:
    """Make the environment, or find it made; return the exit status."""
    try:
        if sys.version_info < OLDEST:
            check_machine()
        if "--lock" in sys.argv[1:]:
            lock()
            return 0
        wanted = fingerprint()
        if STAMP.exists() and STAMP.read_text() == wanted:
            return 0
        if not VENV.exists():
            check_machine()
        uv = find_uv()
        print(f"Setting up {VENV} (5 GB, once; a minute or a few)", flush=True)
        if not (VENV / "bin" / "python").exists() and not (VENV / "Scripts").exists():
            run([*uv, "venv", "--quiet", "--python", sys.executable, str(VENV)], "no environment could be made")
        sync = [*uv, "pip", "sync", "--quiet", "--require-hashes", "--compile-bytecode", str(LOCK)]
        run(sync, "the packages could not be installed")
        project = [*uv, "pip", "install", "--quiet", "--no-deps", "--editable", str(ROOT)]
        run(project, "the course itself could not be installed")
        STAMP.write_text(wanted)
    except MissingError as error:
        print(f"set-up stopped: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
