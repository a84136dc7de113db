# mypy: ignore-errors
# ruff: noqa
"""Guest source: exception classes; a built-in exception carries the instance."""

_gw_live = []


def _gw_exc_init(self, *args):
    self.args = args


def _gw_exc_str(self):
    if len(self.args) == 1:
        return str(self.args[0])
    return str(self.args) if self.args else ""


def _gw_exc_repr(self):
    inside = repr(self.args) if len(self.args) != 1 else "(" + repr(self.args[0]) + ")"
    return _gw_kind(self) + inside


def _gw_error(base, has):
    """Decorator of a class that was an exception, after `_gw_class`: `base` is the built-in error that carries it.

    `has`: whether the class, or one of its bases that the guest wrote, has `__init__`, `__str__`, `__repr__`.
    """

    def finish(cls):
        if not has[0]:
            cls.__init__ = _gw_exc_init
        if not has[1]:
            cls.__str__ = _gw_exc_str
        if not has[2]:
            cls.__repr__ = _gw_exc_repr
        cls._gw_carrier = base
        cls.args = ()
        cls._gw_mro = cls._gw_mro + tuple(_gw_error_line(base))
        cls.with_traceback = lambda self, tb: self
        cls.__cause__ = None
        return cls

    return finish


def _gw_error_line(base):
    """The built-in error and its built-in ancestors."""
    table = {
        "Exception": Exception,
        "BaseException": BaseException,
        "LookupError": LookupError,
        "ArithmeticError": ArithmeticError,
        "ValueError": ValueError,
        "RuntimeError": RuntimeError,
        "OSError": OSError,
        "NameError": NameError,
        "ImportError": ImportError,
    }
    found, name = [base], _gw_error_bases.get(_gw_class_name(base), "")
    while name:
        found.append(table[name])
        name = _gw_error_bases.get(name, "")
    return found


def _gw_raise(error, cause=None):
    """The built-in exception to raise for `error`."""
    global _gw_last
    if _gw_is_class(error) and _gw_py_hasattr(error, "_gw_carrier"):
        error = error()
    if not _gw_py_hasattr(type(error), "_gw_carrier"):
        _gw_last = None
        return error
    if cause is not None:
        error.__cause__ = cause
    for carrier, held in _gw_live:
        if held is error:
            _gw_last = (_gw_kind(error), str(carrier))
            return carrier
    text = str(error)
    carrier = type(error)._gw_carrier(text)
    return _gw_hold(carrier, error, _gw_kind(error), text)


def _gw_hold(carrier, error, name, text):
    global _gw_last
    _gw_live.append((carrier, error))
    if len(_gw_live) > 64:
        _gw_live.pop(0)
    _gw_last = (name, str(carrier))
    return carrier


def _gw_caught(error):
    """What the guest raised, of what the engine caught."""
    for carrier, held in _gw_live:
        if carrier is error:
            return held
    return _gw_sdk_caught(error)


def _gw_catches(error, kinds):
    if type(kinds) is tuple:
        for kind in kinds:
            if _gw_catches(error, kind):
                return True
        return False
    return isinstance(error, kinds)


_gw_odd = []


def _gw_builtin_error(kind, *args):
    """A built-in exception; its arguments may be other than one text."""
    if len(args) == 1 and type(args[0]) is str:
        return kind(args[0])
    name = _gw_name(kind)
    if name == "KeyError" and len(args) == 1:
        try:
            {}[args[0]]
        except KeyError as error:
            made = error
    elif len(args) == 1:
        made = kind("" if args[0] is None and name == "SystemExit" else str(args[0]))
    else:
        made = kind(str(args))
    _gw_odd.append((made, args))
    if len(_gw_odd) > 64:
        _gw_odd.pop(0)
    return made


def _gw_error_part(o, name):
    """`e.args` and `e.code`."""
    for made, args in _gw_odd:
        if made is o:
            return args if name == "args" else args[0]
    return _gw_py_getattr(o, name)


def _gw_sdk_caught(error):
    return error
