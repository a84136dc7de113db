"""The passes in their order, and `lower`, which sends a block through them.

To add a pass:
1. Write `passes/<feature>.py` with a class like `ComprehensionNames` in `passes/comprehension_names.py`: `name`,
   `engines`, `wanted(block)`, `apply(block)`. `wanted` is asked for every block, so it looks only at `block.facts` and
   `block.state`.
2. `apply` changes `block.tree` in place. Make new nodes by `rewrite.expression` or `rewrite.statements`, or mark a node
   changed in place by `rewrite.marked`, and set `block.changed`. Statements without a mark reach the engine as written.
3. Guest code that must be there before the block runs (a polyfill): `block.require(name, source)`. It runs once per
   session, before the block, and is remembered in `state.loaded` over dump and load. Guest names of ours start with
   `rewrite.PREFIX`. Guest code that every session needs is a file in `guest/`.
4. What later blocks must know goes into `block.state`, as plain data (it is dumped as JSON).
5. Append it to PASSES below, at the place where the tree looks as the pass expects it.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Protocol

from greatwheel.sandbox.lowering import bindings, emit, facts, reach
from greatwheel.sandbox.lowering.passes.async_with import AsyncWith
from greatwheel.sandbox.lowering.passes.awaits import Awaits
from greatwheel.sandbox.lowering.passes.bound_methods import BoundMethods
from greatwheel.sandbox.lowering.passes.builtin_methods import BuiltinMethods
from greatwheel.sandbox.lowering.passes.causes import Causes
from greatwheel.sandbox.lowering.passes.class_attributes import ClassAttributes
from greatwheel.sandbox.lowering.passes.classes import Classes
from greatwheel.sandbox.lowering.passes.complexes import Complexes
from greatwheel.sandbox.lowering.passes.comprehension_names import ComprehensionNames
from greatwheel.sandbox.lowering.passes.dataclass_fields import DataclassFields
from greatwheel.sandbox.lowering.passes.deletion import Deletion
from greatwheel.sandbox.lowering.passes.docstrings import Docstrings
from greatwheel.sandbox.lowering.passes.error_types import ErrorTypes
from greatwheel.sandbox.lowering.passes.exceptions import Exceptions
from greatwheel.sandbox.lowering.passes.generators import Generators
from greatwheel.sandbox.lowering.passes.host_callbacks import HostCallbacks
from greatwheel.sandbox.lowering.passes.imports import Imports
from greatwheel.sandbox.lowering.passes.lazy_expressions import LazyExpressions
from greatwheel.sandbox.lowering.passes.native_values import NativeValues
from greatwheel.sandbox.lowering.passes.pools import Pools
from greatwheel.sandbox.lowering.passes.properties import Properties
from greatwheel.sandbox.lowering.passes.regex_callables import RegexCallables
from greatwheel.sandbox.lowering.passes.scopes import Scopes
from greatwheel.sandbox.lowering.passes.sdk import Sdk
from greatwheel.sandbox.lowering.passes.set_order import SetOrder
from greatwheel.sandbox.lowering.passes.special_methods import SpecialMethods
from greatwheel.sandbox.lowering.passes.streams import Streams
from greatwheel.sandbox.lowering.state import Block, Setup, State

MAX_SOURCE_CHARS = 128 * 1024
"""The longest block; a longer one is answered with a SyntaxError, so that parsing time is bounded."""


class Pass(Protocol):
    """Lowers one feature. Passes hold no state of their own."""

    @property
    def name(self) -> str:
        """As the module's."""
        ...

    @property
    def engines(self) -> frozenset[str]:
        """The engines that need it."""
        ...

    def wanted(self, block: Block) -> bool:
        """Whether `apply` may have something to do; cheap."""
        ...

    def apply(self, block: Block) -> None:
        """Rewrite the block's tree, in time linear in its size."""
        ...


PASSES: tuple[Pass, ...] = (
    Sdk(),
    Imports(),
    AsyncWith(),
    Causes(),
    DataclassFields(),
    Docstrings(),
    Pools(),
    Scopes(),
    Classes(),
    ClassAttributes(),
    Generators(),
    Exceptions(),
    Deletion(),
    HostCallbacks(),
    LazyExpressions(),
    ComprehensionNames(),
    RegexCallables(),
    Streams(),
    Awaits(),
    SetOrder(),
    Complexes(),
    BuiltinMethods(),
    ErrorTypes(),
    NativeValues(),
    BoundMethods(),
    SpecialMethods(),
    Properties(),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Lowered:
    """A block as the engine gets it."""

    source: str
    setups: tuple[Setup, ...] = ()
    """To run before it, once per session."""
    lines: tuple[int, ...] | None = None
    """The guest's line of each line of `source`; None when `source` is the guest's own text."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """A block that never reaches the engine."""

    type: str
    message: str


def lower(source: str, state: State) -> Lowered | Refused:
    """The block for the session's engine; `state` learns from it. Never raises for any source."""
    if len(source) > MAX_SOURCE_CHARS:
        return Refused(
            type="SyntaxError", message=f"block of {len(source)} characters; the limit is {MAX_SOURCE_CHARS}"
        )
    if "\0" in source:
        return Refused(type="SyntaxError", message="source code cannot contain null bytes")
    try:
        tree = ast.parse(source)
        return _lower(Block(source=source, tree=tree, facts=facts.gather(tree), state=state))
    except SyntaxError as error:
        if "too many nested" in (error.msg or ""):
            return Refused(type="SyntaxError", message=error.msg)
        if isinstance(error, IndentationError):
            return Refused(type=type(error).__name__, message=f"{error.msg} (line {error.lineno})")
        # Python 3.12 syntax on 3.11, or a real error: the engine's own message has the place.
        return Lowered(source=source)
    except (RecursionError, MemoryError):
        return Refused(type="RecursionError", message="the block is nested too deeply")
    except ValueError:
        return Lowered(source=source)


def _lower(block: Block) -> Lowered:
    _learn(block)
    for each in PASSES:
        if block.state.engine in each.engines and each.wanted(block):
            each.apply(block)
    if not block.changed:
        return Lowered(source=block.source, setups=tuple(block.setups))
    text, lines = emit.emit(block.tree, block.source)
    return Lowered(source=text, setups=tuple(block.setups), lines=lines)


def _learn(block: Block) -> None:
    """Take into the state what the block binds."""
    state = block.state
    reach.learn(block.tree, state)
    state.attributes.update(dict.fromkeys(block.facts.stored_attributes))
    for each in block.tree.body:
        for name in bindings.bound_names(each):
            state.names.setdefault(name)
