"""What is changed in a block's text before Ouros runs it, and undone in what the guest's author sees.

All edits stay within their line, so line numbers hold:

- the trailing expression is bound to a name, because the engine would turn the keys of a dict into strings;
- a call to a host function becomes its awaitable twin where its result is awaited or goes to `asyncio.gather`;
- `import a, b` becomes two statements, which is all that the engine knows.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from greatwheel.sandbox.ouros_guest import ASYNC, FIRST_LINE, VALUE

_WAITERS = frozenset({"gather", "create_task", "ensure_future", "wait", "wait_for", "as_completed", "shield"})
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_FRAME = re.compile(r'  File "[^"]*", line (\d+), in ')


@dataclass(frozen=True, kw_only=True, slots=True)
class Rewritten:
    """A block as Ouros gets it."""

    code: str
    has_value: bool
    """It ends with an expression, now bound to `_gw_v`."""


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class _Edit:
    line: int
    start: int
    """Bytes, as `ast` counts them."""
    end: int
    text: str


def rewrite(code: str, host_functions: frozenset[str]) -> Rewritten:
    """The block for the engine; SyntaxError (or what else `ast.parse` raises) when it is no Python."""
    tree = ast.parse(code, "block")
    edits = [*_imports(tree), *_awaitables(tree, host_functions)]
    last = tree.body[-1] if tree.body else None
    if isinstance(last, ast.Expr):
        edits.append(_Edit(line=last.lineno, start=last.col_offset, end=last.col_offset, text=VALUE))
    return Rewritten(code=_apply(code, edits), has_value=isinstance(last, ast.Expr))


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
    if not host_functions:
        return
    found: set[ast.Name] = set()
    scopes = [tree, *(node for node in ast.walk(tree) if isinstance(node, _SCOPES))]
    for scope in scopes:
        found |= _awaited_in(list(_own(scope)), host_functions)
    for name in found:
        yield _Edit(line=name.lineno, start=name.col_offset, end=name.col_offset, text=ASYNC)


def _own(scope: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a scope without those of the functions and classes inside it."""
    for child in ast.iter_child_nodes(scope):
        yield child
        if not isinstance(child, _SCOPES):
            yield from _own(child)


def _awaited_in(nodes: list[ast.AST], host_functions: frozenset[str]) -> set[ast.Name]:
    """The names of host functions whose calls give something that this scope awaits."""
    roots = [root for node in nodes for root in _awaited(node)]
    if not roots:
        return set()
    names = {leaf.id for root in roots for leaf in _leaves(root) if isinstance(leaf, ast.Name)}
    names |= {
        node.iter.id
        for node in nodes
        if isinstance(node, ast.For | ast.comprehension)
        and isinstance(node.iter, ast.Name)
        and isinstance(node.target, ast.Name)
        and node.target.id in names
    }
    roots += [root for node in nodes for root in _bound_to(node, names)]
    return {
        leaf.func
        for root in roots
        for leaf in _leaves(root)
        if isinstance(leaf, ast.Call) and isinstance(leaf.func, ast.Name) and leaf.func.id in host_functions
    }


def _awaited(node: ast.AST) -> list[ast.expr]:
    """The expressions whose values this node awaits."""
    if isinstance(node, ast.Await):
        return [node.value]
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        return list(node.args) if name in _WAITERS else []
    return []


def _bound_to(node: ast.AST, names: set[str]) -> list[ast.expr]:
    """The expressions whose values come to be held by one of the names."""
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=value) if name in names:
            return [value]
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value) if name in names:
            return [value]
        case ast.AugAssign(target=ast.Name(id=name), value=value) if name in names:
            return [value]
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="append" | "extend" | "add"), args=args):
            return args if name in names else []
    return []


def _leaves(node: ast.expr) -> Iterator[ast.expr]:
    """The expressions that give the values in a display, comprehension or choice."""
    match node:
        case ast.Starred(value=value):
            yield from _leaves(value)
        case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
            for item in items:
                yield from _leaves(item)
        case ast.ListComp(elt=item) | ast.GeneratorExp(elt=item) | ast.SetComp(elt=item):
            yield from _leaves(item)
        case ast.IfExp(body=body, orelse=orelse):
            yield from _leaves(body)
            yield from _leaves(orelse)
        case ast.Call(func=ast.Name(id="list" | "tuple" | "set"), args=[item]):
            yield from _leaves(item)
        case _:
            yield node


def author_traceback(text: str) -> str:
    """An engine's traceback without the adapter's own frames and edits."""
    kept: list[str] = []
    inside = ours = False
    for line in text.split("\n"):
        frame = _FRAME.match(line)
        inside = bool(frame) or (inside and line.startswith("  "))
        if frame:
            ours = int(frame[1]) > FIRST_LINE
        if not (inside and ours):
            kept.append(line)
    return _without_edits(kept)


def _without_edits(lines: list[str]) -> str:
    for index, line in enumerate(lines):
        for mark in (VALUE, ASYNC):
            while (at := lines[index].find(mark)) >= 0 and line.startswith("    "):
                lines[index] = lines[index].replace(mark, "", 1)
                if index + 1 < len(lines):
                    lines[index + 1] = _shifted(lines[index + 1], at, len(mark))
    return "\n".join(lines)


def _shifted(marks: str, at: int, width: int) -> str:
    """A line of `~` after `width` characters at `at` were taken out of the line above it."""
    if not marks.strip() or marks.strip("~^ "):
        return marks
    start, end = len(marks) - len(marks.lstrip()), len(marks)
    start = start - width if start > at else start
    end = end - width if end > at else end
    return " " * start + "~" * max(end - start, 1)
