"""Attacks on grading: each is a submission whose deserved score is known, and none may get more or harm anything.

Every attack is graded on one warm process, and after each the same must hold: the score is what the work deserves, no
hidden test was seen, nothing outside the sandbox changed, no process is left, and the next submission is graded.
Controls show that the probes work: the same patches win where tests and answers share a process, the same probes
find what is there to be found outside the sandbox, and honest work keeps its marks.
"""

import copy
import json
import os
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from harness import ROOT

from course_utils import checks
from course_utils.grading import classroom, sandbox
from course_utils.grading.bridge import Conversation
from course_utils.grading.sandbox import Limits, Policy, Warm
from course_utils.grading.session import sit
from course_utils.grading.verdict import Verdict

A1 = "a1_convolution_arithmetic"
LIMITS = Limits(memory_mb=400, cpu_s=20, cell_s=20.0, wall_s=20.0, processes=24, files=48, file_mb=8, output=5000)
POLICY = Policy(LIMITS, ("torch", "torchvision", "scipy"))
TARGET, OTHER = "fc_params", "locally_connected_params"
TOKEN = f"canary-{os.getpid()}"

pytestmark = pytest.mark.slow
if sandbox.problem() and not os.environ.get("CI"):
    pytest.skip(f"no sandbox here: {sandbox.problem()}", allow_module_level=True)

WRONG = "def fc_params(in_features, out_features, bias=True):\n    return 7\n"
# Finds the object that talks to the examiner, as any code in that process can.
SERVER = "import gc, json, struct, serve, wire\nserver = [o for o in gc.get_objects() if type(o) is serve.Server][0]\n"
RAW = SERVER + textwrap.dedent(
    """
    def frame(form, data=b"", sizes=None, announce=None):
        text = json.dumps([form, [len(data)] if sizes is None else sizes]).encode()
        return struct.pack(">QQ", *(announce or (len(text), len(data)))) + text + data

    def reply(bytes_):
        # From now on every call is answered with these bytes, whatever the function is.
        def answer(self, form, buffers, _before=serve.Server.answer):
            if form["do"] in ("call", "calls") and form.get("name") == "fc_params":
                self.link.sendall(bytes_)
            else:
                _before(self, form, buffers)
        serve.Server.answer = answer
    """
)


@dataclass(frozen=True)
class Attack:
    """What is handed in for fc_params, and what must come of it.

    `keeps` are the facets of fc_params that it deserves; `other` whether the honest answer beside it keeps its three
    points (None: the attack may harm its own submission). `says` must stand in what its cell printed, `told` in why its
    first test failed. `naive` is a test that the attack wins where tests and answers share a process.
    """

    name: str
    code: str
    keeps: str = ""
    other: bool | None = True
    says: str = ""
    told: str = ""
    naive: str = ""
    seconds: float = 2.0  # that a cell or a call may take
    slow: bool = False
    change: Callable | None = None


def wrong(name, code, **more):
    """An attack beside a wrong answer."""
    return Attack(name, WRONG + textwrap.dedent(code), **more)


def returns(name, value, before="", **more):
    """An attack by what the function returns."""
    code = f"{textwrap.dedent(before)}\ndef fc_params(in_features, out_features, bias=True):\n    return {value}\n"
    return Attack(name, code, **more)


def forged(name, code, **more):
    """An attack by bytes on the socket."""
    return Attack(name, WRONG + RAW + textwrap.dedent(code), **{"other": None, **more})


def forged_array(name, described, size, **more):
    """A forged array of so many bytes; `described` are its dtype, shape, strides and where it begins."""
    return forged(name, f"reply(frame({{'value': ['a', {described}, 0]}}, bytes({size})))", **more)


CHECK, ASSERT = "checks.gives(20, fc_params, 3, 5)", "assert fc_params(3, 5) == 20"
IPYTHON = "shell = get_ipython()\n"

PATCHES = [
    wrong(
        "ast_transformer",
        """
        import ast
        class Drop(ast.NodeTransformer):
            def visit_Expr(self, node):
                return ast.copy_location(ast.Pass(), node)
            visit_Assert = visit_Expr
        get_ipython().ast_transformers.append(Drop())
        """,
        naive=CHECK,
    ),
    wrong(
        "input_transformer",
        "get_ipython().input_transformers_cleanup.append(lambda lines: ['pass\\n'])",
        naive=CHECK,
        other=None,
    ),
    wrong(
        "event_hook",
        """
        def patch(*_):
            checks.gives = checks.refuses = lambda *a, **k: None
        get_ipython().events.register("pre_run_cell", patch)
        """,
        naive=CHECK,
    ),
    wrong(
        "run_cell",
        """
        from IPython.core.interactiveshell import ExecutionResult
        get_ipython().run_cell = lambda *a, **k: ExecutionResult(None)
        """,
        naive=CHECK,
        other=None,
    ),
    wrong(
        "run_code",
        """
        async def nothing(*a, **k):
            return False
        get_ipython().run_code = nothing
        """,
        naive=CHECK,
        other=None,
    ),
    wrong(
        "displays_and_tracebacks",
        """
        import sys
        sys.displayhook = sys.excepthook = lambda *a: None
        shell = get_ipython()
        shell.showtraceback = shell.showsyntaxerror = lambda *a, **k: None
        shell.set_custom_exc((BaseException,), lambda *a, **k: None)
        print("20")
        20
        """,
    ),
    wrong("comparison", "checks.difference = checks.failure = lambda *a: None", naive=CHECK),
    wrong(
        "numpy_testing_and_math",
        """
        import math
        np.isclose = np.allclose = np.array_equal = np.testing.assert_allclose = lambda *a, **k: True
        math.isclose = lambda *a, **k: True
        def fc_params(*a, **k):
            return 19.9
        """,
        naive="np.testing.assert_allclose(fc_params(3, 5), 20)",
    ),
    wrong(
        "builtins",
        """
        import builtins
        builtins.abs = builtins.sum = builtins.round = lambda *a: 0
        """,
        naive="assert abs(fc_params(3, 5) - 20) < 1",
        other=None,
    ),
    wrong("names_of_locked_cells", "checks = None\ndef pair(value):\n    return (1, 1)\n", other=False),
]

LIES = [
    returns(
        "equals_everything",
        "Equal()",
        """
        class Equal:
            __eq__ = __ge__ = __le__ = lambda self, other: True
            __ne__ = __lt__ = __gt__ = lambda self, other: False
            __hash__ = lambda self: 0
            __bool__ = lambda self: True
            __float__ = lambda self: 20.0
            __index__ = __int__ = lambda self: 20
            __array__ = lambda self, *a, **k: np.array(20)
        """,
        naive=ASSERT,
        told="type Equal",
    ),
    returns(
        "int_that_equals_everything",
        "Equal(7)",
        """
        class Equal(int):
            __eq__ = lambda self, other: True
            __ne__ = lambda self, other: False
            __hash__ = int.__hash__
            __int__ = __index__ = lambda self: 20
        """,
        naive=ASSERT,
        told="type Equal",
    ),
    returns(
        "array_with_own_comparison",
        "np.zeros(3).view(Sly)",
        """
        class Sly(np.ndarray):
            def __array_ufunc__(self, *a, **k):
                return np.True_
            def __array_function__(self, *a, **k):
                return True
            __eq__ = lambda self, other: np.True_
            shape = property(lambda self: ())
        """,
        naive="assert np.allclose(fc_params(3, 5), 20)",
    ),
    returns("mock", "unittest.mock.MagicMock()", "import unittest.mock"),
    returns("lambda_for_a_value", "lambda *a: 20"),
    returns("infinite_iterator", "itertools.count()", "import itertools"),
    returns("endless_generator_of_itself", "forever()", "def forever():\n    while True:\n        yield forever()\n"),
    returns("cyclic_list", "cycle", "cycle = []\ncycle.append(cycle)\n", told="cannot cross"),
    returns("cyclic_dict", "cycle", "cycle = {}\ncycle[1] = cycle\n", told="cannot cross"),
    returns("deep_list", "deep", "deep = 20\nfor _ in range(5000):\n    deep = [deep]\n", told="cannot cross"),
    returns("doubling_list", "deep", "deep = 20\nfor _ in range(60):\n    deep = [deep, deep]\n", told="cannot cross"),
    returns("long_list", "[20] * 10**6", told="cannot cross"),
    returns("gigabyte_array", "np.broadcast_to(np.int64(20), (2**27,))"),
    returns("long_text", "'2' * 10**7"),
    returns("long_number", "10**5000", told="cannot cross"),
    returns("number_too_large_for_a_float", "10**3000"),
    returns("nan", "float('nan')"),
    returns("nan_array", "np.full((), np.nan)"),
    returns("object_array", "np.array([20, Evil()], dtype=object)", "class Evil:\n    __eq__ = lambda *a: True\n"),
    returns("structured_array", "np.zeros(2, dtype=[('a', 'i4'), ('b', 'O')])"),
    returns("text_of_half_characters", r"'\ud800' * 9"),
    returns("true_for_one", "True"),
    returns("types_of_python", "int"),
    returns("the_module", "np"),
    Attack("no_function_but_a_number", "fc_params = 20\n"),
    Attack("no_function_but_a_text", "fc_params = '20'\n"),
    Attack("no_function_but_a_class", "class fc_params(int):\n    __new__ = lambda *a, **k: int.__new__(fc_params)\n"),
    Attack("no_function_at_all", "", told="never defined"),
    Attack(
        "callable_that_hangs_when_asked",
        "import time\nclass Slow:\n    def __getattribute__(self, name):\n        time.sleep(60)\nfc_params = Slow()\n",
        seconds=0.7,
    ),
    Attack(
        "exceptions_with_forged_names",
        """
for name in ("CheckFailed", "SandboxError", "TooSlowError", "KeyboardInterrupt"):
    exec(f"class {name}(BaseException):\\n    pass")
def fc_params(*a, n=[0], **k):
    n[0] += 1
    raise [CheckFailed, SandboxError, TooSlowError, KeyboardInterrupt, SystemExit, GeneratorExit][n[0] % 6]("20")
""",
        other=True,
    ),
    Attack(
        "exception_of_odd_text",
        "Odd = type('\\ud800<b>', (Exception,), {'__str__': lambda self: '\\ud800\\x00' * 10**6})\n"
        "def fc_params(*a, **k):\n    raise Odd\n",
    ),
    Attack(
        "exception_that_cannot_be_told",
        "class Odd(Exception):\n    __str__ = __repr__ = lambda self: 1 / 0\n"
        "def fc_params(*a, **k):\n    raise ExceptionGroup('x', [Odd(), Odd()]) from Odd()\n",
    ),
]

FORGERIES = [
    forged("garbage", "reply(b'x' * 4096)", told="too large"),
    forged("huge_frame_announced", "reply(frame(0, announce=(2**62, 2**62)))", told="too large"),
    forged("frame_larger_than_sent", "reply(frame(0, announce=(4_000_000, 0)))", told="did not come back"),
    forged("silence", "reply(b'')", told="did not come back"),
    forged("deep_json", "reply(struct.pack('>QQ', 10**6, 0) + b'[' * 10**6)", told="no JSON"),
    forged("no_reply_at_all", "reply(frame([1, 2]))", told="no answer"),
    forged("empty_reply", "reply(frame({}))"),
    forged("unknown_form", "reply(frame({'value': ['pickle', 'gASVIAAAAA==']}))", told="no value has the form"),
    forged(
        "pickle_for_an_array",
        """
        import pickle, os
        class Evil:
            __reduce__ = lambda self: (os.system, ("touch @CANARY@/pickled",))
        data = b"\\x93NUMPY" + pickle.dumps(Evil())
        reply(frame({"value": ["a", "|O", [1], [8], 0, 0]}, data))
        """,
        told="no known dtype",
    ),
    forged_array("nan_shape", "'<f8', [float('nan')], [8], 0", 8, told="stride"),
    forged_array("shape_without_end", "'|u1', [2**40], [0], 0", 8, told="stride"),
    forged_array("strides_that_wrap", "'|u1', [5], [2**62], 0", 5, told="stride"),
    forged_array("offset_outside", "'|u1', [5], [1], 9", 5, told="larger than"),
    forged(
        "one_buffer_many_times",
        "reply(frame({'value': ['l'] + [['a', '|u1', [10**6], [1], 0, 0]] * 900}, bytes(10**6)))",
        told="same buffer",
    ),
    forged(
        "colliding_keys",
        "reply(frame({'value': ['s'] + [k * (2**61 - 1) for k in range(150_000)]}))",
        told="members of sets",
    ),
    forged("a_million_buffers", "reply(frame(0, sizes=[0] * 300_000))", told="no known form"),
    forged("called_back_uninvited", "reply(frame({'callback': 0, 'args': ['t'], 'kwargs': ['d']}))", told="not handed"),
    forged("handle_of_somebody_else", "reply(frame({'value': ['h', 10**9, 'int', True]}))", told="type int"),
    forged("error_of_the_wrong_kind", "reply(frame({'error': [[[1]]]}))", told="cannot describe"),
    forged(
        "error_with_odd_names",
        "reply(frame({'error': {'name': 'x\\0y', 'ancestry': ['__import__', 'eval', 7, 'Odd'], 'message': ['20']}}))",
    ),
    forged("answers_ahead_of_questions", "server.link.sendall(frame({'value': 20}) * 500)", told=""),
    forged(
        "link_closed",
        "import time\nserver.link.close()\nopen('/scratch/x', 'w').close()\ntime.sleep(9)\n",
        other=True,
        told="never defined",
    ),
    forged(
        "strange_text_for_a_cell",
        """
        deep = 0
        for _ in range(900):
            deep = [deep]
        serve.Server.do_run = lambda self, form, decoder: ({"text": deep, "error": None}, [])
        """,
    ),
    forged("strange_names", "serve.Server.do_kinds = lambda *a: ({'kinds': ['fc_params']}, [])", told="which names"),
    forged(
        "names_that_never_come",
        "import time\nserve.Server.do_kinds = lambda *a: time.sleep(99)\n",
        told="did not come back",
        seconds=0.5,
    ),
    forged(
        "forged_wire_functions",
        """
        wire.Encoder.encode = lambda self, value, depth=0: ["z", 20]
        """,
    ),
]

STEAL = [
    wrong(
        "frames_and_objects",
        """
        import gc, sys
        frame, found = sys._getframe(), []
        words = ["exam" + "ine(", "canary" + "-", "ora" + "cle_", "BEGIN " + "HIDDEN", "bottleneck" + "_macs"]
        while frame:
            found += [name for name in [*frame.f_locals, *frame.f_globals] if "oracle" in name or "secret" in name]
            frame = frame.f_back
        for one in gc.get_objects():
            if type(one) in (dict, list, tuple) and one is not words:
                for text in one.values() if type(one) is dict else one:
                    if type(text) is str and any(word in text for word in words) and text not in words:
                        found.append(text[:80])
        print("LOOT", found)
        """,
        says="LOOT []",
    ),
    wrong(
        "frames_during_a_call",
        """
        import sys
        def fc_params(*a, **k):
            frame, names = sys._getframe(), []
            while frame:
                names.append(frame.f_code.co_filename)
                frame = frame.f_back
            raise LookupError(sorted(set(names)))
        """,
        told="LookupError",
    ),
    wrong(
        "files",
        """
        import os
        found = []
        for folder, folders, files in os.walk("/"):
            folders[:] = [each for each in folders if each not in ("usr", "site-packages") and "python3" not in each]
            for name in files:
                if name.endswith((".ipynb", ".db", "-secret")) or "oracle" in name or "@TOKEN@" in name:
                    found.append(os.path.join(folder, name))
            if folder.endswith(("/solutions", "/submitted", "/autograded", "/grading", "/tests/misconceptions")):
                found.append(folder)
        print("LOOT", found, os.path.exists("@ROOT@/solutions"), os.path.exists("@CANARY@"))
        """,
        says="LOOT [] False False",
        seconds=10,
    ),
    wrong(
        "environment_and_processes",
        """
        import os
        names = ("COURSE", "NBGRADER", "JUPYTER", "JPY", "TOKEN", "PYTEST")
        print("LOOT", [k for k in os.environ if k.startswith(names)],
              os.listdir("/proc"), os.listdir("/dev/pts"), os.getpid(), os.getppid())
        """,
        says="LOOT [] [] [] 1 0",
    ),
    wrong(
        "imports",
        """
        import importlib, sys
        sys.path += ["@ROOT@", "@ROOT@/solutions/@A1@", "@ROOT@/tests"]
        loot = []
        for name in ("course_utils.grading", "course_utils.grading.examiner", "examiner", "harness", "torch", "scipy",
                     "torchvision", "examiner_of_@A1@"):
            try:
                importlib.import_module(name)
                loot.append(name)
            except ImportError:
                pass
        import course_utils.checks
        print("LOOT", loot)
        """,
        says="LOOT []",
    ),
    wrong(
        "hidden_packages_by_path",
        """
        import glob, os, subprocess, sys
        sites = []
        for folder in ("/usr", "/usr/local", sys.prefix, sys.base_prefix, "/opt"):
            sites += glob.glob(f"{folder}/lib*/python3*/*-packages")
        loot = []
        for site in sites:
            for name in ("torch", "scipy", "torchvision"):
                code = f"import sys; sys.path[:0] = [{site!r}]; import {name}"
                there = os.path.isdir(f"{site}/{name}")
                if there and len(os.listdir(f"{site}/{name}")) > 2:
                    loot.append(f"{site}/{name}")
                if there and subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0:
                    loot.append(f"{site}/{name}")
        print("LOOT", loot, len(sites) > 0)
        """,
        says="LOOT [] True",
        seconds=10,
        slow=True,
    ),
    wrong(
        "gradebook",
        """
        import glob, os, sqlite3
        loot = []
        for path in ("@CANARY@/gradebook.db", "../../../gradebook.db", "@ROOT@/gradebook.db", "gradebook.db"):
            try:
                with sqlite3.connect(f"file:{path}?mode=rw", uri=True) as db:
                    db.execute("update score set points = 200")
                loot.append(path)
            except sqlite3.Error:
                pass
        print("LOOT", loot)
        """,
        says="LOOT []",
    ),
]

CTYPES = "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\n"

SANDBOX = [
    wrong(
        "network",
        """
        import socket
        def attempt(family, address):
            with socket.socket(family) as s:
                s.settimeout(1)
                s.connect(address)
                s.sendall(b"x")
        loot = []
        targets = [(socket.AF_INET, ("127.0.0.1", @PORT@)), (socket.AF_INET, ("1.1.1.1", 53)),
                   (socket.AF_UNIX, "@CANARY@/socket"), (socket.AF_UNIX, "\\0@TOKEN@"), (socket.AF_UNIX, "/tmp/socket")]
        for family, address in targets:
            try:
                attempt(family, address)
                loot.append(address)
            except OSError:
                pass
        for family in (40, 38, 17, 31):  # vsock, alg, packet, bluetooth
            try:
                socket.socket(family, socket.SOCK_STREAM).close()
                loot.append(family)
            except OSError as error:
                pass
        here = socket.socketpair()
        print("LOOT", loot, [n for _, n in socket.if_nameindex()])
        for each in here:
            each.close()
        """,
        says="LOOT [] ['lo']",
    ),
    wrong(
        "writable_places",
        """
        import os
        found = []
        for folder, folders, _ in os.walk("/", onerror=None):
            try:
                name = os.path.join(folder, "@TOKEN@")
                os.close(os.open(name, os.O_CREAT | os.O_WRONLY))
                os.remove(name)
                found.append(folder)
            except OSError:
                pass
        print("LOOT", sorted(found))
        """,
        says="LOOT ['/dev/shm', '/home/student', '/scratch', '/tmp']",
        seconds=20,
        slow=True,
    ),
    wrong(
        "writes_where_it_was_told_to",
        """
        import os
        loot = []
        for place in ("@CANARY@/there", "@ROOT@/owned", "/course/course_utils/checks.py", "/callee/wire.py", "/owned",
                      "/course/sitecustomize.py", "/course/course_utils/owned.py", "/dev/owned", np.__file__):
            try:
                with open(place, "a") as file:
                    file.write("owned")
                loot.append(place)
            except OSError:
                pass
        open("/scratch/mine", "w").close()
        print("LOOT", loot, os.listdir("/scratch"))
        """,
        says="LOOT [] ['mine']",
    ),
    wrong(
        "powers",
        CTYPES
        + """
header, caps = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
libc.capget(header, caps)
ways = {
    "unshare": lambda: libc.unshare(0x10000000), "netns": lambda: libc.unshare(0x40000000),
    "mount": lambda: libc.mount(b"none", b"/tmp", b"tmpfs", 0, None), "umount": lambda: libc.umount2(b"/proc", 2),
    "remount": lambda: libc.mount(b"none", b"/", None, 0x20 | 0x1000, None), "chroot": lambda: libc.chroot(b"/tmp"),
    "ptrace": lambda: libc.ptrace(0, 0, 0, 0), "memfd": lambda: libc.memfd_create(b"x", 0),
    "shm": lambda: libc.shmget(0, 4096, 0o1600), "setuid": lambda: libc.setuid(0),
    "clone": lambda: libc.syscall(56, 0x10000000 | 17, 0, 0, 0, 0), "keyctl": lambda: libc.syscall(250, 0, -3, 0),
    "syslog": lambda: libc.klogctl(3, ctypes.create_string_buffer(99), 99), "bpf": lambda: libc.syscall(321, 0, 0, 0),
    "hostname": lambda: libc.sethostname(b"x", 1),
}
print("LOOT", sorted(name for name, way in ways.items() if way() >= 0), list(caps), os.getuid() != 0)
import subprocess
code = "import ctypes; l = ctypes.CDLL(None); c = (ctypes.c_uint32 * 6)(); "
code += "l.capget((ctypes.c_uint32 * 2)(0x20080522, 0), c); print(list(c), l.unshare(0x10000000))"
import sys
print("LOOT", subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip())
""",
        says="LOOT [] [0, 0, 0, 0, 0, 0] True\nLOOT [0, 0, 0, 0, 0, 0] -1",
    ),
    wrong(
        "open_files",
        """
        import os, stat
        found = []
        for number in range(3, 1024):
            try:
                found.append((number, stat.S_ISSOCK(os.fstat(number).st_mode)))
            except OSError:
                pass
        null = [os.fstat(number).st_rdev == os.stat("/dev/null").st_rdev for number in range(3)]
        print("LOOT", [is_socket for _, is_socket in found], null)
        """,
        says="LOOT [True] [True, True, True]",
    ),
    wrong(
        "signals",
        """
        import os, signal
        loot = []
        for pid in [*range(2, 400), 2**15, @PID@, @WARM@]:
            try:
                os.kill(pid, 0)
                loot.append(pid)
            except OSError:
                pass
        try:
            os.kill(-1, signal.SIGKILL)
            loot.append(-1)
        except ProcessLookupError:
            pass
        print("LOOT", loot, os.getppid())
        """,
        says="LOOT [] 0",
    ),
]

PERSIST = [
    wrong(
        "files_that_start_later",
        """
        import os
        code = "import builtins; builtins.planted = True; open('@CANARY@/planted', 'w')"
        places = ["/scratch/sitecustomize.py", "/scratch/usercustomize.py", "/callee/sitecustomize.py",
                  "/tmp/ipython/profile_default/startup/00.py", "/home/student/.ipython/profile_default/startup/00.py",
                  "/home/student/.config/matplotlib/matplotlibrc", "/tmp/matplotlibrc",
                  "/course/sitecustomize.py", "/dev/shm/planted",
                  "/home/student/.local/lib/python3.11/site-packages/x.pth", "/scratch/numpy.py", "/home/planted",
                  os.path.join(os.path.dirname(os.path.dirname(np.__file__)), "torch", "__init__.py"),
                  os.path.join(os.path.dirname(os.path.dirname(np.__file__)), "planted.pth")]
        kept = []
        for place in places:
            try:
                os.makedirs(os.path.dirname(place), exist_ok=True)
                with open(place, "w") as file:
                    file.write(code)
                kept.append(place)
            except OSError:
                pass
        print("PLANTED", len(kept))
        """,
        says="PLANTED 9",
    ),
    wrong(
        "nothing_was_planted",
        """
        import builtins, os, sys
        own = {"ipython", *sys.prefix.split("/")[2:3]}  # where Python itself lies below /tmp
        print("LOOT", hasattr(builtins, "planted"), [os.listdir(p) for p in ("/scratch", "/dev/shm", "/home/student")],
              [f for f in os.listdir("/tmp") if f not in own], [m for m in ("torch", "planted") if m in sys.modules])
        """,
        says="LOOT False [[], [], []] [] []",
    ),
    wrong(
        "thread_that_patches_later",
        """
        import threading, time
        def later():
            while True:
                time.sleep(0.01)
                checks.gives = checks.difference = lambda *a, **k: None
                np.array_equal = lambda *a: True
        threading.Thread(target=later, daemon=True).start()
        """,
    ),
    wrong(
        "daemon_that_outlives",
        """
        import os, signal, time
        for _ in range(3):
            if os.fork() == 0:
                os.setsid()
                for number in range(1, 32):
                    if number not in (9, 17, 19):
                        signal.signal(number, signal.SIG_IGN)
                if os.fork() == 0:
                    while True:
                        time.sleep(0.05)
                os._exit(0)
        """,
    ),
    wrong(
        "exit_handlers",
        """
        import atexit, os, signal, time
        atexit.register(time.sleep, 60)
        signal.signal(signal.SIGTERM, lambda *a: time.sleep(60))
        import subprocess
        subprocess.Popen(["/usr/bin/sleep", "60"], start_new_session=True)
        """,
    ),
]

BOMBS = [
    wrong("exit", "import os\nos._exit(0)\n", told="never defined"),
    wrong("exit_in_a_call", "import os\nfc_params = lambda *a, **k: os._exit(0)\n", told="ended Python"),
    wrong("exit_politely", "import sys\nsys.exit(0)\n", told="differ by"),
    wrong("segfault", "import ctypes\nctypes.string_at(0)\n", told="never defined"),
    wrong(
        "segfault_in_a_call",
        "import ctypes\nfc_params = lambda *a, **k: ctypes.string_at(0)\n",
        told="segmentation fault",
    ),
    wrong(
        "loop_that_cannot_be_interrupted",
        """
        import signal
        for number in range(1, 32):
            if number not in (9, 19):
                signal.signal(number, signal.SIG_IGN)
        while True:
            try:
                while True:
                    pass
            except BaseException:
                pass
        """,
        told="never defined",
        slow=True,
    ),
    wrong(
        "loop_in_a_call",
        """
        def fc_params(*a, **k):
            while True:
                try:
                    while True:
                        pass
                except BaseException:
                    pass
        """,
        told="did not come back",
        slow=True,
    ),
    wrong("stopped", "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)\n", told="differ", slow=True),
    wrong("memory", "hog = []\nwhile True:\n    hog.append(np.ones(2**20))\n", told="never defined"),
    wrong(
        "memory_in_a_call",
        "def fc_params(*a, **k):\n    hog = []\n    while True:\n        hog.append(np.ones(2**20))\n",
        told="memory",
    ),
    wrong("one_huge_array", "np.ones(2**34)\n", told="differ by"),
    wrong(
        "memory_of_nobody",
        """
        import mmap, os
        shared = mmap.mmap(-1, 2**32)
        while True:
            shared.write(b"x" * 2**20)
        """,
        told="never defined",
    ),
    wrong(
        "fork_bomb",
        "import os\nwhile True:\n    os.fork()\n",
        told="never defined",
        slow=True,
    ),
    wrong(
        "thread_bomb",
        "import threading, time\nwhile True:\n    threading.Thread(target=time.sleep, args=(60,)).start()\n",
    ),
    wrong(
        "disk_bomb",
        """
        import os
        wrote = 0
        for place in ("/scratch", "/tmp", "/dev/shm", "/home/student"):
            try:
                for number in range(100):
                    with open(f"{place}/{number}", "wb") as file:
                        for _ in range(20):
                            wrote += file.write(bytes(2**20))
            except OSError as error:
                pass
        print("WROTE", wrote // 2**20)
        """,
        says="WROTE ",
    ),
    wrong(
        "inode_bomb",
        """
        made = 0
        try:
            for made in range(100_000):
                open(f"/scratch/{made}", "w").close()
        except OSError:
            print("MADE", made < 20_000)
        """,
        says="MADE True",
    ),
    wrong(
        "open_file_bomb",
        """
        import os
        kept = []
        try:
            while True:
                kept.append(os.open("/dev/null", os.O_RDONLY))
        except OSError:
            print("OPENED", len(kept) < 60)
        for each in kept:
            os.close(each)
        """,
        says="OPENED True",
    ),
    wrong("output", "for _ in range(300):\n    print('x' * 10**6)\n", says="more characters were not kept"),
    wrong("output_to_the_terminal", "import os\nfor _ in range(300):\n    os.write(2, b'x' * 10**6)\n"),
    wrong("output_in_a_call", "def fc_params(*a, **k):\n    print('x' * 10**7)\n    return 7\n", told="differ by"),
    wrong(
        "giant_traceback",
        """
        import sys
        sys.setrecursionlimit(50_000)
        def fc_params(*a, n=20_000, **k):
            if n:
                return fc_params(n=n - 1)
            raise RuntimeError("x" * 10**7)
        """,
        told="RuntimeError",
    ),
]


def retagged(notebook):
    """Say that the hidden tests are no tests: they would run where the student can read them."""
    for cell in notebook.cells:
        if cell.metadata.nbgrader.grade_id.startswith(f"{TARGET}__"):
            cell.metadata.nbgrader.grade = False
            cell.metadata.tags = ["skip-execution"]


def doubled_ids(notebook):
    """Add cells of one's own that bear the ids of tests, before and after them."""
    tests = [cell for cell in notebook.cells if cell.metadata.nbgrader.grade_id.startswith(f"{TARGET}__")]
    for test in tests:
        for place in (1, len(notebook.cells)):
            own = copy.deepcopy(test)
            own.source, own.metadata = "1", {}
            notebook.cells.insert(place, own)


def rewritten(notebook):
    """Write something else into the tests, and into the set-up."""
    for cell in notebook.cells:
        if cell.metadata.nbgrader.get("locked") and cell.cell_type == "code":
            cell.source = "def fc_params(*a, **k):\n    return 7\nclass checks:\n    gives = refuses = print\n"


def strange_marks(notebook):
    """Put strange things where metadata is expected."""
    for mark in (
        [],
        "x",
        7,
        {"grade_id": ["a"]},
        {"grade_id": {"a": 1}, "grade": True},
        {"grade_id": f"{TARGET}__more"},
    ):
        notebook.cells.append(copy.deepcopy(notebook.cells[0]))
        notebook.cells[-1].update(id=f"own-{len(notebook.cells)}", source="1", metadata={"nbgrader": mark})


def copied_tests(notebook):
    """Copy the tests to the end, where the right answer of somebody else stands before them."""
    tests = [cell for cell in notebook.cells if cell.metadata.nbgrader.grade_id.startswith(f"{TARGET}__")]
    tests[0].source = "fc_params = None"
    notebook.cells += copy.deepcopy(tests)


LOCKED = [
    Attack(change.__name__, WRONG, change=change) for change in (retagged, doubled_ids, strange_marks, copied_tests)
] + [Attack("rewritten", WRONG, change=rewritten)]

HONEST_CODE = """
def fc_params(in_features, out_features, bias=True):
    if in_features < 1 or out_features < 1:
        raise ValueError("both must be 1 or more")
    return in_features * out_features + (out_features if bias else 0)
"""
FULL = "examples values refusals"
HONEST = [
    Attack("honest", HONEST_CODE, keeps=FULL),
    Attack("honest_in_numpy", HONEST_CODE.replace("return ", "return np.int64(1) * "), keeps=FULL),
    Attack(
        "honest_with_warnings_files_threads_and_programs",
        "import subprocess, sys, tempfile, threading, warnings\n"
        "warnings.warn('careful')\nprint('to stderr', file=sys.stderr)\n"
        "with tempfile.TemporaryFile() as file:\n    file.write(b'x' * 10**6)\n"
        "thread = threading.Thread(target=print)\nthread.start()\nthread.join()\n"
        "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.savefig('figure.png')\nplt.close('all')\n"
        "print(subprocess.run(['/bin/echo', 'a program'], capture_output=True, text=True).stdout)\n" + HONEST_CODE,
        keeps=FULL,
        says="a program",
    ),
    Attack("honest_by_an_object", HONEST_CODE + "import functools\nfc_params = functools.partial(fc_params)\n", FULL),
    Attack("honest_after_an_error_in_its_cell", HONEST_CODE + "fc_params(0, 0)\n", keeps=FULL),
    Attack("honest_through_the_forgers_socket", RAW + HONEST_CODE + textwrap.dedent(
        """
        def answer(self, form, buffers, _before=serve.Server.answer):
            if form["do"] in ("call", "calls") and form.get("name") == "fc_params":
                decoder = wire.Decoder(buffers, None)
                args, kwargs = decoder.decode(form["args"]), decoder.decode(form["kwargs"])
                try:
                    self.link.sendall(frame({"value": HONEST(*args, **kwargs)}))
                except ValueError:
                    told = {"name": "ValueError", "ancestry": ["ValueError"], "message": "1"}
                    self.link.sendall(frame({"error": told}))
            else:
                _before(self, form, buffers)
        serve.Server.answer, HONEST, fc_params = answer, fc_params, abs
        """), keeps=FULL),
    returns("half_right", "in_features * out_features + (out_features if bias else 0)", keeps="examples values"),
]  # fmt: skip

ATTACKS = [*HONEST, *PATCHES, *LIES, *FORGERIES, *STEAL, *SANDBOX, *PERSIST, *BOMBS, *LOCKED]


@pytest.fixture(scope="module")
def warm():
    with Warm(POLICY) as made:
        until = time.monotonic() + 5
        while len(family(made._process.pid)) > 3 and time.monotonic() < until:  # the one that was forked to try it
            time.sleep(0.02)
        yield made


@pytest.fixture(scope="module")
def solved():
    return classroom.read(classroom.assignment_notebook(ROOT, A1))


@pytest.fixture(scope="module")
def released():
    """The notebook that students get, cut to its set-up and the two exercises that are looked at."""
    notebook = classroom.read(ROOT / "assignments" / A1 / f"{A1}.ipynb")
    wanted = ("setup", TARGET, OTHER)
    kept = [
        cell
        for cell in notebook.cells
        if cell.metadata.get("nbgrader", {}).get("grade_id", "").split("__")[0] in wanted
    ]
    notebook.cells = [cell for cell in kept if cell.cell_type == "code"]
    return notebook


@pytest.fixture(scope="module")
def outside(tmp_path_factory):
    """What an attack looks for outside: a folder with a gradebook, and sockets that listen; as it was, at the end."""
    place = tmp_path_factory.mktemp("outside")
    (place / "gradebook.db").write_text(TOKEN)
    tcp, named, abstract = socket.create_server(("127.0.0.1", 0)), *(socket.socket(socket.AF_UNIX) for _ in range(2))
    with closing(tcp), closing(named), closing(abstract):
        for server, address in ((named, str(place / "socket")), (abstract, "\0" + TOKEN)):
            server.bind(address)
            server.listen()
        yield place, (tcp, named, abstract)
    assert sorted(path.name for path in place.iterdir()) == ["gradebook.db", "socket"]
    assert (place / "gradebook.db").read_text() == TOKEN


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setenv("COURSE_ROOT", str(ROOT))
    monkeypatch.setattr(checks, "SECONDS_A_CALL", 1.0)


def family(pid):
    """Return a process and its descendants."""
    found, waiting = set(), [pid]
    while waiting:
        one = waiting.pop()
        found.add(one)
        try:
            for thread in Path(f"/proc/{one}/task").iterdir():
                waiting += map(int, (thread / "children").read_text().split())
        except OSError:  # it has ended meanwhile
            continue
    return found


def filled(code, outside, warm):
    place, (tcp, *_) = outside
    words = {"CANARY": place, "ROOT": ROOT, "TOKEN": TOKEN, "A1": A1, "PORT": tcp.getsockname()[1]}
    words |= {"PID": os.getpid(), "WARM": warm._process.pid if warm else 1}
    for word, value in words.items():
        code = code.replace(f"@{word}@", str(value))
    return code


def handed_in(released, solved, code, change=None):
    """Return the submission: this code for fc_params, and the instructor's answer to the other exercise."""
    notebook = copy.deepcopy(released)
    reference = {cell.metadata.nbgrader.grade_id: cell.source for cell in solved.cells if "nbgrader" in cell.metadata}
    for cell in notebook.cells:
        if cell.metadata.nbgrader.grade_id == TARGET:
            cell.source = code
        elif cell.metadata.nbgrader.grade_id == OTHER:
            cell.source = classroom.strip_marks(reference[OTHER])
    if change is not None:
        change(notebook)
    return notebook


def graded(verdict: Verdict, released, exercise):
    """Return the facets of an exercise that a verdict gives points for."""
    ids = {cell.metadata.nbgrader.grade_id: cell.id for cell in released.cells}
    names = [name for name in ids if name.startswith(f"{exercise}__")]
    return {name.partition("__")[2] for name in names if verdict.cells[ids[name]].failure is None}


# An alarm that goes off while Hypothesis's collector hook runs is lost; the conversation's own time limit is not.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    "attack",
    [pytest.param(each, id=each.name, marks=pytest.mark.slow if each.slow else ()) for each in ATTACKS],
)
def test_nobody_gets_more_than_is_deserved(attack, warm, solved, released, outside):
    notebook = handed_in(released, solved, filled(attack.code, outside, warm), attack.change)
    conversation = Conversation(warm, replace(LIMITS, cell_s=attack.seconds))
    verdict = sit(notebook, solved, conversation)
    conversation.hang_up()
    said = {cell.metadata.nbgrader.grade_id: verdict.cells[cell.id] for cell in released.cells}

    assert graded(verdict, released, TARGET) == set(attack.keeps.split()), said
    if attack.other is not None:
        assert graded(verdict, released, OTHER) == (set(FULL.split()) if attack.other else set()), said
    assert attack.says in said[TARGET].text
    assert attack.told in (said[f"{TARGET}__examples"].failure or "")
    for cell in verdict.cells.values():
        assert "examine(" not in cell.text + (cell.failure or "")
        assert len(cell.text) <= 2 * LIMITS.output
        assert len(cell.failure or "") <= 30_000
        (cell.text + (cell.failure or "")).encode()  # a file can hold it
    _nothing_is_left(warm, outside)


def _nothing_is_left(warm, outside):
    """Nobody outside was spoken to, no process is left, and the next submission is served."""
    for server in outside[1]:
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()
    until = time.monotonic() + 5
    while len(family(warm._process.pid)) > 3 and time.monotonic() < until:
        time.sleep(0.01)
    assert len(family(warm._process.pid)) == 3, "more is left than bubblewrap, its first process and the warm process"
    honest = Conversation(warm)
    assert honest.run_cell("import os\nprint(os.listdir('.'), 1 + 1)")["text"] == "[] 2\n"
    honest.hang_up()


def test_attacks_are_many_and_have_names_of_their_own():
    assert len(ATTACKS) > 80
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)


def test_patches_win_where_tests_and_answers_share_a_process():
    """Control: without the trust line, these attacks pass a test with a wrong answer."""
    naive = [attack for attack in ATTACKS if attack.naive]
    assert len(naive) > 8
    script = """
import json, os, sys
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config
import matplotlib, numpy
config = Config()
config.HistoryManager.enabled = False
shell = InteractiveShell.instance(config=config)
shell.showtraceback = lambda *a, **k: None
setup = "import numpy as np\\nfrom course_utils import checks"
for name, code, test in json.load(sys.stdin):
    if os.fork() == 0:
        shell.run_cell(setup)
        shell.run_cell(code)
        result = shell.run_cell(test)
        os._exit(0 if result.success else 1)
    status = os.waitstatus_to_exitcode(os.wait()[1])
    print(name, "wins" if status == 0 else "fails", flush=True)
"""
    cases = [(attack.name, attack.code, attack.naive) for attack in naive]
    cases += [("a_wrong_answer_alone", WRONG, CHECK), ("honest_work", HONEST_CODE, CHECK)]
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=json.dumps(cases), capture_output=True, text=True, timeout=120, cwd=ROOT,
    )  # fmt: skip
    wins = dict(line.split() for line in done.stdout.splitlines() if line.endswith((" wins", " fails")))
    assert wins.pop("a_wrong_answer_alone") == "fails", done.stderr
    assert set(wins.values()) == {"wins"}, wins
    assert len(wins) == len(naive) + 1


def test_probes_find_what_there_is_to_find_outside(outside, tmp_path):
    """Control: the probes that find nothing in the sandbox find everything without it."""
    probes = {attack.name: attack.code for attack in [*STEAL, *SANDBOX]}
    network = filled(probes["network"].split("for family in (40")[0] + "\nprint('LOOT', len(loot))", outside, None)
    gradebook = filled(probes["gradebook"].replace("sqlite3.Error", "sqlite3.OperationalError"), outside, None)
    environment = filled(probes["environment_and_processes"], outside, None)
    imports = filled(probes["imports"], outside, None)
    run = {"capture_output": True, "text": True, "cwd": tmp_path, "timeout": 120}
    start = "import numpy as np\n"
    said = subprocess.run([sys.executable, "-c", start + network], **run)
    assert "LOOT 3" in said.stdout or "LOOT 4" in said.stdout, said.stderr  # 4: on a machine with a network
    assert "not a database" in subprocess.run([sys.executable, "-c", start + gradebook], **run).stderr
    said = subprocess.run([sys.executable, "-c", start + environment], **run).stdout
    assert "COURSE_ROOT" in said
    assert str(os.getpid()) in said
    said = subprocess.run([sys.executable, "-c", start + imports], **run)
    assert "course_utils.grading.examiner" in said.stdout, said.stderr
    for server in outside[1]:  # take what the control sent
        server.setblocking(True)
        server.accept()[0].close()


def test_a_submission_that_uses_up_its_time_is_graded_all_the_same(solved, released):
    """Every cell sleeps, so the time of the whole submission ends it: what was shown till then counts."""
    limits = Limits(cell_s=0.4, wall_s=1.0)
    with Warm(Policy(limits, POLICY.hidden)) as warm:
        notebook = handed_in(released, solved, HONEST_CODE)
        own = [copy.deepcopy(notebook.cells[0]) for _ in range(9)]
        for number, cell in enumerate(own):
            cell.update(id=f"own-{number}", metadata={}, source="import time; time.sleep(60)")
        at = next(place for place, cell in enumerate(notebook.cells) if cell.metadata.nbgrader.grade_id == OTHER)
        notebook.cells[at:at] = own
        start = time.monotonic()
        conversation = Conversation(warm)
        verdict = sit(notebook, solved, conversation)
        conversation.hang_up()
        assert time.monotonic() - start < 10
        assert graded(verdict, released, OTHER) == set()
        told = [cell.failure for cell in verdict.cells.values() if cell.failure]
        assert any("used up its 1 seconds" in each for each in told)


def test_a_course_inside_a_folder_that_submissions_read_is_refused(tmp_path, monkeypatch):
    (tmp_path / "course" / "solutions").mkdir(parents=True)
    monkeypatch.setenv("COURSE_ROOT", str(tmp_path / "course"))
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    with pytest.raises(sandbox.SandboxError, match="every submission can read"):
        sandbox.command(())


def test_two_submissions_at_once_share_nothing(warm):
    """What one writes anywhere, the other does not see while both live; what it sends, the other does not get."""
    first, second = Conversation(warm), Conversation(warm)
    planted = first.run_cell(
        "import os, socket\nkept = []\n"
        "places = '/tmp', '/scratch', '/dev/shm', '/home/student', '/', '/dev', '/course', '/dev/pts', '/callee'\n"
        "for place in places:\n"
        "    try:\n        open(f'{place}/answers', 'w').close()\n        kept.append(place)\n"
        "    except OSError:\n        pass\n"
        "listener = socket.socket(socket.AF_UNIX)\nlistener.bind('\\0answers')\nlistener.listen()\nprint(kept)\n"
    )
    assert planted["text"] == "['/tmp', '/scratch', '/dev/shm', '/home/student']\n"
    seen = second.run_cell(
        "import os, socket\n"
        "places = '/tmp', '/scratch', '/dev/shm', '/home/student', '/', '/dev', '/course', '/dev/pts', '/callee'\n"
        "print([place for place in places if os.path.exists(f'{place}/answers')])\n"
        "caller = socket.socket(socket.AF_UNIX)\nprint(caller.connect_ex('\\0answers'))\n"
    )
    assert seen["text"] == "[]\n111\n"
    own = "caller = socket.socket(socket.AF_UNIX)\n"
    own += "print(os.path.exists('/tmp/answers'), caller.connect_ex('\\0answers'))\n"
    assert first.run_cell(own)["text"] == "True 0\n"
    first.hang_up()
    second.hang_up()
