"""Arithmetic of complex and real numbers: Monty lets a real one have no imaginary part, CPython makes it zero.

The difference is the sign of zeros: `3 - (1+0j)` is `(2-0j)` in Monty. From a session's first complex number on, the
operators go through a guest function.
"""

from __future__ import annotations

import ast
import re

from greatwheel.sandbox.lowering.modules import RAW_MODULES
from greatwheel.sandbox.lowering.rewrite import Rewriter
from greatwheel.sandbox.lowering.state import Block

FEATURE = "complex numbers"
SIGNS: dict[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_IMAGINARY = re.compile(r"\d\.?[jJ]\b")


class Complexes:
    """See the module."""

    name = "complexes"
    engines = frozenset({"monty"})

    def wanted(self, block: Block) -> bool:
        """When this block or an earlier one has complex numbers."""
        facts, state = block.facts, block.state
        if RAW_MODULES in state.specials:
            return False
        if "cmath" in facts.modules or "complex" in facts.loads or _IMAGINARY.search(block.source):
            state.specials.add(FEATURE)
        return FEATURE in state.specials and not facts.kinds.isdisjoint(SIGNS)

    def apply(self, block: Block) -> None:
        """Send the operators through a guest function."""
        block.require_guest("complexes")
        _Operators(block).visit(block.tree)


class _Operators(Rewriter):
    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        sign = SIGNS.get(type(node.op))
        if sign is None or _is_text(node.left) or _is_text(node.right):
            return node
        return self.put(f"_gw_arithmetic(LEFT, {sign!r}, RIGHT)", node, LEFT=node.left, RIGHT=node.right)

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST | list[ast.stmt]:
        self.generic_visit(node)
        sign = SIGNS.get(type(node.op))
        if sign is None or _is_text(node.value) or not isinstance(node.target, ast.Name):
            return node
        # A list must be changed in place, so that the operator stays.
        name = node.target.id
        code = f"_gw_a = {name}\n_gw_b = VALUE\n{name} = _gw_complex(_gw_a, _gw_b)\n"
        return self.put_statements(code + f"{name} {sign}= _gw_complex(_gw_b, {name})", node, VALUE=node.value)


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))
