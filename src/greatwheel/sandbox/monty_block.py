"""What a block's syntax tree tells the Monty adapter before the block runs."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import TypeAlias

Range: TypeAlias = tuple[int, int]
"""UTF-8 byte offsets of an expression, the end exclusive."""

AWAITERS = frozenset({"gather", "wait_for", "create_task", "ensure_future", "wait", "as_completed", "shield"})
"""Functions, of asyncio or imported from it, whose arguments are awaited."""

ADDERS = frozenset({"append", "add", "extend", "insert"})
"""Methods that put their arguments into a container."""

_Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_Scope: TypeAlias = ast.Module | _Function


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """Facts of one block."""

    deferred: frozenset[Range] = frozenset()
    """Calls whose result is awaited, here or through a name: a host call there is answered by a future."""
    names: tuple[str, ...] = ()
    """Names that the block may bind in the module, in the order of their first appearance."""


def read_block(code: str) -> Block:
    """The facts of a block; none of one that Python can't parse."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(code)
        return Block(deferred=_deferred(tree, code), names=tuple(dict.fromkeys(_bound(tree))))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Block()


def _deferred(tree: ast.Module, code: str) -> frozenset[Range]:
    if "await" not in code and "asyncio" not in code:
        return frozenset()
    lines = [0, *accumulate(len(line.encode()) for line in code.splitlines(keepends=True))]
    calls = (call for scope in _scopes(tree) for call in _awaited_calls(scope))
    return frozenset(
        (lines[c.lineno - 1] + c.col_offset, lines[(c.end_lineno or c.lineno) - 1] + (c.end_col_offset or 0))
        for c in calls
    )


def _scopes(tree: ast.Module) -> Iterator[_Scope]:
    yield tree
    for node in ast.walk(tree):
        if isinstance(node, _Function):
            yield node


def _within(scope: _Scope) -> Iterator[ast.AST]:
    """The nodes of a scope, without those of the functions in it."""
    stack: list[ast.AST] = list(ast.iter_child_nodes(scope))
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, _Function):
            stack.extend(ast.iter_child_nodes(node))


def _awaited_calls(scope: _Scope) -> Iterator[ast.Call]:
    nodes = list(_within(scope))
    roots = [root for node in nodes for root in _awaited_roots(node)]
    results = [result for root in roots for result in _results(root)]
    names = _awaited_names(nodes, {node.id for node in results if isinstance(node, ast.Name)})
    for node in nodes:
        results.extend(_results_bound_to(node, names))
    yield from (node for node in results if isinstance(node, ast.Call))


def _awaited_roots(node: ast.AST) -> list[ast.expr]:
    """The expressions whose value this node awaits."""
    if isinstance(node, ast.Await):
        return [node.value]
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        return list(node.args) if name in AWAITERS else []
    return []


def _results(node: ast.expr) -> Iterator[ast.expr]:
    """The calls and names from which an awaited expression takes its values."""
    if isinstance(node, ast.Call | ast.Name):
        yield node
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "values":
            yield from _results(node.func.value)
    elif isinstance(node, ast.Starred | ast.NamedExpr):
        yield from _results(node.value)
    elif isinstance(node, ast.List | ast.Tuple | ast.Set):
        for element in node.elts:
            yield from _results(element)
    elif isinstance(node, ast.ListComp | ast.GeneratorExp | ast.SetComp):
        yield from _results(node.elt)
    elif isinstance(node, ast.DictComp):
        yield from _results(node.value)
    elif isinstance(node, ast.Dict):
        for value in node.values:
            yield from _results(value)
    elif isinstance(node, ast.IfExp):
        yield from _results(node.body)
        yield from _results(node.orelse)
    elif isinstance(node, ast.Subscript):
        yield from _results(node.value)


def _awaited_names(nodes: list[ast.AST], names: set[str]) -> set[str]:
    """The names, and those of the containers over which loops run to bind them."""
    while True:
        more = set(names)
        for node in nodes:
            if isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
                targets = {n.id for n in ast.walk(node.target) if isinstance(n, ast.Name)}
                if targets & names:
                    more |= {n.id for n in ast.walk(node.iter) if isinstance(n, ast.Name)}
        if more == names:
            return names
        names = more


def _results_bound_to(node: ast.AST, names: set[str]) -> Iterator[ast.expr]:
    """The calls whose results this node puts under one of the names."""
    if isinstance(node, ast.Assign):
        targets = {_base(target) for target in node.targets}
        if targets & names:
            yield from _results(node.value)
    elif isinstance(node, ast.AnnAssign | ast.AugAssign):
        if node.value is not None and _base(node.target) in names:
            yield from _results(node.value)
    elif isinstance(node, ast.Call) and _filled(node.func) in names:
        yield from (result for argument in node.args for result in _results(argument))


def _filled(function: ast.expr) -> str:
    """The name of the container into which the method puts its arguments."""
    if isinstance(function, ast.Attribute) and function.attr in ADDERS:
        return _base(function.value)
    return ""


def _base(node: ast.expr) -> str:
    while isinstance(node, ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _bound(tree: ast.Module) -> Iterator[str]:
    """Names bound in the module, in the order of the text."""
    found: list[tuple[int, int, str]] = []
    for node in _module_nodes(tree):
        position = (getattr(node, "lineno", 0), getattr(node, "col_offset", 0))
        found.extend((*position, name) for name in _names_bound_by(node))
    yield from (name for _, _, name in sorted(found, key=lambda item: item[:2]))


def _module_nodes(tree: ast.Module) -> Iterator[ast.AST]:
    stack: list[ast.AST] = [tree]
    while stack:
        node = stack.pop()
        yield node
        if isinstance(node, _Function | ast.ClassDef):
            yield from (inner for inner in ast.walk(node) if isinstance(inner, ast.Global))
        else:
            stack.extend(ast.iter_child_nodes(node))


def _names_bound_by(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return [node.id]
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Global):
        return list(node.names)
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [alias.asname or alias.name.partition(".")[0] for alias in node.names]
    if isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar):
        return [node.name] if node.name else []
    if isinstance(node, ast.MatchMapping):
        return [node.rest] if node.rest else []
    return []
