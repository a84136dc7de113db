"""Which expressions may call the host when they are called or evaluated."""

from __future__ import annotations

import ast

from greatwheel.sandbox.lowering.state import State


def learn(tree: ast.Module, state: State) -> None:
    """Add the block's functions, methods and aliases that may call the host to the state, transitively."""
    if not state.host_names:
        return
    bodies: list[tuple[str, ast.AST]] = []
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            bodies.append((node.name, node))
        elif isinstance(node, ast.Assign) and isinstance(node.value, (ast.Lambda, ast.Name, ast.Attribute, ast.Call)):
            bodies += [(target.id, node.value) for target in node.targets if isinstance(target, ast.Name)]
    _close(bodies, state)


def _close(bodies: list[tuple[str, ast.AST]], state: State) -> None:
    calls = {name: _called(body) for name, body in bodies}
    users: dict[str, set[str]] = {}
    for name, called in calls.items():
        for each in called:
            users.setdefault(each, set()).add(name)
    reached = [name for name in users if name in state.calling_host or _is_host(name, state)]
    seen = set(reached)
    while reached:
        for name in users.get(reached.pop(), ()):
            if name not in seen:
                seen.add(name)
                state.calling_host.add(name)
                reached.append(name)


def _called(body: ast.AST) -> set[str]:
    """Names that a body calls or hands on: `f` of `f()`, `m` of `x.m()`, `llm.complete`."""
    found: set[str] = set()
    for node in ast.walk(body):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
            if isinstance(node.value, ast.Name):
                found.add(f"{node.value.id}.{node.attr}")
    return found


def _is_host(name: str, state: State) -> bool:
    return name in state.host_names or name.startswith(("tool.", "_gw_h_"))


def calls_host(node: ast.AST, state: State, *, as_value: bool = False) -> bool:
    """Whether evaluating the node may call the host; `as_value`: whether calling what it gives may."""
    if isinstance(node, ast.Constant):
        return False
    if as_value and isinstance(node, ast.Name):
        return node.id in state.calling_host or _is_host(node.id, state)
    names = _called(node)
    return any(name in state.calling_host or _is_host(name, state) for name in names)
