"""Lines for the person at the terminal."""

from __future__ import annotations

import sys

import typer

from greatwheel.core.errors import BadInput

UNANSWERED = 5
"""Exit code of a run that ended without an answer: a budget was used up."""


def say(line: str) -> None:
    """A line on stderr."""
    print(safe(line), file=sys.stderr, flush=True)


def innermost(error: BaseException) -> BaseException:
    """The first error inside groups of errors: what went wrong, rather than that something did."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def safe(text: str) -> str:
    """The text without control characters: what models, guests and servers say must not drive the terminal."""
    return "".join(char if char in "\n\t" or char.isprintable() else "�" for char in text)


def read_hidden(asked: str) -> str:
    """A secret: asked for without an echo at a terminal, else standard input. Raises BadInput when that is no text."""
    if sys.stdin.isatty():
        typed: str = typer.prompt(asked, hide_input=True, confirmation_prompt=True)
        return typed
    return read_piped()


def read_piped() -> str:
    """Standard input. Raises BadInput when it is no text."""
    try:
        return sys.stdin.read()
    except UnicodeDecodeError as error:
        raise BadInput("What standard input has is no text in UTF-8.") from error
