# mypy: ignore-errors
# ruff: noqa
"""Guest source for Monty: the SDK's errors as classes that `passes.exceptions` knows."""


class NotAvailable:
    pass


class BudgetExceeded:
    pass


class InDoubt:
    pass


class PermissionDenied:
    pass


class AgentFailed:
    pass


class LimitReached:
    pass


class ToolFailed:
    pass


def _gw_sdk_class(cls, base):
    return _gw_error(base, [False, False, False])(_gw_class((), [], [], [], [], [])(cls))


NotAvailable = _gw_sdk_class(NotAvailable, RuntimeError)
BudgetExceeded = _gw_sdk_class(BudgetExceeded, RuntimeError)
InDoubt = _gw_sdk_class(InDoubt, RuntimeError)
PermissionDenied = _gw_sdk_class(PermissionDenied, PermissionError)
AgentFailed = _gw_sdk_class(AgentFailed, RuntimeError)
LimitReached = _gw_sdk_class(LimitReached, RuntimeError)
ToolFailed = _gw_sdk_class(ToolFailed, RuntimeError)


def _gw_sdk_caught(error):
    text = str(error)
    for cls in (NotAvailable, BudgetExceeded, InDoubt, PermissionDenied, AgentFailed, LimitReached, ToolFailed):
        name = _gw_class_name(cls) + ": "
        if text.startswith(name) and _gw_py_isinstance(error, cls._gw_carrier):
            made = cls(text[len(name) :])
            _gw_hold(error, made, _gw_class_name(cls), text)
            return made
    return error
