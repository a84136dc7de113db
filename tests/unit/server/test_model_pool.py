"""Which models may be named by whom."""

from __future__ import annotations

import pytest

from greatwheel.core.errors import BadInput, ModelNotFound
from greatwheel.llm.offered import OfferedModel
from greatwheel.llm.port import ChatModel
from greatwheel.server.models import ModelPool
from greatwheel.testing.models import ScriptedModel


class Opened:
    """Opens a scripted model of each name, and remembers the names."""

    def __init__(self) -> None:
        self.names: list[str | None] = []

    async def __call__(self, name: str | None) -> ChatModel:
        self.names.append(name)
        if name == "elsewhere":
            raise BadInput("There is no model 'elsewhere' on this machine.")
        return ScriptedModel([], model=name or "usual")


async def _offered() -> list[OfferedModel]:
    return [OfferedModel(name="usual", default=True), OfferedModel(name="other"), OfferedModel(name="elsewhere")]


async def test_an_order_may_name_what_is_offered() -> None:
    """The default by its name is the one that is open already; another one that is offered is opened."""
    opened = Opened()
    pool = ModelPool(opened, None, offered=_offered)
    assert (await pool.ordered("usual")).model == "usual"
    assert (await pool.ordered("other")).model == "other"
    assert opened.names == [None, "other"]


@pytest.mark.parametrize("name", ["http://10.0.0.1/v1#x", "unknown", "elsewhere"])
async def test_an_order_may_not_name_anything_else(name: str) -> None:
    """Nothing is opened for an address of a user's choice, nor what another machine alone has."""
    opened = Opened()
    with pytest.raises(ModelNotFound, match=r"may name|not? .*on this machine"):
        await ModelPool(opened, None, offered=_offered).ordered(name)
    assert opened.names in ([None], [None, "elsewhere"])


async def test_a_guest_may_not_name_what_is_only_offered_to_people() -> None:
    """What agents' code names is the default, or what the settings allow it."""
    pool = ModelPool(Opened(), None, offered=_offered, allowed=["small"])
    assert (await pool.named_by_guest("small")).model == "small"
    with pytest.raises(ModelNotFound):
        await pool.named_by_guest("other")
