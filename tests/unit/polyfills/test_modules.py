"""Every polyfill against CPython's own module: the same expressions, the same results."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pydantic_monty
import pytest

from greatwheel.sandbox.lowering import modules, pipeline
from greatwheel.sandbox.lowering.state import State
from greatwheel.server.composition import open_engine

CALLS = Path(__file__).parent / "calls"
"""A file per module: a block that imports it, and after `# %%` one expression a line."""


def _cases() -> Iterator[tuple[str, str, list[str]]]:
    for path in sorted(CALLS.glob("*.txt")):
        setup, _, body = path.read_text("utf-8").partition("# %%\n")
        yield path.stem, setup, [line for line in body.splitlines() if line and not line.startswith("#")]


def _probe(expression: str) -> str:
    return (
        f"try:\n    print(repr(({expression})))\nexcept Exception as e:\n    print(type(e).__name__ + ': ' + str(e))\n"
    )


def _in_cpython(setup: str, expressions: list[str], capsys: pytest.CaptureFixture[str]) -> list[str]:
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(setup, namespace)  # noqa: S102  # the files beside this one
    printed = []
    for expression in expressions:
        exec(_probe(expression), namespace)  # noqa: S102
        printed.append(capsys.readouterr().out)
    return printed


@pytest.mark.parametrize(("module", "setup", "expressions"), [pytest.param(*case, id=case[0]) for case in _cases()])
async def test_polyfill_agrees_with_cpython(
    module: str, setup: str, expressions: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Each expression gives what CPython's module gives, or raises the same error."""
    wanted = _in_cpython(setup, expressions, capsys)
    engine = open_engine("monty")
    session = await engine.open()
    try:
        await session.run(setup)
        found = [(await session.run(_probe(expression))).stdout for expression in expressions]
    finally:
        await session.close()
        await engine.close()
    assert dict(zip(expressions, found, strict=True)) == dict(zip(expressions, wanted, strict=True))


@pytest.mark.parametrize("module", modules.polyfilled())
def test_polyfill_lowers_for_every_engine(module: str) -> None:
    """A polyfill's guest source is lowered without being refused, and names no host path."""
    for engine in ("monty", "ouros"):
        lowered = pipeline.lower(f"import {module} as m", State(engine=engine))
        assert isinstance(lowered, pipeline.Lowered)
        for setup in lowered.setups:
            ast.parse(setup.source)
            assert "/" + "work" not in setup.source


def test_native_tables_match_the_pinned_engine() -> None:
    """The table of Monty's own modules is what the installed version has."""
    wrong = []
    with pydantic_monty.Monty() as pool, pool.checkout() as session:
        for module in modules.engine_modules("monty"):
            names = modules.natives("monty", module) or ()
            try:
                session.feed_run(f"import {module}\n" + "".join(f"{module}.{name}\n" for name in names) + "None")
            except pydantic_monty.MontyError as error:
                wrong.append((module, str(error)))
    assert not wrong


def test_every_polyfill_is_of_a_module_that_cpython_has() -> None:
    """No polyfill stands for a module that CPython's standard library lacks."""
    assert {name.partition(".")[0] for name in modules.polyfilled()} <= sys.stdlib_module_names


def test_refused_modules_have_no_polyfill() -> None:
    """A module is either offered or refused with a hint."""
    assert not set(modules.HINTS) & set(modules.polyfilled())
