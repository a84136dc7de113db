"""`[id for id in xs]` at module level: Monty reads the built-in instead of the loop variable, silently.

The variable is renamed throughout the comprehension.
"""

from __future__ import annotations

import ast
import builtins

from greatwheel.sandbox.lowering.rewrite import PREFIX, marked
from greatwheel.sandbox.lowering.state import Block

COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
BUILTINS = frozenset(dir(builtins))


class ComprehensionNames:
    """See the module."""

    name = "comprehension_names"
    engines = frozenset({"monty"})

    def wanted(self, block: Block) -> bool:
        """Only when a comprehension stands beside a bound name which is a built-in's."""
        return not block.facts.stores.isdisjoint(BUILTINS) and not block.facts.kinds.isdisjoint(COMPREHENSIONS)

    def apply(self, block: Block) -> None:
        """Rename the variables of every comprehension in the block that hide a built-in."""
        for node in ast.walk(block.tree):
            if isinstance(node, COMPREHENSIONS):
                block.changed |= _rename(node)


def _rename(node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> bool:
    stored = {
        name.id
        for generator in node.generators
        for name in ast.walk(generator.target)
        if isinstance(name, ast.Name) and name.id in BUILTINS
    }
    for name in ast.walk(node):
        if isinstance(name, ast.Name) and name.id in stored:
            marked(name).id = PREFIX + name.id
    return bool(stored)
