"""The block in a model's reply."""

import time

import pytest

from greatwheel.runtime.replies import code_in, complete_part

PREFILL = "```python\n#"


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        ("```python\nprint(1)\n```", "print(1)"),
        ("Sure!\n```py\nx = 1\n```\nand then\n```\nprint(x)\n```", "x = 1\n\nprint(x)"),
        ("```python\nprint(1)", "print(1)"),
        ("```repl\n>>> x = 1\n>>> print(x)\n```", "x = 1\nprint(x)"),
        ("   ```python\n    for x in y:\n        print(x)\n```", "for x in y:\n    print(x)"),
        ("print(len(context))", "print(len(context))"),
        ("FINAL('Paris')", "FINAL('Paris')"),
        ("The answer is clear.\nFINAL(42)\nThank you.", "FINAL(42)"),
        ("<think>```python\nbad()\n```</think>\n```python\ngood()\n```", "good()"),
        ("<think>and so on and on", ""),
        ("The answer is Paris.", ""),
        ("Paris", ""),
        ("", ""),
        ("```python\n# only a comment\n```", ""),
        ("I would call FINAL(x) now", ""),
    ],
)
def test_the_code_of_a_reply(reply: str, code: str) -> None:
    """The fenced blocks of a reply are its code, else a reply that is Python as a whole or a line that calls FINAL."""
    assert code_in(reply) == code


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (" Count them.\nFINAL(len(records))\n", "# Count them.\nFINAL(len(records))"),
        (" Count.\nFINAL(1)\n```\nThis says that…", "# Count.\nFINAL(1)"),
        (" I only think about it.", ""),
        ("```python\n# again\nFINAL(2)\n```", "# again\nFINAL(2)"),
    ],
)
def test_a_prefilled_reply_is_code_up_to_its_fence(reply: str, code: str) -> None:
    """A reply that was begun for the model goes on from there; one that begins anew counts as well."""
    assert code_in(reply, prefill=PREFILL).removeprefix("#```python\n") == code


def test_a_cut_block_keeps_its_whole_statements() -> None:
    """Of a reply that ran into its token limit, the statements that are there count."""
    assert complete_part("x = 1\nfor y in z:\n    print(y)\nprint('unfini") == "x = 1\nfor y in z:\n    print(y)"
    assert complete_part("print('unfini") == ""
    assert complete_part("x = 1") == "x = 1"
    assert complete_part("") == ""


@pytest.mark.parametrize(
    "reply",
    [
        "```" * 100_000,
        "```python " * 50_000,
        "\n" * 300_000 + "FINAL",
        "<think>" * 100_000,
        "(" * 100_000,
        "FINAL(" * 50_000,
    ],
    ids=["fences", "openings", "lines", "thoughts", "brackets", "finals"],
)
def test_hostile_replies_are_read_quickly(reply: str) -> None:
    """No reply keeps the loop busy."""
    began = time.process_time()
    code_in(reply)
    code_in(reply, prefill=PREFILL)
    assert time.process_time() - began < 2
