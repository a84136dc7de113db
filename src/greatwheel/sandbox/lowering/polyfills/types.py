# mypy: ignore-errors
"""Guest source of `types`."""


class SimpleNamespace:
    def __init__(self, **kwargs):
        self._names = []
        for name, value in kwargs.items():
            self._names.append(name)
            setattr(self, name, value)

    def __repr__(self):
        return f"namespace({', '.join([f'{name}={getattr(self, name)!r}' for name in self._names])})"

    def __eq__(self, other):
        if not isinstance(other, SimpleNamespace) or self._names != other._names:
            return False
        return not [name for name in self._names if getattr(self, name) != getattr(other, name)]


class ModuleType:
    def __init__(self, name, doc=None):
        self.__name__ = name
        self.__doc__ = doc


def MappingProxyType(mapping):
    return mapping


def _function():
    return None


FunctionType = LambdaType = type(_function)
BuiltinFunctionType = type(len)
NoneType = type(None)
