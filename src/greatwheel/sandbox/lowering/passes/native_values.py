"""What Ouros' values lack: `%` and `format` in full, iterators for built-in functions, matches by index, dates from
text, attributes as targets of unpacking.
"""

from __future__ import annotations

import ast

from greatwheel.sandbox.lowering.modules import RAW_MODULES
from greatwheel.sandbox.lowering.rewrite import Rewriter, called_method, called_name, expression, is_name, marked
from greatwheel.sandbox.lowering.state import Block

CONSUMERS = frozenset({"list", "tuple", "set", "sum", "min", "max", "frozenset", "deque", "Counter"})
"""Take only some kinds of iterables."""
OURS = {"sorted": "_gw_sorted", "islice": "_gw_islice", "accumulate": "_gw_accumulate"}
METHODS = {"is_integer": "_gw_m_is_integer", "bit_length": "_gw_m_bit_length", "bit_count": "_gw_m_bit_count"}
DATES = {"strptime": "_gw_strptime", "strftime": "_gw_strftime", "fromisoformat": "_gw_fromisoformat"}
EXTREMES = {"min": "_gw_min", "max": "_gw_max"}
REPRS = "native reprs"
SHOWING = frozenset({"print", "str", "repr"})
EXITS = frozenset({"exit", "quit"})
FLAT = (ast.Constant, ast.List, ast.ListComp, ast.Tuple, ast.Set, ast.SetComp, ast.Dict, ast.DictComp, ast.JoinedStr)


class NativeValues:
    """See the module."""

    name = "native_values"
    engines = frozenset({"ouros"})

    def wanted(self, block: Block) -> bool:
        """Nearly always: the places are found in the same walk that rewrites them."""
        if "__repr__" in block.facts.defined:
            block.state.specials.add(REPRS)
        return RAW_MODULES not in block.state.specials

    def apply(self, block: Block) -> None:
        """Send them through guest functions."""
        rewriter = _Values(block)
        rewriter.visit(block.tree)
        if rewriter.used:
            block.require_guest("native_values")


class _Values(Rewriter):
    used = False

    def _sent(self, source: str, at: ast.AST, /, **parts: ast.expr) -> ast.expr:
        self.used = True
        return self.put(source, at, **parts)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if node.id == "__name__" and isinstance(node.ctx, ast.Load):
            return self.put("'__main__'", node)
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.op, ast.Mod) and _is_text(node.left):
            return self._sent("_gw_percent(FORM, VALUES)", node, FORM=node.left, VALUES=node.right)
        return node

    def visit_Starred(self, node: ast.Starred) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.ctx, ast.Load):
            ranged = called_name(node.value) == "range"
            node.value = self.put("list(VALUE)", node, VALUE=node.value) if ranged else self._each(node.value)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        if "__future__" in self.block.facts.modules:
            # The import postpones annotations; the engine evaluates them all the same.
            node.returns = None
            for arg in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
                arg.annotation = None
            self.block.changed = True
            marked(node)
        # What the engine itself calls must not call the guest's functions: it would give wrong results.
        called = node.decorator_list or (node.name.startswith("__") and node.name != "__init__")
        return node if called else self.generic_visit(node)

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        return node

    def visit_With(self, node: ast.With) -> ast.AST:
        self.generic_visit(node)
        for item in reversed(node.items[1:]):
            inner = ast.copy_location(ast.With(items=[item], body=node.body), node)
            node.body = [marked(inner)]
            self.block.changed = True
            marked(node)
        node.items = node.items[:1]
        return node

    def visit_Delete(self, node: ast.Delete) -> ast.AST | list[ast.stmt]:
        self.generic_visit(node)
        target = node.targets[0]
        if len(node.targets) > 1 or not isinstance(target, ast.Subscript) or not isinstance(target.slice, ast.Slice):
            return node
        target.ctx = ast.Store()
        self.block.changed = True
        return [marked(ast.copy_location(ast.Assign(targets=[target], value=expression("[]", node)), node))]

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        self.generic_visit(node)
        plain = isinstance(node.value, ast.Name) and isinstance(node.slice, ast.Constant)
        if not plain or not isinstance(node.ctx, ast.Load) or not self._has_matches():
            return node
        return self._sent("_gw_item(OBJECT, KEY)", node, OBJECT=node.value, KEY=node.slice)

    def _has_matches(self) -> bool:
        facts = self.block.facts
        return not facts.called_attributes.isdisjoint({"match", "search", "fullmatch", "finditer"})

    def visit_Assign(self, node: ast.Assign) -> ast.AST | list[ast.stmt]:
        self.generic_visit(node)
        target = node.targets[0]
        if len(node.targets) > 1 or not isinstance(target, ast.Tuple):
            return node
        if not any(isinstance(each, ast.Attribute) for each in target.elts):
            return node
        names = [f"_gw_u{index}" for index in range(len(target.elts))]
        if any(isinstance(each, (ast.Starred, ast.Tuple, ast.List)) for each in target.elts):
            return node
        made = self.put_statements(f"{', '.join(names)}, = VALUE", node, VALUE=node.value)
        for each, name in zip(target.elts, names, strict=True):
            value = expression(name, node)
            made.append(ast.copy_location(ast.Assign(targets=[each], value=value), node))
        return made

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        name, method = called_name(node), called_method(node)
        if name in self.block.state.names and name not in ("islice", "accumulate"):
            return node
        if name in SHOWING and REPRS in self.block.state.specials:
            node.args = [self._shown(each) for each in node.args]
        elif name in CONSUMERS and len(node.args) == 1:
            node.args = [self._each(node.args[0])]
            if name in EXTREMES and not node.keywords:
                node.func = self._sent(EXTREMES[name], node.func)
        elif name in OURS or name in EXITS:
            node.func = self._sent(OURS.get(name, "_gw_exit"), node.func)
        elif name == "pow" and len(node.args) == 3:
            node.func = self._sent("_gw_power", node.func)
        elif isinstance(node.func, ast.Attribute) and method:
            return self._method(node, node.func)
        return node

    def _method(self, node: ast.Call, func: ast.Attribute) -> ast.AST:
        if func.attr == "write" and isinstance(func.value, ast.Attribute) and func.value.attr == "stdout":
            return self.put("print(TEXT, end='')", node, TEXT=node.args[0]) if len(node.args) == 1 else node
        if func.attr == "flush" and isinstance(func.value, ast.Attribute) and func.value.attr == "stdout":
            return self.put("None", node)
        if func.attr in DATES and node.args and not is_name(func.value, "time"):
            self.block.require_guest("native_dates")
            node.args.insert(0, func.value)
            node.func = self.put(DATES[func.attr], func)
        elif func.attr in METHODS and not node.args:
            return self._sent(f"{METHODS[func.attr]}(VALUE)", node, VALUE=func.value)
        elif func.attr == "format" and _is_text(func.value):
            node.args.insert(0, func.value)
            node.func = self._sent("_gw_str_format", func)
        elif func.attr in ("join", "extend", "fromkeys", "from_iterable") and len(node.args) == 1:
            node.args = [self._each(node.args[0])]
        return node

    def _shown(self, node: ast.expr) -> ast.expr:
        if isinstance(node, (ast.Constant, ast.JoinedStr, ast.Starred, ast.Compare)):
            return node
        return self._sent("_gw_shown(VALUE)", node, VALUE=node)

    def visit_FormattedValue(self, node: ast.FormattedValue) -> ast.AST:
        self.generic_visit(node)
        if node.format_spec is None and node.conversion == -1 and REPRS in self.block.state.specials:
            node.value = self._shown(node.value)
        return node

    def _each(self, node: ast.expr) -> ast.expr:
        if isinstance(node, ast.GeneratorExp):
            self.block.changed = True
            return ast.copy_location(ast.ListComp(elt=node.elt, generators=node.generators), node)
        if isinstance(node, FLAT) or called_name(node) in ("sorted", "list", "range", "zip", "enumerate"):
            return node
        return self._sent("_gw_each(VALUE)", node, VALUE=node)


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))
