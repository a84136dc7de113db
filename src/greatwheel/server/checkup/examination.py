"""All checks of an installation, together."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from greatwheel.core.errors import BadInput
from greatwheel.server.checkup import database, engines, files, machine, models
from greatwheel.server.checkup.finding import Check, Finding, fail, ok, refused
from greatwheel.server.composition import ENGINES
from greatwheel.server.settings import Settings, load_settings


async def examine(config: Path | None = None) -> Sequence[Finding]:
    """What every check found, in the order of the report. Nothing of the installation is changed."""
    try:
        settings = load_settings(config)
    except BadInput as error:
        remedy = "Correct the file or the variable; docs/configuration.md tells where settings come from."
        found = [refused("settings", BadInput(line), remedy) for line in str(error).splitlines()]
        return [*await _carried_out(machine.python), *found, *await _carried_out(machine.memory)]
    before: list[Check] = [
        machine.python,
        partial(_settings, settings),
        partial(files.agents, settings),
        partial(files.master_key, settings),
        *(partial(engines.engine, name, chosen=name == settings.sandbox.engine) for name in ENGINES),
        partial(models.model, settings),
        partial(models.ollama, settings),
    ]
    after: list[Check] = [
        partial(machine.port, settings, settings.server.port, "[server] port"),
        partial(machine.port, settings, settings.server.websocket_port, "[server] websocket_port", needed=False),
        partial(machine.disk, settings),
        machine.memory,
    ]
    found_by = [
        *await asyncio.gather(*map(_carried_out, before)),
        await _carried_out(partial(database.database, settings)),  # alone: starting Postgres keeps the machine busy
        *await asyncio.gather(*map(_carried_out, after)),
    ]
    return [finding for found in found_by for finding in found]


async def _settings(settings: Settings) -> Sequence[Finding]:
    return [ok("settings", f"valid; data in {settings.data_folder}")]


async def _carried_out(check: Check) -> Sequence[Finding]:
    """What a check finds; one that fails itself is a finding, too."""
    try:
        return await check()
    except Exception as error:
        name = check.func if isinstance(check, partial) else check
        told = f"the check itself failed: {type(error).__name__}: {error}".splitlines()[0]
        return [fail(getattr(name, "__name__", "check"), told, "Please report this.")]
