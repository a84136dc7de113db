"""The source of the guest's tools, as text.

What the tools need for themselves has names of its own in a session: a block that calls a variable `terms` or
`ranked`, and data that is called so, leave the tools working.
"""

from __future__ import annotations

import ast
from importlib import resources

PUBLIC_TOOLS = frozenset({"search", "grep", "chunks", "tally", "before", "after", "join", "classify", "final"})
"""The names that blocks are told of."""
HIDDEN = "_tool_"
"""Begins every other name."""


class _Hiding(ast.NodeTransformer):
    def __init__(self, names: frozenset[str]) -> None:
        self._names = names

    def visit_Name(self, node: ast.Name) -> ast.Name:
        if node.id in self._names:
            node.id = HIDDEN + node.id
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        if node.name in self._names:
            node.name = HIDDEN + node.name
        return self.generic_visit(node)


def _bound(tree: ast.Module) -> frozenset[str]:
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    targets = [target for node in tree.body if isinstance(node, ast.Assign) for target in node.targets]
    return frozenset(functions | {target.id for target in targets if isinstance(target, ast.Name)})


def _source() -> str:
    text = resources.files("greatwheel.runtime").joinpath("guest_tools.py").read_text(encoding="utf-8")
    tree = ast.parse(text)
    return ast.unparse(_Hiding(_bound(tree) - PUBLIC_TOOLS).visit(tree))


GUEST_TOOLS = _source()
"""Run in every session before its data is set."""
TOOL_NAMES = _bound(ast.parse(GUEST_TOOLS))
"""What it binds."""
