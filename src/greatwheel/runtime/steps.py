"""What happens next in a run: from what a block did to what the model is told, or to the answer.

Pure functions and values: no I/O, so each weakness of a small model has its rule and its test here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from greatwheel.core.events import StepOutcome
from greatwheel.llm.port import ChatReply, Message
from greatwheel.runtime import finals, prompts
from greatwheel.runtime.bridge import FinalCalled
from greatwheel.runtime.guard import fingerprint, guard, literal_final
from greatwheel.runtime.replies import code_in, comments_in, complete_part
from greatwheel.runtime.shown import shown
from greatwheel.sandbox.port import Raised

OBSERVATION_CHARS = 1600
VALUE_CHARS = 600
INSISTENT: frozenset[finals.Doubt] = frozenset({"empty", "not_a_value"})
"""Doubts that stay however often the model repeats itself; the others are raised once."""


COMPUTABLE: frozenset[finals.Doubt] = frozenset({"not_in_data", "not_computed", "not_found"})
"""Doubts that running the example may settle."""


class Data(Protocol):
    """What the rules may ask of a run's data."""

    def holds(self, text: str) -> bool:
        """Whether the text occurs in the context."""
        ...

    def sample(self) -> str:
        """One record, or the first line, exactly as it is."""
        ...

    def keys_hint(self) -> str:
        """The keys that records have, in a line; empty without records."""
        ...

    def names(self) -> Sequence[str]:
        """The variables that the session was given."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """A block as it will run, or why it will not."""

    code: str = ""
    refusal: str | None = None
    """A hint for the model; None when the block may run."""
    rebound: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Ran:
    """What a block did."""

    outcome: StepOutcome
    block: Block = Block()
    stdout: str = ""
    value: Any = None
    raised: Raised | None = None
    final: FinalCalled | None = None
    error: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What the model is told of a step, or the answer that ends the run."""

    observation: str
    hint: str = ""
    answer: str | None = None
    trouble: bool = False
    """The model went wrong: the next reply is sampled more freely."""


@dataclass(kw_only=True, slots=True)
class Conversation:
    """What was said in a run so far."""

    opening: prompts.Opening
    prefills: bool = True
    """Replies are begun for the model: its server continues messages."""
    settings_history: int = 3
    instructions: str = ""
    """What is said after the loop's own prompt."""
    tools: str = ""
    """The tools that it may call, as lines: as a run was told of them at its beginning, its boundaries keep them."""
    turns: list[tuple[str, str]] = field(default_factory=list)
    """(code, what the model was told of it), oldest first."""
    trouble: int = 0
    stuck: bool = False
    """The last step went wrong."""
    best: str | None = None
    """The best answer so far, for a run that ends without one."""
    flags: list[str] = field(default_factory=list)
    questioned: dict[str, finals.Doubt] = field(default_factory=dict)
    """Answers that were questioned, and why."""
    _thoughts: str = ""
    """The comments of a reply that was cut off before it came to code."""
    _seen_blocks: dict[str, int] = field(default_factory=dict)
    _doubts: set[finals.Doubt] = field(default_factory=set)

    def begun(self) -> str:
        """How the next reply is begun; empty where the server does not continue messages."""
        if not self.prefills:
            return ""
        if self._thoughts:
            return f"```python\n{self._thoughts}\nFINAL("
        if self.opening.reading:
            return self._stuck_prefill() if self.stuck else self.opening.prefill
        if not self.turns:
            plain = self.opening.prefill == prompts.PREFILL
            return prompts.TOOLS_PREFILL if self.tools and plain else self.opening.prefill
        return (prompts.begun_by(self.opening.example) if self.trouble == 1 else "") or prompts.PREFILL

    def _stuck_prefill(self) -> str:
        """How a reply is begun after one that went wrong: with the answer, or away from the question's own words."""
        last = next(reversed(self.questioned), "")
        if last and self.questioned[last] == "from_question":
            return prompts.AGAIN_PREFILL.format(shown=last[:60])
        return prompts.ANSWER_PREFILL

    def messages(self) -> list[Message]:
        """The prompt of the next step. Its beginning never changes within a run, so servers can cache it."""
        begun = self.begun()
        ask = prompts.ASK if begun else prompts.ASK_FENCED
        system = f"{prompts.SYSTEM}\n\n{self.instructions}" if self.instructions else prompts.SYSTEM
        messages = [Message(role="system", content=system)]
        opening = f"{self.tools}\n\n{self.opening.text}" if self.tools else self.opening.text
        first = opening if self.turns else f"{opening}\n\n{ask}"
        messages.append(Message(role="user", content=first))
        shown = self.turns[-self.settings_history :]
        for index, (code, told) in enumerate(shown):
            messages.append(Message(role="assistant", content=f"```python\n{code}\n```"))
            last = index == len(shown) - 1
            messages.append(Message(role="user", content=f"{told}\n\n{ask}" if last else told))
        if begun:
            messages.append(Message(role="assistant", content=begun))
        return messages

    def block_of(self, reply: ChatReply) -> str:
        """The code in a reply; a block that was cut off keeps its whole statements."""
        begun = self.begun()
        code = code_in(reply.text, prefill=begun)
        if reply.finish == "length":
            code = complete_part(code)
        self._thoughts = comments_in(reply.text, prefill=begun) if begun and not code and not self._thoughts else ""
        if not code and reply.text.strip() and self.best is None and len(reply.text) < 300:
            self.best = " ".join(reply.text.split())
        return code

    def admit(self, code: str, protected: frozenset[str], *, cut: bool) -> Block:
        """The block, made harmless for the data, or the reason why it does not run."""
        if not code:
            return Block(refusal=prompts.CUT_OFF if cut else prompts.NO_CODE)
        guarded = guard(code, protected)
        mark = fingerprint(code)
        times = self._seen_blocks.get(mark, 0)
        self._seen_blocks[mark] = times + 1
        if times and not literal_final(code):
            return Block(code=code, refusal=prompts.REPEATED if times == 1 else prompts.REPEATED_AGAIN)
        return Block(code=guarded.code, rebound=guarded.rebound)

    def seen(self) -> str:
        """All that the model was shown of the data, its description aside."""
        return "\n".join([self.opening.evidence, *(told for _, told in self.turns)])

    def raise_doubt(self, doubt: finals.Doubt) -> bool:
        """Whether to question an answer for this reason: most reasons count once.

        "Not found" is not questioned when a first search found no trace of a name in the question.
        """
        if doubt == "not_found" and self.opening.absent:
            return False
        if doubt in self._doubts and doubt not in INSISTENT:
            return False
        self._doubts.add(doubt)
        return True

    def add(self, code: str, verdict: Verdict) -> None:
        """Remember a step."""
        told = f"{verdict.observation}\n\n{verdict.hint}" if verdict.hint else verdict.observation
        self.turns.append((code, told))
        self.trouble += verdict.trouble
        self.stuck = verdict.trouble


def judge(talk: Conversation, ran: Ran, data: Data) -> Verdict:
    """What the model is told of a step, or the answer."""
    match ran.outcome:
        case "no_code":
            return Verdict(observation="", hint=ran.block.refusal or "", trouble=True)
        case "refused":
            hint = ran.block.refusal or ""
            shown = data.sample() if hint == prompts.REPEATED_AGAIN else ""
            return Verdict(observation="", hint=f"{hint}\n{shown}".strip(), trouble=True)
        case "final":
            return _judge_final(talk, ran, data)
        case "finished":
            return _judge_finished(talk, ran)
        case "raised" | "limit":
            return _judge_raised(talk, ran, data)
        case "lost":
            return Verdict(observation="", hint=prompts.LOST, trouble=True)


def _judge_final(talk: Conversation, ran: Ran, data: Data) -> Verdict:
    value = ran.final.value if ran.final else None
    text = finals.as_text(value)
    final = finals.Final(
        text=text,
        typed_in=literal_final(ran.block.code),
        counted=talk.opening.counting,
        repeats=finals.repeats(text, talk.opening.question),
    )
    doubt = finals.doubt(
        final, value=value, seen=talk.seen(), in_data=final.typed_in and talk.opening.reading and data.holds(text)
    )
    if doubt is None or not talk.raise_doubt(doubt):
        # What was questioned has been shown to the model since, in the question: that settles no doubt.
        if settled := talk.questioned.get(text, doubt):
            talk.flags.append(settled)
        return Verdict(observation="", answer=text)
    talk.questioned[text] = doubt
    if doubt not in INSISTENT:
        talk.best = text
    hint = _doubt_hint(doubt, text, value)
    if doubt in COMPUTABLE and talk.opening.example and not talk.opening.reading:
        hint = f"{hint} For example:\n{talk.opening.example}"
    return Verdict(observation=prompts.observation(_cut(ran.stdout), "", ""), hint=hint, trouble=True)


def _doubt_hint(doubt: finals.Doubt, text: str, value: Any) -> str:
    said = shown(value)[:80]
    match doubt:
        case "empty":
            return prompts.EMPTY_FINAL.format(shown=said)
        case "not_found":
            return prompts.NOT_FOUND_EARLY
        case "nothing_matched":
            return prompts.NOTHING_MATCHED.format(shown=said)
        case "not_in_data":
            return prompts.NOT_IN_DATA.format(shown=said)
        case "from_question":
            return prompts.FROM_QUESTION.format(shown=said)
        case "not_computed":
            return prompts.NOT_COMPUTED.format(shown=said)
        case "not_a_value":
            return prompts.NOT_A_VALUE.format(shown=said)
        case "too_long":
            return prompts.TOO_LONG.format(length=len(text))


def _judge_finished(talk: Conversation, ran: Ran) -> Verdict:
    value = "" if ran.value is None else _clip(shown(ran.value), VALUE_CHARS)
    hints = [prompts.REBOUND.format(name=name) for name in ran.block.rebound]
    if not ran.stdout.strip() and not value:
        hints.append(prompts.NOTHING_PRINTED)
    else:
        hints.append(prompts.GO_ON)
    lines = [line for line in (ran.stdout.strip() or value).splitlines() if line.strip()]
    if len(lines) == 1 and len(lines[0]) < 200:
        talk.best = lines[0].strip()
    observation = prompts.observation(_cut(ran.stdout), value, "")
    return Verdict(observation=observation, hint="\n".join(hints), trouble=bool(ran.block.rebound) or not lines)


def _judge_raised(talk: Conversation, ran: Ran, data: Data) -> Verdict:
    assert ran.raised is not None
    raised = ran.raised
    error = _clip(f"{raised.type}: {raised.message}", VALUE_CHARS)
    line = re.findall(r"line (\d+)", raised.traceback)
    if line:
        rows = ran.block.code.split("\n")
        number = int(line[-1])
        if 0 < number <= len(rows):
            error = f"Error in line {number}, `{rows[number - 1].strip()}`: {error}"
    hint = _error_hint(raised, data)
    if raised.limit is None and talk.opening.example and not talk.opening.reading:
        hint = f"{hint}\nOr run this example:\n{talk.opening.example}".strip()
    return Verdict(observation=prompts.observation(_cut(ran.stdout), "", error), hint=hint, trouble=True)


def _error_hint(raised: Raised, data: Data) -> str:
    if raised.limit == "seconds":
        return prompts.TOO_SLOW
    if raised.limit is not None:
        return prompts.TOO_MUCH.format(limit=raised.limit)
    match raised.type:
        case "KeyError" | "IndexError":
            return data.keys_hint()
        case "NameError":
            return prompts.KNOWN_NAMES.format(names=", ".join(data.names()))
        case "TypeError" if "None" in raised.message:
            return prompts.SOME_NONE
        case "ValueError" | "TypeError" | "AttributeError":
            return data.sample()
        case _:
            return ""


def _cut(text: str) -> str:
    """An output as the model sees it: its head and its end, if it is long."""
    if len(text) <= OBSERVATION_CHARS:
        return text
    head, tail = OBSERVATION_CHARS * 3 // 4, OBSERVATION_CHARS // 4
    cut = prompts.OUTPUT_CUT.format(count=f"{len(text) - head - tail:,}")
    return f"{text[:head]}\n{cut}\n{text[-tail:]}"


def _clip(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
