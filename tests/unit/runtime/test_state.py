"""Where a run stands at a boundary."""

from __future__ import annotations

from greatwheel.core.usage import Usage
from greatwheel.runtime.journal import decoded, encoded
from greatwheel.runtime.prompts import Opening
from greatwheel.runtime.state import LoopState, Paused, restore_talk, talk_state
from greatwheel.runtime.steps import Block, Conversation, Ran, judge


class NoData:
    """Data that knows nothing."""

    def holds(self, text: str) -> bool:
        return False

    def sample(self) -> str:
        return ""

    def keys_hint(self) -> str:
        return ""

    def names(self) -> list[str]:
        return []


def conversation() -> Conversation:
    return Conversation(opening=Opening(text="Question: how many?", prefill=""))


def test_a_conversation_goes_on_as_if_it_had_never_stopped() -> None:
    """What was said, the blocks that were seen and the doubts that were raised come back, in their types."""
    talk = conversation()
    for code in ("print(1)", "x = 'a\0b'", "print(1)"):
        block = talk.admit(code, frozenset(), cut=False)
        outcome = "refused" if block.refusal else "finished"
        ran = Ran(outcome=outcome, block=block, stdout="1\n")
        talk.add(code, judge(talk, ran, NoData()))
    talk.raise_doubt("not_computed")
    state = LoopState(step=3, calls=7, seconds=1.5, usage=Usage(prompt_tokens=5, model_calls=3), talk=talk_state(talk))

    again = LoopState.from_wire(decoded(encoded(state.to_wire())))
    restored = conversation()
    restore_talk(restored, again.talk)

    assert restored == talk
    assert restored.messages() == talk.messages()
    assert restored.admit("print(1)", frozenset(), cut=False).refusal
    assert not restored.raise_doubt("not_computed")
    assert (again.step, again.calls, again.seconds, again.usage) == (3, 7, 1.5, state.usage)


def test_a_kept_state_does_not_change_with_the_conversation() -> None:
    """A state is a copy of its moment."""
    talk = conversation()
    state = talk_state(talk)
    talk.add("print(2)", judge(talk, Ran(outcome="finished", block=Block(code="print(2)"), stdout="2"), NoData()))
    assert state["turns"] == []


def test_a_paused_block_comes_back_as_it_was() -> None:
    """Code, the model's own words, what was rebound and what was printed."""
    paused = Paused(code="y = ask()", reply="y = ask() # hm", rebound=("context",), printed="one\n")
    state = LoopState(step=2, calls=4, paused=paused)
    assert LoopState.from_wire(decoded(encoded(state.to_wire()))) == state
