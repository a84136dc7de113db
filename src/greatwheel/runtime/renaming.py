"""Which names a statement binds at module level, and code in which some of those names are called otherwise."""

from __future__ import annotations

import ast
from collections.abc import Iterator

NEW = "_new"
"""Ends the name that stands for a protected one."""
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_SCOPES = (*_FUNCTIONS, ast.ClassDef, ast.Lambda, *_COMPREHENSIONS)


def bound_names(statement: ast.stmt) -> set[str]:
    """Names that a statement binds or deletes at module level, functions that declare them `global` included."""
    return {name for node in _in_scope(statement) for name in _bound_by(node)} | _declared_global(statement)


def _in_scope(node: ast.AST) -> Iterator[ast.AST]:
    """The node and what is below it in the same scope; of inner scopes only the node that opens them."""
    yield node
    if isinstance(node, _SCOPES):
        for inner in ast.walk(node):
            if isinstance(inner, ast.NamedExpr) and isinstance(node, _COMPREHENSIONS):
                yield inner.target
        return
    for child in ast.iter_child_nodes(node):
        yield from _in_scope(child)


def _bound_by(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            yield name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.alias(name=name, asname=asname):
            yield asname or name.partition(".")[0]
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            yield name
        case ast.MatchMapping(rest=str(name)):
            yield name
        case _:
            pass


def _declared_global(statement: ast.stmt) -> set[str]:
    return {name for node in ast.walk(statement) if isinstance(node, ast.Global) for name in node.names}


def _local_names(scope: ast.AST) -> set[str]:
    """Names that belong to a function, class, lambda or comprehension itself."""
    if isinstance(scope, _COMPREHENSIONS):
        targets = [node for each in scope.generators for node in ast.walk(each.target)]
        return {node.id for node in targets if isinstance(node, ast.Name)}
    local: set[str] = set()
    if isinstance(scope, (*_FUNCTIONS, ast.Lambda)):
        local |= {node.arg for node in ast.walk(scope.args) if isinstance(node, ast.arg)}
    if isinstance(scope, (*_FUNCTIONS, ast.ClassDef)):
        for statement in scope.body:
            local |= {name for node in _in_scope(statement) for name in _bound_by(node)}
        local -= {name for each in scope.body for node in _in_scope(each) for name in _globals_of(node)}
    return local


def _globals_of(node: ast.AST) -> list[str]:
    return node.names if isinstance(node, ast.Global) else []


class Renaming(ast.NodeTransformer):
    """Gives some module-level names their new spelling, wherever that name is meant."""

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names

    def visit(self, node: ast.AST) -> ast.AST:
        """The node with the names in it renamed; a scope with a name of its own keeps that one."""
        self._rename(node)
        if not isinstance(node, _SCOPES):
            return self.generic_visit(node)
        outer = self._names
        self._names = outer - _local_names(node)
        try:
            return self.generic_visit(node)
        finally:
            self._names = outer

    def _rename(self, node: ast.AST) -> None:
        match node:
            case ast.Name(id=name) if name in self._names:
                node.id = name + NEW
            case ast.Global(names=names):
                node.names = [name + NEW if name in self._names else name for name in names]
            case ast.alias() if (node.asname or node.name.partition(".")[0]) in self._names:
                node.asname = (node.asname or node.name.partition(".")[0]) + NEW
            case ast.MatchMapping(rest=str(name)) if name in self._names:
                node.rest = name + NEW
            case (
                ast.FunctionDef(name=str(name))
                | ast.AsyncFunctionDef(name=str(name))
                | ast.ClassDef(name=str(name))
                | ast.ExceptHandler(name=str(name))
                | ast.MatchAs(name=str(name))
                | ast.MatchStar(name=str(name))
            ) if name in self._names:
                node.name = name + NEW
            case _:
                pass
