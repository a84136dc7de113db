"""The source of the guest's tools, as text."""

from __future__ import annotations

import ast
from importlib import resources

GUEST_TOOLS = resources.files("greatwheel.runtime").joinpath("guest_tools.py").read_text(encoding="utf-8")
"""Run in every session before its data is set."""
TOOL_NAMES = frozenset(
    name.id if isinstance(name, ast.Name) else name.name
    for node in ast.parse(GUEST_TOOLS).body
    for name in ([node] if isinstance(node, ast.FunctionDef) else getattr(node, "targets", []))
)
"""What it binds."""
