"""What is accepted of the tools that an MCP server tells."""

from __future__ import annotations

from mcp_types import Tool

from greatwheel.tenancy.redaction import Redactor
from greatwheel.tools.mcp_declarations import McpServer
from greatwheel.tools.mcp_offer import offer_of

SECRET = "swordfish-7421/x"
SCHEMA = {"type": "object"}


def test_what_is_shown_of_a_server_has_no_secret() -> None:
    """Descriptions are cleaned before they are cut; a tool with a secret in its name is skipped, under another."""
    told = [
        Tool(name="plain", description=f"Uses {SECRET}.", input_schema=SCHEMA),
        Tool(name="cut", description=f"{'x' * 295}{SECRET}", input_schema=SCHEMA),
        Tool(name="long", description=f"{'x' * 3_995}{SECRET}", input_schema=SCHEMA),
        Tool(name=f"tell_{SECRET}", input_schema=SCHEMA),
        Tool(name="typed", input_schema={"type": "object", "properties": {"x": {"type": SECRET}}}),
    ]
    server = McpServer(name="desk", url="https://desk.example/mcp")
    offer = offer_of(server, told, Redactor({"TOKEN": SECRET}).text)
    assert set(offer.tools) == {"desk_plain", "desk_cut", "desk_long"}
    assert set(offer.skipped) == {"tell_[secret TOKEN]", "typed"}
    everything = f"{offer.shown()} {[each.spec for each in offer.tools.values()]}"
    assert "Uses [secret TOKEN]." in everything
    assert "sword" not in everything
