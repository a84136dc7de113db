"""`pattern.sub(function, text)` and `pattern.subn`; the functions of `re` itself are a polyfill's."""

from __future__ import annotations

import ast

from greatwheel.sandbox.lowering.rewrite import Rewriter, called_method
from greatwheel.sandbox.lowering.state import Block


class RegexCallables:
    """Substitutions whose replacement may be a function run over the matches in guest code."""

    name = "regex_callables"
    engines = frozenset({"monty"})

    def wanted(self, block: Block) -> bool:
        """Only when a method named `sub` or `subn` is called."""
        return not block.facts.called_attributes.isdisjoint({"sub", "subn"})

    def apply(self, block: Block) -> None:
        """Rewrite the calls whose replacement is not plainly text."""
        _Subs(block).visit(block.tree)


class _Subs(Rewriter):
    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        name = called_method(node)
        if name not in ("sub", "subn") or (name == "sub" and _is_plain(node)):
            return node
        assert isinstance(node.func, ast.Attribute)
        if isinstance(node.func.value, ast.Name) and node.func.value.id in ("re", "_gw_mod_re"):
            return node
        self.block.require_guest("regex")
        call = self.put(f"_gw_pattern_{name}(OBJECT)", node, OBJECT=node.func.value)
        assert isinstance(call, ast.Call)
        call.args += node.args
        call.keywords = node.keywords
        return call


def _is_plain(node: ast.Call) -> bool:
    """Whether each argument that can be the replacement is text."""
    named = [keyword.value for keyword in node.keywords if keyword.arg == "repl"]
    found = named or node.args[:1]
    return bool(found) and (isinstance(found[0], ast.JoinedStr) or _is_text(found[0]))


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)
