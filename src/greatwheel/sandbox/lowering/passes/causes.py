"""`raise X from Y` in a block that reads `__cause__`: Monty keeps no causes of its built-in exceptions."""

from __future__ import annotations

import ast

from greatwheel.sandbox.lowering.rewrite import Rewriter
from greatwheel.sandbox.lowering.state import Block


class Causes:
    """See the module."""

    name = "causes"
    engines = frozenset({"monty"})

    def wanted(self, block: Block) -> bool:
        """Only when the attribute is read."""
        return "__cause__" in block.facts.attributes

    def apply(self, block: Block) -> None:
        """Remember each cause where it is given, and look it up where it is read."""
        block.require_guest("causes")
        _Causes(block).visit(block.tree)


class _Causes(Rewriter):
    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        self.generic_visit(node)
        if node.exc is not None and node.cause is not None:
            node.exc = self.put("_gw_because(ERROR, CAUSE)", node, ERROR=node.exc, CAUSE=node.cause)
            node.cause = None
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        if node.attr != "__cause__" or not isinstance(node.ctx, ast.Load):
            return node
        return self.put("_gw_cause(OBJECT)", node, OBJECT=node.value)
