"""The warm process: load what a submission needs once, then fork a confined process for each submission.

Started inside bubblewrap with one socket as its only way out. Each request carries the limits and two sockets: the
conversation, and a line on which the warden says why the process ended.
"""

import contextlib
import gc
import importlib
import json
import os
import random
import signal
import socket
import sys
from typing import Any


def make_shell() -> Any:
    """Return an IPython shell without a history, whose figures go nowhere and whose displays are text."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False
    config.HistoryManager.hist_file = ":memory:"
    config.InteractiveShell.colors = "nocolor"
    shell = InteractiveShell.instance(config=config)
    for name in ("showtraceback", "showsyntaxerror"):  # an error is told by serve.py, as text
        setattr(shell, name, lambda *args, **kwargs: None)
    return shell


def seed_anew() -> None:
    """Draw new seeds, so that no two submissions share a random state."""
    random.seed()
    if sys.modules.get("numpy"):
        sys.modules["numpy"].random.seed(int.from_bytes(os.urandom(4), "big"))
    if sys.modules.get("torch"):
        sys.modules["torch"].manual_seed(int.from_bytes(os.urandom(7), "big"))


def only(number: int) -> None:
    """Close every open file but one, and give the three standard streams nothing to read and nowhere to write."""
    null = os.open("/dev/null", os.O_RDWR)
    for stream in range(3):
        os.dup2(null, stream)
    os.closerange(3, number)
    os.closerange(number + 1, 65536)


def hide(names: list[str]) -> None:
    """Make packages fail to import where no sandbox can take them away; a determined import finds them all the same."""
    sys.modules.update(dict.fromkeys(names))  # type: ignore[arg-type]


def child(limits: dict, scratch: str, link: socket.socket, line: socket.socket, shell: Any, unconfined: bool) -> None:
    """Become the warden of one process, confined unless said otherwise, in which the conversation is held."""
    import confine
    import serve

    def body() -> None:
        only(link.fileno())
        seed_anew()
        serve.Server(link, shell).run()

    def report(why: str) -> None:
        with contextlib.suppress(OSError):
            line.sendall(why.encode())

    def wanted() -> bool:
        try:
            return line.recv(1, socket.MSG_DONTWAIT) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False

    try:
        (confine.watched if unconfined else confine.confined)(limits, scratch, body, report, wanted)
    except OSError as error:
        report(f"sandbox: {error}")


def main(number: int, scratch: str, modules: list[str], hidden: list[str] | None = None) -> None:
    """Load, say so, and fork for whoever asks, until the examiner hangs up."""
    for name in modules:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    unconfined = hidden is not None
    if hidden is not None:
        hide(hidden)
    shell = make_shell()
    control = socket.socket(fileno=number)
    gc.collect()
    gc.freeze()  # so that forks share the pages of what is loaded
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # wardens are reaped by the kernel
    control.sendall(b"warm\n")
    while True:
        request, handed, _flags, _address = socket.recv_fds(control, 65536, 2)
        if not request:
            return
        link, line = (socket.socket(fileno=each) for each in handed)
        if os.fork() == 0:
            status = 1
            try:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                control.close()
                child(json.loads(request), scratch, link, line, shell, unconfined)
                status = 0
            finally:
                os._exit(status)
        link.close()
        line.close()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3]), *map(json.loads, sys.argv[5:]))
