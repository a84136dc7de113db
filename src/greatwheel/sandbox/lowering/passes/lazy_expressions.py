"""Generator expressions where their laziness shows.

Monty makes a list of each. That is right for `sum`, `join` and the like; wrong for `next`, for a variable, and for
`any` and `all` when the elements call something.
"""

from __future__ import annotations

import ast

from greatwheel.sandbox.lowering.rewrite import PREFIX, Rewriter, called_method, called_name
from greatwheel.sandbox.lowering.state import Block

EAGER = frozenset(
    [
        "sum",
        "list",
        "set",
        "tuple",
        "dict",
        "frozenset",
        "sorted",
        "min",
        "max",
        "Counter",
        "deque",
        "enumerate",
        "zip",
        "map",
        "filter",
        "reversed",
        "str",
        "bytes",
        "bytearray",
        "len",
        "reduce",
        "OrderedDict",
        "defaultdict",
        "print",
        "iter",
    ]
)
EAGER_METHODS = frozenset(
    ["join", "extend", "update", "union", "fromkeys", "writelines", "from_iterable", "fsum", "prod", "mean", "median"]
)
SHORT = {"any": "_gw_any_of", "all": "_gw_all_of", "next": "_gw_next_of"}
ENDLESS = frozenset({"count", "cycle", "repeat"})
LISTS = frozenset({"map", "filter", "zip", "enumerate", "reversed"})


class LazyExpressions:
    """See the module."""

    name = "lazy_expressions"
    engines = frozenset({"monty"})

    def wanted(self, block: Block) -> bool:
        """Only when there is a generator expression, or an iterator that Monty makes a list of."""
        return ast.GeneratorExp in block.facts.kinds or not LISTS.isdisjoint(block.facts.called)

    def apply(self, block: Block) -> None:
        """Rewrite the expressions that may be consumed step by step."""
        facts = block.facts
        if not ENDLESS.isdisjoint(facts.called | facts.called_attributes) and not LISTS.isdisjoint(facts.called):
            block.require_guest("generators")
        _Lazy(block).visit(block.tree)


class _Lazy(Rewriter):
    def visit_Call(self, node: ast.Call) -> ast.AST:
        name = called_name(node)
        single = len(node.args) == 1 or name == "next"
        if name in SHORT and single and node.args and isinstance(node.args[0], ast.GeneratorExp):
            return self._short(node, name)
        if name in EAGER or called_method(node) in EAGER_METHODS:
            node.args = [self.generic_visit(a) if isinstance(a, ast.GeneratorExp) else self.visit(a) for a in node.args]  # type: ignore[misc]
            node.keywords = [self.visit(keyword) for keyword in node.keywords]
            node.func = self.visit(node.func)
            return node
        if name == "next" and node.args and called_name(node.args[0]) in LISTS:
            node.args[0] = self.put("iter(VALUE)", node, VALUE=node.args[0])
        self.generic_visit(node)
        return node

    def _short(self, node: ast.Call, name: str) -> ast.AST:
        expression = node.args[0]
        assert isinstance(expression, ast.GeneratorExp)
        self.generic_visit(expression)
        if name != "next" and not _calls(expression):
            return node
        source, make = self._parts(expression)
        call = self.put(f"{SHORT[name]}(SOURCE, MAKE)", node, SOURCE=source, MAKE=make)
        assert isinstance(call, ast.Call)
        call.args += [self.visit(each) for each in node.args[1:]]
        self.block.require_guest("generators")
        return call

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> ast.AST:
        self.generic_visit(node)
        if any(generator.is_async for generator in node.generators):
            return node
        source, make = self._parts(node)
        self.block.require_guest("generators")
        return self.put("_gw_lazy(SOURCE, MAKE)", node, SOURCE=source, MAKE=make)

    def visit_For(self, node: ast.For) -> ast.AST:
        if isinstance(node.iter, ast.GeneratorExp) and not _calls(node.iter):
            self.generic_visit(node.iter)
            node.body = [self.visit(each) for each in node.body]
            node.orelse = [self.visit(each) for each in node.orelse]
            return node
        return self.generic_visit(node)

    def visit_Starred(self, node: ast.Starred) -> ast.AST:
        if isinstance(node.value, ast.GeneratorExp):
            self.generic_visit(node.value)
            return node
        return self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        self.generic_visit(node)
        if called_name(node.value) in LISTS and isinstance(node.targets[0], ast.Name):
            node.value = self.put("iter(VALUE)", node.value, VALUE=node.value)
        return node

    def _parts(self, node: ast.GeneratorExp) -> tuple[ast.expr, ast.expr]:
        """The outermost iterable, and a function from one of its items to a list of results."""
        first = node.generators[0]
        source = first.iter
        item = ast.copy_location(ast.Name(id=f"{PREFIX}t", ctx=ast.Load()), source)
        first.iter = ast.copy_location(ast.List(elts=[item], ctx=ast.Load()), source)
        body = ast.copy_location(ast.ListComp(elt=node.elt, generators=node.generators), node)
        return source, self.put(f"lambda {PREFIX}t: BODY", node, BODY=body)


def _calls(node: ast.GeneratorExp) -> bool:
    """Whether an element or condition calls something, so that it matters when it is evaluated."""
    inner = [node.elt, *(test for generator in node.generators for test in generator.ifs)]
    inner += [generator.iter for generator in node.generators[1:]]
    outer = node.generators[0].iter
    endless = isinstance(outer, ast.Call) and (called_name(outer) or called_method(outer)) in (
        "count",
        "cycle",
        "repeat",
        "iter",
    )
    return endless or any(_effect(each) for expression in inner for each in ast.walk(expression))


PURE = frozenset(
    [
        "len",
        "str",
        "int",
        "float",
        "abs",
        "isinstance",
        "ord",
        "chr",
        "round",
        "min",
        "max",
        "sum",
        "sorted",
        "set",
        "list",
        "tuple",
        "lower",
        "upper",
        "strip",
        "startswith",
        "endswith",
        "isdigit",
        "isalpha",
        "split",
        "get",
        "items",
        "keys",
        "values",
        "count",
        "find",
        "replace",
        "search",
        "match",
        "index",
    ]
)


def _effect(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and (called_name(node) or called_method(node)) not in PURE
