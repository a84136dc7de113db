"""Which calls between agents are refused."""

from __future__ import annotations

from greatwheel.bus.routes import refusal


def test_a_cycle_is_refused_with_its_path() -> None:
    """An agent above the caller, or the caller itself, can't be called; the message shows the way."""
    assert refusal(["a", "b"], 1, "a") == "a cycle of calls: a → b → a"
    assert refusal(["a"], 0, "a") == "a cycle of calls: a → a"
    assert refusal(["a", "b"], 1, "c") is None


def test_too_deep_a_chain_is_refused_with_its_path() -> None:
    """Beyond the limit of depth nothing is called or notified."""
    assert refusal(["a", "b"], 1, "c", most=1) == "calls go too deep (at most 1 below the first): a → b → c"
    assert refusal(["a", "b"], 1, "c", most=2) is None
