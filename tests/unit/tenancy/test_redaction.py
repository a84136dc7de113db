"""Taking secrets out of texts."""

import base64
import html
import json
import time
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greatwheel.tenancy.redaction import Redactor

SECRET = 'pa ss/w+ord<"é\\&7'
HEADER = SECRET.encode().decode("latin-1")
"""As most servers read it when it is sent as a header."""
CLEANER = Redactor({"MAIL": SECRET})


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        quote(SECRET),
        quote(SECRET, safe=""),
        quote(SECRET, safe="").lower(),
        quote_plus(SECRET),
        urlencode({"key": SECRET}),
        json.dumps({"key": SECRET}),
        json.dumps({"key": SECRET}, ensure_ascii=False),
        json.dumps({"sent": json.dumps({"key": SECRET})}),
        quote(json.dumps({"key": SECRET})),
        quote(quote_plus(SECRET)),
        base64.b64encode(json.dumps(["x", SECRET]).encode()).decode(),
        *(
            r"pa ss\/w+ord<\"\u00e9\\&7",
            r"pa ss/w+ord\u003c\"é\\\u00267",
            r"pa ss/w\u002Bord\u003C\u0022\u00E9\\\u00267",
        ),
        html.escape(SECRET),
        html.escape(SECRET, quote=False),
        SECRET.encode().hex(),
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode().rstrip("="),
        json.dumps({"authorization": HEADER}),
        base64.b64encode(json.dumps({"authorization": HEADER}, ensure_ascii=False).encode()).decode(),
    ],
)
def test_a_secret_goes_in_each_form(form: str) -> None:
    """Each form in which servers echo a value is replaced by the secret's name."""
    assert "[secret MAIL]" in CLEANER.text(f"before {form} after")
    assert SECRET[:6] not in CLEANER.text(f"before {form} after")


@given(st.binary(max_size=7), st.text(st.characters(codec="utf-8"), min_size=8, max_size=40), st.binary(max_size=7))
def test_a_secret_goes_from_within_longer_base64(before: bytes, secret: str, after: bytes) -> None:
    """Wherever a secret stands in what is encoded (as in basic authentication), it can't be decoded any more."""
    encoded = base64.b64encode(before + secret.encode() + after).decode()
    assert "[secret KEY]" in Redactor({"KEY": secret}).text(encoded)


def test_secrets_go_from_whole_values() -> None:
    """Texts, bytes and keys at any depth are cleaned; other values and the shapes stay."""
    value = {"a": [SECRET, 1, None], SECRET: (SECRET.encode(), 2.5, True)}
    marked = "[secret MAIL]"
    assert CLEANER.value(value) == {"a": [marked, 1, None], marked: (marked.encode(), 2.5, True)}


def test_a_secret_of_digits_goes_from_numbers() -> None:
    """A server may send back as a number what it was given as a text."""
    cleaner = Redactor({"PIN": "48151623"})
    marked = "[secret PIN]"
    assert cleaner.value([48151623, 7, True, 0.5, -48151623]) == [marked, 7, True, 0.5, f"-{marked}"]
    assert cleaner.value([48151623.0, 10**9_000]) == [f"{marked}.0", 10**9_000]


def test_a_value_of_many_parts_is_cleaned_quickly() -> None:
    """A hostile answer may have a hundred thousand texts, and an organisation many secrets."""
    cleaner = Redactor({f"KEY{number}": f"a/{number}+b&c<d>é" * 3 for number in range(50)})
    began = time.process_time()
    assert cleaner.value(["", "abcdefgh"] * 50_000 + ["a/7+b&c<d>é" * 3])[-1] == "[secret KEY7]"
    assert time.process_time() - began < 8


def test_the_longer_of_two_secrets_goes_whole() -> None:
    """A secret that begins with another one leaves no rest."""
    cleaner = Redactor({"SHORT": "abcdefgh", "LONG": "abcdefghijklmnop"})
    assert cleaner.text("abcdefghijklmnop abcdefgh") == "[secret LONG] [secret SHORT]"


def test_a_cut_after_the_margin_leaves_no_part_of_a_secret() -> None:
    """Who reads `margin` more than wanted, cleans and then cuts keeps no piece of a secret at the cut."""
    for wanted in range(1, 40):
        text = "x" * 20 + SECRET + "y" * 60
        assert "pa ss" not in CLEANER.text(text[: wanted + CLEANER.margin])[:wanted]


def test_without_secrets_a_text_stays() -> None:
    """An organisation without secrets reads what it was sent."""
    assert Redactor({}).text("plain") == "plain"
    assert Redactor({}).margin == 0
