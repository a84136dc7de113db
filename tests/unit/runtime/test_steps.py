"""What happens next after replies in which small models go wrong."""

from typing import Any

import pytest

from greatwheel.core.usage import Usage
from greatwheel.llm.port import ChatReply
from greatwheel.runtime import finals, prompts
from greatwheel.runtime.bridge import FinalCalled
from greatwheel.runtime.prompts import Look, Opening, begun_by, first_message, first_prefill
from greatwheel.runtime.steps import Block, Conversation, Ran, judge
from greatwheel.sandbox.port import Raised

LINES = ("[3] The Amber Guild counts Ada Holm.", "[9] The Amber Guild counts Bo Quill.")
COUNTING = "FINAL(sum(1 for r in records if r['city'] == 'Bonn'))  # how many"


class Data:
    """A run's data, as far as the rules ask for it."""

    def holds(self, text: str) -> bool:
        return text in "".join(LINES)

    def sample(self) -> str:
        return "records[0] is {}"

    def keys_hint(self) -> str:
        return "The keys of records are 'city'."

    def names(self) -> list[str]:
        return ["context"]


def talk(question: str, *, reading: bool = False, example: str = "") -> Conversation:
    look = Look(best=LINES)
    text = first_message(brief="context: str", question=question, look=look, links=[], code=[example])
    prefill = first_prefill(question, look, [example], counting=False, reading=reading)
    return Conversation(
        opening=Opening(text=text, prefill=prefill, evidence=look.text(), example=example, reading=reading)
    )


def called(value: Any, code: str) -> Ran:
    return Ran(outcome="final", block=Block(code=code), final=FinalCalled(value=value))


@pytest.mark.parametrize(
    ("example", "begun"),
    [
        (COUNTING, "FINAL(sum(1"),
        ("FINAL(sum((r['a'] or 0) for r in t))", "FINAL(sum((r['a'] or 0)"),
        ("FINAL(sum(r['load'] for r in lamps))", "FINAL(sum(r['load']"),
        ('FINAL(len(re.findall(r"\\bsoup\\b", context)))', None),
        ("FINAL([r['city'] for r in records if r['id'] == 'X1'])", "FINAL(["),
        ("FINAL([r['n'] for r in sorted(rows, key=lambda r: r['a'])[:2]])", "FINAL([r['n'] for r in sorted("),
        ("totals = {}\nfor r in records:\n    pass\nFINAL(totals)", "totals ="),
        ("FINAL([r['city'] for r in records])  # look up", None),
        ('FINAL("...")', None),
        ('search("other words")', None),
    ],
)
def test_a_reply_begins_as_the_example_does(example: str, begun: str | None) -> None:
    """A model that would talk itself into code of its own goes on from the example; a vague one begins nothing."""
    assert begun_by(example) == ("" if begun is None else f"```python\n{begun}")


def test_an_error_shows_the_example_again() -> None:
    """A model whose own code failed is shown the example, and its next reply begins as that does."""
    conversation = talk("How many are in Bonn?", example=COUNTING)
    raised = Raised(type="KeyError", message="'town'", traceback="line 1", stdout="")
    verdict = judge(conversation, Ran(outcome="raised", block=Block(code="x['town']"), raised=raised), Data())
    assert COUNTING in verdict.hint
    conversation.add("x['town']", verdict)
    assert conversation.begun() == begun_by(COUNTING)


def test_an_answer_that_repeats_the_question_is_questioned_once() -> None:
    """The name that the question asks about is no answer; the next reply is begun away from it."""
    conversation = talk("Somewhere a code for the Amber Guild is told. What is it?", reading=True)
    code = 'FINAL("Amber Guild")'
    verdict = judge(conversation, called("Amber Guild", code), Data())
    assert (verdict.answer, "repeats the question" in verdict.hint) == (None, True)
    conversation.add(code, verdict)
    assert "Not Amber Guild" in conversation.begun()
    assert judge(conversation, called("Amber Guild", code), Data()).answer == "Amber Guild"


@pytest.mark.parametrize(
    ("answer", "question", "repeated"),
    [
        ("Amber Guild", "Who leads the Amber Guild?", True),
        ("Bo Quill", "Who leads the Amber Guild?", False),
        ("Bonn", "Is the depot in Bonn or in Ulm?", False),
        ("the depot", "Is the depot open?", False),
        ("", "Who?", False),
    ],
)
def test_a_choice_among_the_questions_words_is_an_answer(answer: str, question: str, repeated: bool) -> None:
    """Words of the question are an answer only where it offers them."""
    assert finals.repeats(answer, question) is repeated


def test_a_comment_without_an_end_becomes_the_beginning_of_the_answer() -> None:
    """A reply that repeats a comment until it is cut off is kept, each line once, and asked for its FINAL."""
    conversation = talk("Who leads the Amber Guild?", reading=True)
    line = "# The found lines say that Ada Holm leads it."
    text = " Ada Holm leads it.\n" + "\n".join([line] * 30) + "\n# The fou"
    assert conversation.block_of(ChatReply(text=text, usage=Usage(), model="m", finish="length")) == ""
    assert conversation.begun() == f"```python\n{line}\nFINAL("
    code = conversation.block_of(ChatReply(text='"Ada Holm")', usage=Usage(), model="m"))
    assert code == f'{line}\nFINAL("Ada Holm")'
    assert conversation.begun() != f"```python\n{line}\nFINAL("


def test_several_names_are_answered_as_a_list() -> None:
    """A question for all of several, with lines that tell them, is begun as a list of texts."""
    begun = talk("Which people are in the Amber Guild?", reading=True).begun()
    assert begun.endswith('FINAL(["')
    assert not talk("Who leads the Amber Guild?", reading=True).begun().endswith('FINAL(["')


def test_the_question_is_known_from_the_opening() -> None:
    """An opening gives the question back as it was asked, even one that holds the word itself."""
    opening = Opening(text=f"Variables\n{prompts.QUESTION}Who?", prefill="")
    assert opening.question == "Who?"
