"""The index of Python sources."""

from greatwheel.runtime.code_index import COLUMNS, definitions

SOURCE = '''
import os

class Dog(Animal, metaclass=Meta):
    """A dog.

    More of it."""

    def bark(self, times: int = 1, *, loud=False) -> str:
        """Say something."""
        def inner(): ...

if os.name == "posix":
    async def fetch(url): ...
'''


def test_definitions_are_records() -> None:
    """Each class, method and function is a record that says where it is and how it is called."""
    table = definitions({"dog.py": SOURCE})
    assert table is not None
    assert table.columns == COLUMNS
    assert [(record["kind"], record["name"], record["parent"], record["line"]) for record in table.records] == [
        ("class", "Dog", "", 4),
        ("method", "bark", "Dog", 9),
        ("method", "inner", "Dog.bark", 11),
        ("function", "fetch", "", 14),
    ]
    dog, bark, _, _ = table.records
    assert (dog["bases"], dog["doc"], dog["file"]) == (["Animal"], "A dog.", "dog.py")
    assert bark["signature"] == "(self, times: int=1, *, loud=False)"
    assert bark["defaults"] == {"times": "1", "loud": "False"}


def test_files_that_do_not_parse_are_left_out() -> None:
    """A broken file does not hide the others."""
    broken = ["def (", "\x00", "(" * 10_000, "-" * 100_000 + "1", "x = '\\d'"]
    table = definitions({**{f"{n}.py": text for n, text in enumerate(broken)}, "good.py": "def f(): ..."})
    assert table is not None
    assert [record["name"] for record in table.records] == ["f"]


def test_no_definitions_no_table() -> None:
    """Sources without definitions make no table."""
    assert definitions({"a.py": "x = 1"}) is None
    assert definitions({}) is None


def test_deep_sources_do_no_harm() -> None:
    """Functions nested as deep as Python takes them, and endless expressions, are read or left out."""
    deep = "".join(" " * n + f"def f{n}():\n" for n in range(90)) + " " * 90 + "pass"
    table = definitions(
        {"deep.py": deep, "long.py": "x = " + "+".join(["1"] * 20_000) + "\ndef g(a=" + "-" * 50 + "1): ..."}
    )
    assert table is not None
    assert "f89" in {record["name"] for record in table.records}
