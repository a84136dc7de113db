"""What the shell offers for completion, where that is cheap to know: nothing rather than a wait or an error."""

from __future__ import annotations

import os

from greatwheel.core.errors import GreatwheelError

_SECONDS = 2.0


def agent_names(incomplete: str) -> list[str]:
    """Names of agents, as the server tells them; without a server, those of agents.toml."""
    try:
        names = _served_agents() if os.environ.get("GREATWHEEL_API_KEY") else _written_agents()
    except GreatwheelError:
        return []
    return [name for name in names if name.startswith(incomplete)]


def model_names(incomplete: str) -> list[str]:
    """Names of models that are pulled."""
    from greatwheel.llm.catalogue import CATALOGUE, models_folder  # each kind of name loads what it needs alone

    folder = models_folder()
    return [entry.name for entry in CATALOGUE if entry.pulled(folder) and entry.name.startswith(incomplete)]


def catalogue_names(incomplete: str) -> list[str]:
    """Names of models that can be pulled."""
    from greatwheel.llm.catalogue import CATALOGUE

    return [entry.name for entry in CATALOGUE if entry.name.startswith(incomplete)]


def _served_agents() -> list[str]:
    from greatwheel.channels.cli.client import ApiClient
    from greatwheel.channels.cli.reach import USUAL_SERVER

    client = ApiClient(
        os.environ.get("GREATWHEEL_URL") or USUAL_SERVER, os.environ["GREATWHEEL_API_KEY"], seconds=_SECONDS
    )
    try:
        return [str(agent["name"]) for agent in client.pages("/api/agents")]
    finally:
        client.close()


def _written_agents() -> list[str]:
    from greatwheel.registry.definitions import read_agents
    from greatwheel.server.agents import agents_folder
    from greatwheel.server.settings import load_settings

    settings = load_settings()
    return [order.name for order in read_agents(agents_folder(settings) / settings.agents.file)]
