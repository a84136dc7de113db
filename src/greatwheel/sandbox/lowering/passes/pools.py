"""`pool.map(f, xs)` and `pool.submit(f, x)` where `f` calls the host: the calls go out together.

Monty has no threads. An asynchronous twin of `f`, which awaits its host calls, is defined beside it; the polyfilled
pool runs the twins in one `gather`. A function that has no twin (a method, one from an earlier block) runs in order.
"""

from __future__ import annotations

import ast
import copy

from greatwheel.sandbox.lowering.reach import calls_host
from greatwheel.sandbox.lowering.rewrite import PREFIX, Rewriter, called_method, marked, statements
from greatwheel.sandbox.lowering.state import Block

TWIN = f"{PREFIX}async_"


class Pools:
    """See the module."""

    name = "pools"
    engines = frozenset({"monty"})

    def wanted(self, block: Block) -> bool:
        """Only when pools were imported and something is mapped or submitted."""
        loaded = block.state.loaded | {setup.name for setup in block.setups}
        pooled = "module:concurrent.futures" in loaded or "concurrent.futures" in block.facts.modules
        return pooled and not block.facts.called_attributes.isdisjoint({"map", "submit"})

    def apply(self, block: Block) -> None:
        """Define the twins that are needed, and hand them to the pool."""
        pools = _Pools(block)
        pools.visit(block.tree)
        _Twins(block, pools.functions).visit(block.tree)
        for name in sorted(pools.hosts):
            source = f"async def {TWIN}{name}(*args, **kwargs):\n    return await {name}(*args, **kwargs)"
            block.tree.body[:0] = statements(source, block.tree.body[0])


class _Pools(Rewriter):
    def __init__(self, block: Block) -> None:
        super().__init__(block)
        self.hosts: set[str] = set()
        self.functions: set[str] = set()
        self._known = {node.name for node in ast.walk(block.tree) if isinstance(node, ast.FunctionDef)}
        self._lambdas: list[ast.stmt] = []

    def visit(self, node: ast.AST) -> ast.AST | list[ast.stmt]:
        """Put the twins of a statement's lambdas before it."""
        before = len(self._lambdas)
        found: ast.AST = super().visit(node)
        if not isinstance(found, ast.stmt) or len(self._lambdas) == before:
            return found
        twins = self._lambdas[before:]
        del self._lambdas[before:]
        return [*twins, found]

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        kind = called_method(node)
        if kind not in ("map", "submit") or not node.args or isinstance(node.args[0], ast.Starred):
            return node
        twin = self._twin(node.args[0])
        if twin is None:
            return node
        assert isinstance(node.func, ast.Attribute)
        self.block.require_guest("pools")
        made = self.put(f"_gw_pool_{kind}(POOL, {twin})", node, POOL=node.func.value)
        assert isinstance(made, ast.Call)
        made.args += node.args
        made.keywords = node.keywords
        return made

    def _twin(self, function: ast.expr) -> str | None:
        if isinstance(function, ast.Lambda) and calls_host(function, self.block.state):
            return self._lambda_twin(function)
        if not isinstance(function, ast.Name):
            return None
        name = function.id
        if name in self._known and name in self.block.state.calling_host:
            self.functions.add(name)
            return TWIN + name
        if name in self.block.state.host_names and name not in self.block.state.names:
            self.hosts.add(name)
            return TWIN + name
        return None

    def _lambda_twin(self, function: ast.Lambda) -> str:
        name = f"{TWIN}{len(self._lambdas)}_{function.lineno}_{function.col_offset}"
        (twin,) = statements(f"async def {name}():\n    return RESULT", function, RESULT=copy.deepcopy(function.body))
        assert isinstance(twin, ast.AsyncFunctionDef)
        twin.args = copy.deepcopy(function.args)
        _Awaiting(self.block).visit(twin)
        self._lambdas.append(twin)
        return name


class _Twins(Rewriter):
    def __init__(self, block: Block, names: set[str]) -> None:
        super().__init__(block)
        self._names = names

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST | list[ast.stmt]:
        self.generic_visit(node)
        if node.name not in self._names:
            return node
        fields = {name: copy.deepcopy(value) for name, value in ast.iter_fields(node)}
        twin = ast.AsyncFunctionDef(**{**fields, "name": TWIN + node.name, "decorator_list": []})
        _Awaiting(self.block).visit(twin)
        self.block.changed = True
        return [node, marked(ast.copy_location(twin, node))]


class _Awaiting(Rewriter):
    """Awaits the host calls of a twin, those in functions inside it aside."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        plain = name in self.block.state.host_names and name not in self.block.state.names
        return self.put("await CALL", node, CALL=node) if plain or name.startswith(f"{PREFIX}h_") else node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return node
