"""Every statement of the product, played by another organisation than the one whose things it names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import psycopg
import pytest
from psycopg.rows import dict_row

from greatwheel.database import queries

from . import rows
from .inhabited import ROWS, leave, marked, settle, state
from .parameters import BEYOND, NOTHING, OWN, USUAL, Statement
from .test_queries import FILES, SOURCES

OTHERS, OWNS = "a", "b"
"""Marks of the organisation that is asked for, and of the one that asks."""
_PARAMETER = re.compile(r"%\((\w+)\)[sbt]")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[\d.]*(\+00:00|Z)?|msg_[0-9a-f]{32}")
STATEMENTS: Mapping[Statement, str] = {
    (str(file.relative_to(SOURCES)), name): text
    for file in FILES
    for name, text in queries.parse(file.read_text()).items()
}


@dataclass(frozen=True)
class Outcome:
    """What became of a statement."""

    said: tuple[str, ...] | str
    """The rows it gave, or its error."""
    empty: bool
    """Whether it failed, or gave and changed no row, or one without anything in it."""
    columns: frozenset[str]
    touched: int
    own: Mapping[str, Any]
    """Afterwards, all rows of the organisation that asked."""
    others: Mapping[str, Any]
    """And those of the other one."""


@pytest.fixture
def admin(database_url: str) -> Iterator[psycopg.Connection[Any]]:
    """The superuser's transaction in a database with two organisations."""
    with psycopg.connect(database_url) as conn:
        settle(conn, OTHERS)
        settle(conn, OWNS)
        conn.commit()
        yield conn
        conn.rollback()


def values(statement: Statement, mark: str, org: str | None = None) -> dict[str, Any]:
    """A statement's values: things of the marked organisation; `org` is said to be theirs.

    Raises:
        AssertionError: there is none for a parameter.
    """
    known = {**USUAL, **OWN.get(statement, {})}
    names = dict.fromkeys(_PARAMETER.findall(STATEMENTS[statement]))
    missing = [name for name in names if name not in known]
    assert not missing, f"{statement}: parameters.py has no value for {missing}"
    given = {name: marked(known[name], mark) for name in names}
    return given | {name: org for name in ("org", "org_id") if org and name in given}


def play(conn: psycopg.Connection[Any], statement: Statement, given: Mapping[str, Any], mark: str | None) -> Outcome:
    """Carry a statement out as the application, for the marked organisation or none; nothing of it stays."""
    found: list[dict[str, Any]] = []
    said: tuple[str, ...] | str
    touched = 0
    with conn.transaction(force_rollback=True):
        conn.execute("select set_config('greatwheel.org', %s, true)", (f"org_{mark}" if mark else "",))
        try:
            with conn.transaction(), conn.cursor(row_factory=dict_row) as cursor:
                cursor.execute("set local role greatwheel_app")
                cursor.execute(STATEMENTS[statement].encode(), given)
                touched = cursor.rowcount
                if cursor.description:
                    found = cursor.fetchall()
                cursor.execute("reset role")
            said = tuple(sorted(timeless(row) for row in found))
        except psycopg.Error as error:
            said = f"{type(error).__name__}: {error.diag.message_primary}"
        own, others = state(conn, f"org_{OWNS}"), state(conn, f"org_{OTHERS}")
    empty = touched < 1 or (bool(found) and not any(any(row.values()) for row in found))
    return Outcome(said, empty, frozenset(found[0]) if found else frozenset(), touched, own, others)


def timeless(row: Mapping[str, Any]) -> str:
    """A row as text, with the same moment everywhere."""
    return repr({name: "then" if isinstance(value, datetime) else value for name, value in row.items()})


def same(state: Mapping[str, Any]) -> str:
    """Rows as text, with the same moment everywhere, and without numbers that a sequence gave."""
    return _MOMENT.sub("then", repr({table: [{**row, "seq": 0} for row in found] for table, found in state.items()}))


def of(file: Path) -> list[Statement]:
    """The statements of a file."""
    return [statement for statement in STATEMENTS if statement[0] == str(file.relative_to(SOURCES))]


def test_both_organisations_have_rows_in_every_table() -> None:
    """What is played for has a row in each table of a tenant."""
    assert set(ROWS) == set(rows.ROWS)


def test_the_lists_name_statements_that_are_there() -> None:
    """Values and reasons for a statement that has gone are noticed."""
    assert [each for each in (*OWN, *BEYOND, *NOTHING) if each not in STATEMENTS] == []


def test_a_statement_without_values_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new statement with a parameter of which nobody said what it stands for fails, by name."""
    new = ("new.sql", "new")
    monkeypatch.setitem(cast(dict[Statement, str], STATEMENTS), new, "select %(never_heard_of)s, %(task)s")
    with pytest.raises(AssertionError, match=r"new.*never_heard_of"):
        values(new, OTHERS)


def test_what_runs_without_organisation_says_so() -> None:
    """Each statement that says it runs without organisation is in the list with the reason, and no other is."""
    saying = set()
    for file in FILES:
        for part in f"\n{file.read_text()}".split("\n-- name: ")[1:]:
            lines = part.splitlines()
            if "Without organisation." in " ".join(line for line in lines if line.startswith("--")):
                saying.add((str(file.relative_to(SOURCES)), lines[0].strip()))
    assert saying == set(BEYOND)


def test_what_runs_as_the_owner_is_played(admin: psycopg.Connection[Any]) -> None:
    """Every function with the owner's rights is called by a statement, and so played."""
    functions = admin.execute(
        "select proname from pg_proc where prosecdef and pronamespace = 'public'::regnamespace"
        " and prorettype <> 'trigger'::regtype"
    ).fetchall()
    assert functions
    assert [name for (name,) in functions if not any(f"{name}(" in text for text in STATEMENTS.values())] == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(SOURCES)))
def test_another_organisation_gets_and_changes_nothing(admin: psycopg.Connection[Any], file: Path) -> None:
    """With an organisation's ids, each statement does for another one what it does where that organisation is not."""
    before = state(admin, f"org_{OTHERS}")
    tried = [(each, org) for each in of(file) if each not in BEYOND for org in (f"org_{OTHERS}", f"org_{OWNS}")]
    there = {(each, org): play(admin, each, values(each, OTHERS, org), OWNS) for each, org in tried}
    leave(admin, f"org_{OTHERS}")
    for each, org in tried:
        seen, gone = there[each, org], play(admin, each, values(each, OTHERS, org), OWNS)
        assert seen.others == before, (each, org)
        assert (seen.said, seen.touched) == (gone.said, gone.touched), (each, org)
        assert same(seen.own) == same(gone.own), (each, org)


def test_what_runs_without_organisation_shows_no_more_than_it_says(admin: psycopg.Connection[Any]) -> None:
    """A statement without organisation gives the columns in the list alone, and changes rows only if it says so."""
    before = state(admin, f"org_{OTHERS}")
    for each, reach in BEYOND.items():
        seen = play(admin, each, values(each, OTHERS), None)
        assert (seen.columns, seen.others != before) == (set(reach.shows), reach.changes), each


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(SOURCES)))
def test_the_organisation_itself_gets_or_changes_something(admin: psycopg.Connection[Any], file: Path) -> None:
    """The same statements with the same values find or change something for the organisation that they name."""
    before = state(admin, f"org_{OTHERS}")
    played = {each: play(admin, each, values(each, OTHERS), OTHERS) for each in of(file)}
    idle = {each: seen.said for each, seen in played.items() if seen.empty and seen.others == before}
    assert set(idle) == {each for each in of(file) if each in NOTHING}, idle
