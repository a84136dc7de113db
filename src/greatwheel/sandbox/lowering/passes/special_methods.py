"""Special methods that Monty does not call: `__len__`, `__bool__`, `__lt__` and its kin, `__format__`, `__reversed__`,
`__getattr__`.

Once a class of the session has one, `len`, `sorted` and so on are replaced in the session, and the operators are
rewritten in every later block.
"""

from __future__ import annotations

import ast

from greatwheel.sandbox.lowering.passes.bound_methods import METHODS
from greatwheel.sandbox.lowering.rewrite import Rewriter, marked
from greatwheel.sandbox.lowering.state import Block

ORDER = frozenset({"__lt__", "__le__", "__gt__", "__ge__"})
LISTED = {"__len__": "length", "__bool__": "truth", "__format__": "format", "__reversed__": "reversed"}
OPERATORS: dict[type[ast.cmpop], str] = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
REBIND = {
    "order": "sorted = _gw_sorted\nmin = _gw_min\nmax = _gw_max\n_gw_lt = _gw_less\n",
    "length": "len = _gw_len\n",
    "truth": "",
    "format": "format = _gw_format\n",
    "reversed": "reversed = _gw_reversed\n",
    "getattr": "",
}


class SpecialMethods:
    """See the module."""

    name = "special_methods"
    engines = frozenset({"monty"})

    def wanted(self, block: Block) -> bool:
        """When such a method is defined here or was defined before."""
        defined = block.facts.defined
        news = {feature for name, feature in LISTED.items() if name in defined}
        if not ORDER.isdisjoint(defined):
            news.add("order")
        if "__getattr__" in defined:
            news.add("getattr")
        if "length" in news:
            news.add("truth")
        block.state.specials |= news
        return "heappush" in defined or not block.state.specials.isdisjoint(REBIND)

    def apply(self, block: Block) -> None:
        """Rewrite what calls them."""
        for feature in sorted(block.state.specials & set(REBIND)):
            block.require_guest("special")
            if REBIND[feature]:
                block.require(f"special.{feature}", REBIND[feature])
        _Operators(block).visit(block.tree)


class _Operators(Rewriter):
    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        if len(node.ops) != 1:
            return node
        if "heappush" in self.block.facts.defined and isinstance(node.ops[0], ast.Lt):
            # The heap's own comparisons go by a name that is bound anew when a class brings `__lt__`.
            return self.put("_gw_lt(LEFT, RIGHT)", node, LEFT=node.left, RIGHT=node.comparators[0])
        if "order" not in self.block.state.specials:
            return node
        sign = OPERATORS.get(type(node.ops[0]))
        if sign is None:
            return node
        return self.put(f"_gw_compare(LEFT, {sign!r}, RIGHT)", node, LEFT=node.left, RIGHT=node.comparators[0])

    def _test(self, node: ast.expr) -> ast.expr:
        if "truth" not in self.block.state.specials or not isinstance(
            node, (ast.Name, ast.Attribute, ast.Subscript, ast.Call, ast.NamedExpr)
        ):
            return node
        return self.put("_gw_truth(VALUE)", node, VALUE=node)

    def visit_If(self, node: ast.If) -> ast.AST:
        self.generic_visit(node)
        node.test = self._test(node.test)
        return node

    def visit_While(self, node: ast.While) -> ast.AST:
        self.generic_visit(node)
        node.test = self._test(node.test)
        return node

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        self.generic_visit(node)
        node.test = self._test(node.test)
        return node

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        self.generic_visit(node)
        node.test = self._test(node.test)
        return node

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        self.generic_visit(node)
        node.ifs = [self._test(each) for each in node.ifs]
        return node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.op, ast.Not):
            node.operand = self._test(node.operand)
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        self.generic_visit(node)
        if "truth" not in self.block.state.specials:
            return node
        last = node.values[-1]
        word = "_gw_b if _gw_truth(_gw_b := VALUE) else REST"
        if isinstance(node.op, ast.And):
            word = "REST if _gw_truth(_gw_b := VALUE) else _gw_b"
        for value in reversed(node.values[:-1]):
            if isinstance(value, (ast.Name, ast.Attribute, ast.Subscript, ast.Call)):
                last = self.put(word, node, VALUE=value, REST=last)
            else:
                last = ast.copy_location(ast.BoolOp(op=node.op, values=[value, last]), node)
        return last

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if isinstance(node.func, ast.Attribute) and node.func.attr in METHODS:
            node.func.value = self.visit(node.func.value)
            node.args = [self.visit(arg) for arg in node.args]
            node.keywords = [self.visit(keyword) for keyword in node.keywords]
        else:
            self.generic_visit(node)
        func = node.func
        specials = self.block.state.specials
        if isinstance(func, ast.Name) and func.id == "bool" and len(node.args) == 1 and "truth" in specials:
            marked(func).id = "_gw_truth"
            self.block.changed = True
        elif isinstance(func, ast.Attribute) and func.attr == "sort" and "order" in specials:
            node.args.insert(0, func.value)
            node.func = self.put("_gw_sort", node)
        return node

    def visit_FormattedValue(self, node: ast.FormattedValue) -> ast.AST:
        self.generic_visit(node)
        if "format" not in self.block.state.specials or node.format_spec is None or node.conversion != -1:
            return node
        spec = node.format_spec
        node.value = self.put("_gw_format(VALUE, SPEC)", node.value, VALUE=node.value, SPEC=spec)
        node.format_spec = None
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        if "getattr" not in self.block.state.specials or not isinstance(node.ctx, ast.Load):
            return node
        if node.attr.startswith("__") or (isinstance(node.value, ast.Name) and node.value.id[:1].isupper()):
            return node
        return self.put(f"_gw_user_get(OBJECT, {node.attr!r})", node, OBJECT=node.value)
