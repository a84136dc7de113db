"""Host calls inside the functions given to `map`, `filter`, `sorted`, `max`, `min`, `reduce` and `defaultdict`.

Monty's built-ins can't pause in the middle; guest code that does the same can.
"""

from __future__ import annotations

import ast

from greatwheel.sandbox.lowering.reach import calls_host
from greatwheel.sandbox.lowering.rewrite import Rewriter, called_method, called_name
from greatwheel.sandbox.lowering.state import Block

KEYED = {"sorted": "_gw_sorted", "max": "_gw_max", "min": "_gw_min"}
MAPPED = {"map": "_gw_map", "filter": "_gw_filter", "reduce": "_gw_reduce"}


class HostCallbacks:
    """See the module."""

    name = "host_callbacks"
    engines = frozenset({"monty"})

    def wanted(self, block: Block) -> bool:
        """Only when one of the functions is called in a block that can reach the host."""
        facts = block.facts
        if "host dicts" in block.state.specials:
            return True
        callers = {*KEYED, *MAPPED, "defaultdict"}
        if callers.isdisjoint(facts.called) and callers.isdisjoint(facts.called_attributes | {"sort"}):
            return False
        return bool(facts.called | facts.called_attributes) and calls_host(block.tree, block.state)

    def apply(self, block: Block) -> None:
        """Call functions of ours where the given function may call the host."""
        _Callbacks(block).visit(block.tree)


class _Callbacks(Rewriter):
    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        name = called_name(node) or called_method(node)
        if name in MAPPED and node.args and self._reaches(node.args[0]):
            return self._redirect(node, MAPPED[name], "callbacks")
        if name == "defaultdict" and node.args and self._reaches(node.args[0]):
            return self._redirect(node, "_gw_DefaultDict", "callbacks")
        keys = [keyword.value for keyword in node.keywords if keyword.arg == "key"]
        if not keys or not self._reaches(keys[0]):
            return node
        if called_name(node) in KEYED:
            return self._redirect(node, KEYED[name], "special")
        if called_method(node) == "sort":
            assert isinstance(node.func, ast.Attribute)
            node.args.insert(0, node.func.value)
            return self._redirect(node, "_gw_sort", "special")
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        self.generic_visit(node)
        if "host dicts" not in self.block.state.specials or not isinstance(node.ctx, ast.Load):
            return node
        if isinstance(node.slice, ast.Slice):
            return node
        return self.put("_gw_item(OBJECT, KEY)", node, OBJECT=node.value, KEY=node.slice)

    def _reaches(self, function: ast.expr) -> bool:
        return calls_host(function, self.block.state, as_value=True)

    def _redirect(self, node: ast.Call, function: str, part: str) -> ast.Call:
        self.block.require_guest(part)
        if function == "_gw_DefaultDict":
            self.block.require_guest("special")
            self.block.state.specials |= {"host dicts", "length", "truth"}
        node.func = self.put(function, node)
        return node
