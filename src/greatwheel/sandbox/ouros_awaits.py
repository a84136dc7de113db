"""Which calls of a block to host functions are awaited, found in its syntax tree.

A host function gives its answer where it is called plainly, and something to await where the guest awaits it. The two
look alike, so it is the use that decides: directly under `await`, in the arguments of `asyncio.gather` and its like,
or held by a variable that goes there.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

_WAITERS = frozenset({"gather", "create_task", "ensure_future", "wait", "wait_for", "as_completed", "shield"})
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def awaited_names(tree: ast.Module, host_functions: frozenset[str]) -> set[ast.Name]:
    """The names, where they are called, of host functions whose calls are awaited."""
    found: set[ast.Name] = set()
    for scope in (tree, *(node for node in ast.walk(tree) if isinstance(node, _SCOPES))):
        found |= _awaited_in(list(_own(scope)), host_functions)
    return found


def _own(scope: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a scope without those of the functions and classes inside it."""
    for child in ast.iter_child_nodes(scope):
        yield child
        if not isinstance(child, _SCOPES):
            yield from _own(child)


def _awaited_in(nodes: list[ast.AST], host_functions: frozenset[str]) -> set[ast.Name]:
    roots = [root for node in nodes for root in _awaited(node)]
    if not roots:
        return set()
    names = {leaf.id for root in roots for leaf in _leaves(root) if isinstance(leaf, ast.Name)}
    names |= {
        node.iter.id
        for node in nodes
        if isinstance(node, ast.For | ast.comprehension)
        and isinstance(node.iter, ast.Name)
        and isinstance(node.target, ast.Name)
        and node.target.id in names
    }
    roots += [root for node in nodes for root in _bound_to(node, names)]
    return {
        leaf.func
        for root in roots
        for leaf in _leaves(root)
        if isinstance(leaf, ast.Call) and isinstance(leaf.func, ast.Name) and leaf.func.id in host_functions
    }


def _awaited(node: ast.AST) -> list[ast.expr]:
    """The expressions whose values this node awaits."""
    if isinstance(node, ast.Await):
        return [node.value]
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        return list(node.args) if name in _WAITERS else []
    return []


def _bound_to(node: ast.AST, names: set[str]) -> list[ast.expr]:
    """The expressions whose values come to be held by one of the names."""
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=value) if name in names:
            return [value]
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value) if name in names:
            return [value]
        case ast.AugAssign(target=ast.Name(id=name), value=value) if name in names:
            return [value]
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="append" | "extend" | "add"), args=args):
            return args if name in names else []
    return []


def _leaves(node: ast.expr) -> Iterator[ast.expr]:
    """The expressions that give the values in a display, comprehension or choice."""
    match node:
        case ast.Starred(value=value):
            yield from _leaves(value)
        case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
            for item in items:
                yield from _leaves(item)
        case ast.ListComp(elt=item) | ast.GeneratorExp(elt=item) | ast.SetComp(elt=item):
            yield from _leaves(item)
        case ast.IfExp(body=body, orelse=orelse):
            yield from _leaves(body)
            yield from _leaves(orelse)
        case ast.Call(func=ast.Name(id="list" | "tuple" | "set"), args=[item]):
            yield from _leaves(item)
        case _:
            yield node
