"""What a caller's children may use: decided from its budget and what it has used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from greatwheel.core.budgets import Budget
from greatwheel.core.errors import BadInput, BudgetExceeded
from greatwheel.core.tasks import TaskKind

KEPT = 4
"""A caller keeps so much of what it has left (the fourth part), or an equal share if there are more parts. Keeping half
would leave calls that are nested eight deep a 256th."""
_FIELDS = tuple(field.name for field in fields(Budget))


def effective(defaults: Budget, *layers: Mapping[str, Any]) -> dict[str, Any]:
    """A budget in full: later layers replace single fields of earlier ones; other names are passed over."""
    budget = asdict(defaults)
    for layer in layers:
        budget.update({name: layer[name] for name in _FIELDS if layer.get(name) is not None})
    return budget


def require_within(order: Mapping[str, Any], most: Mapping[str, Any]) -> None:
    """Go on if an order asks for no more than tasks of its agent may use. Raises BadInput, which names the field."""
    for name in _FIELDS:
        if order.get(name) is not None and order[name] > most[name]:
            raise BadInput(
                f"The order's budget has {name} = {order[name]:,}; tasks of this agent may use {most[name]:,} at most."
                " Ask for less, or have an admin raise the agent's budget."
            )


def left(budget: Mapping[str, Any], used: Mapping[str, Any]) -> dict[str, Any]:
    """What is left of a budget."""
    tokens_used = int(used.get("prompt_tokens", 0)) + int(used.get("completion_tokens", 0))
    return {
        **budget,
        "tokens": int(budget["tokens"]) - tokens_used,
        "model_calls": int(budget["model_calls"]) - int(used.get("model_calls", 0)),
    }


def handed_on(budget: Mapping[str, Any], used: Mapping[str, Any]) -> dict[str, Any]:
    """What a task may use that is started without waiting for it: what is left.

    Raises:
        BudgetExceeded: that is nothing.
    """
    remaining = left(budget, used)
    if remaining["tokens"] < 1 or remaining["model_calls"] < 1:
        raise BudgetExceeded("The budget does not suffice for another task; raise tokens or model_calls.")
    return remaining


def share(parent: Mapping[str, Any], used: Mapping[str, Any], parts: int, kind: TaskKind) -> dict[str, Any]:
    """What each of so many parts gets: what is left, divided, some of it staying with the caller.

    Raises:
        BudgetExceeded: nothing is left to divide, or child loops would go too deep.
    """
    if kind == "child" and parent["depth"] < 1:
        raise BudgetExceeded("The depth budget is used up: this run may not start child loops; raise depth.")
    remaining = left(parent, used)
    tokens, calls = _each(remaining["tokens"], parts), remaining["model_calls"]
    if tokens < 1 or calls < 1:
        raise BudgetExceeded(f"The budget does not suffice for {parts} more tasks; raise tokens or model_calls.")
    return {
        "tokens": tokens,
        "model_calls": max(1, _each(calls, parts)),
        "seconds": parent["seconds"],
        "depth": parent["depth"] - 1 if kind == "child" else parent["depth"],
        "steps": parent["steps"],
    }


def _each(amount: int, parts: int) -> int:
    return amount * (KEPT - 1) // KEPT // parts if parts + 1 < KEPT else amount // (parts + 1)


def lesser(budget: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Of each field that both have, the smaller one."""
    return {
        name: value if other.get(name) is None else min(value, other[name])
        for name, value in budget.items()
    }  # fmt: skip
