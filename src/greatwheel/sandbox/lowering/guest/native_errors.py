# mypy: ignore-errors
# ruff: noqa
"""Guest source for engines with exception classes: the SDK's errors."""


class NotAvailable(RuntimeError):
    pass


class BudgetExceeded(RuntimeError):
    pass


class InDoubt(RuntimeError):
    pass


class PermissionDenied(PermissionError):
    pass


def _gw_caught(error):
    text = str(error)
    for name, cls in [
        ("NotAvailable", NotAvailable),
        ("BudgetExceeded", BudgetExceeded),
        ("InDoubt", InDoubt),
        ("PermissionDenied", PermissionDenied),
    ]:
        if text.startswith(name + ": "):
            return cls(text[len(name) + 2 :])
    return error


def _gw_catches(error, kinds):
    return isinstance(error, kinds)
