"""Conversations with a confined process: values, exceptions, arrays, callbacks, handles; and what limits do to it."""

import copy
import os
import time
from dataclasses import replace

import numpy as np
import pytest

from course_utils.grading import bridge, sandbox
from course_utils.grading.bridge import Conversation, Handle, StudentProcessError, proxy
from course_utils.grading.lending import lend
from course_utils.grading.sandbox import Limits, Policy, SandboxError, Warm

LIMITS = Limits(memory_mb=500, cpu_s=30, cell_s=5.0, wall_s=60.0, processes=12, files=40, file_mb=4, output=500)

pytestmark = pytest.mark.slow
if sandbox.problem() and not os.environ.get("CI"):
    pytest.skip(f"no sandbox here: {sandbox.problem()}", allow_module_level=True)


@pytest.fixture(scope="module")
def warm():
    with Warm(Policy(LIMITS, ("torch", "torchvision", "scipy"))) as made:
        yield made


@pytest.fixture(scope="module")
def module_talk(warm):
    """One conversation for the tests that harm nothing; each defines names of its own."""
    talk = Conversation(warm)
    talk.run_cell("import numpy as np")
    yield talk
    assert talk.restarts == 0
    talk.hang_up()


@pytest.fixture
def talk(warm):
    """A conversation of the test's own, with a process that it may end."""
    own = Conversation(warm)
    own.run_cell("import os, time\nimport numpy as np\ngood = 41")
    yield own
    own.hang_up()


def defined(talk, name, source):
    reply = talk.run_cell(source)
    assert reply["error"] is None, reply
    return proxy(talk, name)


# What crosses


@pytest.mark.parametrize(
    "value",
    [None, True, 0, -(2**80), 1.5, "text", b"bytes", 1 + 2j, [1, [2]], (1, (2,)), {"a": [1], 2: None}, {1, 2}, [], {}],
    ids=repr,
)
def test_values_come_back_as_they_went(module_talk, value):
    same = defined(module_talk, "same", "def same(value):\n    return value")
    assert same(value) == value
    assert type(same(value)) is type(value)
    assert same(value=value) == value


def test_names_are_told_apart(module_talk):
    module_talk.run_cell("number, function, nothing = 5, len, None")
    assert module_talk.kinds(["number", "function", "nothing", "never"]) == {
        "number": False,
        "function": True,
        "nothing": False,
    }
    assert module_talk.value("number") == 5
    assert module_talk.value("nothing") is None
    with pytest.raises(KeyError):
        module_talk.value("never")


def test_arrays_cross_with_dtype_and_strides(module_talk):
    about = defined(
        module_talk,
        "about",
        "def about(x):\n    return str(x.dtype), x.shape, x.strides, x[..., ::-1], x.flags.writeable",
    )
    x = np.arange(24, dtype=np.float32).reshape(4, 6)[::2, ::-2]
    dtype, shape, strides, back, writeable = about(x)
    assert (dtype, shape, strides, writeable) == ("float32", x.shape, x.strides, True)
    assert back.dtype == np.float32
    np.testing.assert_array_equal(back, x[..., ::-1])


def test_what_lies_between_the_elements_of_a_view_stays_here(module_talk):
    peek = defined(
        module_talk, "peek", "def peek(x):\n    return np.lib.stride_tricks.as_strided(x, (5,), (8,)).copy()"
    )
    secret = np.array([1.0, 666.0, 2.0, 666.0, 3.0])
    assert 666.0 not in peek(secret[::2])


def test_arrays_that_a_function_changes_are_changed_here(module_talk):
    spoil = defined(
        module_talk, "spoil", "def spoil(a, b, *, c):\n    a[0] = b[1, ::2] = 7\n    c *= 2\n    return a.sum()"
    )
    a, b, c = np.arange(3), np.zeros((2, 4))[:, ::-1], np.ones(2, dtype=complex)
    assert spoil(a, b, c=c) == 10
    assert a.tolist() == [7, 1, 2]
    assert b.tolist() == [[0] * 4, [7, 0, 7, 0]]
    assert c.tolist() == [2, 2]


def test_an_array_beside_a_handle_is_changed_here_too(module_talk):
    module_talk.run_cell("boxed = np.array([object()], dtype=object)\ndef fill(box, x):\n    x[:] = 3")
    x = np.zeros(2)
    proxy(module_talk, "fill")(module_talk.value("boxed"), x)
    assert x.tolist() == [3, 3]


def test_arrays_that_may_not_be_changed_are_not(module_talk):
    spoil = defined(module_talk, "spoil_it", "def spoil_it(x):\n    x[:] = 7")
    x = np.zeros(3)
    x.flags.writeable = False
    spoil(x)
    assert x.tolist() == [0, 0, 0]


def test_exceptions_arrive_as_the_nearest_of_pythons_own(module_talk):
    fail = defined(
        module_talk,
        "fail",
        "class Odd(ValueError):\n    pass\nclass Deep(Odd):\n    def __str__(self):\n        return 'so it is'\n"
        "def helper():\n    raise Deep\ndef fail():\n    helper()",
    )
    with pytest.raises(ValueError, match="so it is") as caught:
        fail()
    assert type(caught.value).__name__ == "Deep"
    assert caught.value.student_frames == ["    in fail, line 9: helper()", "    in helper, line 7: raise Deep"]


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        ("ZeroDivisionError('x')", ZeroDivisionError),
        ("KeyError('x')", KeyError),
        ("FileNotFoundError(2, 'x')", FileNotFoundError),
        ("UnicodeDecodeError('utf-8', b'x', 0, 1, 'x')", UnicodeDecodeError),
        ("ExceptionGroup('x', [ValueError('x')])", Exception),
        ("UserWarning('x')", Exception),
        ("SystemExit('x')", RuntimeError),
        ("KeyboardInterrupt('x')", RuntimeError),
        ("type('Own', (BaseException,), {})('x')", RuntimeError),
        ("np.linalg.LinAlgError('x')", ValueError),
        ("StopIteration('x')", StopIteration),
        ("type('x\\0y', (Exception,), {})('x') if False else Exception('x\\ud800')", Exception),
    ],
)
def test_every_exception_is_an_ordinary_one_here(module_talk, raised, kind):
    fail = defined(module_talk, "fail_so", f"def fail_so():\n    raise {raised}")
    with pytest.raises(kind, match="x") as caught:
        fail()
    assert isinstance(caught.value, Exception)
    str(caught.value).encode()


def test_errors_of_a_cell_are_text(module_talk):
    reply = module_talk.run_cell("print('before')\n1 / 0")
    assert reply["text"] == "before\n"
    assert reply["error"]["name"] == "ZeroDivisionError"
    assert module_talk.run_cell("1 +")["error"]["name"] == "SyntaxError"
    assert module_talk.run_cell("print('y' * 10_000)")["text"].startswith("y" * 500 + "\n[9,501 more")


def test_a_function_handed_over_is_called_back(module_talk):
    apply = defined(
        module_talk,
        "apply",
        "def apply(f, x):\n    try:\n        return f(x, by=2), f.__name__\n"
        "    except Exception as e:\n        return str(e)",
    )
    seen = []

    def double(x, by):
        seen.append(x)
        return x * by

    assert apply(double, 4) == (8, "double")
    np.testing.assert_array_equal(apply(double, np.ones(2))[0], [2, 2])
    assert len(seen) == 2

    def fail(x, by):
        raise KeyError("not here")

    assert "KeyError" in apply(fail, 1)


def test_a_function_called_back_may_ask_over_there_again(module_talk):
    double = defined(module_talk, "double", "def double(x):\n    return 2 * x")
    total = defined(module_talk, "total", "def total(f):\n    return sum(f(i) for i in range(3))")
    assert total(lambda i: double(i) + 1) == 9


def test_what_is_no_data_cannot_be_handed_over(module_talk):
    same = defined(module_talk, "same", "def same(value):\n    return value")
    with pytest.raises(TypeError, match="plain data only"):
        same(object())


# Handles


def test_a_handle_is_nothing_but_what_it_stands_for(module_talk):
    module_talk.run_cell(
        "class Box:\n    size = 3\n    def __init__(self, *kept):\n        self.kept = list(kept)\n"
        "    def add(self, n):\n        self.kept.append(n)\n        return len(self.kept)\n"
        "    def __eq__(self, other):\n        return True\n    def __bool__(self):\n        return True\n"
        "class Full(Box):\n    def __len__(self):\n        return 2\n"
        "    def __iter__(self):\n        return iter('ab')\n"
        "    def __getitem__(self, key):\n        return key * 2\n    def __call__(self, x):\n        return x + 1\n"
    )
    box, full = proxy(module_talk, "Box")(1, 2), proxy(module_talk, "Full")()
    assert isinstance(box, Handle)
    assert box != 3
    assert box != proxy(module_talk, "Box")()
    assert not isinstance(box, (int, list, np.ndarray))
    for nothing in (bool, len, iter):
        with pytest.raises(TypeError):
            nothing(box)
    assert (box.size, box.kept, box.add(5), box.kept) == (3, [1, 2], 3, [1, 2, 5])
    with pytest.raises(AttributeError, match="nowhere"):
        _ = box.nowhere
    with pytest.raises(AttributeError, match="never changed"):
        box.size = 4
    assert "Box" in repr(box)
    assert type(box).__name__ == "Box"
    assert len(full) == 2
    assert list(full) == ["a", "b"]
    assert (full["x"], full(1)) == ("xx", 2)
    assert copy.deepcopy(box) is box
    assert {box: 1}[box] == 1


def test_lengths_and_elements_that_lie_are_refused(module_talk):
    module_talk.run_cell(
        "import itertools\nclass Liar:\n    def __len__(self):\n        return LENGTH\n"
        "    def __iter__(self):\n        return itertools.count()\n"
        "    def __getattr__(self, name):\n        return name\n"
        "LENGTH = 'three'\nliar = Liar()"
    )
    liar = module_talk.value("liar")
    with pytest.raises(TypeError):
        len(liar)
    with pytest.raises(TypeError, match="no end"):
        iter(liar)
    assert liar.anything == "anything"
    with pytest.raises(AttributeError):
        liar.__array__()


def test_a_handle_goes_back_to_its_own_conversation_only(module_talk, talk):
    module_talk.run_cell("class Own:\n    value = 3\ndef value_of(own):\n    return own.value")
    own = proxy(module_talk, "Own")()
    assert proxy(module_talk, "value_of")(own) == 3
    talk.run_cell("def same(value):\n    return value")
    with pytest.raises(StudentProcessError, match="lost"):
        proxy(talk, "same")(own)


@pytest.mark.slow
def test_a_student_s_network_is_constructed_called_and_read():
    import torch

    torch.set_num_threads(1)
    with Warm(Policy(replace(LIMITS, memory_mb=2000))) as warm:
        talk = Conversation(warm)
        reply = talk.run_cell(
            "import torch\nfrom torch import nn\nclass Net(nn.Module):\n    def __init__(self, width):\n"
            "        super().__init__()\n        self.fc = nn.Linear(3, width)\n        self.act = nn.ReLU()\n"
            "    def forward(self, x):\n        return self.act(self.fc(x))\n"
            "def step(net, x):\n    net.zero_grad()\n    net(x).sum().backward()\n"
            "def spoil(x):\n    x.mul_(2)\n"
        )
        assert reply["error"] is None
        net = proxy(talk, "Net")(4)
        assert type(net).__name__ == "Net"
        state = net.state_dict()
        assert {name: tuple(value.shape) for name, value in state.items()} == {"fc.weight": (4, 3), "fc.bias": (4,)}
        parameters = list(net.parameters())
        assert sum(each.numel() for each in parameters) == 16
        assert all(each.requires_grad for each in parameters)
        x = torch.randn(5, 3)
        expected = torch.relu(x @ state["fc.weight"].T + state["fc.bias"])
        torch.testing.assert_close(net(x).detach(), expected)
        assert net.training is True
        assert type(net.eval()).__name__ == "Net"
        assert net.training is False
        proxy(talk, "step")(net, x)
        assert net.fc.weight.grad.shape == (4, 3)
        assert net.fc.weight.shape == torch.Size([4, 3])
        half = x.to(torch.bfloat16)
        proxy(talk, "spoil")(half)
        torch.testing.assert_close(half, 2 * x.to(torch.bfloat16))
        talk.hang_up()


@pytest.mark.slow
def test_networks_are_lent_kept_and_brought_back():
    """A network crosses as an argument layer by layer, is trained over there, and comes back with what it learnt."""
    import torch
    from torch import nn

    torch.set_num_threads(1)

    class Noted(nn.Module):
        def forward(self, x):
            return x

    class Odd(nn.Module):
        def __init__(self, secret):
            super().__init__()

    with Warm(Policy(replace(LIMITS, memory_mb=2000))) as warm:
        talk = Conversation(warm)
        source = (
            "import torch\nfrom torch import nn\n"
            "class Noted(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.seen = []\n"
            "    def forward(self, x):\n        self.seen.append(len(x))\n        return x\n"
            "def learn(net, x):\n    net.train()\n    net(x).sum().backward()\n"
            "    with torch.no_grad():\n        net[1].weight -= net[1].weight.grad\n    return net.state_dict()\n"
            "def fail(net):\n    net[1].weight.data.zero_()\n    raise ValueError('no')\n"
            "def told(net):\n    return repr(net)\n"
        )
        learn = defined(talk, "learn", source)
        layers = Noted(), nn.Conv1d(2, 3, 2, padding=1, bias=False), nn.BatchNorm1d(3, eps=0.1), nn.Dropout(0.25)
        net = nn.Sequential(*layers, nn.Sequential(nn.Flatten(), nn.Linear(15, 2))).eval()
        assert proxy(talk, "told")(net) == repr(net)
        mine, x = copy.deepcopy(net).train(), torch.randn(5, 2, 4)
        mine[3].p = 0.0
        net[3].p = 0.0
        mine(x).sum().backward()
        state = learn(net, x)
        torch.testing.assert_close(net[1].weight, mine[1].weight - mine[1].weight.grad)
        torch.testing.assert_close(net[2].running_mean, mine[2].running_mean)
        torch.testing.assert_close(net[1].weight.detach(), state["1.weight"])
        assert net.training is True
        with pytest.raises(ValueError, match="no"):
            proxy(talk, "fail")(net)
        with pytest.raises(TypeError, match="options are not known"):
            learn(nn.Sequential(Odd(3)), x)
        assert net[1].weight.abs().sum() > 0  # a call that failed changes nothing here

        there = lend(net, bridge.beside(learn, "told", None)._conversation.value)
        assert bridge.beside(len, "told", 7) == 7
        assert bridge.kept(len) is len
        live = bridge.kept(learn)(there, x)
        assert isinstance(live, Handle)
        before = live["1.weight"].clone()
        learn(there, x)
        assert not torch.equal(live["1.weight"], before)  # the very tensors, not copies
        assert there[0].seen == [5, 5]
        score = bridge.kept(there)(x)
        bridge.kept(score.sum)().backward()
        assert there[1].weight.grad.shape == (3, 2, 2)
        talk.hang_up()


# A process that ends


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("os._exit(0)", "ended Python"),
        ("import ctypes; ctypes.string_at(0)", "segmentation fault"),
        ("hog = []\n    while True: hog.append(np.ones(2**20))", "more than 500 MB of memory"),
        # What the forks share is counted for each of them, so either limit may be met first.
        ("[os.fork() for _ in range(20)]; time.sleep(9)", "more than (12 processes|500 MB)"),
        (
            "import threading\n    [threading.Thread(target=time.sleep, args=(9,)).start() for _ in range(20)]\n"
            "    time.sleep(9)",
            "more than 12 processes",
        ),
    ],
    ids=["exit", "segfault", "memory", "forks", "threads"],
)
def test_an_end_fails_that_question_alone(talk, code, reason):
    source = f"def end():\n    {code}\nmine = 1"
    end = defined(talk, "end", source)
    with pytest.raises(StudentProcessError, match=reason):
        end()
    assert talk.restarts == 0
    assert (talk.value("good"), talk.value("mine"), talk.restarts) == (41, 1, 1)
    with pytest.raises(StudentProcessError, match=reason):
        talk.run_cell("end()\ngood = 7")
    assert talk.value("good") == 41
    assert talk.restarts == 2
    assert talk.fault == ""


def test_a_hang_fails_that_question_alone(warm):
    talk = Conversation(warm, replace(LIMITS, cell_s=0.7))
    talk.run_cell("import time\ngood = 1\ndef hang():\n    while True:\n        pass")
    start = time.monotonic()
    with pytest.raises(StudentProcessError, match=r"did not come back within 0\.7 seconds"):
        proxy(talk, "hang")()
    with pytest.raises(StudentProcessError, match=r"did not come back within 0\.7 seconds"):
        talk.run_cell("time.sleep(60)")
    assert time.monotonic() - start < 6
    assert talk.value("good") == 1
    talk.hang_up()


def test_dripping_bytes_do_not_stretch_the_time(warm):
    talk = Conversation(warm, replace(LIMITS, cell_s=1.0))
    start = time.monotonic()
    with pytest.raises(StudentProcessError, match="did not come back within 1 second"):
        talk.run_cell(
            "import gc, serve, time\nlink = [o for o in gc.get_objects() if type(o) is serve.Server][0].link\n"
            "while True:\n    link.sendall(b'\\0')\n    time.sleep(0.1)"
        )
    assert time.monotonic() - start < 6
    talk.hang_up()


def test_a_question_that_nobody_reads_is_given_up(warm):
    talk = Conversation(warm, replace(LIMITS, cell_s=1.0))
    talk.run_cell("import serve, time\ndef size(x):\n    return x.size\n")
    talk.run_cell("serve.Server.run_on, serve.wire.receive = None, lambda *a: time.sleep(99)")
    with pytest.raises(StudentProcessError, match="did not come back"):
        proxy(talk, "size")(np.zeros(10**7))
    assert talk.restarts == 0
    talk.hang_up()


def test_a_handle_is_lost_with_its_process(talk):
    talk.run_cell("class Own:\n    value = 3")
    own = proxy(talk, "Own")()
    with pytest.raises(StudentProcessError):
        talk.run_cell("os._exit(0)")
    with pytest.raises(StudentProcessError, match="lost when"):
        _ = own.value
    assert talk.value("good") == 41
    with pytest.raises(StudentProcessError, match="lost when"):
        _ = own.value


def test_a_locked_cell_may_take_what_the_submission_has_left(warm):
    talk = Conversation(warm, replace(LIMITS, cell_s=0.5, wall_s=8.0))
    slow = "import time\ntime.sleep(1)\nkept = 1"
    with pytest.raises(StudentProcessError, match=r"within 0\.5 seconds"):
        talk.run_cell(slow)
    assert talk.kinds(["kept"]) == {}
    talk.run_cell(slow, locked=True)
    assert talk.value("kept") == 1
    talk.hang_up()
    assert talk.value("kept") == 1  # run again, with the same patience
    with pytest.raises(StudentProcessError, match="used up its 8 seconds"):
        talk.run_cell("while True: pass", locked=True)
    talk.hang_up()


def test_a_good_cell_that_now_ends_the_process_is_left_out(talk):
    talk.run_cell("runs = 1")
    talk.run_cell("if int.from_bytes(os.urandom(8)) < 2**61 or True:\n    stamp = time.time()")
    talk._good.append(("os._exit(0)", False))
    talk.run_cell("last = 2")
    talk.hang_up()
    assert (talk.value("good"), talk.value("last")) == (41, 2)
    assert "os._exit(0)" not in dict(talk._good)


def test_a_time_limit_that_breaks_in_leaves_the_cells(talk):
    class Interrupt(BaseException):
        pass

    talk.hang_up()
    cells = list(talk._good)
    before = bridge.wire.send

    def interrupted(*args):
        raise Interrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bridge.wire, "send", interrupted)
        with pytest.raises(Interrupt):
            talk.value("good")
    assert bridge.wire.send is before
    assert talk._good == cells
    assert talk.value("good") == 41


def test_all_time_together_is_bounded(warm):
    talk = Conversation(warm, replace(LIMITS, cell_s=0.5, wall_s=1.2))
    start = time.monotonic()
    told = set()
    for _ in range(9):
        with pytest.raises(StudentProcessError) as caught:
            talk.run_cell("import time\ntime.sleep(9)")
        told.add(str(caught.value))
    assert time.monotonic() - start < 6
    assert any("used up its 1.2 seconds" in each for each in told)


# Limits, each by itself


@pytest.mark.parametrize(
    ("code", "printed"),
    [
        ("try:\n    open('x', 'wb').write(bytes(9 * 2**20))\nexcept OSError as e:\n    print(e.errno)", ("27", "28")),
        ("f = []\ntry:\n    while 1:\n        f += os.pipe()\nexcept OSError as e:\n    print(e.errno)", ("24",)),
        ("try:\n    np.zeros(2**40)\nexcept MemoryError:\n    print('none')", ("none",)),
        ("import resource\nprint(resource.getrlimit(resource.RLIMIT_CORE))", ("(0, 0)",)),
        ("try:\n    os.sched_setscheduler(0, 1, os.sched_param(1))\nexcept OSError:\n    print('no')", ("no",)),
    ],
    ids=["size of a file", "open files", "address space", "core files", "real time"],
)  # fmt: skip
def test_what_python_itself_refuses(talk, code, printed):
    reply = talk.run_cell("import signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n" + code)
    assert reply["error"] is None
    assert reply["text"].strip() in printed


def test_processor_time_is_bounded(warm):
    limits = replace(LIMITS, cpu_s=1)
    with Warm(Policy(limits, warm.policy.hidden)) as own:
        talk = Conversation(own)
        with pytest.raises(StudentProcessError, match="more than 1 seconds of processor time"):
            talk.run_cell(
                "while True:\n    try:\n        while True:\n            pass\n    except BaseException:\n        pass"
            )
        assert talk.run_cell("print(1)")["text"] == "1\n"
        talk.hang_up()


def test_scratch_is_empty_of_its_own_and_bounded(talk):
    assert talk.run_cell("print(os.getcwd(), os.listdir())")["text"] == "/scratch []\n"
    reply = talk.run_cell(
        "n = 0\ntry:\n    for n in range(50):\n        open(f'/scratch/{n}', 'wb').write(bytes(2**20))\n"
        "except OSError:\n    print(n < 6)"
    )
    assert reply["text"] == "True\n"


def test_ctypes_callbacks_subprocesses_and_figures_still_work(talk):
    reply = talk.run_cell(
        "import ctypes, subprocess, tempfile\nkind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)\n"
        "print(kind(lambda n: n + 1)(41))\nprint(subprocess.run(['echo', 'hello'], capture_output=True).stdout)\n"
        "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.savefig('x.png')\nplt.close()\n"
        "print(os.path.getsize('x.png') > 0)\n"
        "print(tempfile.TemporaryDirectory().name[:5], os.path.expanduser('~'))"
    )
    assert reply["text"] == "42\nb'hello\\n'\nTrue\n/tmp/ /home/student\n"


def test_a_hidden_package_says_that_it_is_not_there(talk):
    reply = talk.run_cell("import torch")
    assert reply["error"]["name"] == "ModuleNotFoundError"
    assert "answered without it" in reply["error"]["message"]


def test_modules_of_the_course_can_be_hidden_too():
    with Warm(Policy(LIMITS, ("torch", "course_utils.models", "course_utils.filters"))) as warm:
        talk = Conversation(warm)
        for gone in ("course_utils.models", "course_utils.models.vgg", "course_utils.filters"):
            reply = talk.run_cell(f"import {gone}")
            assert reply["error"]["name"] == "ModuleNotFoundError"
            assert "answered without it" in reply["error"]["message"]
        seen = "import os, course_utils.data\nfolder = os.path.dirname(course_utils.__file__)\n"
        seen += "print(folder, os.listdir(folder + '/models'), os.path.exists('/work'))"
        reply = talk.run_cell(seen)
        assert reply["error"] is None, reply
        assert reply["text"].startswith("/course/course_utils ['__init__.py']"), reply["text"]
        talk.hang_up()


# The sandbox itself


def test_random_numbers_are_drawn_anew(warm):
    drawn = set()
    for _ in range(3):
        talk = Conversation(warm)
        drawn.add(talk.run_cell("import random, numpy\nprint(random.random(), numpy.random.rand())")["text"])
        talk.hang_up()
    assert len(drawn) == 3


def test_no_sandbox_is_said_with_what_to_do(monkeypatch):
    monkeypatch.setattr(sandbox.shutil, "which", lambda name: None)
    assert "install it" in sandbox.problem()
    with pytest.raises(SandboxError, match="apt install bubblewrap"):
        Warm(Policy())
    monkeypatch.setattr(sandbox.sys, "platform", "darwin")
    assert "needs Linux" in sandbox.problem()


def test_a_sandbox_that_cannot_be_put_on_is_found_at_once():
    with pytest.raises(SandboxError, match="the sandbox does not work here: sandbox: "):
        Warm(Policy(replace(LIMITS, file_mb=-1), ("torch", "torchvision", "scipy")))


def test_a_warm_process_that_is_gone_is_no_student_s_fault(warm):
    own = Warm(Policy(LIMITS, warm.policy.hidden))
    talk = Conversation(own)
    own.close()
    with pytest.raises(SandboxError, match="the warm process is gone"):
        talk.run_cell("1")
