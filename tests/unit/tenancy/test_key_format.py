"""How keys look."""

import pytest

from greatwheel.tenancy.key_format import hash_session_key, new_api_key, parse_api_key


def test_a_key_is_read_back_from_its_text() -> None:
    """What the owner sends gives the same prefix and hash as when the key was made."""
    made = new_api_key()
    read = parse_api_key(made.text)
    assert read == made
    assert read is not None
    assert read.matches(made.hash)


def test_a_key_does_not_match_another_ones_hash() -> None:
    """A key with the same secret under another prefix, or another secret, is another key."""
    made, other = new_api_key(), new_api_key()
    assert not made.matches(other.hash)
    moved = parse_api_key(f"gwk_{other.prefix}_{made.secret}")
    assert moved is not None
    assert not moved.matches(made.hash)


def test_a_secret_is_not_shown_with_its_key() -> None:
    """A key that is printed by mistake shows its prefix alone."""
    made = new_api_key()
    assert made.secret not in repr(made)
    assert made.prefix in repr(made)


@pytest.mark.parametrize(
    "text", ["", "gwk_", "gwk_0123456789ab_short", "gws_" + "a" * 43, "gwk_0123456789ab_" + "é" * 43]
)
def test_what_can_not_be_a_key_is_none(text: str) -> None:
    """A text of another form is no key."""
    assert parse_api_key(text) is None
    assert parse_api_key(new_api_key().text + "\n") is None


def test_any_text_that_a_guest_sends_has_a_hash() -> None:
    """Half of a character is no key, and no error either."""
    assert len(hash_session_key("\ud800")) == 32
    assert hash_session_key("gws_a") != hash_session_key("gws_b")
