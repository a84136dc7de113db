"""What is changed in a block's text before Ouros runs it.

All edits stay within their line, so line numbers hold; tracebacks show the author's lines (`ouros_errors`).

- The trailing expression is bound to a name, because the engine would turn the keys of a dict into strings.
- A call to a host function becomes its awaitable twin where it is awaited.
- `import a, b` becomes two statements, which is all that the engine knows.
- A generator that a built-in function consumes becomes a list, and `xs.sort(key=f)` a call of ours: where a host call
  pauses inside them, the engine gives wrong results without a word.
- In a world, the functions that tell time and make random numbers are read by way of `ouros_world`.
- `raise X` passes a function of ours that notes the name of X, which the engine forgets.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from dataclasses import dataclass

from greatwheel.sandbox.ouros_awaits import awaited_names
from greatwheel.sandbox.ouros_guest import ASYNC, VALUE
from greatwheel.sandbox.ouros_world import FUNCTIONS, NAMES

_CONSUMERS = frozenset(
    {"sum", "list", "tuple", "set", "frozenset", "dict", "sorted", "min", "max", "join", "extend", "update"}
) | {"Counter", "deque", "OrderedDict", "fsum", "prod", "mean", "median", "stdev", "mode"}
"""Functions and methods that consume their argument to its end."""
_NATIVE_METHODS = frozenset(name for kind in (str, bytes, list, dict, set) for name in dir(kind))
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rewritten:
    """A block as Ouros gets it."""

    code: str
    has_value: bool
    """It ends with an expression, now bound to `_ouros_v`."""
    later_globals: tuple[str, ...]
    """Globals that its functions use and the block itself does not bind. The engine finds only those that exist
    already when the function is compiled."""
    functions: tuple[str, ...]
    """Names of the functions that the block defines."""


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class _Edit:
    line: int
    start: int
    """Bytes, as `ast` counts them."""
    rank: int = 1
    """At one place, the lower stands further left."""
    end: int
    text: str


def rewrite(code: str, host_functions: frozenset[str], *, worldly: bool = True) -> Rewritten:
    """The block for the engine; SyntaxError (or what else `ast.parse` raises) when it is no Python.

    `worldly`: the block runs in a world. Without one nothing stands in for time and chance: the engine fails in itself
    on a hundred thousand calls of a stand-in, and a loop that waits for the machine's clock makes as many.
    """
    tree = ast.parse(code, "block")
    edits = [*_imports(tree), *_generators(tree), *_wraps(tree), *_raises(tree)]
    if worldly:
        edits += _worldly(tree, code)
    if host_functions:
        edits += [*_awaitables(tree, host_functions), *_sorts(tree)]
    last = tree.body[-1] if tree.body else None
    if isinstance(last, ast.Expr):
        edits.append(_insertion(last.lineno, last.col_offset, VALUE, rank=0))
    return Rewritten(
        code=_apply(code, edits),
        has_value=isinstance(last, ast.Expr),
        later_globals=tuple(sorted(_later_globals(tree))),
        functions=tuple(getattr(node, "name", "<lambda>") for node in ast.walk(tree) if isinstance(node, _FUNCTIONS)),
    )


def _insertion(line: int, at: int, text: str, *, rank: int = 1) -> _Edit:
    return _Edit(line=line, start=at, end=at, text=text, rank=rank)


def _apply(code: str, edits: list[_Edit]) -> str:
    if not edits:
        return code
    lines = code.encode().splitlines(keepends=True)
    for edit in sorted(edits, reverse=True):
        line = lines[edit.line - 1]
        lines[edit.line - 1] = line[: edit.start] + edit.text.encode() + line[edit.end :]
    return b"".join(lines).decode()


def _imports(tree: ast.Module) -> Iterator[_Edit]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import) and len(node.names) > 1 and node.end_lineno == node.lineno:
            text = "; ".join("import " + ast.unparse(alias) for alias in node.names)
            yield _Edit(line=node.lineno, start=node.col_offset, end=node.end_col_offset or 0, text=text)


def _awaitables(tree: ast.Module, host_functions: frozenset[str]) -> Iterator[_Edit]:
    for name in awaited_names(tree, host_functions):
        yield _insertion(name.lineno, name.col_offset, ASYNC, rank=2)


def _generators(tree: ast.Module) -> Iterator[_Edit]:
    """Brackets inside the parentheses of generator expressions that are consumed at once."""
    for node in ast.walk(tree):
        for generator in _consumed(node):
            if isinstance(generator, ast.GeneratorExp):
                yield _insertion(generator.lineno, generator.col_offset + 1, "[")
                yield _insertion(generator.end_lineno or 0, (generator.end_col_offset or 0) - 1, "]")


def _consumed(node: ast.AST) -> list[ast.expr]:
    match node:
        case ast.Call(args=args) if _called(node) in _CONSUMERS:
            return args
        case ast.Starred(value=value):
            return [value]
        case ast.Assign(targets=[ast.Tuple() | ast.List()], value=value):
            return [value]
    return []


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _wraps(tree: ast.Module) -> Iterator[_Edit]:
    """`list(f())` becomes `list(_ouros_drain(f()))`, in case that `f` is a generator function."""
    for node in ast.walk(tree):
        for inner in _consumed(node):
            if isinstance(inner, ast.Call) and not _is_native(inner):
                yield _insertion(inner.lineno, inner.col_offset, "_ouros_drain(")
                yield _insertion(inner.end_lineno or 0, inner.end_col_offset or 0, ")")


def _is_native(call: ast.Call) -> bool:
    if isinstance(call.func, ast.Name):
        return hasattr(builtins, call.func.id)
    return isinstance(call.func, ast.Attribute) and call.func.attr in _NATIVE_METHODS


def _sorts(tree: ast.Module) -> Iterator[_Edit]:
    """`xs.sort(key=f)` becomes `_ouros_sort(xs, key=f)`."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=target, attr="sort"), args=[], keywords=[first, *_]):
                if target.end_lineno == first.lineno:
                    yield _insertion(target.lineno, target.col_offset, "_ouros_sort(")
                    yield _Edit(line=first.lineno, start=target.end_col_offset or 0, end=first.col_offset, text=", ")


def _raises(tree: ast.Module) -> Iterator[_Edit]:
    """`raise X` becomes `raise _ouros_raised(X)`: the engine forgets the names of the guest's own exceptions."""
    for node in ast.walk(tree):
        match node:
            case ast.Raise(exc=ast.Name(id=name) | ast.Call(func=ast.Name(id=name))) if hasattr(builtins, name):
                continue
            case ast.Raise(exc=ast.expr() as error):
                yield _insertion(error.lineno, error.col_offset, "_ouros_raised(")
                yield _insertion(error.end_lineno or 0, error.end_col_offset or 0, ")")


def _worldly(tree: ast.Module, code: str) -> Iterator[_Edit]:
    """`t.time` becomes `_ouros_at(t, 0)`, and `from time import time` is followed by an assignment of ours."""
    lines = code.encode().splitlines()
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=value, attr=attr, ctx=ast.Load()) if attr in NAMES and _is_path(value):
                start, end = value.col_offset, node.end_col_offset or 0
                # Within f-strings, Python 3.11 may place a node elsewhere than it stands.
                if lines[node.lineno - 1][start:end] == ast.unparse(node).encode():
                    yield _insertion(node.lineno, start, "_ouros_at(", rank=3)
                    yield _Edit(line=node.lineno, start=value.end_col_offset or 0, end=end, text=f", {NAMES[attr]})")
            case ast.ImportFrom(module=str(module), names=names) if module in FUNCTIONS:
                for alias in names:
                    if alias.name in FUNCTIONS[module]:
                        bound = alias.asname or alias.name
                        text = f"; {bound} = _ouros_stand_in('{module}.{alias.name}', {bound})"
                        yield _insertion(node.end_lineno or 0, node.end_col_offset or 0, text)


def _is_path(node: ast.expr, dots: int = 3) -> bool:
    """A name, or a few of them joined by dots."""
    if isinstance(node, ast.Attribute):
        return dots > 0 and _is_path(node.value, dots - 1)
    return isinstance(node, ast.Name)


def _later_globals(tree: ast.Module) -> set[str]:
    used: set[str] = set()
    for scope in ast.walk(tree):
        if isinstance(scope, _FUNCTIONS):
            used |= {node.id for node in ast.walk(scope) if isinstance(node, ast.Name)}
    bound = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            bound.add(node.name)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, ast.alias):
            bound.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, ast.ExceptHandler) and node.name:
            bound.add(node.name)
    declared = {name for node in ast.walk(tree) if isinstance(node, ast.Global) for name in node.names}
    return (used - bound - vars(builtins).keys()) | declared
