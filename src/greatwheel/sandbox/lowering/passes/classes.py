"""Classes beyond what Monty takes: bases, `super()`, decorated methods, nested classes.

A class is rewritten to one without bases or decorated methods, under a decorator of ours that copies what it inherits
and wraps what was decorated (`guest/classes.py`). Exceptions, enumerations and named tuples add decorators of their
own, from `class_kinds`.
"""

from __future__ import annotations

import ast
from typing import cast

from greatwheel.sandbox.lowering.passes import class_kinds, supercalls
from greatwheel.sandbox.lowering.passes.class_shape import Shape, base_name, read_shape
from greatwheel.sandbox.lowering.rewrite import PREFIX, Rewriter, expression, marked, statements
from greatwheel.sandbox.lowering.state import Block, ClassFacts, State

NO_BASE = frozenset({"object", "ABC", "Protocol", "Generic", "ABCMeta", "SupportsInt", "Hashable", "Sized"})
CONTAINERS = frozenset({"dict", "list", "set", "tuple", "str", "int", "float", "bytes", "frozenset", "bool", "type"})
CONTAINERS |= {"UserDict", "UserList", "defaultdict", "OrderedDict", "Counter", "deque"}

MOST_INHERITED = 20_000
"""Per block, so that what comes of it is no more than some times the source."""

IGNORED = {
    "__new__": "make the object in a function or a classmethod, and keep it in a variable",
    "__setattr__": "write a method that sets the attribute",
    "__delattr__": "write a method that clears the attribute",
    "__getattribute__": "write __getattr__, or a method",
    "__init_subclass__": "register each class by a call or a decorator",
    "__set_name__": "write a property",
    "__class_getitem__": "write a classmethod",
}
"""Special methods that Monty would pass over in silence."""


class Classes:
    """See the module."""

    name = "classes"
    engines = frozenset({"monty"})

    def wanted(self, block: Block) -> bool:
        """Only when a class is defined, or an enumeration made by a call."""
        return ast.ClassDef in block.facts.kinds or not class_kinds.ENUMS.isdisjoint(block.facts.called)

    def apply(self, block: Block) -> None:
        """Rewrite the classes that need it; remember them all."""
        _Classes(block).visit(block.tree)


class _Classes(Rewriter):
    _inherited = 0
    """Members and ancestors that the block's classes have inherited so far; each is written out."""

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        if (
            isinstance(node.value, ast.Call)
            and base_name(node.value.func) in class_kinds.ENUMS
            and len(node.value.args) == 2
        ):
            self.block.require_guest("classes", "special", "enums")
            kind = base_name(node.value.func)
            name, names = node.value.args
            node.value = self.put(f"_gw_make_enum(NAME, NAMES, {kind!r})", node.value, NAME=name, NAMES=names)
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST | list[ast.stmt]:
        before = self._nested(node)
        shape = read_shape(node)
        bases = [base for base in node.bases if base_name(base) not in NO_BASE]
        problem = _problem(bases, self.block.state, shape) or self._too_many(bases)
        if problem:
            return self.refuse(problem, node)
        facts = _facts(node, bases, shape, self.block.state)
        self.block.state.classes[node.name] = facts
        if class_kinds.is_typed_dict(bases):
            return self.put_statements(f"{node.name} = dict", node)
        if facts.kind == "namedtuple" and not shape.methods:
            return self._named_tuple(node, facts)
        if not (before or node.bases or node.keywords or shape.decorated or class_kinds.ordered(node)):
            supercalls.rewrite(node, self, [])
            return self.generic_visit(node)
        return before + self._rewritten(node, bases, shape, facts)

    def _too_many(self, bases: list[ast.expr]) -> str:
        known = [self.block.state.classes.get(base_name(base)) for base in bases]
        self._inherited += sum(len(facts.members) + len(facts.bases) for facts in known if facts is not None)
        if self._inherited <= MOST_INHERITED:
            return ""
        return f"more than {MOST_INHERITED} inherited members are not available here: derive fewer classes in a block"

    def _rewritten(self, node: ast.ClassDef, bases: list[ast.expr], shape: Shape, facts: ClassFacts) -> list[ast.stmt]:
        self.block.changed = True
        self.block.require_guest("classes")
        if facts.kind == "exception":
            class_kinds.default_args(node)
        supercalls.rewrite(node, self, [base_name(base) for base in bases])
        plain = [base for base in bases if not class_kinds.is_special_base(base_name(base), self.block.state)]
        outer = class_kinds.decorators(node, bases, shape, facts, self)
        node.decorator_list = [*outer, _finisher(node, plain, shape, self.block.state), *node.decorator_list]
        node.bases, node.keywords = [], []
        for method in shape.methods.values():
            method.decorator_list = []
        shape.rename_accessors()
        if not node.body:
            node.body = [ast.copy_location(ast.Pass(), node)]
        marked(node)
        self.generic_visit(node)
        after = [
            made
            for name, decorators in shape.other.items()
            for decorator in reversed(decorators)
            for made in statements(f"{node.name}.{name} = _gw_bindable(DECO({node.name}.{name}))", node, DECO=decorator)
        ]
        return [node, *after]

    def _named_tuple(self, node: ast.ClassDef, facts: ClassFacts) -> list[ast.stmt]:
        self.block.require_guest("classes", "special", "named")
        defaults = [each.value for each in node.body if isinstance(each, ast.AnnAssign) and each.value is not None]
        values = ast.copy_location(ast.List(elts=defaults, ctx=ast.Load()), node)
        source = f"{node.name} = _gw_namedtuple({node.name!r}, {list(facts.fields)!r}, defaults=DEFAULTS)"
        return self.put_statements(source, node, DEFAULTS=values)

    def _nested(self, node: ast.ClassDef) -> list[ast.stmt]:
        """Classes in the body move into functions before it; the body gets an assignment instead."""
        made: list[ast.stmt] = []
        for index, inner in enumerate(node.body):
            if isinstance(inner, ast.ClassDef):
                maker = f"{PREFIX}make_{node.name}_{inner.name}"
                (function,) = statements(f"def {maker}():\n    return {inner.name}", inner)
                visited = self.visit(inner)
                cast(ast.FunctionDef, function).body[:0] = visited if isinstance(visited, list) else [visited]
                made.append(function)
                (node.body[index],) = statements(f"{inner.name} = {maker}()", inner)
                self.block.changed = True
        return made


def _problem(bases: list[ast.expr], state: State, shape: Shape) -> str:
    for base in bases:
        name = base_name(base)
        if (
            name in CONTAINERS
            and name not in state.classes
            and not any(base_name(each) in class_kinds.ENUMS for each in bases)
        ):
            return f"class with base {name} is not available here: keep a {name} in an attribute of a plain class"
        if name not in CONTAINERS and name not in state.classes and not class_kinds.is_special_base(name, state):
            return f"base class {name or 'expression'} is not known here: derive from a class defined in this session"
    for name, instead in IGNORED.items():
        if name in shape.names:
            return f"{name} is not available here: {instead}"
    if shape.unsupported:
        return f"{shape.unsupported} in a class body is not available here: write methods and plain assignments"
    several = [state.classes[base_name(base)] for base in bases if base_name(base) in state.classes]
    if len(several) > 1 and any(facts.cooperative for facts in several[:-1]):
        return "super() across several base classes is not available here: call the base's method by the base's name"
    return ""


def _facts(node: ast.ClassDef, bases: list[ast.expr], shape: Shape, state: State) -> ClassFacts:
    known = [state.classes[base_name(base)] for base in bases if base_name(base) in state.classes]
    members = dict.fromkeys(shape.names)
    properties = dict.fromkeys(shape.properties)
    ancestors: dict[str, None] = {}
    fields: dict[str, str] = {}
    for base, facts in zip([b for b in bases if base_name(b) in state.classes], known, strict=True):
        ancestors[base_name(base)] = None
        ancestors.update(dict.fromkeys(facts.bases))
        members.update(dict.fromkeys(facts.members))
        properties.update({name: None for name in facts.properties if name not in shape.names})
        if facts.kind == "dataclass":
            fields.update(zip(facts.fields, facts.field_sources, strict=False))
    kind, error = class_kinds.kind_of(node, bases, known)
    inherited = [name for name in fields if name not in shape.fields]
    if kind == "dataclass" and fields:
        node.body[:0] = [made for name in inherited for made in statements(fields[name], node)]
    fields.update(shape.fields)
    return ClassFacts(
        bases=tuple(ancestors),
        members=tuple(members),
        kind=kind,
        properties=tuple(properties),
        error=error,
        fields=tuple(fields),
        cooperative=any(facts.cooperative for facts in known) or _calls_super(node),
        field_sources=tuple(fields.values()),
    )


def _calls_super(node: ast.ClassDef) -> bool:
    return any(isinstance(each, ast.Name) and each.id == "super" for each in ast.walk(node))


def _finisher(node: ast.ClassDef, bases: list[ast.expr], shape: Shape, state: State) -> ast.expr:
    """The decorator `_gw_class(bases, names, statics, classmethods, props, own)`."""
    names = [state.classes[base_name(base)].members if base_name(base) in state.classes else () for base in bases]
    first = ast.copy_location(ast.Tuple(elts=list(bases), ctx=ast.Load()), node)
    rest = [list(names), shape.statics, shape.classmethods, shape.accessors(), list(shape.names)]
    return expression("_gw_class(BASES, " + ", ".join(map(repr, rest)) + ")", node, BASES=first)
