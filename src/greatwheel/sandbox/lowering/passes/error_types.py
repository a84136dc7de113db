"""`type(e)` of a caught built-in exception: Monty gives a class that equals none of the built-in names."""

from __future__ import annotations

import ast

from greatwheel.sandbox.lowering.rewrite import Rewriter, called_name
from greatwheel.sandbox.lowering.state import Block


class ErrorTypes:
    """See the module."""

    name = "error_types"
    engines = frozenset({"monty"})

    def wanted(self, block: Block) -> bool:
        """When a block that handles exceptions asks for a type."""
        return ast.ExceptHandler in block.facts.kinds and (
            "type" in block.facts.called or "__class__" in block.facts.attributes
        )

    def apply(self, block: Block) -> None:
        """Ask a guest function instead, which knows the built-in classes by their names."""
        block.require_guest("error_types")
        _Types(block).visit(block.tree)


class _Types(Rewriter):
    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if called_name(node) == "type" and len(node.args) == 1 and not node.keywords:
            node.func = self.put("_gw_type", node.func)
        return node
