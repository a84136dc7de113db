"""Checks an agent's code before it becomes a version."""

from __future__ import annotations

import ast

from greatwheel.core.errors import SourceRefused
from greatwheel.registry.agents import EngineName
from greatwheel.sandbox.lowering.pipeline import MAX_SOURCE_CHARS, Refused, lower
from greatwheel.sandbox.lowering.state import State

ENTRY = "handle"
"""The function that does a task."""
MAX_CHARS = MAX_SOURCE_CHARS - 1_000
"""The longest code: the runtime adds the call of `handle` to its block."""


def check_source(source: str, *, name: str, engine: EngineName | None = None) -> None:
    """Refuse code that no task could run: it must parse and define `handle(task)`. Nothing of it is run.

    `name` is what the error calls the code: a path, or an agent's name.

    Raises:
        SourceRefused: with the line and the reason.
    """
    if len(source) > MAX_CHARS:
        raise SourceRefused(f"{name} has {len(source):,} characters; the limit is {MAX_CHARS:,}.")
    _check_entry(_parsed(source, name), name)
    lowered = lower(source, State(engine=engine or "monty"))
    if isinstance(lowered, Refused):
        raise SourceRefused(f"{name}: {lowered.message}.")


def _parsed(source: str, name: str) -> ast.Module:
    if "\0" in source:
        line = source.count("\n", 0, source.index("\0")) + 1
        raise SourceRefused(f"{name}, line {line}: source code can't contain null bytes.")
    try:
        return ast.parse(source)
    except SyntaxError as error:
        raise SourceRefused(f"{name}, line {error.lineno or 1}: {error.msg}.") from error
    except ValueError as error:  # half of a character
        raise SourceRefused(f"{name}: {error}.") from error
    except (RecursionError, MemoryError) as error:
        raise SourceRefused(f"{name}: the code is nested too deeply.") from error


def _check_entry(tree: ast.Module, name: str) -> None:
    entries = [node for node in tree.body if _defines_entry(node)]
    if not entries:
        raise SourceRefused(f"{name} defines no function {ENTRY}(task) at its top level.")
    last = entries[-1]
    if not isinstance(last, ast.FunctionDef):
        raise SourceRefused(f"{name}, line {last.lineno}: {ENTRY} must be a plain function: def {ENTRY}(task).")
    if not _takes_one(last.args):
        raise SourceRefused(f"{name}, line {last.lineno}: {ENTRY} must take one argument: def {ENTRY}(task).")


def _defines_entry(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name == ENTRY


def _takes_one(args: ast.arguments) -> bool:
    """Whether a call with one positional argument fits."""
    positional = len(args.posonlyargs) + len(args.args)
    required = positional - len(args.defaults)
    keywords = any(default is None for default in args.kw_defaults)
    return required <= 1 and (positional >= 1 or args.vararg is not None) and not keywords
