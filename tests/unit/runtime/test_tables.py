"""Tables are found where they are, and nowhere else."""

import json
import time
from typing import Any

import pytest

from greatwheel.runtime.tables import Table, find_tables

PLENTY = 3.0
"""Seconds within which hostile text must be read; the slowest case takes about a third of it here."""


def only(text: str) -> Table:
    tables = find_tables(text)
    assert len(tables) == 1
    return tables[0]


def rows(count: int, line: str) -> str:
    return "\n".join(line.format(n=n, day=n % 28 + 1, name=f"name{n}") for n in range(count))


def test_csv_with_header_and_quotes() -> None:
    """A CSV file gives typed records by column name; a comma or a doubled quote inside quotes is part of the cell."""
    text = 'id,name,city,amount\n1,"Doe, Jane",Bonn,"1,200.50"\n' + "\n".join(
        f'{n},"Roe ""{n}"", Rick",Köln,{n}.5' for n in range(2, 12)
    )
    table = only(text)
    assert table.columns == ("id", "name", "city", "amount")
    assert table.records[0] == {"id": 1, "name": "Doe, Jane", "city": "Bonn", "amount": 1200.5}
    assert table.records[1] == {"id": 2, "name": 'Roe "2", Rick', "city": "Köln", "amount": 2.5}
    assert len(table.records) == 11


@pytest.mark.parametrize("separator", ["\t", "|", " | ", ";", "::", "~", "^"])
def test_every_separator(separator: str) -> None:
    """Columns are read whatever separates them."""
    lines = [separator.join(("id", "city", "amount"))]
    lines += [separator.join((str(n), "Bonn" if n % 2 else "Ulm", str(n * 10))) for n in range(1, 31)]
    table = only("\n".join(lines))
    assert table.columns == ("id", "city", "amount")
    assert table.records[4] == {"id": 5, "city": "Bonn", "amount": 50}
    assert len(table.records) == 30


def test_a_markdown_table() -> None:
    """A table as Markdown has it is read without its rule and its outer bars."""
    lines = ["| id | city | amount |", "|----|:---:|-------:|"]
    lines += [f"| {n} | Bonn | {n * 2} |" for n in range(1, 11)]
    table = only("\n".join(lines))
    assert table.records[0] == {"id": 1, "city": "Bonn", "amount": 2}
    assert len(table.records) == 10


def test_columns_without_a_header_are_numbered() -> None:
    """Without names in the first line all lines are records, and text columns are `c0`, `c1`, …"""
    table = only(rows(20, "{n};Bonn;2024-03-{day:02d}"))
    assert table.columns[:2] == ("c0", "c1")
    assert len(table.records) == 20


def test_key_value_pairs() -> None:
    """Lines of key=value pairs are records, also when one lacks a key and another's value is in quotes."""
    text = rows(20, 'id={n} user="A B" status=ok ms={n}0') + "\nid=99 user=C status=bad"
    table = only(text)
    assert table.records[3] == {"id": 3, "user": "A B", "status": "ok", "ms": 30}
    assert table.records[-1] == {"id": 99, "user": "C", "status": "bad"}


def test_json_lines_keep_their_types() -> None:
    """JSON lines are records as they are; a broken line among them is left out."""
    values: list[dict[str, Any]] = [{"n": n, "tags": ["x"], "ok": True, "none": None} for n in range(10)]
    table = only("\n".join(map(json.dumps, values)) + '\n{"n": 10, "ta')
    assert table.records == values
    assert table.columns == ("n", "tags", "ok", "none")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "2024-05-01 10:00:{day:02d} ERROR auth: login failed user=u{n}",
            {"level": "ERROR", "source": "auth", "user": "u7"},
        ),
        ("2024-05-01T10:00:{day:02d}Z [INFO] [web] request {n} done", {"level": "INFO", "source": "web"}),
        ("[2024-05-01 10:00:{day:02d}] WARN disk: volume {n} is full", {"level": "WARN", "source": "disk"}),
        ("2024-05-01 10:00:{day:02d},123 DEBUG db: query {n}", {"level": "DEBUG", "source": "db"}),
    ],
)
def test_logs_of_several_formats(line: str, expected: dict[str, str]) -> None:
    """Log lines give time, level, source and message, whatever their order and brackets."""
    table = only(rows(28, line))
    record = table.records[7]
    assert table.form == "log lines"
    assert record["time"].startswith("2024-05-01 10:00:08")
    assert {key: record.get(key) for key in expected} == expected
    assert "7" in record["message"]


def test_syslog_and_access_logs_have_times() -> None:
    """The times of syslog and of web servers' logs are known too."""
    syslog = only(rows(20, "Mar 03 10:11:{day:02d} host sshd[{n}]: session opened for user {name}"))
    assert syslog.records[2]["time"] == "Mar 03 10:11:03"
    assert "name2" in syslog.records[2]["message"]


def test_chat() -> None:
    """A chat gives who said what and when."""
    text = "\n".join(
        f"[10:{n:02d}] {'Ann' if n % 2 else 'Bob'}: well{',' * (n % 3)} that is message {n} of us" for n in range(40)
    )
    table = only(text)
    assert table.form == "chat messages"
    assert table.records[1]["name"] == "Ann"
    assert table.records[1]["text"].endswith("message 1 of us")


def test_blocks_of_fields() -> None:
    """Records of several `Field: value` lines are read as one record each."""
    text = "\n\n".join(f"Name: Person {n}\nCity: Bonn\nAge: {20 + n}" for n in range(12))
    table = only(text)
    assert table.records[2] == {"Name": "Person 2", "City": "Bonn", "Age": 22}
    assert len(table.records) == 12


def test_two_tables_with_titles() -> None:
    """Tables under headings of their own are tables apart, named by them."""
    text = "== orders ==\nid,customer,amount\n" + rows(20, "{n},{name},{n}5")
    text += "\n\n== customers ==\ncustomer;town;zone;since\n" + rows(10, "{name};Bonn;{n};20{day:02d}")
    found = {table.title: len(table.records) for table in find_tables(text)}
    assert found == {"orders": 20, "customers": 10}


def test_dates_are_iso_and_their_format_is_told() -> None:
    """A column of dates becomes ISO dates; the table says how the text wrote them."""
    table = only("id,day,amount\n" + rows(28, "{n},{day:02d}.03.2024,{n}1"))
    assert table.records[0]["day"] == "2024-03-01"
    assert table.date_formats == {"day": "%d.%m.%Y"}


PROSE = """\
It was a bright cold day in April, and the clocks were striking thirteen. The man went on, slowly, up the stairs.
He was thirty-nine, and had a varicose ulcer above his right ankle; he rested several times on the way.
On each landing, opposite the lift-shaft, the poster with the enormous face gazed from the wall, as ever.
It was one of those pictures which are so contrived, that the eyes follow you about when you move.
Inside the flat a fruity voice was reading out a list of figures, which had something to do with iron.
The voice came from an oblong metal plaque, like a dulled mirror, which formed part of the surface of the wall.
"""
CODE = """\
import os

def walk(root, depth=0):
    for name in os.listdir(root):
        path = os.path.join(root, name)
        if os.path.isdir(path):
            walk(path, depth + 1)
        else:
            print(depth, path, sep=", ")

class Thing:
    def __init__(self, a, b):
        self.a = a
        self.b = b
"""


@pytest.mark.parametrize("text", ["", "\n\n\n", "one line", " \n \n", PROSE, PROSE * 40, CODE, CODE * 20, "a,b\n1,2"])
def test_prose_code_and_too_little_are_no_tables(text: str) -> None:
    """Text without records gives none."""
    assert find_tables(text) == []


HOSTILE = {
    "one character": "a" * 5_000_000,
    "one bar": "|" * 5_000_000,
    "one comma": "," * 2_000_000,
    "one quote": '"' * 2_000_000,
    "newlines": "\n" * 2_000_000,
    "spaces": " " * 5_000_000,
    "one equals sign": "=" * 5_000_000,
    "many separators": "\n".join(["x," * 100_000] * 8),
    "many numbers": "\n".join([",".join(["7x"] * 100_000)] * 8),
    "many dates": "\n".join([";".join(["1/2/2024"] * 50_000)] * 8),
    "many pairs": "\n".join(["k=v " * 100_000] * 8),
    "different pairs": "\n".join([" ".join(f"k{n}=v" for n in range(50_000))] * 8),
    "nested brackets": "\n".join(["[" * 100_000] * 20),
    "nested JSON lines": "\n".join(['{"a":' + "[" * 100_000 + "]" * 100_000 + "}"] * 8),
    "open quotes": "\n".join(['"' + "a," * 50_000] * 20),
    "a long value and a key": "\n".join(["k=1 " + "a" * 200_000 + "=1"] * 8),
    "words and a key": "\n".join(["k=1" + " ab" * 60_000 + "="] * 8),
    "almost a key": "\n".join([("a" * 40 + ".") * 20_000] * 8),
    "almost fields": "\n".join(["A" + " a" * 100_000] * 20),
    "almost a log": "\n".join(["2024-01-01 10:00:00" + "[" * 100_000] * 8),
    "almost a chat": "\n".join(["A" + "'" * 100_000] * 8),
    "different keys": "\n".join(json.dumps({f"k{n}": 1}) for n in range(30_000)),
    "different fields": "\n\n".join(f"Name: a\nKey {n}: b" for n in range(20_000)),
    "different pairs a line": "\n".join(f"a=1 b=2 k{n}=3" for n in range(20_000)),
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_is_read_quickly(text: str) -> None:
    """No text keeps the reader busy."""
    began = time.process_time()
    find_tables(text)
    assert time.process_time() - began < PLENTY
