"""Tools of the passes: code templates, and marks that tell which statements were rewritten.

A node made by `expression` or `statements` is marked. Statements without a mark in them reach the engine as the guest
wrote them; see `emit`.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from greatwheel.sandbox.lowering.state import Block

Node = TypeVar("Node", bound=ast.AST)

PREFIX = "_gw_"
"""Every guest name of ours starts so; `describe` hides them."""


def expression(source: str, at: ast.AST, /, **parts: ast.expr) -> ast.expr:
    """The expression `source`, at the place of `at`, with the names in `parts` replaced by those nodes.

    A node may fill only one place: a tree in which it stood twice would evaluate it twice.
    """
    statement = ast.parse(source).body[0]  # a tenth of what copying a parsed template costs
    assert isinstance(statement, ast.Expr)
    _place(statement, at)
    filled = _Fill(parts).visit(statement.value)
    assert isinstance(filled, ast.expr)
    return filled


def statements(source: str, at: ast.AST, /, **parts: ast.expr) -> list[ast.stmt]:
    """The statements `source`, at the place of `at`, with the names in `parts` replaced by those nodes."""
    made: list[ast.stmt] = []
    for statement in ast.parse(source).body:
        _place(statement, at)
        filled = _Fill(parts).visit(statement)
        assert isinstance(filled, ast.stmt)
        made.append(filled)
    return made


def marked(node: Node) -> Node:
    """Tell that this node was rewritten in place."""
    node._gw_marked = True  # type: ignore[attr-defined]  # ast nodes carry any attribute
    return node


def is_marked(node: ast.AST) -> bool:
    """Whether a pass made or changed this node."""
    return getattr(node, "_gw_marked", False)


def hint(message: str, at: ast.AST) -> list[ast.stmt]:
    """The statement that tells the guest that a construct isn't there, and what to write instead."""
    return statements("raise NotImplementedError(MESSAGE)", at, MESSAGE=ast.Constant(message))


class Rewriter(ast.NodeTransformer):
    """Base of the passes' transformers: children first, then the node."""

    def __init__(self, block: Block) -> None:
        self.block = block

    def put(self, source: str, at: ast.AST, /, **parts: ast.expr) -> ast.expr:
        """`expression`, and the block counts as changed."""
        self.block.changed = True
        return expression(source, at, **parts)

    def put_statements(self, source: str, at: ast.AST, /, **parts: ast.expr) -> list[ast.stmt]:
        """`statements`, and the block counts as changed."""
        self.block.changed = True
        return statements(source, at, **parts)

    def refuse(self, message: str, at: ast.AST) -> list[ast.stmt]:
        """`hint`, and the block counts as changed."""
        self.block.changed = True
        return hint(message, at)


def is_name(node: ast.AST | None, *names: str) -> bool:
    """Whether the node reads one of these names."""
    return isinstance(node, ast.Name) and node.id in names


def called_name(node: ast.AST) -> str:
    """`f` of `f(...)`, else an empty string."""
    return node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""


def called_method(node: ast.AST) -> str:
    """`m` of `x.m(...)`, else an empty string."""
    return node.func.attr if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else ""


def _place(tree: ast.AST, at: ast.AST) -> None:
    line, column = getattr(at, "lineno", 1), getattr(at, "col_offset", 0)
    end, end_column = getattr(at, "end_lineno", line), getattr(at, "end_col_offset", column)
    for node in ast.walk(tree):
        # Contexts and operators are shared by all trees of the process: a mark on one would be on all.
        if isinstance(node, (ast.expr, ast.stmt, ast.ExceptHandler, ast.arg, ast.keyword, ast.alias)):
            marked(node)
            node.lineno, node.col_offset, node.end_lineno, node.end_col_offset = line, column, end, end_column


class _Fill(ast.NodeTransformer):
    def __init__(self, parts: dict[str, ast.expr]) -> None:
        self._parts = parts

    def visit_Name(self, node: ast.Name) -> ast.expr:
        part = self._parts.get(node.id)
        if part is None:
            return node
        return ast.copy_location(part, node) if not hasattr(part, "lineno") else part
