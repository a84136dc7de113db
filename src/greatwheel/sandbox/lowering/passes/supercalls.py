"""`super().m(...)`: the nearest known ancestor that has `m` is named instead."""

from __future__ import annotations

import ast

from greatwheel.sandbox.lowering.passes.class_kinds import builtin_error
from greatwheel.sandbox.lowering.rewrite import Rewriter, expression, marked

ERROR_METHODS = {"__init__": "_gw_exc_init", "__str__": "_gw_exc_str", "__repr__": "_gw_exc_repr"}


def rewrite(node: ast.ClassDef, owner: Rewriter, bases: list[str]) -> None:
    """Replace the `super()` of every method of the class."""
    error = owner.block.state.classes[node.name].kind == "exception"
    for method in node.body:
        if isinstance(method, (ast.FunctionDef, ast.AsyncFunctionDef)) and method.args.args:
            first = method.args.args[0].arg
            bound = any(isinstance(d, ast.Name) and d.id == "classmethod" for d in method.decorator_list)
            _Supers(owner, bases, first, error, bound).visit(method)


class _Supers(ast.NodeTransformer):
    def __init__(self, owner: Rewriter, bases: list[str], first: str, error: bool, bound: bool) -> None:
        self._owner = owner
        self._bases = bases
        self._first = first
        self._error = error
        self._bound = bound

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        func = node.func
        if not isinstance(func, ast.Attribute):
            return node
        if isinstance(func.value, ast.Name) and builtin_error(func.value.id) and func.attr == "__init__":
            return self._call(node, "_gw_exc_init", own_self=True)
        if not _is_super(func.value):
            return node
        for base in self._bases:
            facts = self._owner.block.state.classes.get(base)
            if facts is not None and func.attr in facts.members:
                method = f"{base}.{func.attr}.function" if self._bound else f"{base}.{func.attr}"
                if func.attr in facts.properties:
                    method = f"{base}._gw_props[{func.attr!r}][0]"
                return self._call(node, method)
        if self._error and func.attr in ERROR_METHODS:
            self._owner.block.require_guest("classes", "errors")
            return self._call(node, ERROR_METHODS[func.attr])
        self._owner.block.require_guest("classes")
        if func.attr in ("__init__", "__post_init__", "__init_subclass__", "__enter__", "__exit__", "__del__"):
            return self._call(node, "_gw_nothing")
        return self._call(node, f"_gw_no_super({func.attr!r})")

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        if not _is_super(node.value) or not isinstance(node.ctx, ast.Load):
            return node
        for base in self._bases:
            facts = self._owner.block.state.classes.get(base)
            if facts is not None and node.attr in facts.properties:
                self._owner.block.changed = True
                return expression(f"{base}._gw_props[{node.attr!r}][0]({self._first})", node)
        return node

    def _call(self, node: ast.Call, function: str, *, own_self: bool = False) -> ast.Call:
        self._owner.block.changed = True
        if not own_self:
            node.args.insert(0, expression(self._first, node))
        node.func = expression(function, node)
        return marked(node)


def _is_super(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "super"
