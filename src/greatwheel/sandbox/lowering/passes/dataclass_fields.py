"""`field(init=False)` and its like in a dataclass: Monty's `field` takes a default and nothing else.

A field that `__init__` does not take gets a default, which `__post_init__` replaces. Options that change the
representation or the comparison become methods.
"""

from __future__ import annotations

import ast

from greatwheel.sandbox.lowering.rewrite import Rewriter, marked, statements
from greatwheel.sandbox.lowering.state import Block

KEPT = frozenset({"default", "default_factory"})


class DataclassFields:
    """See the module."""

    name = "dataclass_fields"
    engines = frozenset({"monty"})

    def wanted(self, block: Block) -> bool:
        """Only when `field` is called."""
        return "field" in block.facts.called or "field" in block.facts.called_attributes

    def apply(self, block: Block) -> None:
        """Rewrite the fields of every class."""
        _Fields(block).visit(block.tree)


class _Fields(Rewriter):
    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        self.generic_visit(node)
        fields = [each for each in node.body if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)]
        silent = [each for each in fields if _option(each, "repr") is False]
        apart = [each for each in fields if _option(each, "compare") is False]
        for each in fields:
            self._strip(each)
        methods = {each.name for each in node.body if isinstance(each, ast.FunctionDef)}
        if silent and "__repr__" not in methods:
            shown = ", ".join(f"{_name(each)}={{self.{_name(each)}!r}}" for each in fields if each not in silent)
            node.body += self._method(f"def __repr__(self):\n    return f'{node.name}({shown})'", node)
        if apart and "__eq__" not in methods:
            left, right = (
                "".join(f"{side}.{_name(each)}, " for each in fields if each not in apart) for side in ("self", "other")
            )
            node.body += self._method(
                f"def __eq__(self, other):\n    return type(self) is type(other) and ({left}) == ({right})", node
            )
        return node

    def _method(self, source: str, node: ast.ClassDef) -> list[ast.stmt]:
        self.block.changed = True
        return statements(source, node)

    def _strip(self, field: ast.AnnAssign) -> None:
        call = _call(field)
        if call is None or all(keyword.arg in KEPT for keyword in call.keywords):
            return
        call.keywords = [keyword for keyword in call.keywords if keyword.arg in KEPT]
        if not call.keywords:
            call.keywords.append(ast.keyword("default", ast.copy_location(ast.Constant(None), call)))
        marked(call)
        self.block.changed = True


def _name(field: ast.AnnAssign) -> str:
    assert isinstance(field.target, ast.Name)
    return field.target.id


def _call(field: ast.AnnAssign) -> ast.Call | None:
    value = field.value
    if not isinstance(value, ast.Call):
        return None
    func = value.func
    name = func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")
    return value if name == "field" else None


def _option(field: ast.AnnAssign, name: str) -> object:
    call = _call(field)
    for keyword in call.keywords if call is not None else []:
        if keyword.arg == name and isinstance(keyword.value, ast.Constant):
            return keyword.value.value
    return None
