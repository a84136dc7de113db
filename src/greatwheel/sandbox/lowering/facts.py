"""One walk over a block that tells the passes whether they are wanted."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field


@dataclass(kw_only=True, slots=True)
class Facts:
    """What occurs in a block, wherever it stands."""

    kinds: set[type[ast.AST]] = field(default_factory=set)
    """Node classes."""
    loads: set[str] = field(default_factory=set)
    """Names read."""
    stores: set[str] = field(default_factory=set)
    """Names bound by assignment, loop, with, walrus or comprehension."""
    called: set[str] = field(default_factory=set)
    """Names called directly."""
    attributes: set[str] = field(default_factory=set)
    """Attributes read, called or not."""
    called_attributes: set[str] = field(default_factory=set)
    """Attributes called directly."""
    value_attributes: set[str] = field(default_factory=set)
    """Attributes read without being called on the spot."""
    stored_attributes: dict[str, None] = field(default_factory=dict)
    """Attributes assigned."""
    modules: set[str] = field(default_factory=set)
    """Modules imported, dotted."""
    defined: set[str] = field(default_factory=set)
    """Functions, classes and methods defined."""


def gather(tree: ast.Module) -> Facts:
    """The facts of a block, in one pass over its nodes."""
    facts = Facts()
    funcs: set[int] = set()
    kinds = facts.kinds
    for node in ast.walk(tree):
        kind = type(node)
        kinds.add(kind)
        if kind is ast.Name:
            _see_name(facts, node)  # type: ignore[arg-type]  # narrowed by `kind`, twice as fast as isinstance
        elif kind is ast.Call:
            _see_call(facts, node, funcs)  # type: ignore[arg-type]
        elif kind is ast.Attribute:
            facts.attributes.add(node.attr)  # type: ignore[attr-defined]
            if isinstance(node.ctx, ast.Store):  # type: ignore[attr-defined]
                facts.stored_attributes[node.attr] = None  # type: ignore[attr-defined]
            elif id(node) not in funcs:
                facts.value_attributes.add(node.attr)  # type: ignore[attr-defined]
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            facts.defined.add(node.name)
        elif isinstance(node, ast.Import):
            facts.modules.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            facts.modules.add(node.module or "")
    return facts


def _see_name(facts: Facts, node: ast.Name) -> None:
    if isinstance(node.ctx, ast.Load):
        facts.loads.add(node.id)
    else:
        facts.stores.add(node.id)


def _see_call(facts: Facts, node: ast.Call, funcs: set[int]) -> None:
    func = node.func
    if isinstance(func, ast.Name):
        facts.called.add(func.id)
    elif isinstance(func, ast.Attribute):
        facts.called_attributes.add(func.attr)
        funcs.add(id(func))
