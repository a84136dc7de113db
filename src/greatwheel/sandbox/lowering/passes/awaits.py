"""`await f(x)` where `f` is an ordinary function: the value is passed through."""

from __future__ import annotations

import ast

from greatwheel.sandbox.lowering.rewrite import Rewriter
from greatwheel.sandbox.lowering.state import Block


class Awaits:
    """See the module."""

    name = "awaits"
    engines = frozenset({"monty"})

    def wanted(self, block: Block) -> bool:
        """Only when there is an await."""
        return ast.Await in block.facts.kinds

    def apply(self, block: Block) -> None:
        """Guard each await of a call to a function that is not plainly asynchronous."""
        known = {node.name for node in ast.walk(block.tree) if isinstance(node, ast.AsyncFunctionDef)}
        _Awaits(block, known).visit(block.tree)


class _Awaits(Rewriter):
    def __init__(self, block: Block, known: set[str]) -> None:
        super().__init__(block)
        self._known = known

    def visit_Await(self, node: ast.Await) -> ast.AST:
        self.generic_visit(node)
        value = node.value
        if not isinstance(value, ast.Call) or self._is_async(value.func) or self._is_host(value.func):
            return node
        self.block.require_guest("awaiting")
        return self.put("await _gw_await(VALUE)", node, VALUE=value)

    def _is_host(self, func: ast.expr) -> bool:
        """The engine's adapter decides about its own functions."""
        return isinstance(func, ast.Name) and (func.id in self.block.state.host_names or func.id.startswith("_gw_h_"))

    def _is_async(self, func: ast.expr) -> bool:
        if isinstance(func, ast.Attribute):
            return func.attr in self._known or (isinstance(func.value, ast.Name) and func.value.id == "asyncio")
        return isinstance(func, ast.Name) and func.id in self._known
