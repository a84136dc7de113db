"""From what users have to the values that a session is given."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greatwheel.core.errors import ContextInvalid
from greatwheel.runtime.contexts import MAX_DEPTH, checked, digest, read_paths, size

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(st.lists(PLAIN, min_size=1))
def test_plain_data_is_taken_as_it_is(value: list[Any]) -> None:
    """Text, numbers, lists and dicts of them are a context, unchanged."""
    assert checked(value) == value


def test_tuples_become_lists_and_keys_become_text() -> None:
    """What JSON writes in another way is written so before it is given to a session."""
    assert checked({1: (1, (2, 3))}) == {"1": [1, [2, 3]]}


@pytest.mark.parametrize("value", ["", [], {}, (), None])
def test_an_empty_context_is_refused(value: Any) -> None:
    """A context without anything in it is an error that says what to pass."""
    with pytest.raises(ContextInvalid, match="empty"):
        checked(value)


@pytest.mark.parametrize("value", [7, 2.5, True, b"bytes", {1, 2}, object(), ["x", b"y"], {"a": {"b": {3}}}, [print]])
def test_other_things_are_refused(value: Any) -> None:
    """A context that is not text or data of it is an error that names the type."""
    with pytest.raises(ContextInvalid, match="pass"):
        checked(value)


def test_deep_and_endless_data_is_refused() -> None:
    """Nesting beyond the limit is an error, and so is data that contains itself."""
    endless: list[Any] = []
    endless.append(endless)
    deep: Any = "x"
    for _ in range(MAX_DEPTH + 1):
        deep = [deep]
    for value in (endless, deep):
        with pytest.raises(ContextInvalid, match="deeper"):
            checked(value)
    assert checked(deep[0]) == deep[0]


def test_one_text_file_is_its_text(tmp_path: Path) -> None:
    """A file is its text, without a byte order mark."""
    path = tmp_path / "a.txt"
    path.write_bytes("\ufeffüber\r\nall".encode())
    assert read_paths([path]) == "über\r\nall"


def test_one_json_file_is_its_data(tmp_path: Path) -> None:
    """A JSON file is parsed; one that is broken, or too deep to parse, is its text."""
    path = tmp_path / "a.JSON"
    path.write_text('{"a": [1, NaN]}')
    data = read_paths([path])
    assert data["a"][0] == 1
    assert data["a"][1] != data["a"][1]
    for text in ('{"a": ', "[" * 100_000, "[" + "9" * 5000 + "]"):
        path.write_text(text)
        assert read_paths([path]) == text


def test_a_json_file_with_one_value_is_its_text(tmp_path: Path) -> None:
    """A JSON file that holds a bare number or word is read as text: there are no records to look into."""
    path = tmp_path / "a.json"
    for text in ("42", "true", "null", "2.5"):
        path.write_text(text)
        assert read_paths([path]) == text
    path.write_text('"some words"')
    assert read_paths([path]) == "some words"


def test_files_and_folders_are_dicts_by_name(tmp_path: Path) -> None:
    """Several files, or a folder, are a dict from name to text; a folder's other files are left out."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "b.txt").write_text("bee")
    (tmp_path / "a.json").write_text('{"x": 1}')
    (tmp_path / "c.bin").write_bytes(b"\x00\x01")
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config").write_text("secret")
    (tmp_path / "link").symlink_to("/etc/passwd")
    assert read_paths([tmp_path]) == {"a.json": '{"x": 1}', "sub/b.txt": "bee"}
    one, two = tmp_path / "a.json", tmp_path / "sub" / "b.txt"
    assert read_paths([one, two]) == {str(one): '{"x": 1}', str(two): "bee"}


def test_missing_empty_and_binary_files_are_refused(tmp_path: Path) -> None:
    """A path that is no text is an error that names it."""
    empty, binary, latin = tmp_path / "empty.txt", tmp_path / "x.bin", tmp_path / "latin.txt"
    empty.write_text("")
    binary.write_bytes(b"GGUF\x00\x01")
    latin.write_bytes(b"caf\xe9")
    folder = tmp_path / "folder"
    folder.mkdir()
    for paths, said in (
        ([tmp_path / "no.txt"], "no.txt"),
        ([empty], "empty"),
        ([binary], "x.bin is not text"),
        ([latin], "latin.txt is not text"),
        ([folder], "no text files"),
        ([empty, binary], "x.bin is not text"),
    ):
        with pytest.raises(ContextInvalid, match=said):
            read_paths(paths)
    (folder / "x.bin").write_bytes(b"\x00")
    with pytest.raises(ContextInvalid):
        read_paths([folder])


def test_equal_contexts_have_equal_digests() -> None:
    """A context is known by its content: text and the JSON of it differ, copies do not."""
    assert digest({"a": [1, "x"]}) == digest(json.loads('{"a": [1, "x"]}'))
    assert digest("[1]") != digest([1])
    assert digest("\ud800") != digest("x")


def test_size_counts_all_text() -> None:
    """The size is the characters of all text, keys included."""
    assert size("abc") == 3
    assert size({"key": ["ab", 12, None]}) == 3 + 2 + 2 + 4
