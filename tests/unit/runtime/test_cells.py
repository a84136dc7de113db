"""Columns of text become numbers, dates and booleans only where they are."""

import pytest

from greatwheel.runtime.cells import iso_date, missing, number, typed


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("42", 42),
        ("-7", -7),
        ("+3", 3),
        ("3.25", 3.25),
        ("0", 0),
        ("0.5", 0.5),
        ("1,234", 1234),
        ("12,345,678.90", 12345678.9),
        ("$1,200.50", 1200.5),
        ("€ 80", 80),
        ("19.99 EUR", 19.99),
        ("99%", 99),
        ("250 ms", 250),
        ("1.5kg", 1.5),
        ("12345678901234567890123", 12345678901234567890123),
    ],
)
def test_numbers_are_read_with_separators_and_units(text: str, value: float) -> None:
    """Thousands separators, signs, currencies and units do not hide a number."""
    read = number(text)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    "text", ["007", "0123", "1,23", "12,34,567", "1.2.3", "abc", "", "--5", "1e5x", "1 2", "2024-01-02", "10:30", "½"]
)
def test_what_is_no_number_stays_text(text: str) -> None:
    """Codes with leading zeros, other groupings, dates and times are not taken for numbers."""
    assert number(text) is None


def test_a_number_too_long_for_python_stays_text() -> None:
    """Ten thousand digits are text, not an error."""
    assert number("9" * 10_000) is None
    assert typed(["9" * 10_000] * 5).cells == ["9" * 10_000] * 5


def test_columns_of_codes_keep_their_zeros() -> None:
    """A column of post codes stays text, whole."""
    codes = ["01234", "04109", "10115", "80331", "00001"]
    assert typed(codes).cells == codes


def test_missing_cells_of_a_number_column_are_none() -> None:
    """In a column of numbers, every spelling of a missing cell is None."""
    assert typed(["1", "n/a", "3", "", "NULL", "-", "4"]).cells == [1, None, 3, None, None, None, 4]


def test_a_stray_cell_does_not_spoil_a_number_column() -> None:
    """When nine in ten cells convert, the others are None."""
    assert typed([*(str(n) for n in range(19)), "about 5"]).cells == [*range(19), None]


def test_a_mixed_column_stays_text() -> None:
    """When many cells do not convert, none does."""
    mixed = ["1", "2", "x", "y", "3"]
    assert typed(mixed).cells == mixed


def test_an_empty_column_stays_as_it_is() -> None:
    """A column without a value has nothing to convert."""
    assert typed(["", "-", "n/a"]).cells == ["", "-", "n/a"]
    assert typed([]).cells == []


def test_booleans_are_read() -> None:
    """A column of true and false, in any case, is a column of booleans."""
    assert typed(["true", "False", "TRUE", "", "false"]).cells == [True, False, True, None, False]


@pytest.mark.parametrize(
    ("column", "iso"),
    [
        (["31.12.2023", "01.02.2024"], ["2023-12-31", "2024-02-01"]),
        (["31/12/2023", "01/02/2024"], ["2023-12-31", "2024-02-01"]),
        (["12/31/2023", "02/01/2024"], ["2023-12-31", "2024-02-01"]),
        (["2023/12/31", "2024/02/01"], ["2023-12-31", "2024-02-01"]),
        (["31 Dec 2023", "1 Feb 2024"], ["2023-12-31", "2024-02-01"]),
        (["31 December 2023", "1 February 2024"], ["2023-12-31", "2024-02-01"]),
        (["December 31, 2023", "February 1, 2024"], ["2023-12-31", "2024-02-01"]),
        (["31-Dec-2023", "01-Feb-2024"], ["2023-12-31", "2024-02-01"]),
        (["Sun 31 Dec 2023", "Thu 01 Feb 2024"], ["2023-12-31", "2024-02-01"]),
        (["31.12.2023 08:30", "01.02.2024 23:59"], ["2023-12-31 08:30:00", "2024-02-01 23:59:00"]),
        (["10/Oct/2000:13:55:36", "11/Oct/2000:00:00:01"], ["2000-10-10 13:55:36", "2000-10-11 00:00:01"]),
    ],
)
def test_dates_become_iso_dates(column: list[str], iso: list[str]) -> None:
    """A column of dates in one format becomes ISO dates, which compare as text, and the format is told."""
    read = typed(column * 3)
    assert read.cells == iso * 3
    assert read.date_format


def test_ambiguous_dates_are_left_alone() -> None:
    """Dates that can be read with day or month first stay as they are."""
    column = ["01/02/2024", "03/04/2024", "05/06/2024", "07/08/2024"]
    read = typed(column)
    assert read.cells == column
    assert read.date_format == ""


def test_dates_that_read_the_same_both_ways_are_read() -> None:
    """A date whose day is its month has one meaning."""
    assert typed(["01/01/2024", "02/02/2024"]).cells == ["2024-01-01", "2024-02-02"]


def test_iso_dates_stay_as_they_are() -> None:
    """ISO dates need no conversion, with or without a time."""
    column = ["2024-01-02", "2024-01-03T04:05:06Z", "2024-01-03 04:05"]
    assert typed(column).cells == column


def test_a_date_format_that_does_not_fit_is_none() -> None:
    """A text that is not a date in that format has no ISO date."""
    assert iso_date("31.02.2024", "%d.%m.%Y") is None
    assert iso_date("29.02.2024", "%d.%m.%Y") == "2024-02-29"


def test_spellings_of_missing() -> None:
    """Missing values are known by many spellings; zero is none of them."""
    assert all(missing(text) for text in ("", "  ", "-", "N/A", "None", "NaN", "?"))
    assert not any(missing(text) for text in ("0", "no", "x"))
