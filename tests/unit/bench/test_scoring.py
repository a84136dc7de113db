"""What counts as a right answer."""

from __future__ import annotations

import pytest

from greatwheel.bench.longcontext.scoring import Chosen, Expected, Name, Names, NotThere, Number, Table

QUESTION = "How many errors were there between 14:00 and 14:59 in Project Onyx?"


@pytest.mark.parametrize(
    ("expected", "answer"),
    [
        (Number(value=42), "42"),
        (Number(value=42), "There are **42** errors."),
        (Number(value=42), "Between 14:00 and 14:59 there were 42."),
        (Number(value=42), "forty... no: the count is 42"),
        (Number(value=3), "three"),
        (Number(value=1234567), "1,234,567"),
        (Number(value=9), "The hour is 09:00."),
        (Number(value=14), "14"),
        (Number(value=-3), "-3"),
        (Number(value=512.25), "512.25 EUR"),
        (Number(value=512.25), "512.3 is wrong, it is 512.26"),
        (Number(value=512.25), "512.25000000001"),
        (Number(value=7, tolerance=1), "8"),
        (Name(value="Ada Brandt"), "it was ada brandt."),
        (Name(value="KX-48213", rivals=("KX-11111",)), "`KX-48213`"),
        (Name(value="v12"), "'v12'"),
        (Name(value="json.py"), "json.py"),
        (Names(values=("Riga", "Oslo")), "Oslo and Riga"),
        (Names(values=("Riga", "Oslo"), ordered=True), "['Riga', 'Oslo']"),
        (Names(values=("a_1.txt",), rivals=("a_12.txt",)), "a_1.txt"),
        (Chosen(values=("R1", "R2", "R3"), others=("R4",)), "R1, R2, R3, R4"),
        (Table(rows=(("open", 3), ("closed", 12))), "{'open': 3, 'closed': 12}"),
        (NotThere(), "NOT FOUND"),
        (NotThere(), "The text does not mention it."),
        (NotThere(), "There is no such project."),
        (NotThere(rivals=("Riga",)), "unknown"),
        (NotThere(), "not in the text"),
    ],
)
def test_right_answers_are_accepted_however_they_are_put(expected: Expected, answer: str) -> None:
    """Case, marks, separators and words around an answer don't matter."""
    assert expected.accepts(answer, QUESTION)


@pytest.mark.parametrize(
    ("expected", "answer"),
    [
        (Number(value=42), "41"),
        (Number(value=42), ""),
        (Number(value=42), "42 or maybe 43"),
        (Number(value=42), "x42"),
        (Number(value=1000), "1001"),
        (Number(value=512.25), "512.3"),
        (Number(value=7, tolerance=1), "9"),
        (Number(value=7), "7" + " and so on" * 100),
        (Name(value="Ada Brandt"), "Ada Brandtsen"),
        (Name(value="Ada Brandt", rivals=("Bo Xu",)), "Ada Brandt or Bo Xu"),
        (Names(values=("Riga", "Oslo")), "Riga"),
        (Names(values=("Riga", "Oslo"), rivals=("Turin",)), "Riga, Oslo, Turin"),
        (Names(values=("Riga", "Oslo"), ordered=True), "Oslo, Riga"),
        (Names(values=("a_1.txt",), rivals=("a_12.txt",)), "a_1.txt, a_12.txt"),
        (Chosen(values=("R1", "R2", "R3"), others=("R4", "R5")), "R1, R4"),
        (Table(rows=(("open", 3), ("closed", 12))), "open 12, closed 3"),
        (NotThere(rivals=("Riga",)), "Not found; perhaps Riga"),
        (NotThere(), "Riga"),
        (NotThere(), "42"),
    ],
)
def test_wrong_answers_are_refused(expected: Expected, answer: str) -> None:
    """Near misses, several answers at once and printing everything don't pass."""
    assert not expected.accepts(answer, QUESTION)


def test_a_rival_that_the_question_names_may_be_repeated() -> None:
    """An answer may say the question again."""
    assert Name(value="KX-48213", rivals=("Onyx",)).accepts("The code of Onyx is KX-48213", QUESTION)
