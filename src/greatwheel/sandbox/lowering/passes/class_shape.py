"""What a class statement holds, sorted by what must happen to it."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from greatwheel.sandbox.lowering.rewrite import PREFIX, marked

Method = ast.FunctionDef | ast.AsyncFunctionDef
DROPPED = frozenset({"abstractmethod", "override", "final", "overload", "abstractproperty"})


@dataclass(kw_only=True, slots=True)
class Shape:
    """The members of a class statement."""

    names: dict[str, None] = field(default_factory=dict)
    methods: dict[int, Method] = field(default_factory=dict)
    statics: list[str] = field(default_factory=list)
    classmethods: list[str] = field(default_factory=list)
    properties: dict[str, None] = field(default_factory=dict)
    getters: dict[str, Method] = field(default_factory=dict)
    setters: dict[str, Method] = field(default_factory=dict)
    cached: set[str] = field(default_factory=set)
    other: dict[str, list[ast.expr]] = field(default_factory=dict)
    fields: dict[str, str] = field(default_factory=dict)
    """Annotated names with their statement's text."""
    unsupported: str = ""

    @property
    def decorated(self) -> bool:
        """Whether a method has a decorator."""
        return any(method.decorator_list for method in self.methods.values())

    def accessors(self) -> list[tuple[str, str, str, bool]]:
        """Name, getter, setter and whether it is cached, of each property."""
        return [
            (
                name,
                f"{PREFIX}get_{name}" if name in self.getters else "",
                f"{PREFIX}set_{name}" if name in self.setters else "",
                name in self.cached,
            )
            for name in self.properties
        ]

    def rename_accessors(self) -> None:
        """Give getters and setters names of their own, so that the property's name stays free."""
        for prefix, found in (("get", self.getters), ("set", self.setters)):
            for name, method in found.items():
                marked(method).name = f"{PREFIX}{prefix}_{name}"


def base_name(node: ast.expr) -> str:
    """`B` of `B`, `m.B` and `B[T]`; empty for anything else."""
    if isinstance(node, ast.Subscript):
        return base_name(node.value)
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def read_shape(node: ast.ClassDef) -> Shape:
    """Sort the body's statements."""
    shape = Shape()
    for each in node.body:
        if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef)):
            shape.methods[len(shape.methods)] = each
            _read_method(each, shape)
        elif isinstance(each, ast.Assign):
            for target in each.targets:
                shape.names.update({n.id: None for n in ast.walk(target) if isinstance(n, ast.Name)})
        elif isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name):
            shape.fields[each.target.id] = ast.unparse(each)
            shape.names[each.target.id] = None
        elif not isinstance(each, (ast.Expr, ast.Pass, ast.ClassDef)):
            shape.unsupported = f"`{type(each).__name__.lower()}`"
    return shape


def _read_method(method: Method, shape: Shape) -> None:
    accessor = False
    for decorator in method.decorator_list:
        name = base_name(decorator.func if isinstance(decorator, ast.Call) else decorator)
        if name in ("property", "cached_property"):
            shape.properties[method.name] = None
            shape.getters[method.name] = method
            accessor = True
            if name == "cached_property":
                shape.cached.add(method.name)
        elif name in ("setter", "getter", "deleter"):
            shape.properties[method.name] = None
            accessor = True
            if name == "setter":
                shape.setters[method.name] = method
        elif name == "staticmethod":
            shape.statics.append(method.name)
        elif name == "classmethod":
            shape.classmethods.append(method.name)
        elif name not in DROPPED:
            shape.other.setdefault(method.name, []).append(decorator)
    if not accessor or method.name not in shape.names:
        shape.names[method.name] = None
