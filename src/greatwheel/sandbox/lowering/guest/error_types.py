# mypy: ignore-errors
# ruff: noqa
"""Guest source: the built-in class of an exception."""

_gw_error_classes = {}
for _gw_each in _gw_error_bases:
    try:
        _gw_error_classes[_gw_each] = eval(_gw_each)
    except NameError:
        pass


def _gw_type(o):
    """`type(o)`."""
    kind = type(o)
    if _gw_py_isinstance(o, BaseException):
        return _gw_error_classes.get(_gw_class_name(kind), kind)
    return kind
