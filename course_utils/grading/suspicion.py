"""Say in plain words what in a submission looks like an attempt on its grade. Code is read, never run.

It costs no points. Whoever hides an attempt well is not found here; that it gains nothing is for the two processes.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable, Iterator
from itertools import islice, zip_longest

from course_utils.grading import signs
from course_utils.grading.pieces import _listed
from course_utils.grading.sandbox import ALIASES
from course_utils.grading.verdict import Suspicion

READ = 200_000  # characters of a submission that are looked at
PARSED = 40_000  # characters of a submission that are parsed; what is more is looked at line by line
LINE, TEXT = 2_000, 4_000  # characters looked at of a line that cannot be parsed, and of a text
PLACES, LINES, DETAIL = 6, 8, 40  # cells named for each suspicion, lines of each, characters of what stood there

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COLLECTIONS = (ast.List, ast.Tuple, ast.Dict, ast.Set, ast.ListComp, ast.Compare, ast.BoolOp)
_DELETED = ast.parse("lambda: ...", mode="eval").body  # what stands for a value where there is none any more

_IMPORT = re.compile(r"\s*(?:from\s+([\w.]+)\s+)?import\s+\(?(.+)")
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.\w+)*")
_QUOTED = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'")
_SET = re.compile(r"([A-Za-z_][\w.]*)\.(\w+)[ \t]*=(?!=)")


class _Reader:
    """Reads cell after cell, knows what is imported under which name, and keeps what was found where."""

    def __init__(self, hidden: tuple[str, ...]) -> None:
        self.hidden = {ALIASES.get(name, name) for name in hidden}
        # What the set-up cells of the assignments import, which no student writes.
        self.names = {"np": "numpy", "checks": "course_utils.checks", "__builtins__": "builtins"}
        self.names["get_ipython"] = "get_ipython"
        self.own: set[str] = set()
        self.found: dict[str, tuple[dict[str, None], dict[str, set[int]]]] = {}
        self.cell, self.near_sites, self.left = "", False, PARSED

    def say(self, what: str, detail: str, line: int) -> None:
        details, places = self.found.setdefault(what, ({}, {}))
        if detail:
            details[re.sub(r"[^\w ./!%()*=:+-]", "?", detail[:DETAIL], flags=re.ASCII)] = None
        places.setdefault(self.cell, set()).add(line)

    def suspicions(self) -> tuple[Suspicion, ...]:
        told = []
        for what, (details, places) in self.found.items():
            where = [_place(cell, lines) for cell, lines in places.items()]
            more = [f"{len(where) - PLACES} more cells"] if len(where) > PLACES else []
            shown = f" ({_listed(list(details))})" if details else ""
            told.append(Suspicion(what + shown, "; ".join([*where[:PLACES], *more])))
        return tuple(told)

    def read(self, cell: str, code: str) -> None:
        """Look at a cell's code, as a tree where that can be had, else line by line."""
        self.cell, self.near_sites = cell, signs.SITES.search(code) is not None
        tree, short = None, len(code) <= self.left
        if short:
            self.left -= len(code)
            tree = _tree(code)
        if tree is None:
            code = self.commands(code)
            tree = _tree(code) if short else None
        try:
            self.walk(tree) if tree else self.scan(code)
        except RecursionError:
            self.scan(code)

    def walk(self, tree: ast.Module) -> None:
        """Look at all of a cell's code."""
        nodes = list(_nodes(tree))
        for node, _ in nodes:
            self.learn(node)
        documents = {id(node.value) for node, _ in nodes if isinstance(node, ast.Expr) and _text(node.value)}
        joins = any(_joins(node) for node, _ in nodes)
        for node, deep in nodes:
            if id(node) not in documents:
                self.look(node, deep, joins)

    def commands(self, code: str) -> str:
        """Say which shell commands stand in a cell of IPython's; return the cell without IPython's own commands."""
        if script := signs.CELL_SHELL.match(code):
            first = 1 + code.count("\n", 0, script.start(1))
            self.say(signs.COMMANDS, f"%%{script[1]}", first)
            return "\n" * first + code[script.end() :].partition("\n")[2]
        kept = []
        for number, line in enumerate(code.split("\n"), 1):
            match = signs.COMMAND.match(line[:LINE])
            if match and match[2] and not signs.INSTALLS.match(match[3]):
                self.say(signs.COMMANDS, f"{match[2]}{match[3].strip()}", number)
            kept.append(f"{match[1]}pass" if match else line)
        return "\n".join(kept)

    def scan(self, code: str, first: int = 1) -> None:
        """Look at code that cannot be parsed, line by line."""
        for number, whole in enumerate(code.split("\n"), first):
            line = whole[:LINE].partition("#")[0]
            if match := _IMPORT.match(line):
                parts = [part.split() for part in match[2].split(";")[0].strip(" ()").split(",")]
                names = [ast.alias(part[0], part[2] if len(part) == 3 else None) for part in parts if part]
                node: ast.stmt = ast.ImportFrom(match[1], names, 0) if match[1] else ast.Import(names)
                self.learn(node)
                self.look(node, True, True, number)
            for dotted in _DOTTED.findall(line):
                self.named(self.resolved(dotted), number)
                for part in dotted.split(".", 5)[:5]:
                    self.attribute(part, number)
            for base, name in _SET.findall(line):
                if name in signs.SHELL_PARTS or _within(self.resolved(base), signs.STRICT):
                    self.say(signs.PATCH, f"{base}.{name}", number)
            for text in _QUOTED.findall(line):
                self.text(text[1:-1], number)

    def learn(self, node: ast.AST) -> None:
        """Keep what a node calls an imported thing, and which functions and classes it defines."""
        if isinstance(node, ast.Import):
            for each in node.names:
                root = each.name.partition(".")[0]
                self.names[each.asname or root] = each.name if each.asname else root
        elif isinstance(node, ast.ImportFrom) and node.module:
            for each in node.names:
                self.names[each.asname or each.name] = f"{node.module}.{each.name}"
                if each.name == "*":
                    inside = [name.rpartition(".") for name in signs.NAMES]
                    self.names |= {name: f"{module}.{name}" for module, _, name in inside if module == node.module}
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            self.own.add(node.name)
        elif isinstance(node, ast.Assign):
            name = self.dotted(node.value)
            for target in node.targets:
                if isinstance(target, ast.Name) and name:
                    self.names[target.id] = name
                elif isinstance(target, ast.Name) and isinstance(node.value, ast.Lambda):
                    self.own.add(target.id)

    def resolved(self, dotted: str) -> str | None:
        """Return the full name of a dotted one, None where it does not begin with something imported."""
        root, dot, rest = dotted.partition(".")
        return f"{self.names[root]}{dot}{rest}" if root in self.names else None

    def dotted(self, node: ast.AST) -> str | None:
        """Return the full name of what an expression stands for, None where it is nothing imported."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        root = self.given_by(node) if isinstance(node, ast.Call) else self.names.get(getattr(node, "id", ""))
        return ".".join([root, *reversed(parts)]) if root else None

    def name_of(self, node: ast.Call) -> str:
        """Return the full name of what is called; a name that nothing imported has, as it stands."""
        return self.dotted(node.func) or (node.func.id if isinstance(node.func, ast.Name) else "")

    def given_by(self, node: ast.Call) -> str | None:
        """Return the full name of what a call gives, where that is IPython's shell, a module or a part of one."""
        called, texts = self.name_of(node), [_text(each) for each in node.args]
        if called.endswith(("get_ipython", "InteractiveShell.instance")):
            return "get_ipython"
        if called in ("__import__", "importlib.import_module") and texts:
            return texts[0]
        if called in ("type", "vars") and len(texts) == 1:
            return self.dotted(node.args[0])
        if called == "getattr" and len(texts) > 1 and texts[1] and (base := self.dotted(node.args[0])):
            return f"{base}.{texts[1]}"
        return None

    def look(self, node: ast.AST, deep: bool, joins: bool, line: int = 0) -> None:
        """Look at one node; `deep` says that it stands in a function, `joins` that the cell waits for its threads."""
        line = line or getattr(node, "lineno", 0)
        match node:
            case ast.Import(names=names):
                for each in names:
                    self.imported(each.name, line)
                    self.rename(each.asname or "", node, deep, line)
            case ast.ImportFrom(module=str(module), names=names):
                for each in names:
                    self.imported(f"{module}.{each.name}", line)
            case ast.Name() | ast.Attribute():
                self.named(self.dotted(node), line)
                self.attribute(getattr(node, "attr", ""), line)
            case ast.Constant(value=str(text)):
                self.text(text, line)
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    self.assigned(target, value, deep, line)
            case ast.AugAssign(target=target, value=value) | ast.AnnAssign(target=target, value=ast.expr() as value):
                self.assigned(target, value, deep, line)
            case ast.Delete(targets=targets):
                for target in targets:
                    self.assigned(target, _DELETED, True, line)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                self.method(name, node, line)
                self.rename(name, node, deep, line)
                if signs.OWN_ERRORS.fullmatch(name):
                    self.say(signs.ERRORS, name, line)
            case ast.Dict(keys=keys, values=values):
                for key, value in zip(keys, values, strict=True):
                    self.method(_text(key), value, line)
            case ast.Call():
                self.called(node, deep, joins, line)

    def imported(self, name: str, line: int) -> None:
        """Say whether a module is one that an honest answer needs not import."""
        root = name.partition(".")[0]
        if root in self.hidden:
            self.say(signs.HIDDEN, root, line)
        if root.startswith("examiner_of_"):
            self.say(signs.GRADER, root, line)
        self.named(name, line)

    def named(self, name: str | None, line: int) -> None:
        parts = name.split(".", 5)[:5] if name else []
        for count in range(1, len(parts) + 1):
            if what := signs.NAMES.get(prefix := ".".join(parts[:count])):
                self.say(what, prefix, line)

    def attribute(self, name: str, line: int) -> None:
        if what := signs.ATTRIBUTES.get(name):
            self.say(what, name, line)

    def text(self, text: str, line: int) -> None:
        """Say whether a text names something that an honest answer needs not."""
        for pattern, what in signs.TEXTS:
            if match := pattern.search(text[:TEXT]):
                self.say(what, text[match.start() : match.start() + DETAIL], line)
        if self.near_sites and signs.PTH.search(text[-DETAIL:]):
            self.say(signs.STARTUP, text[-DETAIL:], line)

    def rename(self, name: str, value: ast.AST, deep: bool, line: int) -> None:
        """Say whether `checks`, which the tests call, comes to mean something that could stand in for it."""
        if name == "checks" and not deep and not _value(value) and not isinstance(value, _COLLECTIONS):
            self.say(signs.TESTS, name, line)

    def assigned(self, target: ast.AST, value: ast.AST, deep: bool, line: int) -> None:
        """Say whether an assignment replaces something that is not the student's."""
        if isinstance(target, (ast.Tuple, ast.List)):
            values = value.elts if isinstance(value, (ast.Tuple, ast.List)) else []
            for each, part in zip_longest(target.elts, values[: len(target.elts)], fillvalue=value):
                self.assigned(each, part, deep, line)
        elif isinstance(target, ast.Name):
            self.rename(target.id, value, deep, line)
            self.method(target.id, value, line)
        elif isinstance(target, ast.Subscript):
            base = self.dotted(target.value)
            inside = isinstance(target.value, ast.Call) and getattr(target.value.func, "id", "") == "vars"
            if base and (inside or base in ("sys.modules", "builtins") or base.endswith(".__dict__")):
                self.say(signs.PATCH, base, line)
            self.rename(_text(target.slice), value, deep, line)
        elif isinstance(target, ast.Attribute):
            base, name = self.dotted(target.value), target.attr
            self.method(name, value, line)
            if name in signs.SHELL_PARTS:
                self.say(signs.SHELL, name, line)
            elif base and not _within(base, signs.FREE) and self.replaces(base, value):
                self.say(signs.PATCH, f"{base}.{name}", line)

    def replaces(self, base: str, value: ast.AST) -> bool:
        """Return whether a value can stand in for a function or a class of what is called `base`."""
        if isinstance(value, ast.Name):
            return value.id in self.own or value.id in signs.CALLABLE or value.id in self.names
        function = isinstance(value, ast.Lambda) or self.dotted(value) is not None
        return function or (_within(base, signs.STRICT) and not _value(value))

    def method(self, name: str, value: ast.AST, line: int) -> None:
        """Say whether something defined under this name makes its object lie."""
        if name in signs.METHODS:
            self.say(signs.OVERRIDES, name, line)
        if (name == "__eq__" and _always(value, True)) or (name == "__ne__" and _always(value, False)):
            self.say(signs.LIES, name, line)

    def called(self, node: ast.Call, deep: bool, joins: bool, line: int) -> None:
        """Say whether a call does something that an honest answer needs not."""
        name = self.name_of(node)
        texts = [_text(each) for each in node.args[:3]]
        if name in ("__import__", "importlib.import_module") and texts:
            self.imported(texts[0], line)
        if name == "getattr" and len(texts) > 1:
            self.named(self.given_by(node), line)
            self.attribute(texts[1], line)
        if name == "setattr" and len(node.args) == 3 and texts[1]:
            self.assigned(ast.Attribute(node.args[0], texts[1], ast.Store()), node.args[2], deep, line)
        changed = name.removesuffix(".update").removesuffix(".pop").removesuffix(".setdefault").removesuffix(".clear")
        if changed != name and (changed == "sys.modules" or changed.endswith(".__dict__")):
            self.say(signs.PATCH, changed, line)
        if name in signs.WALKS and "/" in texts:
            self.say(signs.SEARCH, name, line)
        daemon = any(word.arg == "daemon" and _always(word.value, True) for word in node.keywords)
        if name in signs.THREADS and not joins and (daemon or not deep):
            self.say(signs.THREAD, name, line)
        if name in ("exec", "eval", "compile"):
            parts = [part for arg in node.args for part in islice(ast.walk(arg), 500)]
            inner = {getattr(each, "attr", getattr(each, "id", "")) for each in parts}
            if hidden := inner & signs.DECODERS:
                self.say(signs.DATA, min(hidden), line)
            if texts and texts[0]:
                self.scan(texts[0], line)

    def repaired(self, repairs: list[str]) -> None:
        """Say which repairs undid something that nobody does by accident."""
        hosts = {match[1] for sentence in repairs if (match := signs.MOVED.fullmatch(sentence))}
        for sentence in repairs:
            if match := signs.TAGGED.fullmatch(sentence):
                tags = [tag for tag in re.split(", | and ", match[2]) if tag in signs.SKIPS or tag.endswith(" more")]
                self.restored(signs.TAGS, [match[1]] if tags else [], tags)
            elif match := signs.CHANGED.fullmatch(sentence):
                names = [name for name in match[1].split(", ") if name not in hosts]
                self.restored(signs.LOCKED, [name for name in names if not name.endswith(signs.PROSE)], [""])
            elif match := signs.MARKED.fullmatch(sentence):
                self.restored(signs.MARKS, [match[1]], match[2].split(", "))

    def restored(self, what: str, names: list[str], details: list[str]) -> None:
        self.cell = ", ".join(names)
        for detail in details if names else ():
            self.say(what, detail, 0)


def _tree(code: str) -> ast.Module | None:
    """Return code as a tree, None where it cannot be had: a hostile text may be nested too deeply for the parser."""
    try:
        return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _nodes(tree: ast.AST) -> Iterator[tuple[ast.AST, bool]]:
    """Yield each node in the order of the text, and whether it stands in a function."""
    waiting = [(tree, False)]
    while waiting:
        node, deep = waiting.pop()
        yield node, deep
        inside = deep or isinstance(node, _FUNCTIONS)
        waiting += [(child, inside) for child in reversed(list(ast.iter_child_nodes(node)))]


def _joins(node: ast.AST) -> bool:
    """Return whether a node waits for a thread: `join` of a text always takes one argument, which is no number."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr != "join":
        return False
    return not node.args or (_value(node.args[0]) and not _text(node.args[0]))


def _text(node: ast.AST | None) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _value(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is not None


def _within(name: str | None, roots: tuple[str, ...]) -> bool:
    return any(name == root or (name or "").startswith(f"{root}.") for root in roots)


def _always(node: ast.AST, wanted: bool) -> bool:
    """Return whether an expression is this truth value, or a function that returns it whatever it is given."""
    if isinstance(node, ast.FunctionDef):
        body = [each for each in node.body if not (isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant))]
        last = body[0] if len(body) == 1 else None
        node = last.value if isinstance(last, ast.Return) and last.value else node
    elif isinstance(node, ast.Lambda):
        node = node.body
    if isinstance(node, ast.Constant):
        return node.value is wanted
    return getattr(node, "attr", getattr(node, "id", "")) == f"{wanted}_"  # as NumPy spells it


def _place(cell: str, lines: set[int]) -> str:
    """Return where something stands; line 0 is the cell as a whole."""
    numbers = [str(line) for line in sorted(lines) if line]
    if not numbers:
        return cell[:200]
    more = " and more" if len(numbers) > LINES else ""
    return f"{cell[:80]}, line{'s' if len(numbers) > 1 else ''} {', '.join(numbers[:LINES])}{more}"


def suspicions(
    sources: list[tuple[str, str]], repairs: Iterable[str], hidden: tuple[str, ...] = ()
) -> tuple[Suspicion, ...]:
    """Return what in a submission looks like an attempt on its grade; never raises, whatever the code is.

    `sources` are (name, code) of the cells that the student wrote, `repairs` what `repair` says, `hidden` the packages
    that the assignment hides. At most READ characters are looked at.
    """
    reader, left, kept = _Reader(hidden), READ, []
    for cell, code in sources:
        kept.append((cell, code[:left]))
        left = max(0, left - len(code))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the parser's, about the student's spelling
        for cell, code in signs.worth_reading(kept, reader.hidden):
            reader.read(cell, code)
    reader.repaired(list(repairs))
    return reader.suspicions()
