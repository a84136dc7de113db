"""Which models tasks may name."""

from __future__ import annotations

from pathlib import Path

import pytest

from greatwheel.llm import choice, offered
from greatwheel.llm.catalogue import CatalogueEntry
from greatwheel.llm.offered import REMEMBERED_SECONDS, OfferedModel, OfferedModels
from greatwheel.testing.servers import FakeModelServer

NOWHERE = {"OLLAMA_HOST": "127.0.0.1:9"}
"""The discard port, where nothing listens."""
EMBEDDER = "nomic-embed-text:latest"


class HandClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.time = 0.0

    def monotonic(self) -> float:
        return self.time

    def now(self) -> float:
        return self.time


@pytest.fixture(autouse=True)
def pulled(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A catalogue of one model, whose file is there and has been checked."""
    entry = CatalogueEntry(
        name="small", file="small.gguf", size=4, sha256="", licence="Apache-2.0", about="", sources=()
    )  # fmt: skip
    for module in (choice, offered):
        monkeypatch.setattr(module, "CATALOGUE", (entry,))
    monkeypatch.setattr("greatwheel.llm.choice.verify", lambda entry, folder: None)
    (tmp_path / "small.gguf").write_bytes(b"GGUF")


async def test_ollamas_chat_models_and_the_pulled_ones_are_offered(tmp_path: Path) -> None:
    """The default comes first, embedders are left out, and what Ollama has in memory is marked."""
    with FakeModelServer(models=(EMBEDDER, "llama3.2:3b", "qwen3:8b"), loaded=("qwen3:8b",)) as server:
        models = await OfferedModels(None, {"OLLAMA_HOST": server.url}, folder=tmp_path).list()
    assert list(models) == [
        OfferedModel(name="qwen3:8b", default=True, loaded=True),
        OfferedModel(name="llama3.2:3b"),
        OfferedModel(name="small"),
    ]


async def test_without_a_server_the_pulled_model_is_the_default(tmp_path: Path) -> None:
    """It counts as loaded: workers load it when they start."""
    models = await OfferedModels(None, NOWHERE, folder=tmp_path).list()
    assert list(models) == [OfferedModel(name="small", default=True, loaded=True)]


async def test_a_server_that_was_chosen_offers_its_model_alone(tmp_path: Path) -> None:
    """Whoever sends tasks to a server elsewhere does not mean this machine's models, too; no address is told."""
    with FakeModelServer(models=("big", "other")) as server:
        models = await OfferedModels(f"{server.openai_url}#big", {"OLLAMA_HOST": server.url}, folder=tmp_path).list()
    assert list(models) == [OfferedModel(name="big", default=True, loaded=True)]


async def test_no_model_at_all_is_an_empty_list(tmp_path: Path) -> None:
    """Neither a wrong name nor an unreadable address is an error here."""
    (tmp_path / "small.gguf").unlink()
    assert list(await OfferedModels("nothing", NOWHERE, folder=tmp_path).list()) == []
    assert list(await OfferedModels(None, {"OLLAMA_HOST": "http://[:x"}, folder=tmp_path).list()) == []


async def test_a_list_counts_for_a_while(tmp_path: Path) -> None:
    """Servers are asked again only when the time is over."""
    clock = HandClock()
    with FakeModelServer(models=("llama3.2:3b",)) as server:
        models = OfferedModels(None, {"OLLAMA_HOST": server.url}, folder=tmp_path, clock=clock)
        before = await models.list()
        server.models = ("llama3.2:3b", "new")
        assert await models.list() == before
        clock.time = REMEMBERED_SECONDS
        assert [each.name for each in await models.list()] == ["llama3.2:3b", "new", "small"]
