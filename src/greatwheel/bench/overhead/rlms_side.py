"""rlms' half: its local REPL and its handler, by their public classes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rlm.clients.base_lm import BaseLM
from rlm.clients.openai import OpenAIClient
from rlm.core.lm_handler import LMHandler
from rlm.core.types import ModelUsageSummary, UsageSummary
from rlm.environments.local_repl import LocalREPL


class InstantClient(BaseLM):  # type: ignore[misc]  # rlms has no types
    """A model that replies at once."""

    def __init__(self) -> None:
        super().__init__(model_name="instant")

    def completion(self, prompt: Any) -> str:
        """Always the same."""
        return "yes"

    async def acompletion(self, prompt: Any) -> str:
        """Always the same."""
        return "yes"

    def get_usage_summary(self) -> Any:
        """Nothing is counted."""
        return UsageSummary(model_usage_summaries={})

    def get_last_usage(self) -> Any:
        """One call."""
        return ModelUsageSummary(total_calls=1, total_input_tokens=5, total_output_tokens=1)


@contextmanager
def repl(client: BaseLM, concurrency: int = 16) -> Iterator[LocalREPL]:
    """A local REPL with a handler for the client; 16 calls of a batch at once is rlms' own limit."""
    with LMHandler(client, batch_max_concurrent=concurrency) as handler:
        environment = LocalREPL(lm_handler_address=handler.address)
        try:
            yield environment
        finally:
            environment.cleanup()


def openai_client(base_url: str) -> BaseLM:
    """rlms' own client for a server."""
    return OpenAIClient(api_key="none", model_name="slow", base_url=base_url)


def seconds_of(environment: LocalREPL, code: str) -> float:
    """Execute a block; RuntimeError when it failed: its time would mean nothing."""
    begun = time.perf_counter()
    result = environment.execute_code(code)
    took = time.perf_counter() - begun
    if result.stderr:
        raise RuntimeError(f"the measured block failed: {result.stderr}")
    return took
