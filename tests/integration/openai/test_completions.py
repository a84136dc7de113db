"""Chat completions by agents, with OpenAI's own client."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import openai
import pytest

from greatwheel.channels.openai import completing

from .conftest import Wheel

LONG = "\n".join(f"line {number} of the document" for number in range(1_000))


def user(text: Any) -> dict[str, Any]:
    """A message of the user's."""
    return {"role": "user", "content": text}


async def complete(client: Any, model: str, *messages: Any, **more: Any) -> Any:
    """A completion; a text is a message of the user's."""
    said = [user(each) if isinstance(each, str) else each for each in messages]
    return await client.chat.completions.create(model=model, messages=said, **more)


async def test_an_agent_answers_as_a_model(wheel: Wheel) -> None:
    """Text of what was sent and answered, use, ids, and headers that name session and task."""
    async with wheel.client() as client:
        raw = await client.chat.completions.with_raw_response.create(
            model="talker", messages=[user("Who wrote it?")], temperature=0.3, user="me", seed=1, tools=[]
        )
        answer = raw.parse()
    (task,) = await wheel.tasks()
    choice = answer.choices[0]
    assert choice.message.content == "Looking it up.\n\nI heard: Who wrote it?"
    assert (choice.message.role, choice.finish_reason, answer.object) == ("assistant", "stop", "chat.completion")
    assert (answer.id, answer.model) == (f"chatcmpl-{task.task_id}", "talker")
    assert answer.usage is not None
    assert answer.usage.prompt_tokens == task.usage["prompt_tokens"] > 0
    assert answer.usage.completion_tokens == task.usage["completion_tokens"] > 0
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert raw.headers["x-greatwheel-session"] == task.session_id
    assert raw.headers["x-greatwheel-task"] == answer._request_id == task.task_id
    assert task.created_at is not None
    assert abs(answer.created - task.created_at.timestamp()) < 2


async def test_a_stream_has_the_answer_alone(wheel: Wheel) -> None:
    """Role, texts and reason come in chunks; what a model writes on the way does not; use comes at the end if asked."""
    async with wheel.client() as client:
        stream = await complete(client, "talker", "hi", stream=True, stream_options={"include_usage": True})
        chunks = [chunk async for chunk in stream]
        *told, last = chunks
        assert "".join(chunk.choices[0].delta.content or "" for chunk in told) == "Looking it up.\n\nI heard: hi"
        assert (told[0].choices[0].delta.role, told[-1].choices[0].finish_reason) == ("assistant", "stop")
        assert all(chunk.usage is None for chunk in told)
        assert (last.choices, last.usage.total_tokens > 0) == ([], True)
        assert len({chunk.id for chunk in chunks}) == 1
        plain = [chunk async for chunk in await complete(client, "twice", "hi", stream=True)]
        assert "".join(chunk.choices[0].delta.content or "" for chunk in plain) == "I heard: hi"
        assert not any("usage" in chunk.model_fields_set for chunk in plain)


async def test_a_loop_that_is_cut_short_says_so(wheel: Wheel) -> None:
    """Its answer is what it had; the reason is `length`. One that answers has the reason `stop`."""
    async with wheel.client() as client:
        assert (await complete(client, "loop", "never")).choices[0].finish_reason == "length"
        done = await complete(client, "loop", "loop on")
        assert (done.choices[0].message.content, done.choices[0].finish_reason) == ("done", "stop")


async def test_long_messages_become_the_context(wheel: Wheel) -> None:
    """The question is the prompt, the text its context; so are earlier turns, and system messages are instructions."""
    async with wheel.client() as client:
        found = await complete(client, "reader", {"role": "system", "content": "Be brief."}, f"{LONG}\n\nWho wrote it?")
        assert json.loads(found.choices[0].message.content) == ["Who wrote it?", LONG, "Be brief."]
        turns = [user("Hello"), {"role": "assistant", "content": "Hi!"}, user([{"type": "text", "text": "And now?"}])]
        found = await complete(client, "reader", *turns)
        question, context, told = json.loads(found.choices[0].message.content)
        assert (question, "context['messages']" in told) == ("And now?", True)
        assert context == {"messages": [user("Hello"), {"role": "assistant", "content": "Hi!"}]}


async def test_a_session_goes_on(wheel: Wheel) -> None:
    """Named by header or metadata its variables are there, and earlier turns are not given again."""
    async with wheel.client() as client:
        raw = await client.chat.completions.with_raw_response.create(model="counter", messages=[user("a")])
        session = raw.headers["x-greatwheel-session"]
        turns = [user("a"), {"role": "assistant", "content": "1"}, user("b")]
        second = await complete(client, "counter", *turns, extra_headers={"X-Greatwheel-Session": session})
        third = await complete(client, "greatwheel", *turns, metadata={"session_id": session, "other": "x"})
        told = [answer.choices[0].message.content for answer in (raw.parse(), second, third)]
        assert told == ["1 without", "2 without", "3 without"]
        fresh = await complete(client, "counter", *turns)
        assert fresh.choices[0].message.content == "1 with context"
        with pytest.raises(openai.ConflictError):
            await complete(client, "talker", "x", metadata={"session_id": session})
        with pytest.raises(openai.NotFoundError):
            await complete(client, "counter", "x", metadata={"session_id": "ses_none"})


@pytest.mark.parametrize("stream", [False, True])
async def test_a_question_ends_the_completion_and_the_next_message_answers_it(wheel: Wheel, stream: bool) -> None:
    """The question is the text; the answer's completion has what came after it, and its use alone."""
    async with wheel.client() as client:
        asked = await told(await complete(client, "asker", "go", **options(stream)))
        assert asked["text"] == "I need to know something.\n\nWhich year?"
        task = await wheel.until("waiting")
        more = {"metadata": {"session_id": task.session_id}, **options(stream)}
        turns = [user("go"), {"role": "assistant", "content": asked["text"]}, user("1984")]
        given = await told(await complete(client, "greatwheel", *turns, **more))
        assert given["text"] == "It was 1984."
        (task,) = await wheel.tasks()
        assert (task.status, asked["id"] != given["id"]) == ("done", True)
        assert asked["usage"].total_tokens > 0
        total = task.usage["prompt_tokens"] + task.usage["completion_tokens"]
        assert asked["usage"].total_tokens + given["usage"].total_tokens == total
        again = await told(await complete(client, "asker", "again", **more))
        assert again["text"].endswith("Which year?")
        assert len(await wheel.tasks()) == 2


def options(stream: bool) -> dict[str, Any]:
    """For a completion of that kind."""
    return {"stream": True, "stream_options": {"include_usage": True}} if stream else {}


async def told(answer: Any) -> dict[str, Any]:
    """Text, id and use of a completion, streamed or not."""
    if not isinstance(answer, openai.AsyncStream):
        return {"text": answer.choices[0].message.content, "id": answer.id, "usage": answer.usage}
    chunks = [chunk async for chunk in answer]
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks[:-1])
    return {"text": text, "id": chunks[0].id, "usage": chunks[-1].usage}


async def test_an_answer_with_a_key_is_given_once(wheel: Wheel) -> None:
    """The same request goes on where the first one did, while the task runs and when it has ended."""
    async with wheel.client() as client:
        raw = await client.chat.completions.with_raw_response.create(model="asker", messages=[user("x")])
        headers = {"X-Greatwheel-Session": raw.headers["x-greatwheel-session"], "Idempotency-Key": "k"}
        first, again = [await complete(client, "asker", "1984", extra_headers=headers) for _ in range(2)]
    assert first.choices[0].message.content == "It was 1984."
    assert (again.choices, again.id, again.usage) == (first.choices, first.id, first.usage)
    assert len(await wheel.tasks()) == 1


async def test_one_question_comes_after_the_other(wheel: Wheel) -> None:
    """Each ends a completion that has what was said since the last; who asks for the first again gets all of it."""
    first = {"Idempotency-Key": "k"}
    async with wheel.client() as client:
        raw = await client.chat.completions.with_raw_response.create(
            model="curious", messages=[user("x")], extra_headers=first
        )
        session = {"X-Greatwheel-Session": raw.headers["x-greatwheel-session"]}
        second = await complete(client, "curious", "one", extra_headers=session)
        again = await complete(client, "curious", "x", extra_headers=first)
        last = await complete(client, "curious", "two", extra_headers=session)
    texts = [answer.choices[0].message.content for answer in (raw.parse(), second, again, last)]
    assert texts == ["First?", "Thanks for one.\n\nSecond?", "Thanks for one.\n\nSecond?", "one and two"]
    assert len(await wheel.tasks()) == 1


async def test_a_choice_is_given_however_it_is_written(wheel: Wheel) -> None:
    """The question lists its choices; an answer that is none is refused and the question stays."""
    async with wheel.client() as client:
        raw = await client.chat.completions.with_raw_response.create(model="chooser", messages=[user("x")])
        assert raw.parse().choices[0].message.content == "Which one?\n\n- Tea\n- Coffee"
        more = {"metadata": {"session_id": raw.headers["x-greatwheel-session"]}}
        with pytest.raises(openai.BadRequestError, match="Tea, Coffee"):
            await complete(client, "chooser", "milk", **more)
        assert (await complete(client, "chooser", " tea", **more)).choices[0].message.content == "You like Tea."


async def test_the_question_of_an_agent_that_was_called_is_asked_too(wheel: Wheel) -> None:
    """It ends the completion of the task that called, and the answer goes to the agent that asked."""
    async with wheel.client() as client:
        raw = await client.chat.completions.with_raw_response.create(model="caller", messages=[user("x")])
        assert raw.parse().choices[0].message.content == "Which year?"
        more = {"metadata": {"session_id": raw.headers["x-greatwheel-session"]}}
        answer = await complete(client, "caller", "1984", **more)
        assert answer.choices[0].message.content == "The asker said: It was 1984."


async def test_who_leaves_cancels(wheel: Wheel, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that leaves, from a stream or not, ends the task: nobody would see its answer."""
    monkeypatch.setattr(completing, "ALIVE_SECONDS", 0.1)
    for stream in (True, False):
        asking = asyncio.create_task(left_alone(wheel, stream))
        await wheel.mind.asked.wait()
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        async with asyncio.timeout(20):
            while {task.status for task in await wheel.tasks()} != {"cancelled"}:  # noqa: ASYNC110  nobody tells
                await asyncio.sleep(0.02)
        wheel.mind.asked.clear()
    assert len(await wheel.tasks()) == 2


async def left_alone(wheel: Wheel, stream: bool) -> None:
    """A client of a completion that takes long."""
    async with wheel.client() as client:
        answer = await complete(client, "talker", "wait", stream=stream)
        async for _ in answer:
            pass


@pytest.mark.parametrize("stream", [False, True])
async def test_who_leaves_with_a_key_can_come_back(wheel: Wheel, stream: bool) -> None:
    """With an Idempotency-Key the task goes on, and the same request gives its whole answer; there is one task."""
    more = {"extra_headers": {"Idempotency-Key": "k1"}, **options(stream)}
    async with wheel.client() as client:
        asking = asyncio.create_task(complete(client, "talker", "wait", **more))
        await wheel.mind.asked.wait()
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
    await asyncio.sleep(0.2)
    wheel.mind.held.set()
    async with wheel.client() as client:
        again = await told(await complete(client, "talker", "wait", **more))
    assert again["text"] == "Looking it up.\n\nI heard: wait"
    assert [task.status for task in await wheel.tasks()] == ["done"]


async def test_a_stream_shows_that_it_lives(wheel: Wheel, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the agent works comments come; a server that stops ends the stream by an error, and the task goes on."""
    monkeypatch.setattr(completing, "ALIVE_SECONDS", 0.1)
    body = {"model": "talker", "messages": [user("wait")], "stream": True}
    comments = 0
    async with (
        httpx.AsyncClient(headers={"authorization": f"Bearer {wheel.key}"}, timeout=20) as client,
        client.stream("POST", f"{wheel.url}/v1/chat/completions", json=body) as answer,
    ):
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.aiter_lines()
        async for line in lines:
            comments += line.startswith(":")
            if comments == 3:
                break
        wheel.app.state.news.stop()
        rest = [line async for line in lines if line.startswith("data: ")]
    error = json.loads(rest[-1].removeprefix("data: "))["error"]
    assert (error["code"], error["type"]) == ("completion.interrupted", "server_error")
    (task,) = await wheel.tasks()
    assert (task.status, task.task_id in error["message"]) == ("running", True)
