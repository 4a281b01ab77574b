"""A PostgreSQL server of a test's own: in a temporary folder, on a unix socket, gone afterwards."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import pytest

OWNER = "course"
SECONDS = 60


def programs() -> Path | None:
    """Return the newest folder that holds PostgreSQL's server programs; Debian keeps them off the PATH."""
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    return max(found, key=lambda path: float(path.parent.name), default=None)


def need() -> None:
    """Skip the test where PostgreSQL or its driver is not installed; where CI is set, fail."""
    lacking = "" if programs() else "PostgreSQL (apt install postgresql)"
    try:
        import psycopg  # noqa: F401
    except ImportError:
        lacking = "psycopg (pip install 'convnets-computed[postgres]')"
    if lacking:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"not installed: {lacking}")


class Server:
    """A running server; `close` ends it and deletes its folder. Nobody else can reach its socket."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pg-"))  # a socket's path holds 107 bytes: pytest's folders are long
        self._process: subprocess.Popen | None = None
        self._as = self._somebody()
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def _somebody(self) -> dict:
        """Return whom to run the server as: root may not."""
        if os.geteuid() != 0:
            return {}
        names = {user.pw_name for user in pwd.getpwall()}
        user = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
        os.chown(self.folder, user.pw_uid, user.pw_gid)
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}

    def _start(self) -> None:
        data, bin_ = self.folder / "data", programs()
        options = ["--username", OWNER, "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
        made = subprocess.run(
            [bin_ / "initdb", "-D", data, *options], cwd=self.folder, capture_output=True, text=True, **self._as
        )
        assert made.returncode == 0, made.stdout + made.stderr
        command = [bin_ / "postgres", "-D", data, "-k", self.folder, "-c", "listen_addresses="]
        self._log = (self.folder / "log").open("w")
        self._process = subprocess.Popen(command, cwd=self.folder, stdout=self._log, stderr=self._log, **self._as)
        self._wait_until_ready()

    def _wait_until_ready(self) -> None:
        import psycopg

        end = time.monotonic() + SECONDS
        while time.monotonic() < end and self._process.poll() is None:
            with suppress(psycopg.OperationalError):
                psycopg.connect(host=str(self.folder), user=OWNER, dbname="postgres").close()
                return
            time.sleep(0.1)
        raise RuntimeError((self.folder / "log").read_text())

    def url(self, database: str) -> str:
        """Return what SQLAlchemy opens a database by."""
        return f"postgresql+psycopg:///{database}?host={quote(str(self.folder))}&user={OWNER}"

    def create(self, database: str, like: str = "template1") -> str:
        """Make a database, as a copy of another where `like` names one; return its url."""
        import psycopg

        with psycopg.connect(host=str(self.folder), user=OWNER, dbname="postgres", autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{database}" TEMPLATE "{like}"')
        return self.url(database)

    def close(self) -> None:
        """End the server and delete what it wrote."""
        if self._process:
            self._process.send_signal(signal.SIGQUIT)  # at once: nothing of it will be needed
            try:
                self._process.wait(SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._log.close()
        shutil.rmtree(self.folder, ignore_errors=True)
