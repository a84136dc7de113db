"""A real llama.cpp in this process, with the catalogue's smallest model (98 MB, pulled when it is not there)."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from greatwheel.core.errors import ModelError, ModelNotFound, ModelRefused, NotAvailable
from greatwheel.llm.catalogue import get_entry
from greatwheel.llm.embedded import EmbeddedModel
from greatwheel.llm.port import ChatModel, ChatRequest, Message
from greatwheel.llm.pull import machine_settings, pull
from greatwheel.llm.servers import EmbeddedServer
from greatwheel.testing.contracts.llm import CONTEXT, QUESTION, ChatModelContract

pytestmark = [pytest.mark.model, pytest.mark.asyncio(loop_scope="module")]

NAME = "smollm2:135m"
PYTHON = (
    Message(role="system", content="You write Python."),
    Message(role="user", content="Print the numbers 1 to 3."),
)
FENCE = Message(role="assistant", content="```python\nfor")


@pytest.fixture(scope="module")
def path() -> Path:
    return pull(get_entry(NAME), machine_settings())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def embedded(path: Path) -> AsyncIterator[EmbeddedModel]:
    opened = EmbeddedModel(EmbeddedServer(path=path, name=NAME, window=2_048, pool=4_096))
    yield opened
    await opened.close()


@pytest.fixture
def model(embedded: EmbeddedModel) -> ChatModel:
    return embedded


class TestEmbedded(ChatModelContract):
    """Every clause, with real replies."""


@pytest.mark.parametrize("prefill", ["```python\nfor", "\n\n```python\nfor", "for", "for ", "é“ ", '{"name":'])
async def test_a_reply_goes_on_exactly_where_it_was_begun(embedded: EmbeddedModel, prefill: str) -> None:
    """Whatever the beginning looks like, it is not repeated, and the stop sequence ends the reply unseen."""
    messages = [*PYTHON, Message(role="assistant", content=prefill)]
    reply = await embedded.chat(CONTEXT, ChatRequest(messages=messages, max_tokens=40, stop=["```"]))
    assert reply.text
    assert prefill.strip() not in reply.text[: len(prefill)]
    assert "```" not in reply.text


async def test_a_prefilled_block_is_python(embedded: EmbeddedModel) -> None:
    """A block that is opened for the model is closed by its stop sequence, and together they compile."""
    reply = await embedded.chat(CONTEXT, ChatRequest(messages=[*PYTHON, FENCE], max_tokens=60, stop=["```"]))
    assert reply.finish == "stop"
    compile("for" + reply.text, "<reply>", "exec")


async def test_a_grammar_binds_the_reply(embedded: EmbeddedModel) -> None:
    """With a grammar the model can say nothing else."""
    reply = await embedded.chat(CONTEXT, replace(QUESTION, grammar='root ::= "zebra" | "quagga"'))
    assert reply.text in ("zebra", "quagga")


async def test_a_schema_binds_the_reply(embedded: EmbeddedModel) -> None:
    """With a JSON schema the reply is JSON of that shape."""
    schema = {"type": "object", "properties": {"count": {"type": "integer"}}, "required": ["count"]}
    reply = await embedded.chat(CONTEXT, replace(QUESTION, json_schema=schema, max_tokens=60))
    assert isinstance(json.loads(reply.text)["count"], int)


async def test_a_bad_grammar_is_refused(embedded: EmbeddedModel) -> None:
    """A grammar that llama.cpp can't read is an error of the request, and the server lives on."""
    with pytest.raises(ModelRefused, match="grammar"):
        await embedded.chat(CONTEXT, replace(QUESTION, grammar="root ::= nowhere"))
    assert (await embedded.chat(CONTEXT, QUESTION)).text


async def test_a_prompt_beyond_the_window_is_refused(embedded: EmbeddedModel) -> None:
    """A prompt that does not fit is refused with its size, not cut without a word."""
    long = replace(QUESTION, messages=[Message(role="user", content="word " * 9_000)])
    with pytest.raises(ModelRefused, match="context size"):
        await embedded.chat(CONTEXT, long)


async def test_two_replies_are_made_at_the_same_time(embedded: EmbeddedModel) -> None:
    """Streams that are read in turns both move before either ends: sub-calls really run in parallel."""
    streams = [embedded.stream(CONTEXT, replace(QUESTION, max_tokens=200)) for _ in range(2)]
    for _ in range(3):
        for stream in streams:
            assert (await anext(stream)).reply is None
    for stream in streams:
        await stream.aclose()  # type: ignore[attr-defined]


async def test_a_stable_prefix_is_not_read_again(embedded: EmbeddedModel) -> None:
    """The second prompt with the same beginning finds most of it in the cache."""
    server = (await embedded.start()).server
    prefix = "The numbers are " + ", ".join(str(number) for number in range(60))

    async def cached(end: str) -> int:
        body = {"messages": [{"role": "user", "content": prefix + end}], "max_tokens": 1}
        headers = {"authorization": f"Bearer {server.api_key}"}
        async with httpx.AsyncClient(headers=headers, timeout=60) as client:
            usage = (await client.post(f"{server.base_url}/chat/completions", json=body)).json()["usage"]
        return int(usage["prompt_tokens_details"]["cached_tokens"])

    await cached(" so the sum is")
    assert await cached(" and the largest is") > 100


async def test_nobody_else_can_use_the_server(embedded: EmbeddedModel) -> None:
    """The server listens on loopback and answers nobody without this process's key; it has no pages and no slots."""
    server = (await embedded.start()).server
    assert server.base_url.startswith("http://127.0.0.1:")
    assert server.api_key not in repr(server) + embedded.name
    root = server.base_url.removesuffix("/v1")
    async with httpx.AsyncClient() as client:
        for path in ("/v1/models", "/props", "/slots"):
            assert (await client.get(root + path)).status_code == 401
        assert (await client.post(f"{root}/v1/chat/completions", json={"messages": []})).status_code == 401
        assert (await client.get(root + "/")).status_code == 404


async def test_closing_ends_the_server(path: Path) -> None:
    """After close nothing listens any more, and a call says that the model is closed."""
    model = EmbeddedModel(EmbeddedServer(path=path, name=NAME, window=512, pool=512, parallel=1))
    address = (await model.start()).server.base_url
    await model.close()
    await model.close()
    async with httpx.AsyncClient() as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(f"{address}/models")
    with pytest.raises(ModelRefused, match="is closed"):
        await model.chat(CONTEXT, QUESTION)


async def test_many_first_calls_start_one_server(path: Path) -> None:
    """Calls that come together while the model loads share one server."""
    model = EmbeddedModel(EmbeddedServer(path=path, name=NAME, window=512, pool=2_048))
    clients = await asyncio.gather(*(model.start() for _ in range(4)))
    await model.close()
    assert len({id(client) for client in clients}) == 1


async def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    """Nonsense and a missing file are told in one line that names the file."""
    for name, content, error in (("bad.gguf", b"GGUF nonsense", ModelRefused), ("no.gguf", None, ModelNotFound)):
        if content is not None:
            (tmp_path / name).write_bytes(content)
        model = EmbeddedModel(EmbeddedServer(path=tmp_path / name, name="x"))
        with pytest.raises(ModelError, match=name) as caught:
            await model.chat(CONTEXT, QUESTION)
        assert type(caught.value) is error
        await model.close()


async def test_without_the_extra_the_way_out_is_named(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation without llama.cpp says how to install it."""
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    with pytest.raises(NotAvailable, match=r"pip install 'greatwheel\[embedded\]'"):
        await EmbeddedModel(EmbeddedServer(path=path, name=NAME)).chat(CONTEXT, QUESTION)


SCRIPT = """
import asyncio, sys
from pathlib import Path
from greatwheel.llm.embedded import EmbeddedModel
from greatwheel.llm.servers import EmbeddedServer
from greatwheel.testing.contracts.llm import CONTEXT, QUESTION
model = EmbeddedModel(EmbeddedServer(path=Path(sys.argv[1]), name="m", window=512, pool=512))
print(asyncio.run(model.chat(CONTEXT, QUESTION)).usage.model_calls)
"""


async def test_a_process_that_forgets_to_close_ends_quietly(path: Path) -> None:
    """Without close the process still ends, with nothing on its output but its own."""
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", SCRIPT, str(path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "1\n", "")
