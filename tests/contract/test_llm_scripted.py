"""The scripted model keeps the model port's contract, so that tests built on it hold for real models."""

import pytest

from greatwheel.llm.port import ChatModel
from greatwheel.testing.contracts.llm import ChatModelContract
from greatwheel.testing.models import ScriptedModel


@pytest.fixture
def model() -> ChatModel:
    return ScriptedModel(lambda request: "three, four, five ")


class TestScripted(ChatModelContract):
    """Every clause."""
