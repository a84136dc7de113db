"""The page `docs/sandbox.md`, written from the tables in the code."""

from __future__ import annotations

import re
from collections.abc import Sequence

from greatwheel.sandbox import gaps
from greatwheel.sandbox.lowering import modules

_INTRO = """\
# The sandbox

A *session* is one live Python interpreter whose variables persist from block to block. It has no files, no network, no
environment and no other session's names; what it may do outside are host calls, each of which pauses it until the host
answers. Two engines run sessions: **monty** (the default) and **ouros** (in a child process). Neither is CPython. A
block is therefore *lowered* before it runs: what an engine lacks is rewritten or offered as a module, and what can't be
is answered with an error that says what to write instead.

This page is written by `python -m greatwheel.bench.compat --docs docs/sandbox.md`; don't edit it by hand.

## Language coverage

Blocks as language models write them (`benchmarks/compat/`), run in CPython 3.11 and in the engines. Compared are
standard output, the type of an uncaught exception and every host call. *Hard* blocks have over 20 lines with a
definition, an import, a regular expression or a sort. A *gap* is an error where CPython has none; a *silent* difference
is another result.

"""
_TABLE = re.compile(r"```text\n(.*?)```", re.DOTALL)


def render_page(table: str) -> str:
    """The page with that table of pass rates."""
    parts = [
        _INTRO,
        f"```text\n{table}\n```\n",
        "\n## Modules\n\n",
        _modules(),
        "\n## Modules that no session has\n\n",
        _refused(),
        "\n## Known gaps of monty\n\n",
        _gaps(gaps.MONTY),
        "\n## Known gaps of ouros\n\n",
        _gaps(gaps.OUROS),
    ]
    return "".join(parts)


def table_of(page: str) -> str:
    """The table of pass rates in a page, to render the rest again without running the corpus."""
    found = _TABLE.search(page)
    return found.group(1).rstrip("\n") if found else ""


def _modules() -> str:
    lines = [
        "Whole: the module is guest source of ours. Added: the engine has the module, and these names are ours.\n\n"
        "| module | monty | ouros |\n|---|---|---|\n"
    ]
    for module in modules.polyfilled():
        cells = [_cell(engine, module) for engine in ("monty", "ouros")]
        lines.append(f"| `{module}` | {cells[0]} | {cells[1]} |\n")
    engines = modules.engine_modules("monty")
    lines.append(f"\nMonty's own modules: {', '.join(f'`{name}`' for name in engines)}.\n")
    return "".join(lines)


def _cell(engine: str, module: str) -> str:
    if modules.offered(engine, module):
        return "whole"
    added = sorted(modules.additions(engine, module))
    if not added:
        return "its own"
    shown = ", ".join(f"`{name}`" for name in added[:8])
    return f"added: {shown}" + (f" and {len(added) - 8} more" if len(added) > 8 else "")


def _refused() -> str:
    rows = "".join(f"| `{name}` | {hint} |\n" for name, hint in sorted(modules.HINTS.items()))
    return "Importing one raises `ModuleNotFoundError` with this advice.\n\n| module | advice |\n|---|---|\n" + rows


def _gaps(table: Sequence[gaps.Gap]) -> str:
    if not table:
        return "None is known.\n"
    rows = "".join(f"| {each.feature} | {each.symptom} | {each.instead} |\n" for each in table)
    return "| feature | what happens | write instead |\n|---|---|---|\n" + rows
