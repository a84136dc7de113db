"""Reading and writing attributes that some class of the session made properties."""

from __future__ import annotations

import ast
import copy

from greatwheel.sandbox.lowering.rewrite import Rewriter
from greatwheel.sandbox.lowering.state import Block


class Properties:
    """See the module."""

    name = "properties"
    engines = frozenset({"monty"})

    def wanted(self, block: Block) -> bool:
        """Only when a known property's name is used as an attribute."""
        return any(not block.facts.attributes.isdisjoint(facts.properties) for facts in block.state.classes.values())

    def apply(self, block: Block) -> None:
        """Route those attributes through the getters and setters."""
        names = {name for facts in block.state.classes.values() for name in facts.properties}
        _Properties(block, names).visit(block.tree)


class _Properties(Rewriter):
    def __init__(self, block: Block, names: set[str]) -> None:
        super().__init__(block)
        self._names = names

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        if node.attr not in self._names or not isinstance(node.ctx, ast.Load):
            return node
        return self.put(f"_gw_get(OBJECT, {node.attr!r})", node, OBJECT=node.value)

    def visit_Assign(self, node: ast.Assign) -> ast.AST | list[ast.stmt]:
        self.generic_visit(node)
        target = node.targets[0]
        if len(node.targets) > 1 or not self._is_property(target):
            return node
        assert isinstance(target, ast.Attribute)
        return self.put_statements(
            f"_gw_set(OBJECT, {target.attr!r}, VALUE)", node, OBJECT=target.value, VALUE=node.value
        )

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST | list[ast.stmt]:
        self.generic_visit(node)
        target = node.target
        if not self._is_property(target):
            return node
        assert isinstance(target, ast.Attribute)
        read = self.put(f"_gw_get(OBJECT, {target.attr!r})", node, OBJECT=copy.deepcopy(target.value))
        value = ast.copy_location(ast.BinOp(left=read, op=node.op, right=node.value), node)
        return self.put_statements(f"_gw_set(OBJECT, {target.attr!r}, VALUE)", node, OBJECT=target.value, VALUE=value)

    def _is_property(self, target: ast.expr) -> bool:
        return isinstance(target, ast.Attribute) and target.attr in self._names
