"""Signatures of webhooks."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from greatwheel.channels.webhooks import signing
from greatwheel.channels.webhooks.signing import received, signed_headers
from greatwheel.core.errors import BadInput

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"test": 2432232314}'
NOW = 1614265330


def standard(**changes: str) -> dict[str, str]:
    return signed_headers(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", NOW, BODY) | changes


def test_the_specifications_example_has_its_signature() -> None:
    """The example of the Standard Webhooks libraries is signed as there."""
    assert standard()["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_what_was_signed_is_taken() -> None:
    """A delivery is known by the sender's id, within five minutes either way, beside signatures of other keys."""
    for now in (NOW - 300, NOW, NOW + 300):
        found = received("standard", SECRET, standard(), BODY, now)
        assert found is not None
        assert found.marks == ("id:msg_p5jXN8AQM9LWM0D4loKWxJek",)
    several = f"v1,{'A' * 43}= v2,x {standard()['webhook-signature']}"
    assert received("standard", SECRET, standard(**{"webhook-signature": several}), BODY, NOW) is not None


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-signature": ""},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v1,é"},
        {"webhook-signature": "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
        {"webhook-id": "msg_other"},
        {"webhook-timestamp": str(NOW + 1)},
        {"webhook-timestamp": "soon"},
        {"webhook-timestamp": "9" * 5_000},
    ],
)
def test_what_was_changed_is_refused(change: dict[str, str]) -> None:
    """Another id, time or signature than what was signed is refused, whatever its form."""
    assert received("standard", SECRET, standard(**change), BODY, NOW) is None


def test_what_is_old_or_early_or_of_another_body_or_key_is_refused() -> None:
    """A right signature is refused beyond five minutes, for another body, and under another secret."""
    assert received("standard", SECRET, standard(), BODY, NOW + 301) is None
    assert received("standard", SECRET, standard(), BODY, NOW - 301) is None
    assert received("standard", SECRET, standard(), BODY + b" ", NOW) is None
    assert received("standard", signing.new_secret(), standard(), BODY, NOW) is None


def test_an_id_that_is_none_is_refused_though_it_was_signed() -> None:
    """An empty id, one with spaces and one that is too long can't name a delivery."""
    for message_id in ("", "a b", "x" * 201):
        headers = signed_headers(SECRET, message_id, NOW, BODY)
        assert received("standard", SECRET, headers, BODY, NOW) is None


def test_githubs_deliveries_are_known_by_body_and_id() -> None:
    """GitHub signs the body alone: a delivery is known by its id and by its signature, whichever comes again."""
    digest = hmac.new(b"a secret of GitHub", BODY, hashlib.sha256).hexdigest()
    headers = {"x-hub-signature-256": f"sha256={digest}", "x-github-delivery": "72d3162e"}
    found = received("github", "a secret of GitHub", headers, BODY, 0)
    assert found is not None
    assert set(found.marks) == {"id:72d3162e", f"signature:{digest}"}
    ping = received("github", "a secret of GitHub", headers | {"x-github-event": "ping"}, BODY, 0)
    assert ping is not None
    assert (found.ping, ping.ping) == (False, True)
    assert received("github", "another secret!!", headers, BODY, 0) is None
    assert received("github", "a secret of GitHub", {}, BODY, 0) is None
    assert received("github", "a secret of GitHub", {"x-hub-signature-256": "sha256=é"}, BODY, 0) is None


def test_secrets_that_can_not_be_are_refused_without_being_told() -> None:
    """A secret of the wrong form is refused by a message that does not have it."""
    signing.check_secret("standard", signing.new_secret())
    signing.check_secret("github", signing.new_secret())
    signing.check_secret("github", "sixteen letters.")
    for scheme, secret in (
        ("standard", "whsec_short"),
        ("standard", "whsec_!!!!"),
        ("standard", signing.new_secret()[6:]),
        ("github", "short"),
        ("github", "two\nlines" * 5),
    ):
        with pytest.raises(BadInput) as refused:
            signing.check_secret(scheme, secret)  # type: ignore[arg-type]
        assert secret not in str(refused.value)
