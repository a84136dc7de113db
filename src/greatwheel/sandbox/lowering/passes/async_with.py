"""`async with`: Monty has none. The manager's methods are awaited by hand."""

from __future__ import annotations

import ast

from greatwheel.sandbox.lowering.rewrite import PREFIX, Rewriter, statements
from greatwheel.sandbox.lowering.state import Block

_FORM = """
MANAGER = VALUE
TARGET = await MANAGER.__aenter__()
try:
    BODY
except BaseException as ERROR:
    if not await MANAGER.__aexit__(type(ERROR), ERROR, None):
        raise
else:
    await MANAGER.__aexit__(None, None, None)
"""


class AsyncWith:
    """See the module."""

    name = "async_with"
    engines = frozenset({"monty"})

    def wanted(self, block: Block) -> bool:
        """Only when one occurs."""
        return ast.AsyncWith in block.facts.kinds

    def apply(self, block: Block) -> None:
        """Write each as a try statement."""
        _Managers(block).visit(block.tree)


class _Managers(Rewriter):
    def visit_AsyncWith(self, node: ast.AsyncWith) -> list[ast.stmt]:
        self.generic_visit(node)
        body = node.body
        for number, item in reversed(list(enumerate(node.items))):
            body = self._entered(node, item, number, body)
        self.block.changed = True
        return body

    def _entered(self, node: ast.AsyncWith, item: ast.withitem, number: int, body: list[ast.stmt]) -> list[ast.stmt]:
        suffix = f"{node.lineno}_{number}"
        names = {"MANAGER": f"{PREFIX}manager_{suffix}", "ERROR": f"{PREFIX}error_{suffix}"}
        text = _FORM
        for name, guest in names.items():
            text = text.replace(name, guest)
        target = item.optional_vars
        text = text.replace("TARGET", ast.unparse(target) if target is not None else f"{PREFIX}entered")
        made = statements(text, node, VALUE=item.context_expr)
        guarded = made[2]
        assert isinstance(guarded, ast.Try)
        guarded.body = body
        return made
