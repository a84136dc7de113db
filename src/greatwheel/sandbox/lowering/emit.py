"""Source text from a rewritten tree, each statement on the line where the guest wrote it.

Statements without a mark are copied as they are. The others are printed anew, after as many blank lines as it takes to
reach their line. Where the new text needs more lines than the old, the lines shift; the second result of `emit` tells
the guest's line of every emitted line, for tracebacks.
"""

from __future__ import annotations

import ast
from typing import Any, cast

from greatwheel.sandbox.lowering.rewrite import is_marked

STEP = "    "


def emit(tree: ast.Module, source: str) -> tuple[str, tuple[int, ...]]:
    """The tree's text and, for each of its lines, the line of `source` that it comes from."""
    printer = _Printer(source, _marked_nodes(tree))
    printer.body(tree.body, "")
    return "\n".join(printer.lines) + "\n", tuple(printer.origins)


def _marked_nodes(tree: ast.Module) -> set[int]:
    """Ids of the nodes with a mark in them or on them."""
    found: set[int] = set()

    def visit(node: ast.AST) -> bool:
        hit = is_marked(node)
        for child in ast.iter_child_nodes(node):
            hit |= visit(child)
        if hit:
            found.add(id(node))
        return hit

    visit(tree)
    return found


class _Printer:
    def __init__(self, source: str, dirty: set[int]) -> None:
        self._source = source.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self._dirty = dirty
        self.lines: list[str] = []
        self.origins: list[int] = []

    def body(self, statements: list[ast.stmt], indent: str) -> None:
        """A block of statements; one that can't be empty gets a `pass`."""
        for statement in statements:
            self._statement(statement, indent)

    def _put(self, text: str, line: int, *, copied: bool = False) -> None:
        while len(self.lines) < line - 1:
            self.lines.append("")
            self.origins.append(len(self.lines))
        for offset, each in enumerate(text.split("\n")):
            self.lines.append(each)
            self.origins.append(line + offset if copied else line)

    def _statement(self, node: ast.stmt, indent: str) -> None:
        if id(node) not in self._dirty and self._copy(node, indent):
            return
        children = _suites(node)
        if not children:
            self._put(_indented(ast.unparse(node), indent), node.lineno)
            return
        for header, suite, line in children:
            if self._joined(header, suite, line, indent):
                continue
            self._put("\n".join(indent + each for each in header.split("\n")), line)
            self.body(suite, self._indent_of(suite, indent))

    def _joined(self, header: str, suite: list[ast.stmt], line: int, indent: str) -> bool:
        """`if x: y` on one line stays on one line."""
        if any(_suites(each) or each.lineno != line for each in suite):
            return False
        texts = [ast.unparse(each) for each in suite]
        if any("\n" in text for text in texts):
            return False
        self._put(_indented(f"{header} " + "; ".join(texts), indent), line)
        return True

    def _copy(self, node: ast.stmt, indent: str) -> bool:
        first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))])
        last = node.end_lineno
        if last is None or last > len(self._source):
            return False
        lines = self._source[first - 1 : last]
        head = lines[0].encode()[: node.col_offset].decode(errors="replace")
        if _suites(node) and head != indent:
            return False
        lines[-1] = lines[-1].encode()[: node.end_col_offset].decode(errors="replace")
        if first == node.lineno:
            lines[0] = indent + lines[0].encode()[node.col_offset :].decode(errors="replace")
        self._put("\n".join(lines), first, copied=True)
        return True

    def _indent_of(self, suite: list[ast.stmt], outer: str) -> str:
        """The guest's own indentation where it can be told, so that copied statements fit."""
        for each in suite:
            if not is_marked(each) and each.lineno <= len(self._source):
                line = self._source[each.lineno - 1]
                head = line.encode()[: each.col_offset].decode(errors="replace")
                if head.isspace() and head.startswith(outer) and len(head) > len(outer):
                    return head
        return outer + STEP


def _indented(text: str, indent: str) -> str:
    return "\n".join([indent + text.split("\n", 1)[0], *text.split("\n")[1:]]) if indent else text


def _suites(node: ast.stmt) -> list[tuple[str, list[ast.stmt], int]]:
    """Header, body and line of each suite of a compound statement; empty for a simple one."""
    if isinstance(node, ast.Try) or type(node).__name__ == "TryStar":
        return _try_suites(node)
    if isinstance(node, ast.Match):
        return []
    body = getattr(node, "body", None)
    if not isinstance(body, list):
        return []
    line = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))])
    suites = [(_header(node), body, line)]
    rest: list[ast.stmt] = getattr(node, "orelse", [])
    while isinstance(node, ast.If) and _is_elif(node, rest):
        node = cast(ast.If, rest[0])
        suites.append((f"el{_header(node)}", node.body, node.lineno))
        rest = node.orelse
    if rest:
        suites.append(("else:", rest, _before(suites[-1][1], rest)))
    return suites


def _is_elif(node: ast.If, rest: list[ast.stmt]) -> bool:
    return len(rest) == 1 and isinstance(rest[0], ast.If) and rest[0].col_offset == node.col_offset


def _try_suites(node: ast.stmt) -> list[tuple[str, list[ast.stmt], int]]:
    suites = [("try:", node.body, node.lineno)]  # type: ignore[attr-defined]
    star = "*" if type(node).__name__ == "TryStar" else ""
    for handler in node.handlers:  # type: ignore[attr-defined]
        kind = f" {ast.unparse(handler.type)}" if handler.type else ""
        name = f" as {handler.name}" if handler.name else ""
        suites.append((f"except{star}{kind}{name}:", handler.body, handler.lineno))
    for word, rest in (("else:", node.orelse), ("finally:", node.finalbody)):  # type: ignore[attr-defined]
        if rest:
            suites.append((word, rest, _before(suites[-1][1], rest)))
    return suites


def _before(body: list[ast.stmt], rest: list[ast.stmt]) -> int:
    """The line of an `else:`, which the tree does not tell: between what is before and after."""
    end = body[-1].end_lineno or body[-1].lineno
    return min(max(end + 1, rest[0].lineno - 1), rest[0].lineno)


def _header(node: ast.stmt) -> str:
    kept = {name: getattr(node, name) for name in ("body", "orelse") if hasattr(node, name)}
    fields = {name: value for name, value in ast.iter_fields(node) if name not in kept}
    kind: Any = type(node)
    shell = kind(**fields, body=[ast.Pass()], **({"orelse": []} if "orelse" in kept else {}))
    ast.copy_location(shell, node)
    text: str = ast.unparse(shell)
    return text.rsplit("\n", 1)[0]
