"""Exceptions, enumerations, named tuples and dataclasses: what each adds to a rewritten class."""

from __future__ import annotations

import ast
import builtins

from greatwheel.sandbox.lowering.passes.class_shape import Shape, base_name
from greatwheel.sandbox.lowering.rewrite import Rewriter, expression, marked, statements
from greatwheel.sandbox.lowering.state import ClassFacts, State

ENUMS = frozenset({"Enum", "IntEnum", "StrEnum", "Flag", "IntFlag"})
MIXINS = frozenset({"str", "int", "float"})
DROPPED_OPTIONS = frozenset({"order", "slots", "match_args", "weakref_slot", "unsafe_hash"})


def builtin_error(name: str) -> bool:
    """Whether the name is a built-in exception's."""
    found = getattr(builtins, name, None)
    return isinstance(found, type) and issubclass(found, BaseException)


def is_typed_dict(bases: list[ast.expr]) -> bool:
    """Whether the class only describes a dict."""
    return any(base_name(base) == "TypedDict" for base in bases)


def is_special_base(name: str, state: State) -> bool:
    """Whether the base gives a kind to the class, and no members."""
    return name in ENUMS or name in MIXINS or name in ("NamedTuple", "TypedDict") or builtin_error(name)


def kind_of(node: ast.ClassDef, bases: list[ast.expr], known: list[ClassFacts]) -> tuple[str, str]:
    """The kind, and the built-in error of an exception class."""
    for base in bases:
        name = base_name(base)
        if name in ENUMS:
            return "enum", ""
        if name == "NamedTuple":
            return "namedtuple", ""
        if builtin_error(name):
            return "exception", name
    for facts in known:
        if facts.kind in ("exception", "enum"):
            return facts.kind, facts.error
    if _dataclass(node) is not None:
        return "dataclass", ""
    return "plain", ""


def _dataclass(node: ast.ClassDef) -> ast.expr | None:
    for decorator in node.decorator_list:
        if base_name(decorator.func if isinstance(decorator, ast.Call) else decorator) == "dataclass":
            return decorator
    return None


def ordered(node: ast.ClassDef) -> bool:
    """Whether a decorator of the class asks for comparisons, or for what Monty's dataclasses lack."""
    found = _dataclass(node)
    names = [base_name(decorator) for decorator in node.decorator_list]
    options = found.keywords if isinstance(found, ast.Call) else []
    return "total_ordering" in names or any(option.arg in DROPPED_OPTIONS for option in options)


def default_args(node: ast.ClassDef) -> None:
    """An exception's `args` are its constructor's arguments unless `super().__init__` says otherwise."""
    for method in node.body:
        if isinstance(method, ast.FunctionDef) and method.name == "__init__":
            names = [arg.arg for arg in method.args.args]
            rest = [f"*{method.args.vararg.arg}"] if method.args.vararg else []
            values = ", ".join([*names[1:], *rest])
            made = statements(f"{names[0]}.args = ({values}{',' if values else ''})", method)
            method.body[:0] = made


def decorators(
    node: ast.ClassDef, bases: list[ast.expr], shape: Shape, facts: ClassFacts, owner: Rewriter
) -> list[ast.expr]:
    """The decorators to stand above all others, outermost first."""
    block = owner.block
    if facts.kind == "exception":
        block.require_guest("errors")
        block.state.specials.add("exceptions")
        flags = ["__init__" in facts.members, "__str__" in facts.members, "__repr__" in facts.members]
        return [expression(f"_gw_error({facts.error}, {flags!r})", node)]
    if facts.kind == "enum":
        return [_enum(node, bases, shape, owner)]
    if facts.kind == "namedtuple":
        block.require_guest("special", "named")
        block.state.specials |= {"length", "truth", "order"}
        valued = [each for each in node.body if isinstance(each, ast.AnnAssign) and each.value is not None]
        defaults = [each.target.id for each in valued if isinstance(each.target, ast.Name)]
        return [expression(f"_gw_named({list(facts.fields)!r}, {defaults!r})", node)]
    return _comparing(node, facts, owner)


def _comparing(node: ast.ClassDef, facts: ClassFacts, owner: Rewriter) -> list[ast.expr]:
    made: list[ast.expr] = []
    found = _dataclass(node)
    if isinstance(found, ast.Call) and any(option.arg in DROPPED_OPTIONS for option in found.keywords):
        order = [option for option in found.keywords if option.arg == "order" and _is_true(option.value)]
        marked(found).keywords = [option for option in found.keywords if option.arg not in DROPPED_OPTIONS]
        if order:
            made.append(expression(f"_gw_ordered({list(facts.fields)!r})", node))
    kept = [decorator for decorator in node.decorator_list if base_name(decorator) != "total_ordering"]
    if len(kept) < len(node.decorator_list):
        node.decorator_list = kept
        made.append(expression("_gw_total_ordering", node))
    if made:
        owner.block.require_guest("special")
        owner.block.state.specials.add("order")
    return made


def _is_true(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


def _enum(node: ast.ClassDef, bases: list[ast.expr], shape: Shape, owner: Rewriter) -> ast.expr:
    owner.block.require_guest("special", "enums")
    owner.block.state.specials |= {"length", "truth"}
    names = [base_name(base) for base in bases]
    mixin = next((name for name in names if name in MIXINS), "")
    mixin = {"IntEnum": "intenum", "IntFlag": "intenum", "StrEnum": "strenum"}.get(names[-1], mixin)
    if mixin:
        owner.block.state.specials.add("order")
    methods = [method.name for method in shape.methods.values()]
    members = [name for name in shape.names if name not in methods and not name.startswith("_")]
    for each in node.body:
        value = getattr(each, "value", None)
        if (
            isinstance(each, (ast.Assign, ast.AnnAssign))
            and isinstance(value, ast.Call)
            and base_name(value.func) == "auto"
        ):
            marked(each).value = expression("_gw_Auto()", each)
        if isinstance(each, ast.FunctionDef) and each.name == "__init__":
            marked(each).name = "_gw_enum_init"
    flag = "Flag" in names or "IntFlag" in names
    return expression(f"_gw_enum({node.name!r}, {members!r}, {methods!r}, {mixin!r}, {flag})", node)
