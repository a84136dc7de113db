"""Which model server is chosen, and what people are told about it."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from greatwheel.core.errors import (
    BadInput,
    ModelFileCorrupt,
    ModelNotFound,
    ModelRefused,
    ModelUnavailable,
)
from greatwheel.llm import choice
from greatwheel.llm.catalogue import CATALOGUE, CatalogueEntry
from greatwheel.llm.choice import best_chat_model, best_embedder, choose_file, resolve_model
from greatwheel.llm.servers import EmbeddedServer, OllamaServer, OpenAIServer
from greatwheel.testing.servers import FakeModelServer

NOWHERE = {"OLLAMA_HOST": "127.0.0.1:9"}
"""The discard port, where nothing listens."""
BYTES = b"GGUF and so on"


@pytest.fixture
def ollama() -> Iterator[FakeModelServer]:
    with FakeModelServer(models=("nomic-embed-text:latest", "llama3.2:3b", "qwen2.5-coder:1.5b")) as server:
        yield server


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> CatalogueEntry:
    """A catalogue of two small models; the file of the smaller is there."""
    entries = tuple(
        CatalogueEntry(
            name=name,
            file=f"{name}.gguf",
            size=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            licence="Apache-2.0",
            about=name,
            sources=(),
        )
        for name, content in (("big", BYTES * 9), ("small", BYTES))
    )
    monkeypatch.setattr(choice, "CATALOGUE", entries)
    monkeypatch.setattr("greatwheel.llm.catalogue.CATALOGUE", entries)
    (tmp_path / "small.gguf").write_bytes(BYTES)
    return entries[1]


async def test_ollama_comes_first(ollama: FakeModelServer, tiny: CatalogueEntry, tmp_path: Path) -> None:
    """Without a wish, an Ollama that answers is used, with the model that suits best and its embedder."""
    chosen = await resolve_model(environment={"OLLAMA_HOST": ollama.url}, folder=tmp_path)
    assert chosen.server == OllamaServer(
        host=ollama.url, model="qwen2.5-coder:1.5b", window=4096, embedding_model="nomic-embed-text:latest"
    )
    assert chosen.line.startswith(f"using qwen2.5-coder:1.5b on Ollama at {ollama.url}, because Ollama answers")


async def test_a_pulled_model_comes_next(tiny: CatalogueEntry, tmp_path: Path) -> None:
    """Without Ollama the pulled model is served in this process, and the line says why."""
    chosen = await resolve_model(environment=NOWHERE, folder=tmp_path)
    assert chosen.server == EmbeddedServer(path=tmp_path / "small.gguf", name="small")
    assert chosen.line == (
        f"using small in this process ({tmp_path}/small.gguf), "
        "because Ollama does not answer at http://127.0.0.1:9 and this model is pulled"
    )


async def test_the_largest_pulled_model_is_used(tiny: CatalogueEntry, tmp_path: Path) -> None:
    """Of several pulled models the largest is chosen."""
    (tmp_path / "big.gguf").write_bytes(BYTES * 9)
    assert (await resolve_model(environment=NOWHERE, folder=tmp_path)).server.name == "big"  # type: ignore[union-attr]


async def test_ollama_without_a_chat_model_is_passed_over(tiny: CatalogueEntry, tmp_path: Path) -> None:
    """An Ollama that has only embedders does not stand in the way of a pulled model."""
    with FakeModelServer(models=("nomic-embed-text",)) as server:
        chosen = await resolve_model(environment={"OLLAMA_HOST": server.url}, folder=tmp_path)
    assert isinstance(chosen.server, EmbeddedServer)
    assert "has no chat model" in chosen.reason


async def test_nothing_there_says_what_to_run(tmp_path: Path) -> None:
    """Without a server and without a model, one line names the two ways out."""
    with pytest.raises(ModelUnavailable) as caught:
        await resolve_model(environment=NOWHERE, folder=tmp_path)
    message = str(caught.value)
    assert "start Ollama" in message
    assert "greatwheel models pull qwen2.5-coder:1.5b" in message
    assert "\n" not in message


async def test_a_corrupt_pulled_model_is_refused(tiny: CatalogueEntry, tmp_path: Path) -> None:
    """A file of the right size with other bytes is never loaded; the message has both hashes."""
    (tmp_path / "small.gguf").write_bytes(BYTES[::-1])
    with pytest.raises(ModelFileCorrupt) as caught:
        await resolve_model("small", environment=NOWHERE, folder=tmp_path)
    assert tiny.sha256 in str(caught.value)
    assert hashlib.sha256(BYTES[::-1]).hexdigest() in str(caught.value)


async def test_a_file_changed_after_its_check_is_checked_again(tiny: CatalogueEntry, tmp_path: Path) -> None:
    """The note that a file was checked holds only while the file stays as it was."""
    await resolve_model("small", environment=NOWHERE, folder=tmp_path)
    (tmp_path / "small.gguf").write_bytes(BYTES[::-1])
    with pytest.raises(ModelFileCorrupt):
        await resolve_model("small", environment=NOWHERE, folder=tmp_path)


async def test_a_checked_file_is_not_read_again(
    tiny: CatalogueEntry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second start does not read a gigabyte to learn what is known."""
    await resolve_model("small", environment=NOWHERE, folder=tmp_path)
    monkeypatch.setattr("greatwheel.llm.verification.sha256_of", lambda *args: pytest.fail("read again"))
    await resolve_model("small", environment=NOWHERE, folder=tmp_path)


async def test_a_bare_name_is_a_pulled_model_first(
    ollama: FakeModelServer, tiny: CatalogueEntry, tmp_path: Path
) -> None:
    """A name of the catalogue whose file is there needs no server."""
    chosen = await resolve_model("small", environment={"OLLAMA_HOST": ollama.url}, folder=tmp_path)
    assert isinstance(chosen.server, EmbeddedServer)


async def test_a_bare_name_is_ollamas_next(ollama: FakeModelServer, tiny: CatalogueEntry, tmp_path: Path) -> None:
    """Any other name is looked for in Ollama, whatever its case."""
    chosen = await resolve_model("Llama3.2:3B", environment={"OLLAMA_HOST": ollama.url}, folder=tmp_path)
    assert chosen.server.model == "llama3.2:3b"  # type: ignore[union-attr]


async def test_a_tag_is_latest_unless_named(ollama: FakeModelServer, tmp_path: Path) -> None:
    """As in Ollama, a name without a tag means the latest."""
    environment = {"OLLAMA_HOST": ollama.url}
    chosen = await resolve_model("ollama:nomic-embed-text", environment=environment, folder=tmp_path)
    assert chosen.server.model == "nomic-embed-text:latest"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("big", "run `greatwheel models pull big`"),
        ("embedded:big", "run `greatwheel models pull big`"),
        ("embedded:huge", "The catalogue has no model 'huge'"),
        ("nope", "Ollama at http://127.0.0.1:9 does not answer"),
        ("missing.gguf", "The model file missing.gguf can't be read"),
    ],
)
async def test_a_model_that_is_not_there_says_what_to_do(
    text: str, says: str, tiny: CatalogueEntry, tmp_path: Path
) -> None:
    """An unknown model, one that is not pulled and a missing file each have their own advice."""
    with pytest.raises(ModelNotFound) as caught:
        await resolve_model(text, environment=NOWHERE, folder=tmp_path)
    assert says in str(caught.value)


async def test_a_model_that_ollama_lacks_names_those_it_has(ollama: FakeModelServer, tmp_path: Path) -> None:
    """The message has the command that brings the model, and what is there."""
    with pytest.raises(ModelNotFound, match=r"run `ollama pull zork`.*It has nomic.*llama3.2:3b"):
        await resolve_model("ollama:zork", environment={"OLLAMA_HOST": ollama.url}, folder=tmp_path)


async def test_asking_for_ollama_that_is_not_there(tmp_path: Path) -> None:
    """A server that was asked for and does not answer is named; nothing else is taken in its stead."""
    with pytest.raises(ModelUnavailable, match=r"http://127\.0\.0\.1:9"):
        await resolve_model("ollama:m", environment=NOWHERE, folder=tmp_path)


async def test_a_thinking_model_is_known_as_one(tmp_path: Path) -> None:
    """What Ollama says of a model decides whether it is ever asked to think."""
    with FakeModelServer(models=("m",), ollama_capabilities=("completion", "thinking")) as server:
        chosen = await resolve_model("ollama:m", environment={"OLLAMA_HOST": server.url}, folder=tmp_path)
    assert chosen.server.thinks is True  # type: ignore[union-attr]


@pytest.mark.parametrize(("owner", "dialect"), [("llamacpp", "llama.cpp"), ("vllm", "vllm"), ("acme", "generic")])
async def test_a_servers_dialect_is_found_out(owner: str, dialect: str, tmp_path: Path) -> None:
    """A server's list of models tells which dialect it speaks, and its first model when none is named."""
    with FakeModelServer(models=("one", "two"), owned_by=owner) as server:
        chosen = await resolve_model(server.openai_url, environment={}, folder=tmp_path)
        named = await resolve_model(f"{server.url}#two", environment={}, folder=tmp_path)
    assert isinstance(chosen.server, OpenAIServer)
    assert (chosen.server.model, chosen.server.dialect) == ("one", dialect)
    assert (named.server.model, named.server.base_url) == ("two", server.openai_url)  # type: ignore[union-attr]


async def test_a_server_without_models_is_named(tmp_path: Path) -> None:
    """When no model is named and none is listed, the message says how to name one."""
    with FakeModelServer(models=()) as server, pytest.raises(ModelNotFound, match="#NAME"):
        await resolve_model(server.openai_url, environment={}, folder=tmp_path)


async def test_openai_itself_is_not_asked_for_its_list(tmp_path: Path) -> None:
    """OpenAI's dialect and window are known without a request."""
    chosen = await resolve_model("openai:gpt-5", environment={"OPENAI_API_KEY": "sk-1"}, folder=tmp_path)
    assert isinstance(chosen.server, OpenAIServer)
    assert chosen.server.dialect == "openai"
    assert "sk-1" not in chosen.line + repr(chosen)


async def test_a_server_that_is_no_model_server_is_refused(tmp_path: Path) -> None:
    """A web server without a list of models is refused by name, or unavailable when nothing listens."""
    with FakeModelServer() as server, pytest.raises(ModelRefused, match="404"):
        await resolve_model(f"{server.url}/elsewhere", environment={}, folder=tmp_path)
    with pytest.raises(ModelUnavailable, match=r"http://127\.0\.0\.1:9"):
        await resolve_model("http://127.0.0.1:9#m", environment={}, folder=tmp_path)


async def test_an_empty_name_is_bad_input(tmp_path: Path) -> None:
    """An empty name is not silently taken for no name."""
    with pytest.raises(BadInput):
        await resolve_model("", environment={}, folder=tmp_path)


def test_a_model_file_must_look_like_one(tmp_path: Path) -> None:
    """Any GGUF file is taken by its path; another file, and a folder, are refused by name."""
    good, bad = tmp_path / "my-model.gguf", tmp_path / "text.gguf"
    good.write_bytes(BYTES)
    bad.write_text("hello")
    assert choose_file(good).server == EmbeddedServer(path=good, name="my-model")
    for path in (bad, tmp_path):
        with pytest.raises(ModelNotFound, match=path.name):
            choose_file(path)


@pytest.mark.parametrize(
    ("models", "best"),
    [
        ([], None),
        (["bge-m3"], None),
        (["mistral:7b", "zephyr"], "mistral:7b"),
        (["llama3", "acme/qwen3:8b"], "acme/qwen3:8b"),
        (["qwen3-embedding:0.6b", "gemma3"], "gemma3"),
    ],
)
def test_the_best_chat_model_never_is_an_embedder(models: list[str], best: str | None) -> None:
    """Families are ranked, the first of equals wins, and embedders don't count."""
    assert best_chat_model(models) == best


def test_the_best_embedder_is_one() -> None:
    """Chat models are never taken for embeddings."""
    assert best_embedder(["qwen3:8b", "all-minilm", "nomic-embed-text"]) == "nomic-embed-text"
    assert best_embedder(["qwen3:8b"]) is None


def test_the_catalogue_is_what_was_published() -> None:
    """The two first entries have the size and hash of the published files."""
    assert [(entry.name, entry.size, entry.sha256[:12], entry.licence) for entry in CATALOGUE] == [
        ("qwen2.5-coder:1.5b", 1_117_320_768, "cc324af070c2", "Apache-2.0"),
        ("smollm2:135m", 98_362_432, "b179c9523d0e", "Apache-2.0"),
    ]
