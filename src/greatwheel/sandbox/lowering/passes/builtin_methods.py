"""Methods and attributes that Monty's built-in types lack: `x.is_integer()`, `n.bit_length()`, `f.__name__`."""

from __future__ import annotations

import ast

from greatwheel.sandbox.lowering.rewrite import Rewriter
from greatwheel.sandbox.lowering.state import Block

CALLS = frozenset(
    [
        "is_integer",
        "bit_length",
        "bit_count",
        "conjugate",
        "as_integer_ratio",
        "to_bytes",
        "from_bytes",
        "maketrans",
        "translate",
        "format_map",
        "isprintable",
    ]
)
DATES = frozenset(
    [
        "toordinal",
        "isocalendar",
        "timetuple",
        "ctime",
        "fromordinal",
        "fromtimestamp",
        "utcfromtimestamp",
        "utcnow",
        "fromisocalendar",
    ]
)
DUNDER_CALLS = {
    "__len__": "len(OBJECT)",
    "__str__": "str(OBJECT)",
    "__repr__": "repr(OBJECT)",
    "__contains__": "ARG in OBJECT",
    "__getitem__": "OBJECT[ARG]",
    "__iter__": "iter(OBJECT)",
    "__next__": "next(OBJECT)",
    "__hash__": "hash(OBJECT)",
    "__eq__": "OBJECT == ARG",
}
READS = {
    "__name__": "_gw_name(OBJECT)",
    "__qualname__": "_gw_name(OBJECT)",
    "__class__": "type(OBJECT)",
    "__doc__": "_gw_doc(OBJECT)",
    "__module__": "'__main__'",
}


class BuiltinMethods:
    """See the module."""

    name = "builtin_methods"
    engines = frozenset({"monty"})

    def wanted(self, block: Block) -> bool:
        """Only when one of the names occurs."""
        facts = block.facts
        return not (
            facts.called_attributes.isdisjoint(CALLS)
            and facts.called_attributes.isdisjoint(DATES)
            and facts.called_attributes.isdisjoint(DUNDER_CALLS)
            and facts.attributes.isdisjoint(READS)
            and "bytes" not in facts.called
        )

    def apply(self, block: Block) -> None:
        """Route those calls and reads to functions of ours."""
        _Members(block).visit(block.tree)


class _Members(Rewriter):
    def visit_Call(self, node: ast.Call) -> ast.AST:
        func = node.func
        if isinstance(func, ast.Name) and func.id == "bytes":
            self.block.require_guest("methods")
            node.func = self.put("_gw_bytes", func)
        if not isinstance(func, ast.Attribute):
            return self.generic_visit(node)
        if func.attr in CALLS or func.attr in DATES:
            return self._method(node, func)
        form = DUNDER_CALLS.get(func.attr)
        if form is None or _is_super(func.value) or len(node.args) != form.count("ARG") or node.keywords:
            return self.generic_visit(node)
        self.generic_visit(node)
        parts = {"ARG": node.args[0]} if node.args else {}
        return self.put(form, node, OBJECT=func.value, **parts)

    def _method(self, node: ast.Call, func: ast.Attribute) -> ast.AST:
        self.block.require_guest("methods")
        if func.attr in DATES:
            self.block.require_guest("dates")
        self.generic_visit(node)
        call = self.put(f"_gw_m_{func.attr}(OBJECT)", node, OBJECT=func.value)
        assert isinstance(call, ast.Call)
        call.args += node.args
        call.keywords = node.keywords
        return call

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        form = READS.get(node.attr)
        if form is None or not isinstance(node.ctx, ast.Load):
            return node
        return self.put(form, node, OBJECT=node.value)


def _is_super(node: ast.expr) -> bool:
    return (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "super") or (
        isinstance(node, ast.Name) and node.id[:1].isupper()
    )
