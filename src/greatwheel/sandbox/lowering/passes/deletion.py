"""`del x`, `del d[k]`, `del xs[a:b]`."""

from __future__ import annotations

import ast

from greatwheel.sandbox.lowering.rewrite import Rewriter
from greatwheel.sandbox.lowering.state import Block


class Deletion:
    """A deleted name holds a marker; reading it while it is deleted raises NameError."""

    name = "deletion"
    engines = frozenset({"monty"})

    def wanted(self, block: Block) -> bool:
        """Only when there is a `del`, or a name that is deleted is used."""
        if ast.Delete in block.facts.kinds:
            return True
        deleted = block.state.deleted
        return bool(deleted) and not (deleted.isdisjoint(block.facts.loads) and deleted.isdisjoint(block.facts.stores))

    def apply(self, block: Block) -> None:
        """Rewrite each `del`, and reads of the names that were deleted."""
        block.require_guest("deletion")
        state = block.state
        deletes = [node for node in ast.walk(block.tree) if isinstance(node, ast.Delete)]
        here = {target.id for node in deletes for target in node.targets if isinstance(target, ast.Name)}
        top = {t.id for n in block.tree.body if isinstance(n, ast.Delete) for t in n.targets if isinstance(t, ast.Name)}
        _Deletes(block, here | state.deleted).visit(block.tree)
        state.deleted -= {name for name in block.facts.stores | block.facts.defined if name not in top}
        state.deleted |= top


class _Deletes(Rewriter):
    def __init__(self, block: Block, names: set[str]) -> None:
        super().__init__(block)
        self._names = names

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if node.id in self._names and isinstance(node.ctx, ast.Load):
            return self.put(f"_gw_alive({node.id}, {node.id!r})", node)
        return node

    def visit_Delete(self, node: ast.Delete) -> list[ast.stmt]:
        made: list[ast.stmt] = []
        for target in node.targets:
            made += self._target(target, node)
        return made

    def _target(self, target: ast.expr, at: ast.stmt) -> list[ast.stmt]:
        if isinstance(target, (ast.Tuple, ast.List)):
            return [made for each in target.elts for made in self._target(each, at)]
        if isinstance(target, ast.Name):
            check = self.put_statements(f"_gw_alive({target.id}, {target.id!r})", at)
            return check + self.put_statements(f"{target.id} = _gw_deleted", at)
        if isinstance(target, ast.Attribute):
            owner = self.visit(target.value)
            return self.put_statements(f"delattr(OBJECT, {target.attr!r})", at, OBJECT=owner)
        assert isinstance(target, ast.Subscript)
        owner, index = self.visit(target.value), self.visit(target.slice)
        if isinstance(index, ast.Slice):
            parts = {key: value or ast.Constant(None) for key, value in _bounds(index).items()}
            return self.put_statements("_gw_delslice(OBJECT, LOWER, UPPER, STEP)", at, OBJECT=owner, **parts)
        return self.put_statements("_gw_delitem(OBJECT, INDEX)", at, OBJECT=owner, INDEX=index)


def _bounds(index: ast.Slice) -> dict[str, ast.expr | None]:
    return {"LOWER": index.lower, "UPPER": index.upper, "STEP": index.step}
