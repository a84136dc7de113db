"""Functions with `yield`: Monty has none, so each becomes an object that runs its body in steps.

The body is cut at its yields into numbered states; `guest/generators.py` holds the object. A generator whose body calls
the host runs to its end at once, because Monty's loops can't pause inside `__next__`; an endless one stays stepwise.
What can't be cut (a yield in the middle of an expression, in a handler, in a lambda) is refused with a hint.
"""

from __future__ import annotations

import ast

from greatwheel.sandbox.lowering.passes.generator_steps import CannotCut, Steps, has_yield
from greatwheel.sandbox.lowering.reach import calls_host
from greatwheel.sandbox.lowering.rewrite import Rewriter, expression, marked, statements
from greatwheel.sandbox.lowering.state import Block

MOST_GENERATORS = 300
"""In one block, so that lowering ends in a second or so whatever the guest sends."""
MANAGERS = frozenset({"contextmanager"})


class Generators:
    """See the module."""

    name = "generators"
    engines = frozenset({"monty"})

    def wanted(self, block: Block) -> bool:
        """Only when there is a yield."""
        return not block.facts.kinds.isdisjoint({ast.Yield, ast.YieldFrom})

    def apply(self, block: Block) -> None:
        """Rewrite every generator function."""
        block.require_guest("generators")
        _Generators(block).visit(block.tree)


class _Generators(Rewriter):
    def __init__(self, block: Block) -> None:
        super().__init__(block)
        self._cut = 0

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.generic_visit(node)
        if not any(has_yield(each) for each in node.body):
            return node
        self.block.changed = True
        self._cut += 1
        try:
            if self._cut > MOST_GENERATORS:
                raise CannotCut(f"more than {MOST_GENERATORS} generators in one block are not available here", node)
            body = self._stepped(node)
        except CannotCut as problem:
            body = self.refuse(str(problem), problem.node)
        node.body = body
        self._managers(node)
        return marked(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        self.generic_visit(node)
        if any(has_yield(each) for each in node.body):
            node.body = self.refuse("an async generator is not available here: return a list", node)
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        if has_yield(node.body):
            node.body = self.put("_gw_no_lambda_yield()", node)
        return self.generic_visit(node)

    def _stepped(self, node: ast.FunctionDef) -> list[ast.stmt]:
        steps = Steps(node)
        run = steps.function()
        names = sorted(steps.names - _parameters(node.args))
        start = statements("_gw_at = 0", node)
        for name in names:
            start += statements(f"{name} = None", node)
        eager = calls_host(node, self.block.state) and not _endless(node)
        (end,) = statements(f"return {'_gw_eager' if eager else '_gw_Generator'}({steps.name})", node)
        return [*steps.outer_scopes, *start, run, end]

    def _managers(self, node: ast.FunctionDef) -> None:
        for index, decorator in enumerate(node.decorator_list):
            name = decorator.attr if isinstance(decorator, ast.Attribute) else getattr(decorator, "id", "")
            if name in MANAGERS:
                node.decorator_list[index] = expression("_gw_contextmanager", decorator)


def _parameters(spec: ast.arguments) -> set[str]:
    names = {arg.arg for arg in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs)}
    return names | {arg.arg for arg in (spec.vararg, spec.kwarg) if arg}


def _endless(node: ast.FunctionDef) -> bool:
    return any(
        isinstance(each, ast.While) and isinstance(each.test, ast.Constant) and each.test.value
        for each in ast.walk(node)
    )
