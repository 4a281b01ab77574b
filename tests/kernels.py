"""Kernels that start at once: forks of one process that has imported what pages import.

Python, torch and the rest take a slow machine ten seconds to start, and all tests together open every page twice. What
a fork shares is modules; each kernel has an environment, a folder and a namespace of its own.
"""

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

FORKS = "COURSE_TESTS_KERNELS"  # in the environment of tests: what JUPYTER_PATH may be set to
ADDRESS = "COURSE_KERNELS"  # in a kernel's environment: where forks are asked for
PAGES_IMPORT = (
    "ipykernel.kernelapp",
    "ipywidgets",
    "matplotlib.pyplot",
    "matplotlib_inline.backend_inline",
    "scipy.integrate",
    "scipy.signal",
    "scipy.stats",
    "sklearn.datasets",
    "sklearn.linear_model",
    "sklearn.svm",
    "sympy",
    "torch",
    "torch._dynamo",  # the first optimizer loads it
    "torchvision.models",
    "torchvision.transforms",
)


@contextlib.contextmanager
def forked(folder: Path) -> Iterator[Path]:
    """Yield a folder for JUPYTER_PATH: where it is set, kernels are forks, until the block ends."""
    address = folder / "kernels"
    spec = folder / "kernels_of_tests" / "kernels" / "python3" / "kernel.json"
    spec.parent.mkdir(parents=True)
    argv = [sys.executable, "-IS", __file__, "-f", "{connection_file}"]
    told = {"argv": argv, "display_name": "Python 3 (ipykernel)", "language": "python", "env": {ADDRESS: str(address)}}
    spec.write_text(json.dumps(told), encoding="utf-8")
    environment = {**os.environ, "MPLBACKEND": "module://matplotlib_inline.backend_inline"}
    # It ends when its standard input does, whatever becomes of this process.
    source = subprocess.Popen([sys.executable, __file__, str(address)], stdin=subprocess.PIPE, env=environment)
    try:
        yield spec.parents[2]
    finally:
        source.communicate()


def serve(address: str) -> None:
    """Import what pages import, then fork a kernel for whoever asks, until standard input ends."""
    sys.path.pop(0)  # this file's folder is on no page's path
    for name in PAGES_IMPORT:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # so that forks share the pages of what is loaded
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(address)
    listener.listen()
    while True:
        ready, _, _ = select.select([listener, sys.stdin], [], [])
        if sys.stdin in ready:
            os._exit(0)
        link, _ = listener.accept()
        said, handed, _, _ = socket.recv_fds(link, 1 << 20, 3)
        if os.fork() == 0:
            listener.close()
            become_kernel(link, handed, **json.loads(said))
        for each in (link.fileno(), *handed):
            os.close(each)
        link.detach()


def become_kernel(link: socket.socket, handed: list[int], arguments: list, folder: str, environment: dict) -> None:
    """Run a kernel in this fork as if the asker had started it; end when the asker does."""

    def end_with_the_asker() -> None:
        link.recv(1)
        os._exit(1)

    from ipykernel import kernelapp

    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number, each in enumerate(handed):
        os.dup2(each, number)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    os.environ.pop("JPY_PARENT_PID", None)  # the asker is not this process's parent
    link.send(str(os.getpid()).encode())
    threading.Thread(target=end_with_the_asker, daemon=True).start()
    sys.argv = ["ipykernel_launcher", *arguments]
    kernelapp.launch_new_instance()
    os._exit(0)


def ask(arguments: list[str], seconds: float = 120) -> None:
    """Ask for a kernel and live as long as it does: this is the process that Jupyter knows."""
    link = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    until = time.monotonic() + seconds
    while True:
        try:
            link.connect(os.environ[ADDRESS])
            break
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
    told = {"arguments": arguments, "folder": str(Path.cwd()), "environment": dict(os.environ)}
    socket.send_fds(link, [json.dumps(told).encode()], [0, 1, 2])
    kernel = int(link.recv(32))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda which, _: os.kill(kernel, which))
    link.recv(1)


if __name__ == "__main__":
    ask(sys.argv[1:]) if sys.argv[1] == "-f" else serve(sys.argv[1])
