"""The SDK's forms that no engine can offer by objects alone.

`FINAL_VAR("x")` reads the variable in the guest and becomes FINAL; `tool.<name>(...)` takes any name; awaited calls of
dotted names become calls of the host function, so that the engine sees what is awaited.
"""

from __future__ import annotations

import ast

from greatwheel.sandbox.lowering.rewrite import PREFIX, Rewriter, called_name
from greatwheel.sandbox.lowering.state import Block

OBJECTS = {
    "llm": {"complete", "embed"},
    "memory": {"store", "recall", "forget"},
    "agent": {"call", "notify"},
    "channel": {"send", "ask"},
    "state": {"checkpoint"},
}

MOST_NAMES = 20
"""With more calls of FINAL_VAR than this in one block, each knows only so many variables: the text stays bounded."""


class Sdk:
    """See the module."""

    name = "sdk"
    engines = frozenset({"monty", "ouros"})

    def wanted(self, block: Block) -> bool:
        """Only when FINAL_VAR or tool is used, or the block awaits something."""
        facts = block.facts
        if not block.state.host_names:
            return False
        if not {"FINAL_VAR", "tool"}.isdisjoint(facts.loads):
            return True
        return ast.Await in facts.kinds and not facts.loads.isdisjoint(OBJECTS)

    def apply(self, block: Block) -> None:
        """Rewrite those forms, unless the guest bound the name to something of its own."""
        _Sdk(block).visit(block.tree)


class _Sdk(Rewriter):
    def __init__(self, block: Block) -> None:
        super().__init__(block)
        self._many = block.source.count("FINAL_VAR") > MOST_NAMES

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if _is_tool_call(node) and self._ours("tool"):
            return self._tool(node)
        self.generic_visit(node)
        if called_name(node) != "FINAL_VAR" or not self._ours("FINAL_VAR"):
            return node
        if len(node.args) + len(node.keywords) != 1:
            return node
        name = node.args[0] if node.args else node.keywords[0].value
        if isinstance(name, ast.Name) and name.id in self.block.state.names:
            # FINAL_VAR(x) for FINAL_VAR("x"): what is meant is plain where x is no name of a variable.
            name = self.put(f"{name.id} if {name.id} in {self._names()!r} else {name.id!r}", name)
        pairs = ", ".join(f"({each!r}, lambda: {each})" for each in self._names())
        return self.put(f"FINAL(_gw_final_var(NAME, [{pairs}]))", node, NAME=name)

    def _tool(self, node: ast.Call) -> ast.AST:
        assert isinstance(node.func, ast.Attribute)
        tool = ast.copy_location(ast.Constant(node.func.attr), node.func)
        node.func = self.put(f"{PREFIX}h_tool", node.func)
        node.args = [tool, *(self.visit(arg) for arg in node.args)]
        for keyword in node.keywords:
            keyword.value = self.visit(keyword.value)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        owner = node.value
        if not isinstance(owner, ast.Name) or not isinstance(node.ctx, ast.Load) or not self._ours(owner.id):
            return node
        if owner.id == "tool" and node.attr != "authorized_action":
            return self.put(f"(lambda *_gw_a, **_gw_k: {PREFIX}h_tool({node.attr!r}, *_gw_a, **_gw_k))", node)
        if node.attr in OBJECTS.get(owner.id, ()):
            return self.put(f"{PREFIX}h_{owner.id}_{node.attr}", node)
        return node

    def _ours(self, name: str) -> bool:
        return name not in self.block.state.names

    def _names(self) -> list[str]:
        state = self.block.state
        names = [name for name in state.names if not name.startswith("_") and name not in state.deleted]
        return names[-MOST_NAMES:] if self._many else names


def _is_tool_call(node: ast.Call) -> bool:
    func = node.func
    named = isinstance(func, ast.Attribute) and isinstance(func.value, ast.Name) and func.value.id == "tool"
    return named and isinstance(func, ast.Attribute) and func.attr != "authorized_action"
