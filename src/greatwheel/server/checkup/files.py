"""Checks of what an installation is told by files: agents and master keys."""

from __future__ import annotations

import os
from collections.abc import Sequence

from greatwheel.core.errors import BadInput
from greatwheel.registry.agents import File
from greatwheel.registry.definitions import read_agents
from greatwheel.server.agents import agents_folder
from greatwheel.server.checkup.finding import Finding, fail, ok, refused
from greatwheel.server.settings import Settings
from greatwheel.tenancy.master_keys import VARIABLE, open_sealer


async def agents(settings: Settings) -> Sequence[Finding]:
    """agents.toml, and the files that it names."""
    folder = agents_folder(settings)
    try:
        orders = read_agents(folder / settings.agents.file)
    except BadInput as error:
        return [refused("agents", error, "Correct the file; docs/agents.md describes it.")]
    origins = [order.origin for order in orders]
    gone = [each.path for each in origins if isinstance(each, File) and not (folder / each.path).is_file()]
    if gone:
        return [fail("agents", f"{folder} has no {', '.join(gone)}", "Put the files there, or correct agents.toml.")]
    return [ok("agents", f"{len(orders)} in {folder / settings.agents.file}")]


async def master_key(settings: Settings) -> Sequence[Finding]:
    """The keys that secrets, sessions and contexts are sealed with. Never makes one."""
    file, check = settings.key_file, "master key"
    given = bool(os.environ.get(VARIABLE))
    if not given and not file.exists():
        if (settings.data_folder / "postgres").exists():
            remedy = "Bring it back from your copy: what it sealed can't be read without it."
            return [fail(check, f"{file} is gone, and there is a database already", remedy)]
        return [ok(check, f"{file} is made by the first start")]
    try:
        open_sealer(file, os.environ)
    except BadInput as error:
        return [refused(check, error)]
    return [ok(check, f"from {VARIABLE}" if given else f"{file}, readable by its owner alone")]
