"""`Base.count += 1`: derived classes hold copies of what they inherit, so that a change goes on to them."""

from __future__ import annotations

import ast

from greatwheel.sandbox.lowering.rewrite import Rewriter
from greatwheel.sandbox.lowering.state import Block


class ClassAttributes:
    """See the module."""

    name = "class_attributes"
    engines = frozenset({"monty"})

    def wanted(self, block: Block) -> bool:
        """When an attribute is assigned in a block that reads a known class by its name."""
        return bool(block.facts.stored_attributes) and not block.facts.loads.isdisjoint(block.state.classes)

    def apply(self, block: Block) -> None:
        """Have a guest function hand each such value on."""
        _Assignments(block).visit(block.tree)


class _Assignments(Rewriter):
    def visit_Assign(self, node: ast.Assign) -> ast.AST | list[ast.AST]:
        return self._followed(node, node.targets)

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST | list[ast.AST]:
        return self._followed(node, [node.target])

    def _followed(self, node: ast.stmt, targets: list[ast.expr]) -> ast.AST | list[ast.AST]:
        told: list[ast.AST] = [node]
        for target in targets:
            if not isinstance(target, ast.Attribute) or not isinstance(target.value, ast.Name):
                continue
            facts = self.block.state.classes.get(target.value.id)
            if facts is not None and facts.kind in ("plain", "dataclass"):
                self.block.require_guest("classes")
                told += self.put_statements(f"_gw_hand_on({target.value.id}, {target.attr!r})", node)
        return told if len(told) > 1 else node
