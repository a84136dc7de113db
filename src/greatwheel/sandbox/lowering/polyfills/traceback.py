# mypy: ignore-errors
"""Guest source of `traceback`: the exception's own lines, without frames.

The pass for imports hands the exception that is being handled to `format_exc` and `print_exc`.
"""

import sys as _sys


def format_exception_only(exc, value=None):
    error = exc if value is None else value
    text = str(error)
    name = type(error).__name__
    return [f"{name}: {text}\n" if text else f"{name}\n"]


def format_exception(exc, value=None, tb=None, limit=None, chain=True):
    error = exc if value is None else value
    return ["Traceback (most recent call last):\n", *format_exception_only(error)]


def format_exc(limit=None, chain=True, *, _error=None):
    if _error is None:
        return "NoneType: None\n"
    return "".join(format_exception(_error))


def print_exc(limit=None, file=None, chain=True, *, _error=None):
    _show(format_exc(_error=_error), file)


def print_exception(exc, value=None, tb=None, limit=None, file=None, chain=True):
    _show("".join(format_exception(exc, value)), file)


def format_tb(tb, limit=None):
    return []


def extract_tb(tb, limit=None):
    return []


def format_stack(f=None, limit=None):
    return []


def print_stack(f=None, limit=None, file=None):
    return None


def print_tb(tb, limit=None, file=None):
    return None


def _show(text, file):
    if file is not None and hasattr(file, "getvalue"):
        file.write(text)
    elif file is not None:
        print(text, end="", file=file)
    else:
        print(text, end="", file=_sys.stderr)
