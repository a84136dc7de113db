"""Sets of numbers in CPython's order, wherever it shows: printed, gone through, popped.

Once a block of the session makes a set, what may be one is sent through guest functions at those places, in that block
and in every later one.
"""

from __future__ import annotations

import ast

from greatwheel.sandbox.lowering.modules import RAW_MODULES
from greatwheel.sandbox.lowering.rewrite import Rewriter, called_method, called_name
from greatwheel.sandbox.lowering.state import Block

FEATURE = "sets"
KINDS = frozenset({"set", "frozenset"})
SHOWING = frozenset({"print", "str", "repr", "format"})
GOING_THROUGH = frozenset(
    ["list", "tuple", "enumerate", "zip", "map", "filter", "iter", "deque", "Counter", "_gw_map", "_gw_filter"]
)
LAZY = frozenset({"_gw_lazy", "_gw_any_of", "_gw_all_of", "_gw_next_of"})
TIES = frozenset({"min", "max", "sorted"})
"""Go through their argument in its order where a key makes elements equal."""
METHODS_GOING_THROUGH = frozenset({"extend", "fromkeys", "combinations", "permutations", "product", "chain"})
MUTATORS = frozenset({"add", "discard", "remove", "update", "clear", "pop"})
FOLDED_FROM = 3
"""Elements from which CPython compiles a display of constants to a frozenset."""
NEVER_SETS = (ast.Constant, ast.JoinedStr, ast.Compare, ast.List, ast.ListComp, ast.Dict, ast.DictComp, ast.Lambda)
IN_PLACE: dict[type[ast.operator], str] = {ast.BitOr: "|", ast.BitAnd: "&", ast.Sub: "-", ast.BitXor: "^"}
"""Operators by which CPython changes a set, where Monty makes another."""
CHANGES = {"difference_update": "-", "intersection_update": "&", "symmetric_difference_update": "^"}
"""Methods that Monty's sets lack."""
LISTS = frozenset({"range", "enumerate", "zip", "map", "filter", "list", "tuple", "sorted", "reversed", "iter", "dict"})
PLAIN = frozenset({"len", "str", "int", "float", "sum", "round", "abs", "repr", "type", "isinstance", "_gw_iter"})
PLAIN_METHODS = frozenset(
    ["items", "split", "splitlines", "strip", "lower", "upper", "join", "format", "replace", "findall", "count"]
)
"""Functions and methods that give no sets."""


class SetOrder:
    """See the module."""

    name = "set_order"
    engines = frozenset({"monty"})

    def wanted(self, block: Block) -> bool:
        """When this block or an earlier one makes a set."""
        facts, state = block.facts, block.state
        if RAW_MODULES in state.specials:
            return False
        made = not facts.kinds.isdisjoint({ast.Set, ast.SetComp}) or not facts.loads.isdisjoint(KINDS)
        if made or ("keys" in facts.attributes and not facts.kinds.isdisjoint({ast.BitAnd, ast.BitOr, ast.Sub})):
            state.specials.add(FEATURE)
        return FEATURE in state.specials

    def apply(self, block: Block) -> None:
        """Send those values through guest functions."""
        block.require_guest("sets")
        _Order(block).visit(block.tree)


class _Order(Rewriter):
    def _through(self, node: ast.expr, function: str = "_gw_iter") -> ast.expr:
        return self.put(f"{function}(VALUE)", node, VALUE=node) if _may_be_set(node) else node

    def _shown(self, node: ast.expr) -> ast.expr:
        if isinstance(node, (ast.List, ast.Tuple, ast.Dict, ast.ListComp, ast.DictComp)):
            return self.put("_gw_shown(VALUE)", node, VALUE=node)
        return self._through(node, "_gw_shown")

    def visit_For(self, node: ast.For) -> ast.AST:
        literal = isinstance(node.iter, ast.Set)
        self.generic_visit(node)
        if literal or not _changed_in(node.body, node.iter):
            node.iter = self._gone_through(node.iter)
        return node

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        self.generic_visit(node)
        if not node.is_async:
            node.iter = self._gone_through(node.iter)
        return node

    def _gone_through(self, node: ast.expr) -> ast.expr:
        # CPython goes through a display of constants as through a frozenset, which is never merged.
        if called_name(node) == "_gw_literal" and isinstance(node, ast.Call):
            node = self.put("_gw_display(VALUE)", node, VALUE=node.args[0])
        return self._through(node)

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        node.left = self.visit(node.left)
        node.comparators = [each if isinstance(each, ast.Set) else self.visit(each) for each in node.comparators]
        return node

    def visit_Set(self, node: ast.Set) -> ast.AST:
        self.generic_visit(node)
        if len(node.elts) < FOLDED_FROM or not all(_is_constant(each) for each in node.elts):
            return node
        return self.put("_gw_literal(VALUE)", node, VALUE=node)

    def visit_Starred(self, node: ast.Starred) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.ctx, ast.Load):
            node.value = self._through(node.value)
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.targets[0], (ast.Tuple, ast.List)) and isinstance(node.value, (ast.Name, ast.Set)):
            node.value = self._through(node.value)
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST | list[ast.stmt]:
        self.generic_visit(node)
        sign = IN_PLACE.get(type(node.op))
        if sign is None or not isinstance(node.target, ast.Name) or not _may_be_set(node.value):
            return node
        name = node.target.id
        return self.put_statements(f"{name} = _gw_in_place({name}, {sign!r}, VALUE)", node, VALUE=node.value)

    def visit_FormattedValue(self, node: ast.FormattedValue) -> ast.AST:
        self.generic_visit(node)
        if node.format_spec is None:
            node.value = self._shown(node.value)
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.op, ast.BitOr) and _may_be_set(node.left) and _may_be_set(node.right):
            return self.put("_gw_union(LEFT, RIGHT)", node, LEFT=node.left, RIGHT=node.right)
        if isinstance(node.op, ast.Mod) and isinstance(node.left, ast.Constant) and isinstance(node.left.value, str):
            node.right = self._shown(node.right)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        name, method = called_name(node), called_method(node)
        if name in self.block.state.names or not (node.args or method == "pop"):
            return node
        if name in SHOWING or (method == "format" and isinstance(node.func, ast.Attribute)):
            node.args = [self._shown(each) for each in node.args]
        elif name in GOING_THROUGH | LAZY or method in METHODS_GOING_THROUGH or (name in TIES and node.keywords):
            node.args = [self._through(each) for each in node.args]
        elif name in KINDS and len(node.args) == 1 and _may_be_merged(node.args[0]):
            return self.put("_gw_new_set(KIND, VALUE)", node, KIND=node.func, VALUE=node.args[0])
        elif method in CHANGES:
            assert isinstance(node.func, ast.Attribute)
            node.args[:0] = [node.func.value, ast.copy_location(ast.Constant(CHANGES[method]), node)]
            node.func = self.put("_gw_change", node.func)
        elif method == "pop" and not (node.args or node.keywords):
            assert isinstance(node.func, ast.Attribute)
            return self.put("_gw_pop(VALUE)", node, VALUE=node.func.value)
        return node


def _may_be_set(node: ast.expr) -> bool:
    if isinstance(node, (*NEVER_SETS, ast.GeneratorExp, ast.Tuple, ast.Await, ast.Starred, ast.UnaryOp)):
        return False
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, (ast.BitOr, ast.BitAnd, ast.Sub, ast.BitXor))
    return called_name(node) not in LISTS | PLAIN and called_method(node) not in PLAIN_METHODS


def _may_be_merged(node: ast.expr) -> bool:
    return isinstance(node, (ast.Dict, ast.DictComp)) or _may_be_set(node)


def _is_constant(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError):
        return False
    return not isinstance(node, (ast.List, ast.Dict, ast.Set))


def _changed_in(body: list[ast.stmt], iterated: ast.expr) -> bool:
    """Whether a loop's body changes what it goes through, which CPython answers with an error."""
    wanted = _path(iterated)
    for statement in body if wanted else []:
        for node in ast.walk(statement):
            if called_method(node) in MUTATORS and _path(node.func.value) == wanted:  # type: ignore[attr-defined]
                return True
    return False


def _path(node: ast.expr) -> str:
    """`a` or `a.b`, else an empty string."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}"
    return ""
