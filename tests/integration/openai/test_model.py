"""A real server process with a real model in it, and OpenAI's own client."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import openai
import pytest

pytestmark = pytest.mark.model

FILLER = "\n\n".join(f"On day {day} the harbour office had nothing to report about the weather." for day in range(200))
FACT = "The harbour master of Norvale is Quentin Vale."


@contextmanager
def serving(database_url: str, folder: Path) -> Iterator[tuple[str, str]]:
    """A server with the embedded model: its URL, and the admin's key."""
    given = {
        **os.environ,
        "DATABASE_URL": database_url,
        "GREATWHEEL_SERVER__DATA": str(folder),
        "GREATWHEEL_LLM__MODEL": "qwen2.5-coder:1.5b",
    }
    command = [sys.executable, "-m", "greatwheel.channels.cli.app", "serve", "--port", "0", "--websocket-port", "0"]
    with (folder / "log").open("w+") as log:
        process = subprocess.Popen(command, env=given, cwd=folder, stderr=log, stdout=log)
        try:
            yield started(process, folder / "log")
        finally:
            process.terminate()
            process.wait(30)


def started(process: subprocess.Popen[bytes], log: Path) -> tuple[str, str]:
    """Where the server listens, and the key that it made, once it has said so."""
    until = time.monotonic() + 60
    while True:
        told = log.read_text()
        url, key = re.search(r"listening on (http://\S+)", told), re.search(r"gwk_[\w-]+", told)
        if url and key:
            return url[1], key[0]
        assert process.poll() is None, told
        assert time.monotonic() < until, told
        time.sleep(0.1)


def test_a_real_model_answers_from_a_long_message(database_url: str, tmp_path: Path) -> None:
    """The triage agent finds a fact in a message of 15,000 characters; the stream of a second question has words."""
    with serving(database_url, tmp_path) as (url, key):
        client = openai.OpenAI(base_url=f"{url}/v1", api_key=key, timeout=300)
        said = f"{FILLER}\n\n{FACT}\n\n{FILLER[:3_000]}\n\nWho is the harbour master of Norvale?"
        answer = client.chat.completions.create(model="greatwheel", messages=[{"role": "user", "content": said}])
        assert "Quentin Vale" in (answer.choices[0].message.content or "")
        assert answer.usage is not None
        assert answer.usage.completion_tokens > 0
        stream = client.chat.completions.create(
            model="greatwheel", messages=[{"role": "user", "content": "Hello, how are you?"}], stream=True
        )
        chunks = list(stream)
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks).strip()
        assert chunks[-1].choices[0].finish_reason == "stop"
