"""What the loop's model is told of the tools that its task may call."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from greatwheel.bus.children import ChildServices
from greatwheel.llm.port import ChatRequest
from greatwheel.runtime import prompts
from greatwheel.runtime.postgres import PostgresStore, connector
from greatwheel.runtime.services import Service
from greatwheel.tenancy.secrets import SecretStore
from greatwheel.testing.models import ScriptedModel
from greatwheel.tools.functions import FunctionTool, tool
from greatwheel.tools.registry import ToolRegistry
from greatwheel.tools.services import ToolServices

from .office import Dying, Office, Outside


@tool(kind="read")
def price(item: str, currency: str = "EUR") -> str:
    """What an item costs.

    Ask for one item at a time.
    """
    return f"7 {currency} for {item}"


@tool(permission="shop_admin")
def remove(item: str) -> str:
    """Takes an item away."""
    return "gone"


LINE = """tool.price(item, currency='EUR')  # "What an item costs. Ask for one item at a time.\""""


@dataclass
class Shop(Outside):
    """Tools and children beside the channel."""

    tools: ToolServices | None = None
    children: ChildServices | None = None

    def find(self, name: str) -> Service | None:
        assert self.tools is not None
        assert self.children is not None
        return self.tools.find(name) or self.children.find(name) or super().find(name)


@pytest.fixture
def shop(office: Office) -> Office:
    """An office whose model answers with the price that a tool tells."""
    registry = ToolRegistry(map(FunctionTool, (price, remove)))
    services = ToolServices(tools=registry, db=office.database, secrets=SecretStore(office.sealer))
    office.outside = Shop(tools=services, children=ChildServices(tasks=office.tasks))
    office.tools = services.listed
    office.model = scripted("FINAL(tool.price('an anchor'))")
    return office


def scripted(*blocks: str) -> ScriptedModel:
    """A model that writes these blocks, one for each of a run's steps."""

    def author(request: ChatRequest) -> str:
        return f"```python\n{blocks[sum(message.role == 'assistant' for message in request.messages)]}\n```"

    return ScriptedModel(author, capabilities=frozenset())


def openings(office: Office) -> list[str]:
    """The first message of each request."""
    return [request.messages[1].content for request in office.model.requests]


async def grant(office: Office, statement: str) -> None:
    """Change what agent or user may do."""
    async with office.database.org(office.org_id) as conn:
        await conn.execute(statement)


async def test_a_bare_agent_sees_what_it_may_call(shop: Office) -> None:
    """A tool has its line and can be called so; one that is denied to the agent or the user is not there."""
    for denied in ("update agent_defs set denied = '{shop_*}'", "update users set deny = '{shop_admin}'"):
        await grant(shop, "update agent_defs set denied = '{}'")
        await grant(shop, denied)
        task = await shop.work(await shop.submit("What does an anchor cost?"))
        assert (task.answer, task.outcome) == ("7 EUR for an anchor", "answered")
        told = openings(shop)[-1]
        assert told.startswith(f"{prompts.TOOLS}\n{LINE}\n\nVariables\n")
        assert "tool.remove" not in str(shop.model.requests[-1])
    await grant(shop, "update users set deny = '{}'")
    await shop.work(await shop.submit("What does an anchor cost?"))
    assert f'{LINE}\ntool.remove(item)  # "Takes an item away."\n\n' in openings(shop)[-1]


async def test_without_permitted_tools_the_prompt_is_as_without_tools(shop: Office) -> None:
    """Not a byte is added."""
    await grant(shop, "update agent_defs set tools = '{agent:*}'")
    shop.model = scripted("FINAL(3 + 4)")
    await shop.work(await shop.submit("How many?"))
    shop.tools = None
    await shop.work(await shop.submit("How many?"))
    none, without = shop.model.requests
    assert none.messages == without.messages


async def test_a_run_has_one_list_in_all_its_attempts(shop: Office) -> None:
    """What is granted or taken away between two attempts is not told to the second."""
    await grant(shop, "update agent_defs set denied = '{shop_*}'")
    shop.model = scripted("print(3 + 4)", "total = 3 + 4\nFINAL(total)")
    shop.linger = 60.0  # so that only barriers write: the first step's boundary, and the end
    task = await shop.submit("How many?")
    dying = Dying(PostgresStore(connector(shop.database.url)), left=2)
    with pytest.raises(BaseException):  # noqa: B017 - however its attempt ends
        await shop.work(task, wrap=lambda store: dying)
    await shop.take_over(task)
    assert (await shop.get(task)).boundary is not None
    await grant(shop, "update agent_defs set denied = '{price}'")
    before = len(shop.model.requests)
    assert (await shop.work(task)).status == "done"
    assert len(shop.model.requests) > before
    assert all(LINE in text and "tool.remove" not in text for text in openings(shop))


async def test_a_child_loop_has_the_list_of_its_parent(shop: Office) -> None:
    """It acts for the same agent and user, and may call the same tools."""
    await grant(shop, "update agent_defs set denied = '{shop_*}'")
    shop.source = "def handle(task):\n    return rlm_query('What does an anchor cost?', context='anchor')"
    task = await shop.work(await shop.submit())
    assert task.status == "waiting"
    child = await shop.work(await shop.child(task))
    assert child.answer == "7 EUR for an anchor"
    assert openings(shop)[0].startswith(f"{prompts.TOOLS}\n{LINE}\n\n")
