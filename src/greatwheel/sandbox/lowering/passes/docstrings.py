"""`f.__doc__` and `inspect.getdoc(f)`: Monty's functions have no docstring.

The docstrings of the block's own functions are kept beside them when the block reads one.
"""

from __future__ import annotations

import ast

from greatwheel.sandbox.lowering.rewrite import Rewriter
from greatwheel.sandbox.lowering.state import Block


class Docstrings:
    """See the module."""

    name = "docstrings"
    engines = frozenset({"monty"})

    def wanted(self, block: Block) -> bool:
        """Only when one is read."""
        facts = block.facts
        return "__doc__" in facts.attributes or "getdoc" in facts.called | facts.called_attributes

    def apply(self, block: Block) -> None:
        """Keep the docstring of each function of the module's level."""
        keeper = Rewriter(block)
        body: list[ast.stmt] = []
        for node in block.tree.body:
            body.append(node)
            text = ast.get_docstring(node, clean=False) if isinstance(node, ast.FunctionDef) else None
            if text is not None and isinstance(node, ast.FunctionDef):
                source = f"_gw_docs.append(({node.name}, TEXT))"
                body += keeper.put_statements(source, node, TEXT=ast.Constant(text))
        block.tree.body = body
