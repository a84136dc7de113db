"""What Ouros' errors become."""

from __future__ import annotations

import pytest

from greatwheel.sandbox.ouros_errors import failure_of, failure_of_source

LINES = {"<module>": ["x = 1", "f(x)"], "f": ["def f(x):", "    return 1 / 0"]}


def test_a_traceback_shows_the_authors_lines_only() -> None:
    """Frames of the adapter are left out; each line comes from the block that defined its function."""
    text = (
        'Traceback (most recent call last):\n  File "block", line 2, in <module>\n    f(x)\n    ~~~~\n'
        '  File "block", line 2, in f\n    f(x)\n           ~~~\n  File "block", line 20100, in call\n'
        "ZeroDivisionError: division by zero"
    )
    failure = failure_of(text, LINES.get)
    assert failure.traceback == (
        'Traceback (most recent call last):\n  File "block", line 2, in <module>\n    f(x)\n    ~~~~\n'
        '  File "block", line 2, in f\n    return 1 / 0\nZeroDivisionError: division by zero'
    )
    assert (failure.type, failure.message, failure.limit) == ("ZeroDivisionError", "division by zero", None)


def test_a_message_may_have_many_lines() -> None:
    """What looks like a frame inside a message is part of the message."""
    head = 'Traceback (most recent call last):\n  File "block", line 1, in <module>\n'
    failure = failure_of(head + 'ValueError: a\n  File "x", line 1, in y\nb')
    assert (failure.type, failure.message) == ("ValueError", 'a\n  File "x", line 1, in y\nb')


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("TimeoutError: time limit exceeded: 1s > 1s", "seconds"),
        ("TimeoutError: operation limit exceeded: 10000001 > 10000000", "seconds"),
        ("MemoryError: memory limit exceeded: 2 bytes > 1 bytes", "memory"),
        ("MemoryError: allocation limit exceeded: 2 > 1", "memory"),
        ("RecursionError: maximum recursion depth exceeded", "recursion"),
        ("TimeoutError: the guest's own", None),
        ("ValueError: time limit exceeded", None),
    ],
)
def test_the_engines_limits_are_named(text: str, limit: str | None) -> None:
    """An error of a limit carries the limit's name; one that only looks alike does not."""
    assert failure_of(text).limit == limit


def test_syntax_that_the_engine_lacks_is_named() -> None:
    """What the engine does not implement says so, with its line."""
    text = 'parse error: NotImplemented { msg: "a thing", position: CodeRange{start: CodeLoc { line: 3, column: 1 } } }'
    failure = failure_of(text)
    assert failure.type == "NotImplementedError"
    assert "a thing" in failure.message
    assert "line 3" in failure.traceback


def test_a_global_that_is_not_bound_is_a_name_error() -> None:
    """The engine calls it a local variable, once the name was tried before; at module level it can't be one."""
    words = "cannot access local variable 'x' where it is not associated with a value"
    head = 'Traceback (most recent call last):\n  File "block", line 1, in '
    module = failure_of(f"{head}<module>\n    x\nUnboundLocalError: {words}")
    assert (module.type, module.message) == ("NameError", "name 'x' is not defined")
    assert module.traceback.endswith("NameError: name 'x' is not defined")
    assert failure_of(f"{head}f\n    x\nUnboundLocalError: {words}").type == "UnboundLocalError"


def test_source_that_can_not_be_parsed() -> None:
    """Errors of Python's parser keep their line; those of depth count as a limit."""
    try:
        compile("x = 1\nx = = 1", "block", "exec")
    except SyntaxError as error:
        failure = failure_of_source(error)
    assert failure.type == "SyntaxError"
    assert "line 2" in failure.traceback
    assert failure_of_source(RecursionError("too deep")).limit == "recursion"
