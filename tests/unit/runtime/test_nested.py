"""Tables in nested data."""

from typing import Any

from greatwheel.runtime.nested import nested_tables


def by_path(data: Any) -> dict[str, list[dict[str, Any]]]:
    return {"/".join(path): table.records for path, table in nested_tables(data)}


def test_a_list_of_dicts_is_a_table() -> None:
    """A list of records is one table, without a path, its columns all keys in order of coming."""
    [(path, table)] = nested_tables([{"a": 1}, {"a": 2, "b": 3}])
    assert path == ()
    assert table.columns == ("a", "b")
    assert table.records == [{"a": 1}, {"a": 2, "b": 3}]


def test_records_carry_what_stands_above_them() -> None:
    """The same list inside many parents is one table whose records have the parents' plain values."""
    sites = [{"site": f"s{n}", "rooms": [{"room": 1, "size": n}, {"room": 2, "size": 5}]} for n in range(3)]
    found = by_path({"version": 7, "sites": sites})
    assert found["sites/rooms"][0] == {"site": "s0", "room": 1, "size": 0}
    assert len(found["sites/rooms"]) == 6
    assert [site["site"] for site in found["sites"]] == ["s0", "s1", "s2"]


def test_an_own_value_wins_over_an_inherited_one() -> None:
    """A record's own value is not replaced by its parent's of the same name."""
    found = by_path({"teams": [{"name": "red", "people": [{"name": "Ann"}, {"name": "Bob"}]}]})
    assert [record["name"] for record in found["teams/people"]] == ["Ann", "Bob"]


def test_a_dict_used_as_a_table() -> None:
    """A dict whose values have one shape is a table, with its keys as the column `key`."""
    found = by_path({"users": {f"u{n}": {"age": n, "city": "Bonn"} for n in range(5)}})
    assert found["users"][3] == {"key": "u3", "age": 3, "city": "Bonn"}


def test_a_dict_of_different_things_is_no_table() -> None:
    """A dict whose values have different shapes is looked into, not taken for a table."""
    data = {"a": {"x": 1}, "b": {"y": 1, "z": 2}, "c": {"w": 1}, "d": {"v": 1, "rows": [{"n": 1}, {"n": 2}]}}
    assert by_path(data) == {"d/rows": [{"v": 1, "n": 1}, {"v": 1, "n": 2}]}


def test_plain_data_has_no_table() -> None:
    """Numbers, texts and lists of them hold no records."""
    assert by_path([1, 2, 3]) == by_path({"a": [1, "x"], "b": {}}) == by_path([]) == by_path("text") == {}


def test_endless_depth_is_not_followed() -> None:
    """Nesting beyond the limit is left alone, however deep."""
    data: Any = {"n": 0}
    for n in range(5000):
        data = {"n": n, "inner": [data, {"n": -n}]}
    assert max(len(path) for path, _ in nested_tables(data)) <= 9
