"""What the load test makes of what its listeners were told."""

from __future__ import annotations

import pytest

from greatwheel.bench.load.figures import Figures, Spread
from greatwheel.bench.load.listeners import Listener
from greatwheel.bench.load.measuring import compared


@pytest.mark.parametrize(
    ("told", "ended", "found"),
    [
        ([1, 2, 5], True, (0, 0, 0)),
        ([1, 5], True, (1, 0, 0)),
        ([1, 2, 2, 5], True, (0, 1, 0)),
        ([2, 1, 5], True, (0, 0, 1)),
        ([1, 2, 5], False, (0, 0, 0)),
    ],
)
def test_what_is_wrong_with_a_stream_is_counted(told: list[int], ended: bool, found: tuple[int, int, int]) -> None:
    """Events that are missing, come twice or out of order, and a stream without its end, are no sound delivery."""
    delivery = compared([Listener(task_id="t", told=told, ended=ended)], {"t": [1, 2, 5]})
    assert (delivery.lost, delivery.repeated, delivery.disordered) == found
    assert delivery.sound == (found == (0, 0, 0) and ended)


def test_pieces_of_replies_are_not_missed_when_they_are_gone() -> None:
    """What was told of a reply that came, and is not written any more, counts apart; in order it must be, too."""
    delivery = compared([Listener(task_id="t", told=[1, 3, 4, 5], passing=2, ended=True)], {"t": [1, 5]})
    assert (delivery.told, delivery.wanted, delivery.passing, delivery.sound) == (2, 2, 2, True)


def test_a_refused_request_spoils_the_figures() -> None:
    """The figures are sound only if every request got what it asked for; the page says what was refused."""
    delivery = compared([], {})
    spread = Spread(what="a request", seconds=[0.1, 0.2, 0.3, 0.4])
    plain = Figures(seconds=1, rate=2, reached=2, delivery=delivery, spreads=[spread])
    spoiled = Figures(seconds=1, rate=2, reached=2, delivery=delivery, spreads=[spread], refused={"look: 500": 3})
    assert (plain.sound, spoiled.sound) == (True, False)
    assert "3 × look: 500" in spoiled.markdown("here")
    assert "| a request | 4 | 300.0 ms | 400.0 ms | 400.0 ms | 400.0 ms |" in plain.markdown("here")
