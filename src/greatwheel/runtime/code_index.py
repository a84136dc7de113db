"""An index of Python sources: their functions, classes and methods as records."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Mapping

from greatwheel.runtime.tables import Record, Table

COLUMNS = ("file", "line", "kind", "name", "parent", "signature", "defaults", "bases", "doc")


def definitions(texts: Mapping[str, str]) -> Table | None:
    """The definitions in some Python files, in order; None when none parses."""
    records: list[Record] = []
    for name, text in texts.items():
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        _collect(tree, name, "", records)
    return Table(form="the Python definitions in context", columns=COLUMNS, records=records) if records else None


def _collect(node: ast.AST, file: str, parent: str, records: list[Record]) -> None:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            records.append(_record(child, file, parent))
            _collect(child, file, f"{parent}.{child.name}" if parent else child.name, records)
        elif isinstance(child, (ast.If, ast.Try, ast.With)):
            _collect(child, file, parent, records)


def _record(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, file: str, parent: str) -> Record:
    doc = (ast.get_docstring(node) or "").split("\n", 1)[0][:100]
    if isinstance(node, ast.ClassDef):
        return {
            "file": file, "line": node.lineno, "kind": "class", "name": node.name, "parent": parent,
            "signature": "", "defaults": {}, "bases": [ast.unparse(base) for base in node.bases], "doc": doc,
        }  # fmt: skip
    return {
        "file": file, "line": node.lineno, "kind": "method" if parent[:1].isupper() else "function",
        "name": node.name, "parent": parent, "signature": f"({ast.unparse(node.args)})",
        "defaults": _defaults(node.args), "bases": [], "doc": doc,
    }  # fmt: skip


def _defaults(arguments: ast.arguments) -> dict[str, str]:
    """By parameter what it is when it is left out, as the source writes it; strings without their quotes."""
    plain = [*arguments.posonlyargs, *arguments.args]
    pairs = [*zip(plain[len(plain) - len(arguments.defaults) :], arguments.defaults, strict=True)]
    pairs += [
        (name, value)
        for name, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        if value is not None
    ]
    return {name.arg: _as_said(value) for name, value in pairs}


def _as_said(value: ast.expr) -> str:
    if isinstance(value, ast.Constant) and isinstance(value.value, str) and value.value:
        return value.value
    return ast.unparse(value)
