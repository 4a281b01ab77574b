"""What looks like an attempt on a grade is named in plain words with its place, and honest work never is."""

import copy
import json
import time

import pytest
from harness import ROOT, find_all

from course_utils.grading import classroom, signs, suspicion
from course_utils.grading.loading import policy_of
from course_utils.grading.repair import repair
from course_utils.grading.suspicion import suspicions

try:
    from test_attacks import ATTACKS
except pytest.skip.Exception:  # no sandbox here to try them in; the attacks of this file remain
    ATTACKS = []

A1 = "a1_convolution_arithmetic"
HIDDEN = ("torch", "torchvision", "scipy", "scikit-learn", "scikit-image")
NAMED = {
    "ast_transformer": signs.SHELL,
    "input_transformer": signs.SHELL,
    "event_hook": signs.SHELL,
    "run_cell": signs.SHELL,
    "run_code": signs.SHELL,
    "displays_and_tracebacks": signs.SHELL,
    "comparison": signs.PATCH,
    "numpy_testing_and_math": signs.PATCH,
    "builtins": signs.PATCH,
    "names_of_locked_cells": signs.TESTS,
    "equals_everything": signs.LIES,
    "int_that_equals_everything": signs.LIES,
    "object_array": signs.LIES,
    "array_with_own_comparison": signs.OVERRIDES,
    "mock": signs.OVERRIDES,
    "callable_that_hangs_when_asked": signs.OVERRIDES,
    "exceptions_with_forged_names": signs.ERRORS,
    "garbage": signs.LINK,
    "forged_wire_functions": signs.LINK,
    "frames_and_objects": signs.FRAMES,
    "frames_during_a_call": signs.FRAMES,
    "files": signs.SEARCH,
    "environment_and_processes": signs.PROCESSES,
    "imports": signs.ANSWERS,
    "gradebook": signs.GRADEBOOK,
    "network": signs.NETWORK,
    "powers": signs.MACHINE,
    "open_files": signs.DESCRIPTORS,
    "signals": signs.START,
    "files_that_start_later": signs.STARTUP,
    "thread_that_patches_later": signs.THREAD,
    "thread_bomb": signs.THREAD,
    "daemon_that_outlives": signs.START,
    "exit_handlers": signs.LATER,
    "exit": signs.END,
    "loop_that_cannot_be_interrupted": signs.SIGNALS,
    "segfault": signs.MACHINE,
    "fork_bomb": signs.START,
}
# By their code alone these look like a mistake, an honest answer, or too much of something.
UNSEEN = {
    "honest", "honest_in_numpy", "honest_by_an_object", "honest_after_an_error_in_its_cell", "half_right",
    "lambda_for_a_value", "infinite_iterator", "endless_generator_of_itself", "cyclic_list", "cyclic_dict",
    "deep_list", "doubling_list", "long_list", "gigabyte_array", "long_text", "long_number",
    "number_too_large_for_a_float", "nan", "nan_array", "structured_array", "text_of_half_characters", "true_for_one",
    "types_of_python", "the_module", "no_function_but_a_number", "no_function_but_a_text", "no_function_but_a_class",
    "no_function_at_all", "exception_of_odd_text", "exception_that_cannot_be_told", "nothing_was_planted",
    "exit_politely", "loop_in_a_call", "memory", "memory_in_a_call", "one_huge_array", "memory_of_nobody",
    "disk_bomb", "inode_bomb", "open_file_bomb", "output", "output_in_a_call", "giant_traceback", "retagged",
    "doubled_ids", "strange_marks", "copied_tests", "rewritten",
}  # fmt: skip
attacks = pytest.mark.parametrize("attack", [pytest.param(each, id=each.name) for each in ATTACKS])


def found(code, *repairs, hidden=HIDDEN):
    return suspicions([("fc_params", code)], repairs, hidden)


def words(code, *repairs, **more):
    return " | ".join(each.what for each in found(code, *repairs, **more))


def named(told):
    """Return what was named, with its places, as plain pairs."""
    return [(each.what, each.where) for each in told]


@attacks
def test_attacks_that_can_be_seen_in_code_are_named(attack):
    told = found(attack.code)
    assert bool(told) is (attack.name not in UNSEEN), told
    assert NAMED.get(attack.name, "") in " ".join(each.what for each in told)
    for each in told:
        assert each.where.startswith("fc_params, line"), each
        assert len(each.what) < 500
        assert len(each.where) < 500


@pytest.mark.skipif(not ATTACKS, reason="no sandbox here, so no attacks")
def test_the_table_of_attacks_is_in_step():
    assert NAMED.keys() | UNSEEN <= {attack.name for attack in ATTACKS}


@attacks
def test_what_is_left_out_before_parsing_would_not_be_named(attack, monkeypatch):
    own = [("own", "import os, sys, gc\n"), ("fc_params", attack.code)]
    before = suspicions(own, (), HIDDEN)
    monkeypatch.setattr(signs, "worth_reading", lambda sources, hidden: sources)
    assert suspicions(own, (), HIDDEN) == before


@pytest.mark.parametrize(
    ("code", "what", "where"),
    [
        ("import os\n\nos._exit(0)", f"{signs.END} (os._exit)", "line 3"),
        ("from os import fork as branch\nbranch()", f"{signs.START} (os.fork)", "lines 1, 2"),
        ("from os import *\nkill(1, 9)", f"{signs.START} (os.kill)", "line 2"),
        ("import os as x\ny = x\ny.execv('/bin/sh', [])", f"{signs.START} (os.execv)", "line 3"),
        ("__import__('os').system('ls')", f"{signs.START} (os.system)", "line 1"),
        ("import importlib\nimportlib.import_module('ctypes')", f"{signs.MACHINE} (ctypes)", "line 2"),
        ("import sys\ngetattr(sys, '_getframe')()", f"{signs.FRAMES} (sys._getframe)", "line 2"),
        ("try:\n    1 / 0\nexcept Exception as e:\n    e.__traceback__.tb_frame.f_globals", signs.FRAMES, "line 4"),
        ("import inspect\ninspect.stack()[1]", f"{signs.FRAMES} (inspect.stack)", "line 2"),
        ("import gc\ngc.get_referrers(fc_params)", f"{signs.MEMORY} (gc.get_referrers)", "line 2"),
        ("object.__subclasses__()", signs.MEMORY, "line 1"),
        ("open('/proc/1/environ').read()", f"{signs.PROCESSES} (/proc/1/environ)", "line 1"),
        ("open('../../gradebook.db')", f"{signs.GRADEBOOK} (gradebook.db)", "line 1"),
        ("folder = 1\nopen(f'{folder}/solutions/a1/a1.ipynb')", signs.ANSWERS, "line 2"),
        ("open('../../autograded/ada/a1.ipynb')", signs.ANSWERS, "line 1"),
        ("text = 'BEGIN HIDDEN TESTS'", signs.ANSWERS, "line 1"),
        ("from course_utils.grading.examiner import load_exercises", signs.GRADER, "line 1"),
        ("from course_utils import grading", signs.GRADER, "line 1"),
        ("import examiner_of_a1", f"{signs.GRADER} (examiner_of_a1)", "line 1"),
        ("import torch.nn as nn", f"{signs.HIDDEN} (torch)", "line 1"),
        ("from sklearn.svm import SVC", f"{signs.HIDDEN} (sklearn)", "line 1"),
        ("import jupyter_client.session as s\ns.Session.send = lambda *a: None", signs.LINK, "line"),
        ("import sys\nsys.modules['numpy'] = None", f"{signs.PATCH} (sys.modules)", "line 2"),
        ("import sys\nsys.modules.update(math=None)", f"{signs.PATCH} (sys.modules)", "line 2"),
        ("import builtins\nsetattr(builtins, 'abs', min)", f"{signs.PATCH} (builtins.abs)", "line 2"),
        ("__builtins__.abs = lambda x: 0", f"{signs.PATCH} (builtins.abs)", "line 1"),
        ("vars(np)['isclose'] = print", f"{signs.PATCH} (numpy)", "line 1"),
        ("np.testing.__dict__['assert_equal'] = print", signs.PATCH, "line 1"),
        ("import numpy.testing as t\ndef ok(*a): pass\nt.assert_equal = ok", "numpy.testing.assert_equal", "line 3"),
        ("import math\nmath.isclose, x = print, 1", f"{signs.PATCH} (math.isclose)", "line 2"),
        ("checks.gives = None", f"{signs.PATCH} (course_utils.checks.gives)", "line 1"),
        ("del checks.gives", f"{signs.PATCH} (course_utils.checks.gives)", "line 1"),
        ("class checks:\n    gives = print", signs.TESTS, "line 1"),
        ("import unittest as checks", signs.TESTS, "line 1"),
        ("globals()['checks'] = None", signs.TESTS, "line 1"),
        ("type(get_ipython()).run_cell = print", f"{signs.SHELL} (run_cell)", "line 1"),
        ("ip = get_ipython()\nip.events.register('pre_run_cell', print)", "get_ipython.events", "line 2"),
        ("from ipykernel.ipkernel import IPythonKernel as K\nK.do_execute = print", f"{signs.SHELL} (do", "line 2"),
        ("import sys\nsys.displayhook = print", f"{signs.SHELL} (displayhook)", "line 2"),
        ("class A:\n    def __eq__(self, other):\n        'Compare.'\n        return True", signs.LIES, "line 2"),
        ("A = type('A', (), {'__eq__': lambda *a: True})", signs.LIES, "line 1"),
        ("class A:\n    pass\nA.__eq__ = lambda *a: np.True_", signs.LIES, "line 3"),
        ("class A:\n    __ne__ = lambda *a: False", signs.LIES, "line 2"),
        ("class A(np.ndarray):\n    def __array_function__(self, *a):\n        pass", signs.OVERRIDES, "line 2"),
        ("from unittest.mock import MagicMock", signs.OVERRIDES, "line 1"),
        ("class ExerciseFailed(Exception):\n    pass", signs.ERRORS, "line 1"),
        ("import base64\nexec(base64.b64decode(b'cGFzcw=='))", f"{signs.DATA} (b64decode)", "line 2"),
        ("exec('import os' + chr(10) + 'os')", f"{signs.DATA} (chr)", "line 1"),
        ("exec('import os; os._exit(0)')", f"{signs.END} (os._exit)", "line 1"),
        ("import atexit\n@atexit.register\ndef later():\n    pass", signs.LATER, "line 2"),
        ("import signal\nsignal.signal(2, signal.SIG_IGN)", signs.SIGNALS, "line 2"),
        ("import threading\nthreading.Timer(9, print).start()\nprint(', '.join('ab'))", signs.THREAD, "line 2"),
        ("from threading import Thread as T\ndef f():\n    T(target=abs, daemon=True).start()", signs.THREAD, "line 3"),
        ("import os\nopen(os.path.dirname(np.__file__) + '/x.pth', 'w')", f"{signs.STARTUP} (/x.pth)", "line 2"),
        ("open('/home/student/.config/matplotlib/matplotlibrc', 'w')", signs.STARTUP, "line 1"),
        ("from pathlib import Path\nlist(Path('/').rglob('*'))", signs.SEARCH, "line 2"),
        ("import os\nos.write(1, b'20')", signs.DESCRIPTORS, "line 2"),
        ("x = 1\n!cat /etc/passwd", f"{signs.COMMANDS} (!cat /etc/passwd)", "line 2"),
        ("found = !ls", f"{signs.COMMANDS} (!ls)", "line 1"),
        ("\n%%bash\nls", f"{signs.COMMANDS} (%%bash)", "line 2"),
        ("%system ls", f"{signs.COMMANDS} (%system", "line 1"),
        ("!pip install numpy; cat x", signs.COMMANDS, "line 1"),
        ("get_ipython().system('ls')", signs.COMMANDS, "line 1"),
        ("%matplotlib inline\nimport os\nos.abort()", f"{signs.START} (os.abort)", "line 3"),
        ("%%time\nimport os\nos._exit(1)", f"{signs.END} (os._exit)", "line 3"),
    ],
)  # fmt: skip
def test_each_sign_is_named_with_its_line(code, what, where):
    told = [each for each in found(code) if what in each.what]
    assert len(told) == 1, found(code)
    assert where in told[0].where


def test_what_one_cell_imports_is_known_in_the_others():
    told = suspicions([("a", "import os as x"), ("b", "y = 1"), ("c", "x._exit(0)")], (), ())
    assert named(told) == [(f"{signs.END} (os._exit)", "c, line 1")]


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("import os, gc as g\nthis is no Python\nos._exit(0)", "os._exit"),
        ("import os, gc as g\nthis is no Python\ng.get_objects()", "gc.get_objects"),
        ("def broken(:\nget_ipython().ast_transformers.append(1)", "ast_transformers"),
        ("def broken(:\nopen('/proc/self/mem')", "/proc/self/mem"),
        ("def broken(:\nfrom course_utils.grading import examiner", "course_utils.grading"),
        ("def broken(:\nshell.run_cell = print", "shell.run_cell"),
        ("def broken(:\nimport math\nmath.isclose = print", "math.isclose"),
        ("import os\nos.fork()\n" + "x = 1\n" * 10_000, "os.fork"),
        ("import os\nos.fork()\n" + "-" * 30_000 + "1", "os.fork"),
        ("import os\nos.fork()\n\0", "os.fork"),
        ("import os\nos.fork()\n'\ud800'", "os.fork"),
    ],
)
def test_code_that_cannot_be_parsed_is_read_line_by_line(code, what):
    assert what in words(code)


HONEST = [
    "import os\nprint(os.path.join('a', 'b'), os.environ.get('HOME'), os.getcwd())",
    "import sys\nprint(sys.maxsize, sys.version, 'numpy' in sys.modules)\nsys.path.append('..')",
    "import inspect\nprint(inspect.signature(fc_params), inspect.getsource(fc_params))",
    "import gc\ngc.collect()",
    "import traceback\ntry:\n    1 / 0\nexcept Exception:\n    traceback.print_exc()",
    "def correlate(x, threads=4, kill=False, stack=None, signal=(), trace=0):\n    return np.stack([signal, stack])",
    "class Size:\n    def __eq__(self, other):\n        return self.n == other.n\n    __hash__ = None",
    "class Always:\n    def __eq__(self, other):\n        return NotImplemented",
    "checks.gives(20, fc_params, 3, 5)\ntry:\n    fc_params(0, 1)\nexcept ValueError:\n    pass",
    "checks = [fc_params(3, 5) == 20]",
    "def f():\n    checks = None\n    return checks",
    "np.random.seed = 0\nnp.set_printoptions(precision=3)",
    "x = np.zeros((2, 3))\nx.shape = (6,)\nx.flags.writeable = False\ndel x",
    "import matplotlib.pyplot as plt\nplt.rcParams['figure.dpi'] = 90\nplt.rcParams.update({'font.size': 9})",
    "import matplotlib\nmatplotlib.use('agg')\nfrom IPython.display import display, Image",
    "import warnings\nwarnings.filterwarnings('ignore')\nimport random\nrandom.seed(0)",
    "import json, re, time, itertools, functools\njson.loads('[1]')\nchr(65)\nrows = [chr(65)]",
    "import functools\n\n@functools.cache\ndef helper(n):\n    'Read solutions/ or gradebook.db? No.'\n    return n",
    "# os._exit(0), /proc, gradebook.db\nx = 'all solutions / answers'\nsolutions = {}\nsolutions['solutions'] = 1",
    "from concurrent.futures import ThreadPoolExecutor as Pool\nwith Pool(2) as pool:\n    list(pool.map(abs, [1]))",
    "import threading\nt = threading.Thread(target=print)\nt.start()\nt.join()",
    "import threading\ndef run():\n    threading.Thread(target=print).start()",
    "%matplotlib inline\n%timeit fc_params(3, 5)\nx = 5 % 3\n!pip install numpy\nfc_params?",
    "%%time\nfc_params(3, 5)",
    "%pip install torch",
    "def broken(:\n    solutions.append(wire.x)\n    examiner = socket.fork",
    "getattr(np, 'sum')\nsetattr(x, 'y', 3)\nexec('z = 1')\neval('1 + 1')",
    "open('data/model.pth')\nopen('/proc/cpuinfo')\nopen('/tmp/own.txt', 'w')",
    "x = np.array([1.0])\ny = x != 2\nz = x\\\n    % 2",
    "text = '''\n!not a command\n%%bash\n'''",
    "'\\d'",
]  # fmt: skip
TORCH = [
    "import torch\nfrom torch import nn\ntorch.backends.cudnn.deterministic = True\ntorch.save({}, 'model.pth')",
    "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.fc = nn.Linear(2, 3)\n"
    "        self.act = torch.relu\n    def forward(self, x):\n        return self.fc(x)\nnet = Net()\n"
    "net.fc.weight.data = torch.zeros(3, 2)\nnet.fc.bias = None\nnet.eval()\nlist(net.modules())",
    "model = nn.Sequential()\nmodel.forward = lambda x: x\nmodel.loss = nn.MSELoss",
]


@pytest.mark.parametrize("code", HONEST)
def test_honest_code_is_not_named(code):
    assert found(code) == ()


@pytest.mark.parametrize("code", TORCH)
def test_honest_torch_is_not_named_where_it_is_there(code):
    assert found("import torch\nfrom torch import nn\n" + code, hidden=()) == ()
    assert signs.HIDDEN in words("import torch\n" + code)


@pytest.mark.slow
def test_no_solution_alternative_or_misconception_is_named():
    for assignment, exercise in find_all():
        hidden = policy_of(ROOT, assignment.name).hidden
        answers = [*exercise.alternatives, *(each.function for each in exercise.misconceptions)]
        written = [(exercise.name, classroom.answer_source(exercise, answer)) for answer in answers]
        whole = list(assignment.reference.items())
        assert len(written) > 4
        assert suspicions(whole, (), hidden) == ()
        for each in written:
            setup = [("setup", source) for source in assignment.setup]
            assert suspicions([*setup, each], (), hidden) == (), each


RELEASED = classroom.read(ROOT / "assignments" / A1 / f"{A1}.ipynb")


def repaired(change):
    notebook = copy.deepcopy(RELEASED)
    change(notebook)
    done = repair(json.dumps(notebook).encode(), RELEASED)
    assert done.failure == ""
    return done.repairs, suspicions([], done.repairs, HIDDEN)


def cell(notebook, name):
    return next(each for each in notebook.cells if each.metadata.nbgrader.grade_id == name)


def test_a_tag_that_skips_a_test_is_named():
    for tag in ("skip-execution", "raises-exception"):
        repairs, told = repaired(lambda n, tag=tag: cell(n, "fc_params__values").metadata.update(tags=["hide", tag]))
        assert len(repairs) == 1
        assert named(told) == [(f"{signs.TAGS} ({tag})", "fc_params (values)")]


def test_other_tags_are_not_named():
    for tags in (["hide-input"], ["skip-executions"], ["skip", "execution"]):
        repairs, told = repaired(lambda n, tags=tags: cell(n, "fc_params__values").metadata.update(tags=tags))
        assert "tags were taken off" in repairs[0]
        assert told == ()


def test_changed_locked_cells_are_named_once_with_their_places():
    def change(notebook):
        for name in ("setup", "fc_params__examples", "fc_params__statement", "title"):
            cell(notebook, name).source += "\n# mine"

    repairs, told = repaired(change)
    assert len(repairs) == 1
    assert named(told) == [(signs.LOCKED, "setup, fc_params (examples)")]


def test_changed_text_is_accidental():
    repairs, told = repaired(lambda notebook: cell(notebook, "fc_params__statement").update(source="## 1. Mine"))
    assert repairs
    assert told == ()


def test_changed_points_are_named():
    def change(notebook):
        cell(notebook, "fc_params__values").metadata.nbgrader.points = 200
        cell(notebook, "conv_params__values").metadata.nbgrader.grade = False

    _, told = repaired(change)
    assert named(told) == [(f"{signs.MARKS} (points, grade)", "fc_params (values); conv_params (values)")]


def damage(name):
    def answer_in_the_test(notebook):
        cell(notebook, "fc_params__examples").source = "def fc_params(*args, **kwargs):\n    return 15\n"

    def doubled(notebook):
        notebook.cells += copy.deepcopy(notebook.cells[:20])

    def missing(notebook):
        del notebook.cells[1:30]

    def moved(notebook):
        notebook.cells.reverse()

    def retyped(notebook):
        cell(notebook, "fc_params__examples").cell_type = "markdown"

    def without_marks(notebook):
        for each in notebook.cells:
            del each.metadata["nbgrader"]

    def without_ids(notebook):
        for each in notebook.cells:
            del each["id"]

    def other_kernel(notebook):
        notebook.metadata.kernelspec.name = "conda-env-mine"

    def run(notebook):
        for each in notebook.cells:
            each.metadata.update(execution={"iopub.status.busy": "2026-01-01"}, collapsed=True, trusted=True)

    return locals()[name]


@pytest.mark.parametrize(
    "name",
    ["answer_in_the_test", "doubled", "missing", "moved", "retyped", "without_marks", "without_ids", "other_kernel"],
)
def test_accidental_damage_is_repaired_and_not_named(name):
    repairs, told = repaired(damage(name))
    assert repairs
    assert told == ()


def test_what_jupyter_writes_is_neither_repaired_nor_named():
    assert repaired(damage("run")) == ((), ())


@pytest.mark.parametrize("sentence", ["tags were taken off (skip-execution)", "", "x" * 10_000, "a: b: c.", "\0(]*"])
def test_sentences_that_repair_does_not_say_are_passed_over(sentence):
    assert suspicions([], [sentence], ()) == ()


def test_what_the_student_chose_is_cut_and_quoted():
    (told,) = suspicions([("x" * 300, "open('/proc/<script>\\u202e" + "y" * 300 + "')")], (), ())
    assert "<" not in told.what
    assert "\u202e" not in told.what
    assert len(told.what) < 100
    assert len(told.where) < 100


def test_many_places_are_summed_up():
    sources = [(f"cell {number}", "import os\n" + "os._exit(0)\n" * 50) for number in range(50)]
    (told,) = suspicions(sources, (), ())
    assert told.where.startswith("cell 0, lines 2, 3, 4, 5, 6, 7, 8, 9 and more; cell 1")
    assert told.where.endswith("; 44 more cells")


HUGE = ["-" * 39_000 + "1", "a." * 19_000 + "a", "f(" * 15_000, "if x:\n pass\n" + "elif y:\n pass\n" * 2_500]
HUGE += [
    "exec(" * 190 + "[" + "1," * 15_000 + "]" + ")" * 190,
    "print" + "(1)" * 12_000,
    "@a\n" * 12_000 + "def f(): 1",
]
HUGE += ["\n" * 400_000, "!a\n" * 100_000, "'a.pth', __file__, " * 2_000, ".a " * 100_000, "x" * 10**7, " " * 300_000]


@pytest.mark.parametrize("code", HUGE, ids=[repr(code[:8]) for code in HUGE])
def test_huge_and_deeply_nested_code_neither_crashes_nor_hangs(code):
    ends = "import os\nos._exit(0)\n"
    start = time.process_time()
    assert signs.END in words(ends + code)
    assert signs.END in " ".join(each.what for each in suspicions([("a", ends + code)] * 200, (), ()))
    assert time.process_time() - start < 10


def test_only_so_much_is_looked_at():
    late = "x = 1\n" * suspicion.READ
    assert suspicions([("a", late), ("b", "import os\nos._exit(0)")], (), ()) == ()


def test_an_honest_submission_costs_less_than_three_milliseconds():
    sources = [
        (each.metadata.nbgrader.grade_id, classroom.strip_marks(each.source))
        for each in classroom.read(classroom.assignment_notebook(ROOT, A1)).cells
        if each.cell_type == "code" and each.metadata.nbgrader.solution
    ]
    assert sum(len(code) for _, code in sources) > 4_000
    spent = []
    for _ in range(20):
        start = time.process_time()
        assert suspicions(sources, (), HIDDEN) == ()
        spent.append(time.process_time() - start)
    assert min(spent) < 0.003
