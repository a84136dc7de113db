"""`globals()`, `locals()`, `vars()`, `dir()`, `x.__dict__`: Monty has no dicts of scopes and objects to give.

The names are known before the block runs, so the dict is built from them. It is a copy.
"""

from __future__ import annotations

import ast
from typing import cast

from greatwheel.sandbox.lowering.rewrite import PREFIX, Rewriter, called_name
from greatwheel.sandbox.lowering.state import Block

NAMES = frozenset({"globals", "locals", "vars", "dir"})
MOST_NAMES = 20
"""With more uses than this in one block, each knows only so many names: the text stays bounded."""
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


class Scopes:
    """See the module."""

    name = "scopes"
    engines = frozenset({"monty"})

    def wanted(self, block: Block) -> bool:
        """Only when one of the functions, or `__dict__`, is used."""
        return not block.facts.called.isdisjoint(NAMES) or "__dict__" in block.facts.attributes

    def apply(self, block: Block) -> None:
        """Build the dicts in place."""
        block.require_guest("scopes")
        _Scopes(block).visit(block.tree)


class _Scopes(Rewriter):
    def __init__(self, block: Block) -> None:
        super().__init__(block)
        self._locals: list[list[str]] = []
        self._many = sum(block.source.count(name) for name in (*NAMES, "__dict__")) > MOST_NAMES

    def visit(self, node: ast.AST) -> ast.AST:
        if not isinstance(node, FUNCTIONS):
            found: ast.AST = super().visit(node)
            return found
        self._locals.append(_local_names(node))
        found = super().visit(node)
        self._locals.pop()
        return found

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        if node.attr != "__dict__" or not isinstance(node.ctx, ast.Load):
            return node
        return self._attributes("_gw_vars", node, node.value)

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        self.generic_visit(node)
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.AST | list[ast.stmt]:
        target = node.targets[0]
        if isinstance(target, ast.Subscript) and _is_dict_of(target.value):
            assert isinstance(target.value, ast.Attribute)
            parts = {"OBJECT": target.value.value, "KEY": target.slice, "VALUE": node.value}
            return self.put_statements("setattr(OBJECT, KEY, VALUE)", self.generic_visit(node), **parts)
        if isinstance(target, ast.Subscript) and called_name(target.value) in ("globals", "locals"):
            if called_name(target.value) == "globals" and isinstance(target.slice, ast.Constant) and not self._locals:
                name = str(target.slice.value)
                if name.isidentifier():
                    self.block.state.names.setdefault(name)
                    return self.put_statements(f"{name} = VALUE", node, VALUE=cast(ast.expr, self.visit(node.value)))
            return self.refuse("assigning to globals() is not available here: bind the name, or use a dict", node)
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        func = node.func
        if isinstance(func, ast.Attribute) and func.attr == "update" and _is_dict_of(func.value):
            assert isinstance(func.value, ast.Attribute)
            node.args.insert(0, func.value.value)
            node.func = self.put("_gw_update", node)
        self.generic_visit(node)
        name = called_name(node)
        if name not in NAMES or node.keywords or len(node.args) > 1:
            return node
        if node.args:
            return node if name in ("globals", "locals") else self._attributes(f"_gw_{name}", node, node.args[0])
        known = self._globals() if name == "globals" or not self._locals else self._locals[-1]
        pairs = ", ".join(f"({each!r}, lambda: {each})" for each in known)
        scope = f"_gw_scope([{pairs}])"
        return self.put(f"sorted({scope})" if name == "dir" else scope, node)

    def _globals(self) -> list[str]:
        names = [name for name in self.block.state.names if not name.startswith(PREFIX)]
        return names[-MOST_NAMES:] if self._many else names

    def _attributes(self, function: str, node: ast.expr, owner: ast.expr) -> ast.expr:
        names = list(self.block.state.attributes)
        if self._many:
            names = names[-MOST_NAMES:]
        if function == "_gw_dir":
            names += [member for facts in self.block.state.classes.values() for member in facts.members]
        return self.put(f"{function}(OBJECT, {names!r})", node, OBJECT=owner)


def _is_dict_of(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "__dict__"


def _local_names(node: ast.AST) -> list[str]:
    assert isinstance(node, FUNCTIONS)
    spec = node.args
    names = [arg.arg for arg in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs)]
    names += [arg.arg for arg in (spec.vararg, spec.kwarg) if arg]
    for each in ast.walk(node):
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store):
            names.append(each.id)
    return list(dict.fromkeys(names))
