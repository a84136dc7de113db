# mypy: ignore-errors
# ruff: noqa
"""Guest source: `__cause__` of built-in exceptions, kept beside the newest of them."""

_gw_causes = []


def _gw_because(error, cause):
    if _gw_is_class(error):
        error = error()
    _gw_causes.append((error, cause))
    if len(_gw_causes) > 64:
        _gw_causes.pop(0)
    return error


def _gw_cause(error):
    for known, cause in _gw_causes:
        if known is error:
            return cause
    return getattr(error, "__cause__", None)
