# mypy: ignore-errors
# ruff: noqa
"""Guest source for engines with exception classes: the SDK's errors."""


class NotAvailable(RuntimeError):
    pass


class BudgetExceeded(RuntimeError):
    pass


class InDoubt(RuntimeError):
    pass


class AgentFailed(RuntimeError):
    pass


class LimitReached(RuntimeError):
    pass


class ToolFailed(RuntimeError):
    pass


class PermissionDenied(PermissionError):
    pass


def _gw_caught(error):
    text = str(error)
    for name, cls in [
        ("NotAvailable", NotAvailable),
        ("BudgetExceeded", BudgetExceeded),
        ("InDoubt", InDoubt),
        ("AgentFailed", AgentFailed),
        ("LimitReached", LimitReached),
        ("ToolFailed", ToolFailed),
        ("PermissionDenied", PermissionDenied),
    ]:
        if text.startswith(name + ": "):
            return cls(text[len(name) + 2 :])
    return error


def _gw_catches(error, kinds):
    return isinstance(error, kinds)
