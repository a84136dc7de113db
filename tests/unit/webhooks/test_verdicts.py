"""What becomes of a delivery after an attempt."""

from __future__ import annotations

import random

import pytest

from greatwheel.channels.webhooks.port import Attempt
from greatwheel.channels.webhooks.sending import attempt_of, body_of
from greatwheel.channels.webhooks.verdicts import Verdict, verdict_of
from greatwheel.scheduler.retrying import Retrying

RETRYING = Retrying(max_attempts=3, base_seconds=10.0, cap_seconds=100.0)


def verdict(attempt: Attempt, tries: int = 1) -> Verdict:
    return verdict_of(attempt, tries, RETRYING, random.Random(1))


def test_a_success_is_done_and_a_hopeless_failure_dead() -> None:
    """2xx ends a delivery well; a failure that will not change, or a receiver that wants no more, ends it at once."""
    assert verdict(attempt_of(204, {})).state == "done"
    assert verdict(Attempt(error="gone", hopeless=True)).state == "dead"
    gone = attempt_of(410, {})
    assert gone.unsubscribe
    assert verdict(gone).state == "dead"


@pytest.mark.parametrize("status", [301, 400, 404, 429, 500, 503])
def test_other_answers_are_tried_again_until_the_last_attempt(status: int) -> None:
    """Whatever else a receiver says, the next attempt comes after a longer pause, and the last one is the end."""
    attempt = attempt_of(status, {})
    assert 5 <= verdict(attempt, 1).delay <= 15
    assert 10 <= verdict(attempt, 2).delay <= 30
    assert verdict(attempt, 2).state == "pending"
    assert verdict(attempt, 3).state == "dead"


def test_a_receiver_may_ask_for_more_time_but_not_for_ever_nor_for_endless_tries() -> None:
    """Retry-After makes the pause longer, up to the longest; the attempt still counts."""
    busy = attempt_of(429, {b"Retry-After": b"60"})
    assert (verdict(busy).delay, verdict(busy).counts) == (60.0, True)
    assert verdict(attempt_of(503, {b"retry-after": b"9999999"})).delay == 100.0
    assert attempt_of(429, {b"Retry-After": b"Wed, 21 Oct 2026 07:28:00 GMT"}).pause is None
    assert verdict(busy, 3).state == "dead"


def test_an_attempt_that_was_put_off_does_not_count() -> None:
    """A receiver that is trusted may put deliveries off as often as it must, at least for a second each."""
    put_off = Attempt(error="busy", pause=0.0, counts=False)
    assert verdict(put_off, 3) == Verdict(state="pending", delay=1.0, counts=False)


def test_the_same_payload_is_the_same_bytes() -> None:
    """However its keys are ordered: a repeated delivery is the same to the byte."""
    assert body_of({"b": 1, "a": "é"}) == body_of({"a": "é", "b": 1}) == '{"a":"é","b":1}'.encode()
