"""Clauses 6 and 8: values that cross, and what is told of variables."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from greatwheel.core.errors import ValueNotPortable
from greatwheel.sandbox.port import PREVIEW_CHARS, HostCalls, Raised, Record, Returned, SandboxSession
from greatwheel.testing.contracts.binding import SandboxBinding
from greatwheel.testing.driving import drive

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=-(2**400), max_value=2**400)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.binary()
)
HASHABLE = st.recursive(SCALARS, lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3), max_leaves=5)
PORTABLE = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(HASHABLE, inner, max_size=4)
        | st.sets(HASHABLE, max_size=4)
        | st.frozensets(HASHABLE, max_size=4)
    ),
    max_leaves=12,
)
"""Every kind of value of clause 6, nested."""

EDGES: dict[str, Any] = {
    "none": None,
    "true": True,
    "zero": 0,
    "int64": 2**63 - 1,
    "int64_and_one": 2**63,
    "minus_int64": -(2**63) - 1,
    "huge_int": 3**5000,
    "float": 0.1,
    "minus_zero": -0.0,
    "infinity": math.inf,
    "tiny": 5e-324,
    "empty_text": "",
    "unicode": "é 日本 😀 \u200b \x00 \U0010ffff",
    "text_like_a_wrapper": '{"$tuple": [1]}',
    "text_like_a_function": "a <function 'f' at 0x1> b",
    "bytes": bytes(range(256)),
    "empty_tuple": (),
    "tuple": (1, "a"),
    "tuple_in_list": [(1,), [1]],
    "set": {1, "a", (2,)},
    "empty_set": set(),
    "frozenset": frozenset({1, 2}),
    "set_of_frozensets": {frozenset({1}), frozenset()},
    "dict_order": {"b": 1, "a": 2},
    "dict_keys": {1: "int", "1": "text", (1,): "tuple", None: "none"},
    "dict_like_a_wrapper": {"$tuple": [1, 2], "$set": [3], "$bigint": "5", "$bytes": "eA=="},
    "nested": {"a": [{"b": ({"c": {1}},)}]},
    "long_list": list(range(10_000)),
    "long_text": "x" * 1_000_000,
}
"""Values that adapters get wrong."""

GUEST_RANGE = {
    "function": "def v(): pass",
    "lambda": "v = lambda: 1",
    "class": "class v:\n    pass",
    "module": "import math as v",
    "function_in_a_list": "v = [1, lambda: 1]",
    "host_function": "v = ask",
}
"""Guest values that can't cross → how to make one under the name `v`."""


def same(left: Any, right: Any) -> bool:
    """Equal, of the same types all the way down, and dicts in the same order."""
    if type(left) is not type(right):
        return False
    if isinstance(left, float):
        return math.copysign(1, left) == math.copysign(1, right) and (left == right or left != left)
    if isinstance(left, Mapping):
        return len(left) == len(right) and all(
            same(a, b) for pair in zip(left.items(), right.items(), strict=True) for a, b in zip(*pair, strict=True)
        )
    if isinstance(left, list | tuple):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, set | frozenset):
        return left == right and sorted(map(str, map(type, left))) == sorted(map(str, map(type, right)))
    return bool(left == right)


class ValueClauses(SandboxBinding):
    """Clause 6."""

    @pytest.mark.parametrize("edge", EDGES)
    async def test_values_round_trip_of_edges(self, session: SandboxSession, edge: str) -> None:
        """A value set is the value got, and the guest sees it as its own."""
        value = EDGES[edge]
        await session.set("v", value)
        assert same(await session.get("v"), value)
        assert (await drive(session, "print(type(v).__name__)")).stdout == f"{type(value).__name__}\n"

    @settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(value=PORTABLE)
    async def test_values_round_trip_by_set_and_get(self, session: SandboxSession, value: Any) -> None:
        """Any portable value set is the value got."""
        await session.set("v", value)
        assert same(await session.get("v"), value)

    @settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(value=PORTABLE)
    async def test_values_round_trip_by_call_and_answer(self, session: SandboxSession, value: Any) -> None:
        """Any portable value answered to one call is the argument of the next."""
        ended = await drive(session, "tell(ask(1), key=ask(2))", lambda call: Returned(value=value))
        call = ended.calls[-1]
        assert same(call.args[0], value)
        assert same(call.kwargs["key"], value)

    async def test_values_written_by_the_guest(self, session: SandboxSession) -> None:
        """Values that the guest makes come out with their own types."""
        await drive(session, "v = [1, (2, 3), {4}, frozenset([5]), {'a': b'b', 6: None}, 2**100, 1.5, True, '7']")
        expected = [1, (2, 3), {4}, frozenset([5]), {"a": b"b", 6: None}, 2**100, 1.5, True, "7"]
        assert same(await session.get("v"), expected)
        event = await session.run("v")
        assert same(getattr(event, "value", None), expected)

    async def test_values_identity_is_not_shared(self, session: SandboxSession) -> None:
        """A value that was set is a copy: the guest's changes don't reach the host's object."""
        value = [1]
        await session.set("v", value)
        await drive(session, "v.append(2)")
        assert value == [1]
        assert await session.get("v") == [1, 2]

    async def test_values_dataclass_comes_out_as_a_record(self, session: SandboxSession) -> None:
        """An instance of a guest dataclass comes out as a Record, nested ones too."""
        await drive(
            session,
            "from dataclasses import dataclass\n@dataclass\nclass Point:\n    x: int\n    y: object\n"
            "v = [Point(1, Point(2, 'a'))]",
        )
        (point,) = await session.get("v")
        assert isinstance(point, Record)
        assert (point.type, point.fields["x"]) == ("Point", 1)
        inner = point.fields["y"]
        assert isinstance(inner, Record)
        assert (inner.type, dict(inner.fields)) == ("Point", {"x": 2, "y": "a"})

    @pytest.mark.parametrize("kind", GUEST_RANGE)
    async def test_values_unportable_are_refused_by_get(self, session: SandboxSession, kind: str) -> None:
        """A guest value that can't cross is refused with its name, and the session goes on."""
        await drive(session, GUEST_RANGE[kind])
        with pytest.raises(ValueNotPortable):
            await session.get("v")
        assert (await drive(session, "print('on')")).stdout == "on\n"

    async def test_values_unportable_at_the_end_are_none(self, session: SandboxSession) -> None:
        """A block whose trailing expression can't cross finishes with None."""
        for code in ("lambda: 1", "len", "import math\nmath", "def f(): pass\nf"):
            event = await session.run(code)
            assert getattr(event, "value", 0) is None, code

    async def test_values_unportable_of_the_host_are_refused(self, session: SandboxSession) -> None:
        """A host value that can't cross is refused with its type's name, and the session goes on."""
        for value, name in ((object(), "object"), ([1, {"a": len}], "builtin"), (b"".join, "builtin")):
            with pytest.raises(ValueNotPortable, match=name):
                await session.set("v", value)
        assert (await drive(session, "print('on')")).stdout == "on\n"

    async def test_values_unportable_answer_is_refused(self, session: SandboxSession) -> None:
        """An answer that can't cross is refused, and the call goes on waiting."""
        event = await session.run("print(ask(1))")
        assert isinstance(event, HostCalls)
        with pytest.raises(ValueNotPortable, match="object"):
            await session.resume({event.calls[0].id: Returned(value=object())})
        assert (await session.resume({event.calls[0].id: Returned(value=2)})).stdout == "2\n"

    async def test_values_surrogates_are_refused(self, session: SandboxSession) -> None:
        """Text that is no Unicode text is refused, not replaced."""
        with pytest.raises(ValueNotPortable):
            await session.set("v", ["\ud800"])

    async def test_values_cycles_are_refused(self, session: SandboxSession) -> None:
        """A value that contains itself is refused in both directions."""
        value: list[Any] = []
        value.append(value)
        with pytest.raises(ValueNotPortable):
            await session.set("v", value)
        await drive(session, "v = []\nv.append(v)")
        with pytest.raises(ValueNotPortable):
            await session.get("v")

    async def test_values_deep_nesting_of_the_host(self, session: SandboxSession) -> None:
        """A host value nested a hundred thousand deep is refused and nothing dies."""
        value: list[Any] = []
        for _ in range(100_000):
            value = [value]
        with pytest.raises(ValueNotPortable):
            await session.set("v", value)
        assert (await drive(session, "print('on')")).stdout == "on\n"

    async def test_values_deep_nesting_of_the_guest(self, session: SandboxSession) -> None:
        """A guest value nested a hundred thousand deep is refused and the host lives."""
        await drive(session, "v = []\nfor i in range(100000):\n    v = [v]")
        with pytest.raises(ValueNotPortable):
            await session.get("v")
        assert (await drive(session, "print('on')")).stdout == "on\n"

    async def test_values_unportable_argument(self, session: SandboxSession) -> None:
        """A call whose argument can't cross fails in the guest with a TypeError that it can catch."""
        code = "try:\n    ask(lambda: 1)\nexcept TypeError as e:\n    print('caught')"
        ended = await drive(session, code)
        assert (ended.stdout, ended.calls) == ("caught\n", ()), ended.event

    async def test_values_missing_name(self, session: SandboxSession) -> None:
        """The value of a name that is not bound is a KeyError."""
        with pytest.raises(KeyError):
            await session.get("nothing_here")

    @pytest.mark.parametrize("name", ["", "a b", "1x", "a.b", "x = 1", "class", "__import__('os')", "print(1)"])
    async def test_values_names_are_names(self, session: SandboxSession, name: str) -> None:
        """What is no name is never run as code."""
        with pytest.raises((KeyError, ValueNotPortable)):
            await session.get(name)
        with pytest.raises((KeyError, ValueNotPortable)):
            await session.set(name, 1)


class DescribeClauses(SandboxBinding):
    """Clause 8."""

    async def test_describe_names_types_and_sizes(self, session: SandboxSession) -> None:
        """The guest's variables are told oldest first, with type, size and a preview."""
        await session.set("context", "one two")
        await drive(session, "n = 12\nxs = [1, 2, 3]\nd = {'a': 1}\nb = b'xy'\nx = None")
        told = {v.name: v for v in await session.describe()}
        assert list(told) == ["context", "n", "xs", "d", "b", "x"]
        assert [(v.type, v.size) for v in told.values()] == [
            ("str", 7),
            ("int", None),
            ("list", 3),
            ("dict", 1),
            ("bytes", 2),
            ("NoneType", None),
        ]
        assert "one two" in told["context"].preview
        assert told["n"].preview == "12"
        assert told["xs"].preview == "[1, 2, 3]"

    async def test_describe_without_modules_and_host_functions(self, session: SandboxSession) -> None:
        """Imported modules and the host's functions are not told; the guest's own functions are."""
        await drive(session, "import math, json as j\nfrom math import floor\ndef mine(x): return x\nask(1)\nx = 1")
        names = [variable.name for variable in await session.describe()]
        assert "mine" in names
        assert "x" in names
        assert not {"math", "j", "ask", "tell"} & set(names)

    async def test_describe_is_bounded(self, session: SandboxSession) -> None:
        """A preview is short whatever the value is, and shows the start and the end of a text."""
        await session.set("big", "start" + "x" * 10_000_000 + "end")
        await drive(session, "xs = list(range(100000))\nd = {str(i): 'y' * 1000 for i in range(100)}\nn = 10**5000")
        await drive(
            session, "deep = []\nfor i in range(50000):\n    deep = [deep]\nname = 'k' * 10000\nnest = [name] * 50"
        )
        begun = time.monotonic()
        told = {v.name: v for v in await session.describe()}
        assert time.monotonic() - begun < 2
        assert all(len(v.preview) <= PREVIEW_CHARS for v in told.values())
        assert (told["big"].size, told["xs"].size) == (10_000_008, 100_000)
        assert "start" in told["big"].preview
        assert "end" in told["big"].preview

    async def test_describe_runs_no_guest_code(self, session: SandboxSession) -> None:
        """Neither a guest's special methods nor its redefined built-ins run."""
        await drive(
            session,
            "class A:\n    def __repr__(self):\n        print('ran'); seen.append(1); return ask('x')\n"
            "    def __len__(self):\n        seen.append(2); return 1\n"
            "    def __str__(self):\n        return ask('y')\n"
            "seen = []\na = A()\nxs = [a]\n"
            "def len(x):\n    seen.append(3); return 99\ndef repr(x):\n    seen.append(4); return 'mine'\n"
            "def type(x):\n    seen.append(5); return 'mine'\ndef str(x):\n    seen.append(6); return 'mine'\n"
            "word = 'abc'",
        )
        told = {v.name: v for v in await session.describe()}
        assert told["a"].type == "A"
        assert (told["word"].type, told["word"].size) == ("str", 3)
        assert await session.get("seen") == []

    async def test_describe_survives_any_variable(self, session: SandboxSession) -> None:
        """Cycles, odd texts and every type have a preview."""
        await drive(
            session, "a = []\na.append(a)\nb = 'q\\n\\x00😀' * 99\nc = {1: {2: {3: {4: {5: 6}}}}}\nd = float('nan')"
        )
        await drive(
            session, "e = range(3)\nf = (i for i in [1])\ng = lambda: 1\nh = {1, 2}\nclass K:\n    pass\nk = K()"
        )
        told = await session.describe()
        assert [v.name for v in told] == ["a", "b", "c", "d", "e", "f", "g", "h", "K", "k"]
        assert (await drive(session, "print(next(f) if hasattr(f, '__next__') else f[0])")).event is not None

    async def test_describe_of_nothing(self, session: SandboxSession) -> None:
        """A fresh session has no variables."""
        assert await session.describe() == []

    async def test_describe_after_a_failure(self, session: SandboxSession) -> None:
        """What a failed block bound is told; what was deleted is not."""
        assert isinstance(await session.run("x = 1\ny = 2\n1 / 0"), Raised)
        assert [v.name for v in await session.describe()] == ["x", "y"]
