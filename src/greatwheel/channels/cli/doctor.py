"""`greatwheel doctor`: whether this machine can do what is asked of it, and what to do where it can't."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from greatwheel.channels.cli.rows import JsonOption, print_json
from greatwheel.channels.cli.terminal import safe
from greatwheel.server.checkup.examination import examine
from greatwheel.server.checkup.finding import Finding

FAILED = 1
"""Exit code when a check failed."""
_STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red"}


def doctor_command(
    config: Annotated[Path | None, typer.Option("--config", help="The settings' file.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Check this machine and the installation on it, and say what to do. Changes nothing."""
    found = asyncio.run(examine(config))
    if as_json:
        print_json([asdict(finding) for finding in found])
    else:
        _print(found)
    if any(finding.state == "fail" for finding in found):
        raise typer.Exit(FAILED)


def _print(found: Sequence[Finding]) -> None:
    console = Console(highlight=False)
    width = max(len(finding.check) for finding in found)
    for finding in found:
        line = Text(f"{finding.state:<4}", style=_STYLES[finding.state])
        line.append(f"  {finding.check:<{width}}  {safe(finding.detail)}", style="default")
        if finding.remedy:
            line.append(f"  → {safe(finding.remedy)}", style="default")
        console.print(line, soft_wrap=True)
