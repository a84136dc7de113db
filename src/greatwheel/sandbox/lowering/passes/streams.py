"""`sys.stdout.write(...)`, `sys.stderr`, `sys.exit()`, and `print(file=...)` to an object of the guest."""

from __future__ import annotations

import ast

from greatwheel.sandbox.lowering.rewrite import Rewriter, called_name, is_name, marked
from greatwheel.sandbox.lowering.state import Block


class Streams:
    """See the module."""

    name = "streams"
    engines = frozenset({"monty"})

    def wanted(self, block: Block) -> bool:
        """Only when `sys` or a `file=` can be meant."""
        facts = block.facts
        return not facts.attributes.isdisjoint({"stdout", "stderr", "exit"}) or (
            "print" in facts.called and _has_file(block)
        )

    def apply(self, block: Block) -> None:
        """Route to objects of ours."""
        _Streams(block).visit(block.tree)


def _has_file(block: Block) -> bool:
    return "file" in block.source and ast.keyword in block.facts.kinds


class _Streams(Rewriter):
    def visit_Call(self, node: ast.Call) -> ast.AST:
        file = next((keyword for keyword in node.keywords if keyword.arg == "file"), None)
        if called_name(node) == "print" and file is not None and not _is_sys(file.value, "stderr", "stdout"):
            self.block.require_guest("streams")
            self.generic_visit(node)
            marked(node.func).id = "_gw_print"  # type: ignore[attr-defined]
            self.block.changed = True
            return node
        if called_name(node) == "print":
            node.args = [self.visit(arg) for arg in node.args]
            return node
        return self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        if not isinstance(node.ctx, ast.Load):
            return node
        if _is_sys(node, "stdout", "stderr"):
            self.block.require_guest("streams")
            return self.put(f"_gw_{node.attr}", node)
        return self.put("exit", node) if _is_sys(node, "exit") else node


def _is_sys(node: ast.expr, *names: str) -> bool:
    return isinstance(node, ast.Attribute) and node.attr in names and is_name(node.value, "sys")
