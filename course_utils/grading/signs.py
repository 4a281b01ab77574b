"""What gives an attempt on a grade away: names, attributes, texts and repairs, each with what to call it.

Honest code needs none of them. `suspicion` reads code by these tables.
"""

from __future__ import annotations

import builtins
import re

SHELL = "changes how later cells are read, run or shown"
PATCH = "replaces parts of Python or of a library"
TESTS = "gives a name that the tests use another meaning"
FRAMES = "looks into whoever calls it"
MEMORY = "searches all objects in memory"
SEARCH = "searches the whole file system"
PROCESSES = "looks at other processes"
START = "starts, ends or signals processes"
END = "ends Python at once"
MACHINE = "calls machine code"
NETWORK = "opens connections"
DESCRIPTORS = "uses open files that are not its own"
SIGNALS = "decides itself what interrupts or ends it"
LATER = "leaves something behind that runs later"
THREAD = "leaves a thread running"
STARTUP = "touches files that run when Python or IPython starts"
GRADEBOOK = "looks for the gradebook"
ANSWERS = "looks for solutions, hidden tests or other submissions"
GRADER = "imports the grader, its oracles or solutions"
LINK = "looks for what talks with the examiner"
HIDDEN = "imports a package that this assignment hides"
LIES = "defines objects that are equal to everything"
OVERRIDES = "defines objects that decide what others see of them"
ERRORS = "imitates the errors of the tests"
DATA = "runs code that is hidden in data"
COMMANDS = "runs shell commands"
TAGS = "tagged cells so that they would be skipped"
LOCKED = "changed locked cells"
MARKS = "changed nbgrader's marks"

# Full names; each stands for all that it contains. Operating system: what starts, ends or leaves processes.
_OS = ["abort", "fork", "forkpty", "kill", "killpg", "setsid", "system", "popen", "posix_spawn", "posix_spawnp"]
_OS += ["unshare", "setns", "chroot"]
_OS += [f"{way}{kind}" for way in ("exec", "spawn") for kind in ("l", "le", "lp", "lpe", "v", "ve", "vp", "vpe")]
NAMES = {
    **dict.fromkeys(("ctypes", "_ctypes", "cffi"), MACHINE),
    **dict.fromkeys(("subprocess", "pty", "_posixsubprocess"), START),
    **dict.fromkeys(("socket", "_socket", "socketserver"), NETWORK),
    **dict.fromkeys(("urllib.request.urlopen", "requests.get", "requests.post", "http.client"), NETWORK),
    **dict.fromkeys(("course_utils.grading", "nbgrader", "examiner", "solutions"), GRADER),
    **dict.fromkeys(("serve", "wire", "confine", "zmq", "jupyter_client", "ipykernel"), LINK),
    **{f"os.{name}": START for name in _OS},
    "os._exit": END,
    **{f"os.{name}": DESCRIPTORS for name in ("dup2", "fstat", "write", "openpty")},
    **{f"gc.{name}": MEMORY for name in ("get_objects", "get_referrers", "get_referents")},
    **{f"sys.{name}": FRAMES for name in ("_getframe", "_current_frames", "settrace", "setprofile", "addaudithook")},
    **{f"inspect.{name}": FRAMES for name in ("stack", "trace", "currentframe", "getouterframes", "getinnerframes")},
    **{f"traceback.{name}": FRAMES for name in ("walk_stack", "walk_tb", "extract_stack")},
    **{f"signal.{name}": SIGNALS for name in ("signal", "setitimer", "alarm", "pthread_sigmask")},
    "atexit.register": LATER,
    "unittest.mock": OVERRIDES,
    "get_ipython.events": SHELL,
    **{f"get_ipython.{name}": COMMANDS for name in ("system", "getoutput")},
}
ATTRIBUTES = {
    **dict.fromkeys(("f_back", "f_locals", "f_globals", "tb_frame", "gi_frame", "cr_frame", "__globals__"), FRAMES),
    **dict.fromkeys(("ast_transformers", "input_transformers_cleanup", "input_transformers_post"), SHELL),
    **dict.fromkeys(("input_transformer_manager", "set_custom_exc"), SHELL),
    "__subclasses__": MEMORY,
    "S_ISSOCK": DESCRIPTORS,
}
# Parts of IPython and Python that show or run cells: changed by assignment.
SHELL_PARTS = {"run_cell", "run_cell_async", "run_code", "run_ast_nodes", "do_execute", "execute_request"}
SHELL_PARTS |= {"showtraceback", "showsyntaxerror", "_showtraceback", "displayhook", "excepthook", "display_pub"}
METHODS = {"__array_function__", "__array_ufunc__", "__getattribute__", "__instancecheck__"}
METHODS |= {"__reduce__", "__reduce_ex__"}
DECODERS = {"b64decode", "b32decode", "b16decode", "a85decode", "b85decode", "decompress", "fromhex", "unhexlify"}
DECODERS |= {"loads", "chr"}
THREADS = {"threading.Thread", "threading.Timer", "_thread.start_new_thread"}
WALKS = {"os.walk", "os.scandir", "os.listdir", "pathlib.Path", "glob.glob", "glob.iglob"}
# Honest code sets what the free ones hold. In the strict ones, whatever is set and is no number is a replacement.
FREE = ("matplotlib", "warnings", "tqdm", "torch.backends", "logging", "pandas")
STRICT = ("numpy", "math", "builtins", "operator", "course_utils.checks", "IPython", "get_ipython", "wire", "serve")
CALLABLE = {name for name, value in vars(builtins).items() if callable(value)}

OWN_ERRORS = re.compile("CheckFailed|ExerciseFailed|SandboxError|StudentProcessError|TooSlowError")
_ROOMS = "(?:solutions|autograded|submitted)"
_STARTUP = r"(?:site|user)customize|\.ipython\b|profile_default|matplotlibrc|ipy\w*_config"
TEXTS = [
    (re.compile(r"gradebook\.db|\.course-secret"), GRADEBOOK),
    (re.compile(rf"(?:^|[/\\]){_ROOMS}[/\\]|[/\\]{_ROOMS}$"), ANSWERS),
    (re.compile(r"(?:BEGIN|END) HIDDEN|examiner_of_|course_utils[./]grading"), ANSWERS),
    (re.compile(r"^/proc(?:$|/(?!cpuinfo$|meminfo$|loadavg$))"), PROCESSES),
    (re.compile(rf"{_STARTUP}|nbgrader_config|\.bashrc|\.jupyter\b|-packages/\w+\.pth"), STARTUP),
    (re.compile(r"^/(?:callee|course)(?:/|$)"), LINK),
    (re.compile(rf"^(?:{OWN_ERRORS.pattern})$"), ERRORS),
]
# A checkpoint of torch's has this ending too; beside one of these words it is a file that Python reads when it starts.
PTH = re.compile(r"\w\.pth$")
SITES = re.compile(r"-packages|__file__|get(?:user)?sitepackages|sysconfig")

# Code with none of these words, none of an imported module's, and nothing that these patterns find, is not parsed.
WORDS = ATTRIBUTES.keys() | SHELL_PARTS | METHODS | DECODERS | set(OWN_ERRORS.pattern.split("|"))
WORDS |= {"__eq__", "__ne__", "setattr", "vars", "__dict__", "modules", "__builtins__", "get_ipython", "checks", "del"}
WORDS |= {"grading", "gradebook", "secret", "autograded", "submitted", "solutions", "HIDDEN", "proc", "callee", "pth"}
WORDS |= {"sitecustomize", "usercustomize", "ipython", "profile_default", "matplotlibrc", "ipython_config", "course"}
WORDS |= {"ipython_kernel_config", "ipykernel_config", "nbgrader_config", "bashrc", "jupyter"}
ENDINGS: dict[str, set[str]] = {}
for _name in NAMES.keys() | THREADS:
    ENDINGS.setdefault(_name.partition(".")[0], set()).add(_name.rpartition(".")[2])
PATTERNS = [
    re.compile(r"\.(?<!self\.)\w+[ \t]*(?:,[^\n=]{0,80})?=(?!=)"),
    re.compile(r"""["']/["']"""),
    re.compile(r"\n[ \t]*(?:\w+[ \t]*=[ \t]*)?[!%]"),
    re.compile("examiner_of_"),
]

# IPython's own commands.
CELL_SHELL = re.compile(r"\s*%%(bash|sh|script|system|sx|perl|ruby|cmd|python[23]?|pypy)\b")
COMMAND = re.compile(r"^([ \t]*)(?:\w+[ \t]*=[ \t]*)?(?:(!{1,2}|%%?(?:system|sx)\b)(.*)|[%?].*|[\w.]+\?{1,2})$")
INSTALLS = re.compile(
    r"\s*(?:(?:python3?|\{sys\.executable\}) -m )?(?:pip3?|conda) (?:install|list|show|--version)[^;&|<>`$]*$"
)

# What `repair` says where it undid something that nobody does by accident.
TAGGED = re.compile(r"(.+): tags were taken off \((.*)\)\.")
CHANGED = re.compile(r"(.+): the cell is locked and had been changed; the change was undone\.")
MARKED = re.compile(r"(.+): nbgrader's marks had been changed \((.*)\); they were put right\.")
MOVED = re.compile(r".+: your answer stood in the cell of (.+) and was moved to its own\.")
SKIPS = {"skip-execution", "raises-exception"}
PROSE = ("(statement)", "title")  # locked cells that no test reads


def worth_reading(sources: list[tuple[str, str]], hidden: set[str]) -> list[tuple[str, str]]:
    """Return the cells to read: most submissions have none, and to parse them all would cost more than all else.

    `sources` are (name, code), `hidden` the import names of packages that the assignment hides.
    """
    words = [set(re.findall(r"\w+", code)) for _, code in sources]
    imports = [line for _, code in sources for line in code.split("\n") if "import" in line]
    roots = set(re.findall(r"\w+", "\n".join(imports)))
    signs = WORDS | hidden | {word for root in roots for word in ENDINGS.get(root, ())}
    hit = [
        not signs.isdisjoint(own) or any(pattern.search(f"\n{code}") for pattern in PATTERNS)
        for own, (_, code) in zip(words, sources, strict=True)
    ]
    if not any(hit):
        return []
    # What a cell imports may be used in another.
    return [each for each, found in zip(sources, hit, strict=True) if found or "import" in each[1]]
