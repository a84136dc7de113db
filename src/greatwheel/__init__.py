"""A durable runtime for agents that think by writing Python."""

from greatwheel.core.budgets import Budget
from greatwheel.core.errors import GreatwheelError
from greatwheel.core.usage import Usage
from greatwheel.rlm import RLM, Completion
from greatwheel.sandbox.port import Limits

__all__ = ["RLM", "Budget", "Completion", "GreatwheelError", "Limits", "Usage"]
