"""`import` of modules that an engine lacks, wholly or in part.

- A polyfilled module becomes an assignment from its loaded object, wherever the import stands.
- A module that the engine has keeps its own import; the names that a polyfill adds are read from the polyfill's object.
- `from m import *` becomes the list of names.
- A module that no session has raises ModuleNotFoundError with what to write instead; where the guest catches that
  error itself, its text is CPython's alone.
- `traceback.format_exc()` and `print_exc()` get the exception that is being handled.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from greatwheel.sandbox.lowering import modules
from greatwheel.sandbox.lowering.rewrite import PREFIX, expression, marked, statements
from greatwheel.sandbox.lowering.state import Block

_IMPORTED = "import "
_HANDLED = PREFIX + "handled"
_IMPORT_ERRORS = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})
_JSON_OPTIONS = frozenset({"indent", "sort_keys", "ensure_ascii", "separators"})
_RE_FUNCTIONS = frozenset({"compile", "match", "fullmatch", "search", "findall", "finditer", "split", "sub", "subn"})
_NEW_FLAGS = frozenset({"VERBOSE", "X", "UNICODE", "U"})
_FILE_TESTS = frozenset({"exists", "isfile", "isdir"})
"""Functions of `os.path`: there are no files, and Monty raises where CPython says so."""
_INHERITED = frozenset({"threading", "logging", "io", "queue"})
"""Polyfilled modules whose classes guests derive from."""
_ERROR_PRINTERS = frozenset({"format_exc", "print_exc"})


class Imports:
    """See the module."""

    name = "imports"
    engines = frozenset({"monty", "ouros"})

    def wanted(self, block: Block) -> bool:
        """When something is imported, or a module imported before may be used."""
        if block.facts.modules or "__import__" in block.facts.called:
            return True
        imported = {name.removeprefix(_IMPORTED) for name in block.state.specials if name.startswith(_IMPORTED)}
        return not imported.isdisjoint(block.facts.loads)

    def apply(self, block: Block) -> None:
        """Rewrite the imports, then the uses of modules that the engine has only in part."""
        _Rewriter(block).visit(block.tree)


class _Rewriter(ast.NodeTransformer):
    def __init__(self, block: Block) -> None:
        self._block = block
        self._engine = block.state.engine
        self._guarded = 0
        self._handler: str | None = None
        self._values = _subscripted_values(block.tree) if "typing" in block.facts.modules else frozenset()
        for module in block.facts.modules:
            if modules.additions(self._engine, module):
                block.state.specials.add(_IMPORTED + module)

    # Imports.

    def visit_Import(self, node: ast.Import) -> ast.stmt | list[ast.stmt]:
        made = [self._import(node, alias) for alias in node.names]
        if all(each is None for each in made):
            return node
        kept: list[ast.stmt] = []
        for alias, new in zip(node.names, made, strict=True):
            kept.extend(new if new is not None else [self._changed(ast.copy_location(ast.Import([alias]), node))])
        return kept

    def _import(self, node: ast.Import, alias: ast.alias) -> list[ast.stmt] | None:
        module = alias.name
        own = modules.natives(self._engine, module) is not None
        if modules.offered(self._engine, module):
            bound = module if alias.asname else module.partition(".")[0]
            if bound != module and modules.natives(self._engine, bound) is not None:
                return self._native_parent(node, bound)
            return self._assign(node, alias.asname or bound, modules.require(self._block, bound))
        if not own and modules.hint(module):
            return self._refuse(node, module)
        if alias.asname and modules.additions(self._engine, module) and not self._raw():
            return self._assign(node, alias.asname, modules.require(self._block, module))
        return None

    def _native_parent(self, node: ast.Import, parent: str) -> list[ast.stmt]:
        """`import collections.abc`: the name is the engine's module, whose `abc` is an addition."""
        self._block.state.specials.add(_IMPORTED + parent)
        self._block.changed = True
        return statements(f"import {parent}", node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.stmt | list[ast.stmt]:
        module = node.module or ""
        if node.level or module == "__future__":
            return self._changed(ast.copy_location(ast.Pass(), node)) if module == "__future__" else node
        own = modules.natives(self._engine, module)
        if own is None and not modules.offered(self._engine, module):
            return self._refuse(node, module) if modules.hint(module) else node
        wanted = self._starred(node, module)
        mine = [alias for alias in wanted if self._from_polyfill(module, alias.name)]
        rest = [alias for alias in wanted if alias not in mine]
        if own is not None and not mine and wanted is node.names:
            return node
        made: list[ast.stmt] = []
        if rest and own is not None:
            made.append(self._changed(ast.copy_location(ast.ImportFrom(module, rest, 0), node)))
        elif rest:
            return self._missing(node, module, rest[0].name)
        for alias in mine:
            source = f"{modules.require(self._block, module)}.{alias.name}"
            made.extend(self._assign(node, alias.asname or alias.name, source))
        return made

    def _starred(self, node: ast.ImportFrom, module: str) -> list[ast.alias]:
        if all(alias.name != "*" for alias in node.names):
            return node.names
        return [ast.alias(name) for name in modules.exports(self._engine, module)]

    def _from_polyfill(self, module: str, name: str) -> bool:
        own = modules.natives(self._engine, module)
        if own is None:
            return name in modules.added(module)
        if name in modules.additions(self._engine, module):
            return True
        if self._raw() or self._engine != "monty" or name not in modules.added(module):
            return False
        return module != "typing" or name in self._values

    def _raw(self) -> bool:
        return modules.RAW_MODULES in self._block.state.specials

    def _assign(self, node: ast.stmt, target: str, source: str) -> list[ast.stmt]:
        self._block.changed = True
        return statements(f"{target} = {source}", node)

    def _missing(self, node: ast.stmt, module: str, name: str) -> list[ast.stmt]:
        message = f"cannot import name {name!r} from {module!r} (unknown location)"
        self._block.changed = True
        return statements("raise ImportError(MESSAGE)", node, MESSAGE=ast.Constant(message))

    def _refuse(self, node: ast.stmt, module: str) -> list[ast.stmt]:
        known = modules.HINTS.get(module)
        missing = module if known or "." not in module else module.partition(".")[0]
        message = f"No module named {missing!r}"
        if not self._guarded:
            message += f" ({modules.hint(module)})"
        self._block.changed = True
        return statements("raise ModuleNotFoundError(MESSAGE)", node, MESSAGE=ast.Constant(message))

    def _changed(self, node: ast.stmt) -> ast.stmt:
        self._block.changed = True
        return marked(node)

    # Uses.

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        self.generic_visit(node)
        module = self._module_of(node)
        if module is None or not isinstance(node.ctx, ast.Load):
            return node
        added = node.attr in modules.additions(self._engine, module)
        if added or (module == "typing" and node.attr in self._values and self._engine == "monty"):
            return self._from_object(node, module)
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        func = node.func
        if isinstance(func, ast.Attribute) and self._engine == "monty" and not self._raw():
            if func.attr in _FILE_TESTS and len(node.args) == 1 and ast.unparse(func.value) == "os.path":
                self._block.changed = True
                return expression("(PATH, False)[1]", node, PATH=node.args[0])
            module = self._module_of(func)
            if (module == "json" and _beyond_json(func.attr, node, self._block)) or (
                module == "re" and _beyond_re(func.attr, node)
            ):
                node.func = self._from_object(func, module)
        if isinstance(func, ast.Name) and func.id == "__import__":
            return self._dynamic_import(node)
        self._hand_over_error(node)
        self.generic_visit(node)
        return node

    def _dynamic_import(self, node: ast.Call) -> ast.expr:
        """`__import__("datetime")`, which Monty lacks."""
        module = node.args[0].value if len(node.args) == 1 and isinstance(node.args[0], ast.Constant) else None
        if not isinstance(module, str) or self._engine != "monty":
            return node
        if modules.offered(self._engine, module):
            self._block.changed = True
            return expression(modules.require(self._block, module), node)
        if modules.natives(self._engine, module) is None:
            return node
        own = f"{PREFIX}own_{module.replace('.', '_')}"
        self._block.require(f"own:{module}", f"import {module} as {own}\n")
        self._block.changed = True
        return expression(own, node)

    def _module_of(self, node: ast.Attribute) -> str | None:
        if not isinstance(node.value, ast.Name):
            return None
        name = node.value.id
        return name if _IMPORTED + name in self._block.state.specials else None

    def _from_object(self, node: ast.Attribute, module: str) -> ast.expr:
        self._block.changed = True
        return expression(f"{modules.require(self._block, module)}.{node.attr}", node)

    def _hand_over_error(self, node: ast.Call) -> None:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in _ERROR_PRINTERS and self._handler and modules.offered(self._engine, "traceback"):
            node.keywords.append(ast.keyword("_error", expression(self._handler, node)))
            marked(node)
            self._block.changed = True

    # Bases and fields of classes.

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.stmt | list[ast.stmt]:
        """`class W(threading.Thread)`: the pass for classes knows its ancestors by plain names."""
        named: list[ast.stmt] = []
        for index, base in enumerate(node.bases):
            if not isinstance(base, ast.Attribute) or not isinstance(base.value, ast.Name):
                continue
            known = base.attr in self._block.state.names or base.attr in self._block.facts.defined
            if base.value.id in _INHERITED and not known and modules.offered(self._engine, base.value.id):
                named.extend(self._assign(node, base.attr, ast.unparse(base)))
                node.bases[index] = expression(base.attr, base)
        self.generic_visit(node)
        return [*named, node] if named else node

    # Statements that say what surrounds an import.

    def visit_Try(self, node: ast.Try) -> ast.stmt:
        guards = any(_catches_import_error(handler) for handler in node.handlers)
        self._guarded += guards
        node.body = self._visited(node.body)
        self._guarded -= guards
        node.handlers = [self.visit(handler) for handler in node.handlers]
        node.orelse = self._visited(node.orelse)
        node.finalbody = self._visited(node.finalbody)
        return node

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.ExceptHandler:
        outer = self._handler
        if node.name is None and node.type is not None and _mentions(node.body, _ERROR_PRINTERS):
            marked(node).name = _HANDLED
        self._handler = node.name
        self.generic_visit(node)
        self._handler = outer
        return node

    def _visited(self, body: Sequence[ast.stmt]) -> list[ast.stmt]:
        made: list[ast.stmt] = []
        for statement in body:
            new = self.visit(statement)
            made.extend(new if isinstance(new, list) else [new])
        return made


def _beyond_json(name: str, node: ast.Call, block: Block) -> bool:
    keywords = {keyword.arg for keyword in node.keywords}
    if name in {"dumps", "dump"}:
        ours = "module:collections" in block.state.loaded or any(s.name == "module:collections" for s in block.setups)
        return ours or not keywords <= _JSON_OPTIONS
    return name == "load" or (name == "loads" and bool(keywords))


def _beyond_re(name: str, node: ast.Call) -> bool:
    if name not in _RE_FUNCTIONS:
        return False
    parts: list[ast.AST] = [*node.args[1:], *(keyword.value for keyword in node.keywords)]
    if any(_mentions([part], _NEW_FLAGS) for part in parts):
        return True
    if name != "sub":
        return False
    repl = next((keyword.value for keyword in node.keywords if keyword.arg == "repl"), None)
    repl = node.args[1] if repl is None and len(node.args) > 1 else repl
    return not isinstance(repl, (ast.Constant, ast.JoinedStr))


def _mentions(nodes: Sequence[ast.AST], names: frozenset[str]) -> bool:
    for root in nodes:
        for node in ast.walk(root):
            if (node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", None)) in names:
                return True
    return False


def _catches_import_error(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or _mentions([handler.type], _IMPORT_ERRORS)


def _subscripted_values(tree: ast.Module) -> frozenset[str]:
    """Names that are subscripted or called outside annotations, as in `Table = Dict[str, int]` and `TypeVar("T")`."""
    quiet: set[int] = set()
    for node in ast.walk(tree):
        for part in (getattr(node, "annotation", None), getattr(node, "returns", None)):
            if part is not None:
                quiet.update(id(each) for each in ast.walk(part))
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Subscript, ast.Call)) and id(node) not in quiet:
            value = node.value if isinstance(node, ast.Subscript) else node.func
            found.add(value.attr if isinstance(value, ast.Attribute) else getattr(value, "id", ""))
    return frozenset(found)
