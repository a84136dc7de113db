# mypy: ignore-errors
"""Guest source of what an engine's `dataclasses` lacks."""

import copy as _copy

KW_ONLY = "KW_ONLY"
InitVar = "InitVar"
_fields_of = {}


class Field:
    def __init__(self, name, default):
        self.name = name
        self.type = None
        self.default = default

    def __repr__(self):
        return f"Field(name={self.name!r})"


def fields(class_or_instance):
    return tuple(_native_fields(class_or_instance))


def _native_fields(thing):
    try:
        return thing.__dataclass_fields__.values()
    except AttributeError:
        raise TypeError("must be called with a dataclass type or instance") from None


def _is_instance(obj):
    return hasattr(obj, "__dataclass_fields__") and not isinstance(obj, type(int))


def asdict(obj, *, dict_factory=dict):
    if not _is_instance(obj):
        raise TypeError("asdict() should be called on dataclass instances")
    return _asdict(obj, dict_factory)


def _asdict(obj, factory):
    if _is_instance(obj):
        return factory([(f.name, _asdict(getattr(obj, f.name), factory)) for f in _native_fields(obj)])
    if isinstance(obj, dict):
        return {_asdict(key, factory): _asdict(value, factory) for key, value in obj.items()}
    if isinstance(obj, tuple) and hasattr(obj, "_fields"):
        return obj
    if isinstance(obj, list):
        return [_asdict(item, factory) for item in obj]
    if isinstance(obj, tuple):
        return tuple([_asdict(item, factory) for item in obj])
    return _copy.deepcopy(obj)


def astuple(obj, *, tuple_factory=tuple):
    if not _is_instance(obj):
        raise TypeError("astuple() should be called on dataclass instances")
    return _astuple(obj, tuple_factory)


def _astuple(obj, factory):
    if _is_instance(obj):
        return factory([_astuple(getattr(obj, f.name), factory) for f in _native_fields(obj)])
    if isinstance(obj, dict):
        return {key: _astuple(value, factory) for key, value in obj.items()}
    if isinstance(obj, list):
        return [_astuple(item, factory) for item in obj]
    if isinstance(obj, tuple):
        return tuple([_astuple(item, factory) for item in obj])
    return _copy.deepcopy(obj)


def replace(obj, /, **changes):
    if not _is_instance(obj):
        raise TypeError("replace() should be called on dataclass instances")
    values = {f.name: getattr(obj, f.name) for f in _native_fields(obj) if f.init}
    values.update(changes)
    return type(obj)(**values)
