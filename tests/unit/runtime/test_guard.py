"""Blocks leave the data alone, and repeated ones are known."""

import pytest

from greatwheel.runtime.guard import fingerprint, guard, literal_final

PROTECTED = frozenset({"context", "records"})


def ran(code: str, **given: object) -> dict[str, object]:
    """The names after the guarded block ran."""
    names: dict[str, object] = {"context": "the data", "records": [1, 2], **given}
    exec(guard(code, PROTECTED).code, names)  # noqa: S102 - the test's own blocks
    return names


@pytest.mark.parametrize(
    "code",
    [
        'context = "invented"',
        'context: str = "invented"',
        "context = ['a', 'b']",
        'context = records = """long\ninvention"""',
        'mine = context = "invented"',
    ],
)
def test_typed_in_data_is_dropped(code: str) -> None:
    """A block that types data in works on the real data."""
    assert guard(code, PROTECTED).rebound
    names = ran(code + "\nsize = len(context)")
    assert names["context"] == "the data"
    assert names["size"] == len("the data")


def test_other_targets_of_such_a_line_are_kept() -> None:
    """Only the protected name of a chained assignment is taken out."""
    assert ran('mine = context = "x"')["mine"] == "x"
    assert ran("context, n = 'x', 3")["n"] == 3


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("context = context.upper(); found = context", "THE DATA"),
        ("context += '!'\nfound = context", "the data!"),
        ("for context in context.split():\n    found = context", "data"),
        ("if True:\n    context = context[:3]\nfound = context", "the"),
        ("if False:\n    context = context[:3]\nfound = context", "the data"),
        ("if (context := context.title()):\n    found = context", "The Data"),
        ("(context, rest) = context.split()\nfound = context", "the"),
        ("[context, *rest] = context.split()\nfound = rest", ["data"]),
        ("import json as context\nfound = context.dumps(1)", "1"),
        ("from json import dumps as context\nfound = context(2)", "2"),
        ("def context():\n    return 5\nfound = context()", 5),
        ("class context:\n    x = 6\nfound = context.x", 6),
        ("try:\n    1 / 0\nexcept ZeroDivisionError as context:\n    found = str(context)", "division by zero"),
        ("match [1, 2]:\n    case [context, *records]:\n        found = context, records", (1, [2])),
        ("match {'a': 1}:\n    case {**context}:\n        found = context", {"a": 1}),
        ("def f():\n    global context\n    context = context + '?'\nf()\nfound = context", "the data?"),
        ("del context\nfound = 1", 1),
        ("found = [(context := word) for word in context.split()] and context", "data"),
        ("import contextlib\nwith contextlib.nullcontext(7) as context:\n    found = context", 7),
    ],
)
def test_every_way_to_bind_the_name_leaves_the_data(code: str, found: object) -> None:
    """Whatever rebinds a protected name binds another one instead, and the block goes on with it."""
    guarded = guard(code, PROTECTED)
    assert "context" in guarded.rebound
    names = ran(code)
    assert names["found"] == found
    assert names["context"] == "the data"
    assert names["records"] == [1, 2]


@pytest.mark.parametrize(
    "code",
    [
        "found = [context for context in records]",
        "found = {context: records for context, records in [(1, 2)]}",
        "found = (lambda context: context + 1)(1)",
        "def f(context):\n    context = context + 1\n    return context\nfound = f(1)",
        "def f():\n    context = 'local'\n    return context\nfound = f()",
        "class Box:\n    context = 3\nfound = Box.context",
        "found = dict(context=1)",
        "class Box: pass\nbox = Box()\nbox.context = 1\nfound = box.context",
    ],
)
def test_names_of_inner_scopes_are_left_alone(code: str) -> None:
    """A parameter, a local variable or a comprehension's variable of that name is no rebinding."""
    guarded = guard(code, PROTECTED)
    assert guarded.rebound == ()
    assert guarded.code == code


def test_inner_scopes_keep_their_own_name_beside_a_renamed_one() -> None:
    """In a block that rebinds the name, parameters of that name stay what they are."""
    code = (
        "context = context.upper()\n"
        "def f(context):\n    return context\n"
        "found = f(1), [context for context in [2]], context, (lambda: context)()"
    )
    assert ran(code)["found"] == (1, [2], "THE DATA", "THE DATA")


def test_code_that_does_not_parse_is_left_to_the_sandbox() -> None:
    """Broken, endless and hostile code comes back as it is."""
    for code in ("context = (", "context = " + "-" * 100_000 + "1", "context = " + "(" * 5000, "context = '\x00'"):
        assert guard(code, PROTECTED).code == code
        assert literal_final(code) is False
        assert fingerprint(code)


def test_deep_code_that_rebinds_does_no_harm() -> None:
    """A block too deep to be written again is left to the sandbox."""
    code = "context = context + " + "+".join(["1"] * 5000)
    assert guard(code, PROTECTED).code


def test_a_fingerprint_knows_a_block_by_what_it_does() -> None:
    """Comments, spacing and quotes do not make a block new; another value does."""
    assert fingerprint("x = 1  # one\nprint( x )") == fingerprint("# two\nx=1\n\nprint(x)")
    assert fingerprint("print('a')") == fingerprint('print("a")')
    assert fingerprint("x = 1") != fingerprint("x = 2")
    assert fingerprint("x = (") == fingerprint(" x  = (")


@pytest.mark.parametrize(
    ("code", "literal"),
    [
        ("FINAL('x')", True),
        ("n = 3\nFINAL(42)", True),
        ("FINAL(n)", False),
        ("FINAL(f'{n} items')", False),
        ("FINAL()", False),
        ("print('FINAL(1)')", False),
    ],
)
def test_typed_answers_are_known(code: str, literal: bool) -> None:
    """A FINAL that takes a literal was typed in by the model."""
    assert literal_final(code) is literal
