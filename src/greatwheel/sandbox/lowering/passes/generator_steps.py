"""Cuts the body of a generator function at its yields.

The result is a function `_gw_step(sent, error)`: a loop over `if _gw_at == n:` branches, whose statements end by
setting `_gw_at` and going on, by returning `(value,)` for a yield, or by returning None at the end. Local variables
live in the function around it.
"""

from __future__ import annotations

import ast
import copy
from dataclasses import dataclass
from typing import Any

from greatwheel.sandbox.lowering.rewrite import expression, marked, statements

SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
MOST_LEFT = 500
"""How many `finally` clauses jumps may copy, so that the result is no more than some times the source."""
LOOPS = (ast.For, ast.While, ast.AsyncFor)


class CannotCut(Exception):
    """A yield stands where a body can't be cut; the text is the hint for the guest."""

    def __init__(self, message: str, node: ast.AST) -> None:
        super().__init__(message)
        self.node = node


def has_yield(node: ast.AST) -> bool:
    """Whether the node yields, functions inside it aside."""
    if isinstance(node, (ast.Yield, ast.YieldFrom)):
        return True
    if isinstance(node, SCOPES):
        return False
    return any(has_yield(child) for child in ast.iter_child_nodes(node))


@dataclass(frozen=True, slots=True)
class _Loop:
    again: int
    after: int
    depth: int
    """How many `try` statements stood around it."""


class Steps:
    """The states of one generator function."""

    def __init__(self, node: ast.FunctionDef) -> None:
        self.names: set[str] = set()
        self.outer_scopes: list[ast.stmt] = []
        self.name = f"_gw_step_{node.name}"
        self._globals: list[str] = []
        self._node = node
        self._states: list[list[ast.stmt]] = []
        self._finals: list[list[ast.stmt]] = []
        self.loops: list[_Loop] = []
        self._tries = False
        self._left = 0
        for each in node.body:
            self._collect(each)

    def function(self) -> ast.FunctionDef:
        """`_gw_step`."""
        current = self._new()
        last = self._block(self._node.body, current)
        self._add(last, "_gw_at = -1\nreturn None", self._node)
        node = self._node
        names = sorted(self.names - set(self._globals))
        head = f"def {self.name}(_gw_sent, _gw_error):\n"
        if self._globals:
            head += f"    global {', '.join(self._globals)}\n"
        head += f"    nonlocal {', '.join(['_gw_at', *names])}\n    while True:\n        pass\n"
        (function,) = statements(head, node)
        assert isinstance(function, ast.FunctionDef)
        loop = function.body[-1]
        assert isinstance(loop, ast.While)
        chain: list[ast.stmt] = statements("return None", node)
        for number in reversed(range(len(self._states))):
            test = expression(f"_gw_at == {number}", node)
            chain = [self._placed(ast.If(test=test, body=self._states[number], orelse=chain))]
        if self._tries:
            chain = [self._guard(chain)]
            function.body[-1:-1] = statements("_gw_caught_error = None", node)
            self.outer_scopes += statements("_gw_stack = []", node)
        loop.body = chain
        return function

    def _guard(self, chain: list[ast.stmt]) -> ast.Try:
        source = (
            "try:\n    pass\nexcept BaseException as _gw_e:\n    if not _gw_stack:\n        raise\n"
            "    _gw_caught_error = _gw_e\n    _gw_at = _gw_stack.pop()\n"
        )
        (guard,) = statements(source, self._node)
        assert isinstance(guard, ast.Try)
        guard.body = chain
        return guard

    def _placed(self, node: ast.stmt) -> ast.stmt:
        return marked(ast.copy_location(node, self._node))

    def _new(self) -> int:
        self._states.append([])
        return len(self._states) - 1

    def _add(self, state: int, source: str, at: ast.AST, **parts: ast.expr) -> None:
        self._states[state] += statements(source, at, **parts)

    def _go(self, state: int, target: int, at: ast.AST) -> None:
        self._add(state, f"_gw_at = {target}\ncontinue", at)

    def _fresh(self, stem: str) -> str:
        name = f"_gw_{stem}{len(self.names)}"
        self.names.add(name)
        return name

    def _collect(self, node: ast.AST) -> None:
        """Local names of the body, which become variables of the function around the steps."""
        if isinstance(node, ast.Global):
            self._globals += node.names
        elif isinstance(node, ast.Nonlocal):
            self.outer_scopes.append(node)
            self.names.update(node.names)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            self.names.add(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            self.names.add(node.name)
            return
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            self.names.update((alias.asname or alias.name).split(".")[0] for alias in node.names)
        elif isinstance(node, (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            return
        for child in ast.iter_child_nodes(node):
            self._collect(child)

    def _block(self, body: list[ast.stmt], state: int) -> int:
        """Add statements from a state on; the state in which they end."""
        for each in body:
            state = self._statement(each, state)
        return state

    def _statement(self, node: ast.stmt, state: int) -> int:
        if isinstance(node, (ast.Nonlocal, ast.Global)):
            return state
        if not has_yield(node):
            self._states[state].append(self._jumps(node))
            return state
        if isinstance(node, (ast.Expr, ast.Assign, ast.AnnAssign, ast.Return)):
            return self._yield(node, state)
        if isinstance(node, ast.If) and not has_yield(node.test):
            return self._if(node, state)
        if isinstance(node, ast.While) and not has_yield(node.test):
            return self._while(node, state)
        if isinstance(node, ast.For) and not has_yield(node.iter):
            return self._for(node, state)
        if isinstance(node, ast.Try):
            return self._try(node, state)
        if isinstance(node, ast.With) and len(node.items) == 1:
            return self._with(node, state)
        raise CannotCut(
            f"yield inside `{type(node).__name__.lower()}` is not available here: build a list instead", node
        )

    def _yield(self, node: ast.Expr | ast.Assign | ast.AnnAssign | ast.Return, state: int) -> int:
        value = node.value
        if isinstance(value, ast.YieldFrom) and isinstance(node, ast.Expr):
            name = self._fresh("each")
            (loop,) = statements(f"for {name} in SOURCE:\n    yield {name}", node, SOURCE=value.value)
            return self._statement(loop, state)
        if not isinstance(value, ast.Yield) or (value.value is not None and has_yield(value.value)):
            raise CannotCut("yield inside an expression is not available here: assign it to a variable first", node)
        found = value.value or ast.copy_location(ast.Constant(None), node)
        after = self._new()
        self._add(state, f"_gw_at = {after}\nreturn (VALUE,)", node, VALUE=found)
        self._add(after, "if _gw_error is not None:\n    _gw_e, _gw_error = _gw_error, None\n    raise _gw_e", node)
        if isinstance(node, ast.Assign):
            sent = expression("_gw_sent", node)
            self._states[after].append(marked(ast.copy_location(ast.Assign(targets=node.targets, value=sent), node)))
        elif isinstance(node, ast.Return):
            self._end(after, node)
        return after

    def _if(self, node: ast.If, state: int) -> int:
        then, other, after = self._new(), self._new(), self._new()
        self._add(state, f"_gw_at = {then} if TEST else {other}\ncontinue", node, TEST=node.test)
        self._go(self._block(node.body, then), after, node)
        self._go(self._block(node.orelse, other), after, node)
        return after

    def _while(self, node: ast.While, state: int) -> int:
        head, body, other, after = self._new(), self._new(), self._new(), self._new()
        self._go(state, head, node)
        self._add(head, f"_gw_at = {body} if TEST else {other}\ncontinue", node, TEST=node.test)
        return self._loop(node, head, body, other, after)

    def _for(self, node: ast.For, state: int) -> int:
        head, body, other, after = self._new(), self._new(), self._new(), self._new()
        items = self._fresh("items")
        self._add(state, f"{items} = iter(SOURCE)", node, SOURCE=node.iter)
        self._go(state, head, node)
        self._add(head, f"_gw_next = next({items}, _gw_missing)", node)
        self._add(head, f"if _gw_next is _gw_missing:\n    _gw_at = {other}\n    continue", node)
        taken = expression("_gw_next", node)
        self._states[head].append(marked(ast.copy_location(ast.Assign(targets=[node.target], value=taken), node)))
        self._go(head, body, node)
        return self._loop(node, head, body, other, after)

    def _loop(self, node: ast.For | ast.While, head: int, body: int, other: int, after: int) -> int:
        self.loops.append(_Loop(head, after, len(self._finals)))
        self._go(self._block(node.body, body), head, node)
        self.loops.pop()
        self._go(self._block(node.orelse, other), after, node)
        return after

    def _with(self, node: ast.With, state: int) -> int:
        item = node.items[0]
        manager = self._fresh("manager")
        self._add(state, f"{manager} = MANAGER", node, MANAGER=item.context_expr)
        entered = expression(f"{manager}.__enter__()", node)
        if item.optional_vars is None:
            self._states[state].append(self._placed(ast.Expr(entered)))
        else:
            self._states[state].append(self._placed(ast.Assign(targets=[item.optional_vars], value=entered)))
        leave = statements(f"{manager}.__exit__(None, None, None)", node)
        body = ast.Try(body=node.body, handlers=[], orelse=[], finalbody=leave)
        return self._try(marked(ast.copy_location(body, node)), state)

    def _try(self, node: ast.Try, state: int) -> int:
        if any(has_yield(each) for each in (*node.handlers, *node.finalbody)):
            raise CannotCut("yield in an except or finally clause is not available here: build a list instead", node)
        self._tries = True
        body, handler, after = self._new(), self._new(), self._new()
        self._finals.append(node.finalbody)
        self._add(state, f"_gw_stack.append({handler})", node)
        self._go(state, body, node)
        if node.handlers and node.finalbody:
            inner = ast.Try(body=node.body, handlers=node.handlers, orelse=node.orelse, finalbody=[])
            end = self._try(marked(ast.copy_location(inner, node)), body)
            orelse: list[ast.stmt] = []
        else:
            end, orelse = self._block(node.body, body), node.orelse
        self._finals.pop()
        self._add(end, "_gw_stack.pop()", node)
        end = self._block(orelse, end)
        self._states[end] += copy.deepcopy(node.finalbody)
        self._go(end, after, node)
        self._handle(node, handler, after)
        return after

    def _handle(self, node: ast.Try, handler: int, after: int) -> None:
        """The state that runs when the body raised `_gw_caught_error`."""
        if node.finalbody:
            self._states[handler] += copy.deepcopy(node.finalbody)
            self._add(handler, "raise _gw_caught_error", node)
            return
        (again,) = statements("raise _gw_caught_error", node)
        kept: list[Any] = [self._jumps(each) for each in node.handlers]
        handled = ast.Try(body=[again], handlers=kept, orelse=[], finalbody=[])
        self._states[handler].append(marked(ast.copy_location(handled, node)))
        self._go(handler, after, node)

    def _end(self, state: int, node: ast.AST) -> None:
        self._states[state] += self.leaving(0, node)
        self._add(state, "_gw_at = -1\nreturn None", node)

    def leaving(self, depth: int, at: ast.AST) -> list[ast.stmt]:
        """What must run when the `try` statements beyond `depth` are left."""
        made: list[ast.stmt] = []
        self._left += len(self._finals)
        if self._left > MOST_LEFT:
            raise CannotCut(
                "so many jumps out of `try` in a generator are not available here: build a list instead", at
            )
        for final in reversed(self._finals[depth:]):
            made += [*statements("_gw_stack.pop()", at), *copy.deepcopy(final)]
        return made

    def _jumps(self, node: ast.AST) -> ast.stmt:
        found = _Jumps(self).visit(node)
        assert isinstance(found, (ast.stmt, ast.ExceptHandler))
        return found  # type: ignore[return-value]  # handlers pass through here too


class _Jumps(ast.NodeTransformer):
    """`return`, `break` and `continue` of statements that are kept whole."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._inner = 0

    def visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, (*SCOPES, ast.expr)):
            return node
        if isinstance(node, LOOPS):
            self._inner += 1
            found = self.generic_visit(node)
            self._inner -= 1
            return found
        made: ast.AST = super().visit(node)
        return made

    def visit_Return(self, node: ast.Return) -> ast.AST | list[ast.stmt]:
        leaving = self._steps.leaving(0, node)
        return self._one([*leaving, *statements("_gw_at = -1\nreturn None", node)], node)

    def visit_Break(self, node: ast.Break) -> ast.AST | list[ast.stmt]:
        return self._jump(node, again=False)

    def visit_Continue(self, node: ast.Continue) -> ast.AST | list[ast.stmt]:
        return self._jump(node, again=True)

    def _jump(self, node: ast.stmt, *, again: bool) -> ast.AST | list[ast.stmt]:
        if self._inner or not self._steps.loops:
            return node
        loop = self._steps.loops[-1]
        target = loop.again if again else loop.after
        leaving = self._steps.leaving(loop.depth, node)
        return self._one([*leaving, *statements(f"_gw_at = {target}\ncontinue", node)], node)

    def _one(self, made: list[ast.stmt], at: ast.stmt) -> ast.AST:
        """Several statements in the place of one."""
        test = expression("True", at)
        return marked(ast.copy_location(ast.If(test=test, body=made, orelse=[]), at))
