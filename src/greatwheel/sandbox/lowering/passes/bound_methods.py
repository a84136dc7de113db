"""`key=d.get`, `map(str.strip, xs)`, `add = seen.add`: methods of built-in types as values."""

from __future__ import annotations

import ast

from greatwheel.sandbox.lowering.rewrite import Rewriter
from greatwheel.sandbox.lowering.state import Block

METHODS = frozenset(
    [
        "add",
        "append",
        "appendleft",
        "as_integer_ratio",
        "bit_count",
        "bit_length",
        "capitalize",
        "casefold",
        "center",
        "clear",
        "copy",
        "count",
        "decode",
        "difference",
        "discard",
        "elements",
        "encode",
        "end",
        "endswith",
        "expandtabs",
        "extend",
        "extendleft",
        "find",
        "findall",
        "finditer",
        "format",
        "fromhex",
        "fromkeys",
        "fullmatch",
        "get",
        "group",
        "groupdict",
        "groups",
        "hex",
        "index",
        "insert",
        "intersection",
        "is_integer",
        "isalnum",
        "isalpha",
        "isascii",
        "isdecimal",
        "isdigit",
        "isidentifier",
        "islower",
        "isnumeric",
        "isprintable",
        "isspace",
        "issubset",
        "issuperset",
        "istitle",
        "isupper",
        "items",
        "join",
        "keys",
        "ljust",
        "lower",
        "lstrip",
        "maketrans",
        "match",
        "most_common",
        "partition",
        "pop",
        "popitem",
        "popleft",
        "remove",
        "removeprefix",
        "removesuffix",
        "replace",
        "reverse",
        "rfind",
        "rindex",
        "rjust",
        "rotate",
        "rpartition",
        "rsplit",
        "rstrip",
        "search",
        "setdefault",
        "sort",
        "span",
        "split",
        "splitlines",
        "start",
        "startswith",
        "strip",
        "sub",
        "subtract",
        "swapcase",
        "symmetric_difference",
        "title",
        "to_bytes",
        "total",
        "startswith",
        "endswith",
        "popleft",
        "sort",
        "copy",
        "clear",
        "translate",
        "union",
        "update",
        "upper",
        "values",
        "zfill",
        "__getitem__",
        "__contains__",
        "__len__",
        "__setitem__",
        "__add__",
        "__mul__",
    ]
)
LACKING = frozenset({"is_integer", "bit_length", "bit_count", "to_bytes", "as_integer_ratio", "maketrans", "translate"})


class BoundMethods:
    """See the module."""

    name = "bound_methods"
    engines = frozenset({"monty", "ouros"})

    def wanted(self, block: Block) -> bool:
        """Only when such an attribute is read without being called."""
        return not block.facts.value_attributes.isdisjoint(METHODS)

    def apply(self, block: Block) -> None:
        """Wrap those attributes."""
        if block.state.engine == "ouros":
            block.require_guest("native_values")
        _Values(block).visit(block.tree)


DUNDERS = {
    "__getitem__": "lambda _gw_s, _gw_k: _gw_s[_gw_k]",
    "__contains__": "lambda _gw_s, _gw_k: _gw_k in _gw_s",
    "__len__": "lambda _gw_s: len(_gw_s)",
    "__add__": "lambda _gw_s, _gw_k: _gw_s + _gw_k",
    "__mul__": "lambda _gw_s, _gw_k: _gw_s * _gw_k",
    "__setitem__": "lambda _gw_s, _gw_k, _gw_v: _gw_s.__setitem__(_gw_k, _gw_v)",
}


class _Values(Rewriter):
    def visit_Call(self, node: ast.Call) -> ast.AST:
        if isinstance(node.func, ast.Attribute):
            node.func.value = self.visit(node.func.value)
        else:
            node.func = self.visit(node.func)
        node.args = [self.visit(arg) for arg in node.args]
        for keyword in node.keywords:
            keyword.value = self.visit(keyword.value)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        if node.attr not in METHODS or not isinstance(node.ctx, ast.Load):
            return node
        call = DUNDERS.get(node.attr)
        if call is None and node.attr in LACKING and self.block.state.engine == "monty":
            self.block.require_guest("methods")
            call = f"_gw_m_{node.attr}"
        elif call is None:
            call = f"lambda _gw_s, *_gw_a, **_gw_k: _gw_s.{node.attr}(*_gw_a, **_gw_k)"
        if self.block.state.engine == "ouros":
            # Its built-in methods take no keywords, not even none.
            call = call.replace(", **_gw_k", "") + f", lambda _gw_s: _gw_s.{node.attr}"
        return self.put(f"_gw_attr(OBJECT, {node.attr!r}, {call})", node, OBJECT=node.value)
