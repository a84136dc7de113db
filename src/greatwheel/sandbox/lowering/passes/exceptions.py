"""Exceptions that the guest defined, and built-in ones with arguments that Monty can't hold.

An instance travels in a built-in exception of its nearest built-in base (`guest/errors.py`); `raise` packs it, and
handlers unpack it. Handlers that name the guest's classes become a chain of tests.
"""

from __future__ import annotations

import ast

from greatwheel.sandbox.lowering.passes.class_kinds import builtin_error
from greatwheel.sandbox.lowering.rewrite import Rewriter, called_method, called_name, expression, marked, statements
from greatwheel.sandbox.lowering.state import Block

SDK_ERRORS = frozenset(
    {"NotAvailable", "BudgetExceeded", "InDoubt", "PermissionDenied", "AgentFailed", "LimitReached", "ToolFailed"}
)


class Exceptions:
    """See the module."""

    name = "exceptions"
    engines = frozenset({"monty", "ouros"})

    def wanted(self, block: Block) -> bool:
        """When the session has exception classes, or this block makes built-in ones in an unusual way."""
        facts = block.facts
        named = not SDK_ERRORS.isdisjoint(facts.loads)
        if block.state.engine != "monty":
            if named:
                block.require_guest("native_errors")
            return named and ast.Try in facts.kinds
        if named:
            block.require_guest("classes", "errors", "sdk_errors")
            block.state.specials.add("exceptions")
        if "exceptions" in block.state.specials:
            return not facts.kinds.isdisjoint({ast.Raise, ast.Try}) or not facts.called.isdisjoint(block.state.classes)
        return any(builtin_error(name) for name in facts.called) or "odd errors" in block.state.specials

    def apply(self, block: Block) -> None:
        """Rewrite raises, handlers and constructors; on an engine with exception classes, handlers alone."""
        kind = _Exceptions if block.state.engine == "monty" else _Handlers
        kind(block).visit(block.tree)


class _Handlers(Rewriter):
    """Handlers that name the guest's or the SDK's exception classes."""

    @property
    def _classes(self) -> bool:
        return "exceptions" in self.block.state.specials or self.block.state.engine != "monty"

    def visit_Try(self, node: ast.Try) -> ast.AST:
        self.generic_visit(node)
        if not self._classes or not node.handlers:
            return node
        if all(_only_builtin(handler.type) for handler in node.handlers):
            for handler in node.handlers:
                if handler.name is not None:
                    name = handler.name
                    handler.body[:0] = statements(f"{name} = _gw_caught({name})", handler)
                    self.block.changed = True
            return node
        self.block.changed = True
        node.handlers = [self._chain(node.handlers)]
        return node

    def _chain(self, handlers: list[ast.ExceptHandler]) -> ast.ExceptHandler:
        first = handlers[0]
        rest: list[ast.stmt] = statements("raise", handlers[-1])
        for handler in reversed(handlers):
            bind = statements(f"{handler.name} = _gw_x", handler) if handler.name else []
            body = bind + handler.body
            if handler.type is None:
                rest = body
                continue
            test = expression("_gw_catches(_gw_x, KINDS)", handler, KINDS=handler.type)
            rest = [ast.copy_location(marked(ast.If(test=test, body=body, orelse=rest)), handler)]
        unpack = statements("_gw_x = _gw_caught(_gw_e)", first)
        made = ast.ExceptHandler(type=expression("BaseException", first), name="_gw_e", body=unpack + rest)
        return marked(ast.copy_location(made, first))


class _Exceptions(_Handlers):
    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        name = called_name(node)
        if not builtin_error(name) or node.keywords or not node.args or _is_text(node.args):
            return node
        self.block.require_guest("classes", "errors")
        self.block.state.specials.add("odd errors")
        node.args.insert(0, node.func)
        node.func = self.put("_gw_builtin_error", node)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        odd = "odd errors" in self.block.state.specials
        if (
            node.attr in ("args", "code")
            and odd
            and isinstance(node.ctx, ast.Load)
            and isinstance(node.value, ast.Name)
        ):
            return self.put(f"_gw_error_part(OBJECT, {node.attr!r})", node, OBJECT=node.value)
        return node

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        self.generic_visit(node)
        if not self._classes or node.exc is None or _plainly_builtin(node.exc):
            return node
        cause = node.cause if node.cause is not None else ast.copy_location(ast.Constant(None), node)
        node.exc = self.put("_gw_raise(ERROR, CAUSE)", node.exc, ERROR=node.exc, CAUSE=cause)
        node.cause = None
        return marked(node)


def _is_text(args: list[ast.expr]) -> bool:
    if len(args) != 1:
        return False
    value = args[0]
    if isinstance(value, ast.JoinedStr) or (isinstance(value, ast.Constant) and isinstance(value.value, str)):
        return True
    if isinstance(value, ast.BinOp):
        return _is_text([value.left]) or _is_text([value.right])
    if isinstance(value, ast.Starred):
        return False
    return isinstance(value, ast.Call) and (called_name(value) == "str" or called_method(value) in ("format", "join"))


def _plainly_builtin(node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        return builtin_error(called_name(node)) or called_name(node) == "_gw_builtin_error"
    return isinstance(node, ast.Name) and builtin_error(node.id)


def _only_builtin(kind: ast.expr | None) -> bool:
    if kind is None:
        return True
    if isinstance(kind, ast.Tuple):
        return all(_only_builtin(each) for each in kind.elts)
    return isinstance(kind, ast.Name) and builtin_error(kind.id)
