"""What a run has used."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """Counts over one model call, one step or one run; they add up."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    model_calls: int = 0
    host_calls: int = 0
    model_seconds: float = 0.0

    @property
    def tokens(self) -> int:
        """Prompt and completion tokens together."""
        return self.prompt_tokens + self.completion_tokens

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
            model_calls=self.model_calls + other.model_calls,
            host_calls=self.host_calls + other.host_calls,
            model_seconds=self.model_seconds + other.model_seconds,
        )


class Tally:
    """Adds usage up in place: a sum of `Usage` is a new one each time, which is dear in every host call."""

    __slots__ = ("completion_tokens", "host_calls", "model_calls", "model_seconds", "prompt_tokens")

    def __init__(self) -> None:
        self.prompt_tokens = 0
        self.completion_tokens = 0
        self.model_calls = 0
        self.host_calls = 0
        self.model_seconds = 0.0

    def add(self, usage: Usage) -> None:
        """Count it."""
        self.prompt_tokens += usage.prompt_tokens
        self.completion_tokens += usage.completion_tokens
        self.model_calls += usage.model_calls
        self.host_calls += usage.host_calls
        self.model_seconds += usage.model_seconds

    @property
    def total(self) -> Usage:
        """What was added so far."""
        return Usage(
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens,
            model_calls=self.model_calls,
            host_calls=self.host_calls,
            model_seconds=self.model_seconds,
        )
