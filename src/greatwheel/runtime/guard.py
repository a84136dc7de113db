"""What is checked of a block before it runs: that it leaves the data alone, and that it is new."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from greatwheel.runtime.renaming import NEW, Renaming, bound_names


@dataclass(frozen=True, kw_only=True, slots=True)
class Guarded:
    """A block that may run."""

    code: str
    rebound: tuple[str, ...] = ()
    """Protected names that the block assigned to; those assignments were taken out or renamed."""


def guard(code: str, protected: frozenset[str]) -> Guarded:
    """The block with its assignments to protected names made harmless.

    `context = "invented text"` is dropped. Any other binding of the name (`context = context.lower()`, a loop over
    it, an import, a function of that name) binds `context_new` instead, which begins as what `context` is, and the
    rest of the block uses it. Code that does not parse is left to the sandbox to report.
    """
    try:
        return _guarded(code, protected)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Guarded(code=code)


def _guarded(code: str, protected: frozenset[str]) -> Guarded:
    tree = ast.parse(code)
    rebound: set[str] = set()
    renamed: set[str] = set()
    body: list[ast.stmt] = []
    for statement in tree.body:
        bound = bound_names(statement) & protected
        rebound |= bound
        kept = _without_invention(statement, bound) if bound else statement
        if kept is None:
            continue
        for name in sorted((bound_names(kept) & protected) - renamed):
            body.append(_copy_of(name))
            renamed.add(name)
        Renaming(frozenset(renamed)).visit(kept)
        body.append(kept)
    if not rebound:
        return Guarded(code=code)
    tree.body = body or [ast.Pass()]
    return Guarded(code=ast.unparse(ast.fix_missing_locations(tree)), rebound=tuple(sorted(rebound)))


def _copy_of(name: str) -> ast.stmt:
    return ast.parse(f"{name}{NEW} = {name}").body[0]


def _without_invention(statement: ast.stmt, names: set[str]) -> ast.stmt | None:
    """The statement without its targets among the names, when it assigns a value typed in; None when none is left."""
    if not isinstance(statement, (ast.Assign, ast.AnnAssign)) or _reads_anything(statement):
        return statement
    if isinstance(statement, ast.AnnAssign):
        return None
    others = [each for each in statement.targets if not (isinstance(each, ast.Name) and each.id in names)]
    if not others:
        return None
    return ast.copy_location(ast.Assign(targets=others, value=statement.value), statement)


def _reads_anything(statement: ast.Assign | ast.AnnAssign) -> bool:
    if statement.value is None:
        return False
    return any(isinstance(node, (ast.Name, ast.Call)) for node in ast.walk(statement.value))


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
