"""What `lower` promises for any source."""

from __future__ import annotations

import time

import pytest

from greatwheel.sandbox.lowering.pipeline import MAX_SOURCE_CHARS, PASSES, Lowered, Refused, lower
from greatwheel.sandbox.lowering.state import ClassFacts, State

PLAIN = """# a comment
import re

def words(text: str) -> list[str]:
    \"\"\"Words of a text.\"\"\"
    return [w.lower() for w in re.findall(r"\\w+", text)]

counts = {}
for w in words("a b a"):
    counts[w] = counts.get(w, 0) + 1
print(sorted(counts.items(), key=lambda kv: -kv[1])[:3])
"""


def _state() -> State:
    return State(engine="monty", host_names=("llm_query",))


def test_a_block_that_needs_nothing_passes_through_byte_for_byte() -> None:
    """A block that needs nothing reaches the engine byte for byte."""
    assert lower(PLAIN, _state()) == Lowered(source=PLAIN)


def test_plain_blocks_are_cheap() -> None:
    """Lowering a plain block takes less than a millisecond."""
    state = _state()
    times = []
    for _ in range(100):
        begun = time.perf_counter()
        lower(PLAIN, state)
        times.append(time.perf_counter() - begun)
    assert min(times) < 0.001


@pytest.mark.parametrize(
    "source",
    [
        "(" * 100_000,
        "[" * 190 + "]" * 190,
        "-" * 200_000 + "1",
        "not " * 50_000 + "x",
        "x = " + "1+" * 50_000 + "1",
        "x" + ".a" * 50_000,
        "f" + "()" * 50_000,
        "if x:\n" * 3,
        "".join(" " * i + "if x:\n" for i in range(200)),
        "lambda: " * 20_000 + "1",
        "x = '" + "\\N{DIGIT ONE}" * 5_000 + "'",
        "\0",
        "def f(:",
        "\ud800",
        "print(1)\x0c\n",
        "del " + "(" * 150 + "x" + ")" * 150,
        "class A(B): pass\n" * 4_000,
        "try: pass\nexcept A: pass\n" * 4_000,
        "yield " * 5_000,
        "def g():\n yield 1\n" * 4_000,
        "x" * (MAX_SOURCE_CHARS + 1),
    ],
    ids=lambda source: repr(source[:20]),
)
def test_hostile_sources_end_quickly(source: str) -> None:
    """No source makes lowering raise, or take more than some seconds of processor time."""
    begun = time.process_time()
    found = lower(source, _state())
    assert isinstance(found, (Lowered, Refused))
    assert time.process_time() - begun < 8


def test_an_oversized_block_is_refused_by_name() -> None:
    """A block over the limit is a SyntaxError that names the limit."""
    found = lower("x" * (MAX_SOURCE_CHARS + 1), _state())
    assert isinstance(found, Refused)
    assert (found.type, str(MAX_SOURCE_CHARS) in found.message) == ("SyntaxError", True)


def test_lowering_time_grows_with_the_source_and_not_faster() -> None:
    """Eight times the source takes less than twenty times as long."""

    def seconds(copies: int) -> float:
        source = (
            "class A:\n    @property\n    def x(self): return 1\ndel y\nfor i in g(): yield_ = [id for id in i]\n"
            * copies
        )
        times = []
        for _ in range(3):
            begun = time.thread_time()  # of the processor: others are at work, too
            lower(source, _state())
            times.append(time.thread_time() - begun)
        return min(times)

    seconds(20)
    assert seconds(400) < 20 * max(seconds(50), 0.005)


def test_statements_stay_on_their_lines() -> None:
    """Rewritten statements are on the guest's lines, and the others are the guest's own text."""
    source = (
        "# one\nx = {  # two\n    'a': 1,\n}\n\nm = max(x, key=x.get)  # six\nif m: print( m )\ndel x['a']\nprint(m)"
    )
    found = lower(source, _state())
    assert isinstance(found, Lowered)
    lines = found.source.split("\n")
    assert lines[1:4] == source.split("\n")[1:4]
    assert lines[5].startswith("m = max(x, key=_gw_attr(")
    assert lines[6] == "if m: print( m )"
    assert lines[8] == "print(m)"


def test_the_state_survives_as_text() -> None:
    """What lowering knows of a session comes back from its text."""
    state = _state()
    lower("class A:\n    x: int = 1\n    @property\n    def p(self): return self.x\ny = 1\ndel y", state)
    state.classes["E"] = ClassFacts(kind="exception", error="ValueError", bases=("A",))
    assert State.from_json(state.to_json()) == state


def test_every_pass_has_a_name_of_its_own_and_an_engine() -> None:
    """Passes are told apart by their names, and each serves an engine."""
    assert len({each.name for each in PASSES}) == len(PASSES)
    assert all(each.engines <= {"monty", "ouros"} and each.engines for each in PASSES)
