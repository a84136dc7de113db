"""The model alone: the question with as much of the context's head and tail as fits its window."""

from __future__ import annotations

import httpx

from greatwheel.bench.longcontext.serving import Served
from greatwheel.bench.longcontext.systems.port import Outcome
from greatwheel.bench.longcontext.task import BenchTask, as_text
from greatwheel.core.context import CallContext
from greatwheel.core.errors import ModelError
from greatwheel.core.ids import new_run_id, new_session_id
from greatwheel.llm.port import ChatRequest, Message

ANSWER_TOKENS = 256
"""Room for the answer."""
FRAME_TOKENS = 120
"""Room for the words around the context and the chat template."""
_PROMPT = "Answer the question from the text.\n\nText:\n{text}\n\nQuestion: {question}\nAnswer briefly."


class ModelAlone:
    """One request a task. The window may be set below the server's, since reading is slow on a CPU."""

    def __init__(self, served: Served, window: int) -> None:
        self._served = served
        self._window = min(window, served.window)

    @property
    def name(self) -> str:
        """`alone`."""
        return "alone"

    async def answer(self, task: BenchTask) -> Outcome:
        """Ask once."""
        room = self._window - ANSWER_TOKENS - FRAME_TOKENS - await self._tokens(task.question)
        text = await self._fitting(as_text(task.context), room)
        prompt = _PROMPT.format(text=text, question=task.question)
        call = CallContext(session_id=new_session_id(), run_id=new_run_id())
        request = ChatRequest(messages=[Message(role="user", content=prompt)], max_tokens=ANSWER_TOKENS)
        try:
            reply = await self._served.chat.chat(call, request)
        except ModelError as error:
            return Outcome(answer="", error=str(error))
        return Outcome(answer=reply.text.strip(), usage=reply.usage, steps=1)

    async def _fitting(self, text: str, room: int) -> str:
        """Head and tail of the text, as many characters as make at most `room` tokens."""
        chars = min(len(text), room * 4)
        while True:
            cut = text if chars >= len(text) else f"{text[: chars // 2]}\n[...]\n{text[len(text) - chars // 2 :]}"
            tokens = await self._tokens(cut)
            if tokens <= room:
                return cut
            chars = int(chars * room / tokens * 0.98)

    async def _tokens(self, text: str) -> int:
        """The server's own count."""
        headers = {"authorization": f"Bearer {self._served.api_key}"}
        async with httpx.AsyncClient(headers=headers, timeout=60) as client:
            reply = await client.post(f"{self._served.base_url.removesuffix('/v1')}/tokenize", json={"content": text})
        return len(reply.raise_for_status().json()["tokens"])
