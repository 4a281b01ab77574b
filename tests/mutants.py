"""Simple mutations of a right answer: each is a small slip, and a good grader notices it."""

import ast
from collections.abc import Iterator

SWAPS = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Add, ast.FloorDiv),
    ast.FloorDiv: (ast.Mult, ast.Div),
    ast.Div: (ast.Mult,),
    ast.Mod: (ast.Mult,),
    ast.MatMult: (ast.Mult,),
    ast.Lt: (ast.LtE, ast.Gt),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.LtE: (ast.Lt,),
    ast.GtE: (ast.Gt,),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.And: (ast.Or,),
    ast.Or: (ast.And,),
    ast.USub: (ast.UAdd,),
}


def mutants(source: str) -> Iterator[tuple[str, str]]:
    """Yield (name, mutated source) for each single mutation; the name says where and what."""
    tree = ast.parse(source)
    spoken = {part for node in ast.walk(tree) if isinstance(node, ast.Raise) for part in ast.walk(node)}
    home = _statements(tree)
    met: dict[str, int] = {}
    has_class = any(isinstance(node, ast.ClassDef) for node in tree.body)
    whole = ast.unparse(tree)
    for node in ast.walk(tree):
        changes = [] if node in spoken else list(_changes(node))  # the words of a message are free
        if has_class and node not in spoken:
            changes += _layer_changes(node)
        for what, change in changes:
            # A change touches nothing but its own node: to put that back costs less than a copy of the tree.
            kept = {name: [*value] if isinstance(value, list) else value for name, value in vars(node).items()}
            change(node)
            text = ast.unparse(tree)
            vars(node).update(kept)
            if text != whole:
                name = f"{what} in {home[node]}"
                met[name] = met.get(name, 0) + 1
                yield name if met[name] == 1 else f"{name} #{met[name]}", text


def _statements(tree: ast.AST) -> dict[ast.AST, str]:
    """Return for each node the first line of the innermost statement around it."""
    found: dict[ast.AST, str] = {}
    for node in ast.walk(tree):  # parents come first, so the innermost statement is written last
        if isinstance(node, ast.stmt):
            line = ast.unparse(node).splitlines()[0]
            found |= dict.fromkeys(ast.walk(node), line)
    return found


def _changes(node: ast.AST) -> Iterator[tuple[str, object]]:
    if isinstance(node, (ast.BinOp, ast.AugAssign, ast.BoolOp, ast.UnaryOp)):
        for other in SWAPS.get(type(node.op), ()):
            yield f"{type(node.op).__name__} to {other.__name__}", _setter("op", other)
    if isinstance(node, ast.Compare):
        for other in SWAPS.get(type(node.ops[0]), ()):
            yield f"{type(node.ops[0]).__name__} to {other.__name__}", _first_comparison(other)
    if isinstance(node, ast.Constant) and type(node.value) is int:
        yield f"{node.value} to {node.value + 1}", _constant(node.value + 1)
        yield f"{node.value} to {node.value - 1}", _constant(node.value - 1)
    if isinstance(node, ast.Constant) and type(node.value) is bool:
        yield f"{node.value} to {not node.value}", _constant(not node.value)
    if isinstance(node, ast.If):
        yield "branch never taken", _test(False)
        yield "branch always taken", _test(True)
    if isinstance(node, ast.IfExp):
        yield "first value always", _test(True)
        yield "second value always", _test(False)
    if isinstance(node, ast.Call) and node.args:
        for place in range(len(node.args)) if len(node.args) > 1 else ():
            yield f"argument {place} left out", _drop(place)
    if isinstance(node, ast.Slice) and node.step is not None:
        yield "slice without its step", _nothing("step")
    if isinstance(node, (ast.Assign, ast.AugAssign)) and isinstance(node, ast.AugAssign):
        yield "statement left out", _no_update
    if isinstance(node, ast.Tuple) and len(node.elts) == 2 and isinstance(node.ctx, ast.Load):
        yield "pair exchanged", _exchange


def _layer_changes(node: ast.AST) -> Iterator[tuple[str, object]]:
    """Yield what goes wrong in a class of layers besides: an option that is left out."""
    for place, keyword in enumerate(node.keywords if isinstance(node, ast.Call) else ()):
        if keyword.arg:
            yield f"{keyword.arg}= left out", _drop_keyword(place)


def _setter(name: str, kind: type):
    return lambda node: setattr(node, name, kind())


def _first_comparison(kind: type):
    def change(node):
        node.ops[0] = kind()

    return change


def _constant(value: object):
    return lambda node: setattr(node, "value", value)


def _test(value: bool):
    return lambda node: setattr(node, "test", ast.Constant(value))


def _nothing(name: str):
    return lambda node: setattr(node, name, None)


def _drop(place: int):
    return lambda node: node.args.pop(place)


def _drop_keyword(place: int):
    return lambda node: node.keywords.pop(place)


def _no_update(node: ast.AugAssign) -> None:
    node.value = ast.Constant(1 if isinstance(node.op, ast.Mult) else 0)


def _exchange(node: ast.Tuple) -> None:
    node.elts.reverse()
