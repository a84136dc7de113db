"""The example code that a run begins with, over data and in words of many kinds: run as it is, it gives the answer."""

import json
import random
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from greatwheel.runtime import briefing, finals, guest_tools
from greatwheel.runtime.linking import links
from greatwheel.runtime.prompts import look
from greatwheel.runtime.recipes import COPY, recipes

FEW_LINES = 3


class Ended(Exception):
    """FINAL was called."""


def example(context: Any, question: str) -> tuple[str, dict[str, Any]]:
    """The first example for a question, and the variables that it runs on."""
    prepared = briefing.prepare(context)
    searched = prepared.values.get("files", context)
    found = look(question, searched, FEW_LINES)
    code = recipes(question, searched, prepared.tables, links(question, prepared.tables), found.counts)[0]
    return (code.replace("context.", "files.") if "files" in prepared.values else code), dict(prepared.values)


def answer(context: Any, question: str) -> str:
    """What the first example gives."""
    code, values = example(context, question)
    given: list[Any] = []

    def final(value: Any) -> None:
        given.append(value)
        raise Ended

    names = {name: value for name, value in vars(guest_tools).items() if not name.startswith("_")}
    try:
        exec(code, {**names, **values, "FINAL": final})  # noqa: S102 - our own code over our own data
    except Ended:
        return finals.as_text(given[0])
    return "(no answer)"


PORTS = ("Bilbao", "Cork", "Gdynia", "Split")
CAPTAINS = ("Inga Holm", "Pere Sola", "Maud Quill", "Aron Best", "Lidia Roca")


def voyages() -> list[dict[str, Any]]:
    """Ships and what they carried."""
    rng = random.Random("voyages")
    return [
        {
            "voyage": f"V{2000 + n}",
            "captain": rng.choice(CAPTAINS),
            "port": rng.choice(PORTS),
            "sailed": f"20{rng.choice((19, 20, 21))}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}",
            "tonnes": rng.randint(10, 900),
            "crew": rng.randint(4, 30),
        }
        for n in range(160)
    ]


ROWS = voyages()
CSV = "\n".join([",".join(ROWS[0]), *(",".join(map(str, row.values())) for row in ROWS)])


MOST = {name: Counter(row[name] for row in ROWS).most_common(1)[0][0] for name in ("captain", "port")}


def by_tonnes(column: str) -> list[str]:
    """The column's values, the one with the most tonnes first."""
    totals = Counter[str]()
    for row in ROWS:
        totals[row[column]] += row["tonnes"]
    return [name for name, _ in totals.most_common()]


HEAVIEST = {name: by_tonnes(name)[0] for name in ("captain", "port")}
LIGHTEST = {name: by_tonnes(name)[-1] for name in ("captain", "port")}


def total_of(pick: Callable[[Iterable[int]], int], **wanted: Any) -> int:
    return pick(row["tonnes"] for row in ROWS if all(row[key] == value for key, value in wanted.items()))


def average_crew(port: str) -> float:
    crews: list[int] = [row["crew"] for row in ROWS if row["port"] == port]
    return sum(crews) / len(crews)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Count the voyages per captain. Which captain comes first?", MOST["captain"]),
        ("By number of voyages, which port is first?", MOST["port"]),
        ("Which captain made more voyages than any other?", MOST["captain"]),
        ("Add up the tonnes for each port. Which port is at the bottom?", LIGHTEST["port"]),
        ("Sum the tonnes by captain: who comes last?", LIGHTEST["captain"]),
        ("How many tonnes did Inga Holm carry together?", total_of(sum, captain="Inga Holm")),
        ("How many tonnes went to Cork?", total_of(sum, port="Cork")),
        ("How many voyages went to Cork?", sum(row["port"] == "Cork" for row in ROWS)),
        ("How many records are from the year 2020?", sum(row["sailed"][:4] == "2020" for row in ROWS)),
        ("In 2019, how many voyages were there?", sum(row["sailed"][:4] == "2019" for row in ROWS)),
        ("How many ships sailed since 2020?", sum(row["sailed"][:4] >= "2020" for row in ROWS)),
        ("How many sailed from 2020-06-01 onwards?", sum(row["sailed"] >= "2020-06-01" for row in ROWS)),
        ("How many ships sailed before 2020?", sum(row["sailed"][:4] < "2020" for row in ROWS)),
        ("Without repetitions, how many values does port take?", 4),
        ("How many values does the column captain have?", 5),
        ("Who was the captain of voyage V2033?", ROWS[33]["captain"]),
        ("To which port did V2101 go?", ROWS[101]["port"]),
        ("To which port did V9101 go?", "not found"),
        ("The largest load by tonnes to Split: whose was it?",
         max((row for row in ROWS if row["port"] == "Split"), key=lambda row: row["tonnes"])["captain"]),
        ("Count voyages with at most 9 crew.", sum(row["crew"] <= 9 for row in ROWS)),
        ("How many voyages had a crew between 8 and 12?", sum(8 <= row["crew"] <= 12 for row in ROWS)),
        ("How many voyages are there per port?", finals.as_text(Counter(row["port"] for row in ROWS).most_common())),
        ("What is the highest tonnes to Cork?", max(row["tonnes"] for row in ROWS if row["port"] == "Cork")),
        ("When did V2042 sail?", ROWS[42]["sailed"]),
        ("Which voyage to Gdynia was the last?",
         max((row for row in ROWS if row["port"] == "Gdynia"), key=lambda row: row["sailed"])["voyage"]),
        ("Which port received the most tonnes?", HEAVIEST["port"]),
        ("What is the heaviest load in tonnes to Cork?", total_of(max, port="Cork")),
        ("On which day was the crew the largest?", max(ROWS, key=lambda row: row["crew"])["sailed"]),
        ("How many voyages had a crew larger than 20?", sum(row["crew"] > 20 for row in ROWS)),
        ("How many voyages did not go to Cork?", sum(row["port"] != "Cork" for row in ROWS)),
        ("Which port has the lowest average crew?", min(PORTS, key=average_crew)),
    ],
)  # fmt: skip
def test_table_questions_get_the_code_that_answers_them(question: str, expected: object) -> None:
    """The first example for a table reads what is counted, added up, grouped or ranked, and over which records."""
    assert answer(CSV, question) == str(expected)


LINES = ["* barley soup", "rye bread *", "barley and rye", "", "Barley water", "* rye soup (hot)", "", "", "oats (hot)"]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("How many lines begin with '* '?", 2),
        ("How many of the lines have '(hot)' as their ending?", 2),
        ("Count the lines that end in '(hot)'.", 2),
        ("How many lines mention 'barley' as well as 'rye'?", 1),
        ("On how many lines do 'rye' and 'soup' stand together?", 1),
        ("How many lines contain 'oats' or 'water'?", 2),
        ("How many lines contain 'rye' but not 'soup'?", 2),
        ("How many lines are blank?", 3),
        ("How many lines contain 'barley', regardless of case?", 3),
        ("How many lines begin with '* ' and end with '(hot)'?", 1),
        ("How many lines contain 'barley'? If there are none, answer 'not found'.", 2),
    ],
)
def test_lines_are_counted_by_what_the_question_says_of_them(question: str, expected: int) -> None:
    """Quotations are looked for where the question says that they stand; what to answer is not looked for."""
    assert answer("\n".join(LINES * 3), question) == str(3 * expected)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("How often does the whole word rye appear, ignoring case?", 9),
        ("What is the number of times that the word soup is used?", 6),
        ('Count the occurrences of the word "barley" in any case.', 9),
    ],
)
def test_words_are_counted_by_the_one_that_the_question_calls_so(question: str, expected: int) -> None:
    """The word after `word` is counted, not the rarest word of the question."""
    assert answer("\n".join(LINES * 3), question) == str(expected)


def test_quoted_words_do_not_change_what_is_asked() -> None:
    """A passage that holds `number of` is no question for a count."""
    text = "We saw a great number of herons.\nThe harbour was quiet."
    assert answer(text, 'Give the word that follows "a great number of".') == "herons"
    assert answer(text, 'It says "a great number of" and then which word?') == "herons"


ACTS = {f"act_{n}": f"The {name} enters.\nNobody speaks.\n" for n, name in enumerate(("duke", "nurse", "duke", "owl"))}


@pytest.mark.parametrize("listed", [False, True], ids=["dict", "list of texts under titles"])
@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Find the document with the owl in it.", "act_3"),
        ("The duke is named in several texts. Which ones? Say 'not found' if there is none.", "act_0, act_2"),
        ("The duke enters in how many of the documents?", "2"),
        ("How many lines of act_1 contain 'speaks'?", "1"),
    ],
)
def test_texts_are_found_by_their_names(question: str, expected: str, listed: bool) -> None:
    """Several texts are known by name, in a dict or as a list in which each begins with its title."""
    context = [f"Title: {name}\n{text}" for name, text in ACTS.items()] if listed else ACTS
    assert answer(context, question) == expected


def test_a_text_named_like_a_common_word_is_not_taken_for_it() -> None:
    """A text called `raise` is meant by `the file raise`, not by a question about the word."""
    context = {"raise": "raise and raise", "other": "raise the flag\nraise it"}
    assert answer(context, "How often does the word raise occur?") == "4"
    assert answer(context, "How often does the word raise occur in the file raise?") == "2"


LOG = "\n".join(
    [
        *(
            f"2024-05-02 10:{n:02d}:00 INFO [{'pump' if n % 2 else 'valve'}] pressure {n} kept all day"
            for n in range(20)
        ),
        "2024-05-02 10:30:00 INFO [pump] filter A7 was changed",
        "2024-05-02 10:31:00 INFO [valve] filter B8 was changed",
        "2024-05-02 10:32:00 INFO [boiler] Etna went down",
        "2024-05-02 10:33:00 INFO [valve] filter C9 was changed",
        "2024-05-02 10:34:00 INFO [pump] filter D1 was changed",
        *(
            f"2024-05-02 11:{n:02d}:00 INFO [{'pump' if n % 2 else 'valve'}] pressure {n} kept all day"
            for n in range(20)
        ),
    ]
)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Which filter did pump change last before Etna went down?", "filter A7 was changed"),
        ("Look at the lines before Etna went down: what was the most recent filter of valve?", "filter B8 was changed"),
        ("Right after 'Etna went down', the pump logged a filter. Which?", "filter D1 was changed"),
        ("After Etna went down, which was the first filter of valve?", "filter C9 was changed"),
    ],
)
def test_the_last_before_and_the_first_after_an_event_are_found(question: str, expected: str) -> None:
    """Wherever the question puts the event, the nearest record of the kind beside it is looked up."""
    assert answer(LOG, question) == expected


SETTINGS = "\n".join(f'"pump.{n}.limit": "w{n * 77}",' for n in range(300))


def test_one_of_many_keys_is_looked_up_by_code() -> None:
    """Lines of a key and a value are a table, so the value is not copied by hand; a key that is not there is seen."""
    assert answer(SETTINGS, "To what is pump.41.limit set?") == "w3157"
    assert answer(SETTINGS.replace('": "', " = ").replace('"', ""), "What is pump.41.limit?") == "w3157"
    assert answer(SETTINGS, "To what is pump.999.limit set?") == "not found"


@pytest.mark.parametrize("form", ["{who} ({at}): {said}", "{at} {who} wrote: {said}", "[{at}] {who}: {said}"])
def test_chats_of_several_forms_are_messages_with_names(form: str) -> None:
    """Whoever said something is found by name, whether the time stands before or behind it."""
    said = [("Ilse", "It is cold today."), ("Ilse", "So it is."), ("Ruth", "I go home.")] * 40
    said[50] = ("Omar", "The kiln is warm.")
    text = "\n".join(form.format(who=who, at=f"10:{n % 60:02d}", said=words) for n, (who, words) in enumerate(said))
    assert answer(text, "Who sent more messages than anybody else?") == "Ilse"
    assert answer(text, "How many messages did Ruth write?") == str(sum(who == "Ruth" for who, _ in said))
    assert answer(text, "Who said that the kiln is warm?") == "Omar"


PLANT = json.dumps(
    {
        "halls": [
            {"hall": hall, "racks": [{"rack": f"K{r}", "lamps": [{"lamp": f"L{hall[0]}{r}{i}", "load": 3 * i + r}
             for i in range(4)]} for r in range(3)]}
            for hall in ("North", "South", "West")
        ]
    }
)  # fmt: skip


def test_what_is_counted_chooses_the_table() -> None:
    """Of nested tables the one that the question counts is used, not a parent that it mentions."""
    assert answer(PLANT, "What is the number of lamps in North (all racks together)?") == "12"
    assert answer(PLANT, "How many racks are there in North, whatever their lamps?") == "3"


SOURCES = {
    "shapes.py": "class Shape:\n    pass\n\nclass Round(Shape):\n    pass\n\nclass Flat(Shape):\n    size = 3\n",
    "tools.py": "def cut(deep=3):\n    pass\n\n\ndef glue():\n    def inner():\n        pass\n",
    "extra.py": "from shapes import Shape\n\n\nclass Odd(Shape):\n    pass\n",
}  # fmt: skip


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("How many classes in shapes.py inherit directly from Shape?", "2"),
        ("What is the number of direct subclasses of Shape in shapes.py?", "2"),
        ("How many lines of tools.py start with 'def ' (not indented)?", "2"),
        ("Which file defines the function glue?", "tools.py"),
        ("What is deep by default when cut is called?", "3"),
    ],
)
def test_code_is_asked_by_its_definitions_or_its_lines(question: str, expected: str) -> None:
    """Bases are items of a list; lines that are quoted are counted in the file's text."""
    assert answer(SOURCES, question) == expected


BOOKS = "\n".join(
    ["title,author,year", *(f"Book {n},{'Jane Roe' if n % 2 else 'Karl Ost'},{1900 + n}" for n in range(101, 121))]
)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("How many books were published before 2005?", "4"),
        ("How many books are from 2010?", "1"),
        ("Who wrote Book 117?", "Jane Roe"),
        ("Who is the author of Book 777?", "not found"),
    ],
)
def test_years_are_numbers_and_numbers_may_be_names(question: str, expected: str) -> None:
    """A column of years is compared as numbers; a thing whose number is nowhere is not there."""
    assert answer(BOOKS, question) == expected


LESSONS = "\n".join(["pupil,passed,marks", *(f"P{n},{'true' if n % 3 else 'false'},{n}" for n in range(60))])


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("How many pupils passed?", "40"),
        ("How many pupils have not passed?", "20"),
        ("How many pupils are there?", "60"),
    ],
)
def test_columns_of_yes_and_no_are_tested_when_the_question_names_them(question: str, expected: str) -> None:
    """A word that is a column of true and false is a filter, and `not` before it turns the filter round."""
    assert answer(LESSONS, question) == expected


def test_a_text_that_may_tell_the_answer_is_read() -> None:
    """A question for a fact in prose gets no code but the copying of the answer."""
    text = "Maud Quill moved to Cork.\nHer phone rang."
    assert example(text, "Where does Maud Quill live?")[0] == COPY
    assert example(text, "What is the phone number of Maud Quill?")[0] == COPY
