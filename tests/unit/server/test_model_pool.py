"""Which models may be named, and how they are opened."""

from __future__ import annotations

import asyncio

import pytest

from greatwheel.core.errors import BadInput, ModelNotFound
from greatwheel.llm.offered import OfferedModel
from greatwheel.llm.port import ChatModel
from greatwheel.server.models import ModelPool
from greatwheel.testing.models import ScriptedModel


class Opened:
    """Opens a scripted model of each name, and remembers the names. `hanging` opens when it is released."""

    def __init__(self) -> None:
        self.names: list[str | None] = []
        self.hanging, self.released = asyncio.Event(), asyncio.Event()

    async def __call__(self, name: str | None) -> ChatModel:
        self.names.append(name)
        if name == "elsewhere":
            raise BadInput("There is no model 'elsewhere' on this machine.")
        if name == "hanging":
            self.hanging.set()
            await self.released.wait()
        return ScriptedModel([], model=name or "usual")


async def _offered() -> list[OfferedModel]:
    names = ["other", "elsewhere", "hanging"]
    return [OfferedModel(name="usual", default=True), *(OfferedModel(name=name) for name in names)]


async def _configured() -> list[str]:
    return ["http://gpu:8000/v1#big", "usual"]


@pytest.fixture
def opened() -> Opened:
    """Opens models."""
    return Opened()


@pytest.fixture
def pool(opened: Opened) -> ModelPool:
    """The pool of an installation that chooses its default model by itself."""
    return ModelPool(opened, None, offered=_offered, configured=_configured)


async def test_what_is_offered_may_be_named(opened: Opened, pool: ModelPool) -> None:
    """The default by its name is the one that None opens, once; another one that is offered is opened."""
    pool.allow("usual")
    usual = await pool.open("usual")
    assert usual is await pool.open(None) is await pool.open("scripted (usual)")
    assert (await pool.open("other")).model == "other"
    assert await pool.open("other") is await pool.open("other")
    assert opened.names == [None, "other"]


async def test_what_the_operator_configures_agents_with_may_be_named(opened: Opened, pool: ModelPool) -> None:
    """An address that agents.toml has is opened, though it is not offered to tasks."""
    assert (await pool.open("http://gpu:8000/v1#big")).model == "http://gpu:8000/v1#big"
    assert opened.names == ["http://gpu:8000/v1#big"]


async def test_a_model_that_is_allowed_may_be_named(opened: Opened, pool: ModelPool) -> None:
    """And no other address."""
    pool.allow("http://gpu:8001/v1#other")
    assert (await pool.open("http://gpu:8001/v1#other")).model == "http://gpu:8001/v1#other"
    with pytest.raises(ModelNotFound):
        await pool.open("http://gpu:8001/v1")


@pytest.mark.parametrize("name", ["http://10.0.0.1/v1#x", "/etc/passwd", "./x.gguf", "openai:gpt-4", "unknown", ""])
async def test_nothing_else_may_be_named(opened: Opened, pool: ModelPool, name: str) -> None:
    """Neither an address nor a file of somebody's choice is opened; the refusal names what is offered."""
    with pytest.raises(ModelNotFound, match=r"There is no model .* that may be named here, only elsewhere, ha"):
        await pool.open(name)
    assert opened.names == [None]


async def test_what_another_machine_alone_has_is_not_found(pool: ModelPool) -> None:
    """A name that is offered, and that this worker can't open, is told in the words of who looked for it."""
    with pytest.raises(ModelNotFound, match="on this machine"):
        await pool.open("elsewhere")


async def test_a_server_that_hangs_holds_up_its_own_model_alone(opened: Opened, pool: ModelPool) -> None:
    """Who wants another model gets it meanwhile; who wants the same waits, and it is opened once."""
    waiting = [asyncio.create_task(pool.open("hanging")) for _ in range(2)]
    await opened.hanging.wait()
    async with asyncio.timeout(5):
        assert (await pool.open(None)).model == "usual"
        assert (await pool.open("other")).model == "other"
    assert not any(each.done() for each in waiting)
    opened.released.set()
    first, second = await asyncio.gather(*waiting)
    assert first is second
    assert opened.names.count("hanging") == 1
