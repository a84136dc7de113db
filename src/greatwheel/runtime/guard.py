"""What is checked of a block before it runs: that it leaves the data alone, and that it is new."""

from __future__ import annotations

import ast
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Guarded:
    """A block that may run."""

    code: str
    rebound: tuple[str, ...] = ()
    """Protected names that the block assigned to; those assignments were taken out or renamed."""


def guard(code: str, protected: frozenset[str]) -> Guarded:
    """The block with its assignments to protected names made harmless, line numbers kept.

    `context = "invented text"` is dropped. `context = context.lower()` becomes an assignment to `context_new`, and
    so do later readings of the name in the block. Code that does not parse is left to the sandbox to report.
    """
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Guarded(code=code)
    rebound = {name for statement in tree.body for name in _stored(statement) & protected}
    if not rebound:
        return Guarded(code=code)
    body: list[ast.stmt] = []
    renamed: set[str] = set()
    for statement in tree.body:
        stored = _stored(statement) & protected
        if stored and isinstance(statement, (ast.Assign, ast.AnnAssign)) and not _reads_anything(statement):
            continue
        reads_before = frozenset(renamed)
        renamed |= stored
        body.append(_Rename(frozenset(renamed), reads_before).visit(statement))
    tree.body = body or [ast.Pass()]
    return Guarded(code=ast.unparse(ast.fix_missing_locations(tree)), rebound=tuple(sorted(rebound)))


def _stored(statement: ast.stmt) -> set[str]:
    """Names that a statement binds at module level (not inside functions, which have their own)."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {statement.name}
    return {node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


def _reads_anything(statement: ast.Assign | ast.AnnAssign) -> bool:
    if statement.value is None:
        return False
    return any(isinstance(node, (ast.Name, ast.Call)) for node in ast.walk(statement.value))


class _Rename(ast.NodeTransformer):
    """Renames stores of some names, and reads of those that were renamed by an earlier statement."""

    def __init__(self, stores: frozenset[str], reads: frozenset[str]) -> None:
        self._stores = stores
        self._reads = reads

    def visit_Name(self, node: ast.Name) -> ast.Name:
        names = self._stores if isinstance(node.ctx, ast.Store) else self._reads
        return ast.copy_location(ast.Name(id=f"{node.id}_new", ctx=node.ctx), node) if node.id in names else node


def fingerprint(code: str) -> str:
    """Equal for blocks that differ in comments and spacing only."""
    try:
        return ast.dump(ast.parse(code))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return " ".join(code.split())


def literal_final(code: str) -> bool:
    """Whether the block's FINAL takes text typed in by the model, not something computed."""
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "FINAL"
    ]
    return any(call.args and isinstance(call.args[0], ast.Constant) for call in calls)
