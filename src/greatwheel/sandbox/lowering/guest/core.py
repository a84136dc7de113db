# mypy: ignore-errors
# ruff: noqa
"""Guest source, run in every Monty session: built-ins that Monty lacks, and what most rewrites need.

Only what Monty runs natively may be used here. A built-in is kept as `_gw_py_<name>` before it is replaced.
"""

_gw_py_isinstance = isinstance
_gw_py_hasattr = hasattr
_gw_py_getattr = getattr
_gw_py_pow = pow
_gw_py_round = round
_gw_missing = ["missing"]
_gw_renamed = []
_gw_docs = []
_gw_set_names = {}
_gw_py_setattr = setattr
_gw_last = None

_gw_str_methods = (
    "capitalize casefold center count encode endswith expandtabs find format format_map index isalnum isalpha isascii "
    "isdecimal isdigit isidentifier islower isnumeric isprintable isspace istitle isupper join ljust lower lstrip "
    "maketrans partition removeprefix removesuffix replace rfind rindex rjust rpartition rsplit rstrip split "
    "splitlines startswith strip swapcase title translate upper zfill"
).split()
_gw_methods = {
    "str": _gw_str_methods,
    "bytes": _gw_str_methods + ["decode", "hex", "fromhex"],
    "list": "append clear copy count extend index insert pop remove reverse sort".split(),
    "tuple": ["count", "index"],
    "dict": "clear copy fromkeys get items keys pop popitem setdefault update values".split(),
    "defaultdict": "clear copy fromkeys get items keys pop popitem setdefault update values default_factory".split(),
    "Counter": "clear copy elements get items keys most_common pop popitem setdefault subtract total update values".split(),
    "set": (
        "add clear copy difference difference_update discard intersection intersection_update isdisjoint issubset "
        "issuperset pop remove symmetric_difference symmetric_difference_update union update"
    ).split(),
    "frozenset": "copy difference intersection isdisjoint issubset issuperset symmetric_difference union".split(),
    "deque": "append appendleft clear copy count extend extendleft index insert maxlen pop popleft remove reverse rotate".split(),
    "int": "as_integer_ratio bit_count bit_length conjugate denominator from_bytes imag numerator real to_bytes".split(),
    "bool": "as_integer_ratio bit_count bit_length conjugate denominator from_bytes imag numerator real to_bytes".split(),
    "float": "as_integer_ratio conjugate fromhex hex imag is_integer real".split(),
    "function": ["__call__", "__name__", "__doc__", "__dict__", "__module__", "__qualname__"],
    "builtin_function_or_method": ["__call__", "__name__", "__doc__", "__module__", "__qualname__"],
    "NoneType": [],
    "range": ["count", "index", "start", "stop", "step"],
    "Match": "group groups groupdict start end span re string pos endpos lastgroup lastindex expand".split(),
    "Pattern": "search match fullmatch split findall finditer sub subn pattern flags groups groupindex".split(),
}
_gw_container = ["__contains__", "__iter__", "__len__"]
_gw_dunders = {
    "str": _gw_container + ["__getitem__", "__add__", "__mul__", "__mod__"],
    "bytes": _gw_container + ["__getitem__", "__add__", "__mul__"],
    "list": _gw_container + ["__getitem__", "__setitem__", "__delitem__", "__add__", "__mul__", "__reversed__"],
    "tuple": _gw_container + ["__getitem__", "__add__", "__mul__"],
    "dict": _gw_container + ["__getitem__", "__setitem__", "__delitem__", "__reversed__"],
    "defaultdict": _gw_container + ["__getitem__", "__setitem__", "__delitem__", "__reversed__"],
    "Counter": _gw_container + ["__getitem__", "__setitem__", "__delitem__", "__reversed__"],
    "set": _gw_container + ["__and__", "__or__", "__sub__", "__xor__"],
    "frozenset": _gw_container + ["__and__", "__or__", "__sub__", "__xor__"],
    "deque": _gw_container + ["__getitem__", "__setitem__", "__delitem__", "__reversed__"],
    "range": _gw_container + ["__getitem__", "__reversed__"],
    "int": ["__add__", "__sub__", "__mul__", "__int__", "__float__", "__index__", "__bool__"],
    "bool": ["__add__", "__sub__", "__mul__", "__int__", "__float__", "__index__", "__bool__"],
    "float": ["__add__", "__sub__", "__mul__", "__int__", "__float__", "__bool__"],
    "list_iterator": ["__iter__", "__next__"],
    "function": ["__call__"],
    "builtin_function_or_method": ["__call__"],
}
_gw_object_dunders = [
    "__class__",
    "__doc__",
    "__eq__",
    "__hash__",
    "__init__",
    "__ne__",
    "__repr__",
    "__str__",
    "__lt__",
    "__le__",
    "__gt__",
    "__ge__",
    "__new__",
    "__dir__",
    "__format__",
    "__sizeof__",
    "__reduce__",
]
_gw_unhashable = ["list", "dict", "set", "defaultdict", "Counter", "deque"]


def _gw_kind(o):
    return type(o).__name__


def _gw_is_class(o):
    return type(o).__name__ == "type"


def _gw_class_name(c):
    text = str(c)
    start = text.find("'")
    return text[start + 1 : -2].split(".")[-1]


def _gw_knows(o, name):
    kind = _gw_class_name(o) if _gw_is_class(o) else _gw_kind(o)
    if name in _gw_object_dunders:
        return True
    return name in _gw_methods.get(kind, ()) or name in _gw_dunders.get(kind, ())


def hasattr(obj, name, /):
    if _gw_py_hasattr(obj, name):
        return True
    if _gw_kind(obj) == "module":
        return False
    if _gw_getter(obj, name) is not None:
        return True
    return _gw_knows(obj, name)


def _gw_getter(o, name):
    table = _gw_py_getattr(type(o), "_gw_props", None)
    if table is not None:
        return table.get(name)
    return None


def _gw_get(o, name):
    """An attribute that may be a property, `__dict__` aside."""
    table = _gw_py_getattr(type(o), "_gw_props", None)
    if table is not None and name in table:
        return table[name][0](o)
    return _gw_py_getattr(o, name)


def _gw_set(o, name, value):
    table = _gw_py_getattr(type(o), "_gw_props", None)
    if table is not None and name in table:
        setter = table[name][1]
        if setter is None:
            raise AttributeError("property '" + name + "' of '" + _gw_kind(o) + "' object has no setter")
        setter(o, value)
    else:
        _gw_py_setattr(o, name, value)


def getattr(obj, name, /, *default):
    table = _gw_py_getattr(type(obj), "_gw_props", None)
    if table is not None and name in table:
        return table[name][0](obj)
    found = _gw_py_getattr(obj, name, _gw_missing)
    if found is not _gw_missing:
        return found
    if type(name) is str and not name.startswith("__") and name in _gw_methods.get(_gw_kind(obj), ()):
        return _gw_bind(obj, name)
    return _gw_py_getattr(obj, name, *default)


def setattr(obj, name, value, /):
    _gw_set_names[name] = None
    _gw_set(obj, name, value)


def _gw_bind(o, name):
    """A method of a built-in value; `name` is of `_gw_methods`."""
    call = eval("lambda o, *args, **kwargs: o." + name + "(*args, **kwargs)")
    return lambda *args, **kwargs: call(o, *args, **kwargs)


def round(number, ndigits=None):
    """As CPython rounds: to the nearest decimal, where Monty scales and rounds the product."""
    if type(number) is float and type(ndigits) is int and 0 <= ndigits <= 22:
        return float(f"{number:.{ndigits}f}")
    return _gw_py_round(number) if ndigits is None else _gw_py_round(number, ndigits)


def _gw_attr(o, name, call):
    """A method as a value, or any other attribute of that name."""
    table = _gw_py_getattr(type(o), "_gw_props", None)
    if table is not None and name in table:
        return table[name][0](o)
    found = _gw_py_getattr(o, name, _gw_missing)
    if found is not _gw_missing:
        return found
    if not _gw_knows(o, name):
        return _gw_py_getattr(o, name)
    if _gw_is_class(o):
        return call
    return lambda *args, **kwargs: call(o, *args, **kwargs)


def _gw_user_get(o, name):
    """An attribute of an instance of a class with `__getattr__`."""
    found = _gw_py_getattr(o, name, _gw_missing)
    if found is not _gw_missing:
        return found
    if _gw_py_hasattr(type(o), "__getattr__"):
        return o.__getattr__(name)
    return _gw_py_getattr(o, name)


_gw_callables = [
    "function",
    "builtin_function_or_method",
    "method",
    "type",
    "partial",
    "builtin_method",
    "_lru_cache_wrapper",
    "functools.partial",
]


def callable(obj, /):
    if _gw_kind(obj) in _gw_callables:
        return True
    return _gw_py_hasattr(type(obj), "__call__")


def _gw_name(o):
    """`o.__name__`; a wrapper that `functools.wraps` made has the wrapped function's."""
    for wrapper, name in _gw_renamed:
        if wrapper is o:
            return name
    if _gw_is_class(o):
        return _gw_class_name(o)
    found = _gw_py_getattr(o, "__name__", None)
    if found is not None:
        return found
    text = repr(o)
    if text.startswith("<") and "'" in text:
        return text.split("'")[1]
    if text.startswith("<built-in function "):
        return text[19:-1]
    return _gw_py_getattr(o, "__name__")


def _gw_doc(o):
    """`o.__doc__`; Monty's functions have none, so the pass for docstrings keeps them here."""
    for known, text in _gw_docs:
        if known is o:
            return text
    return _gw_py_getattr(o, "__doc__", None)


def _gw_mro_of(c):
    return _gw_py_getattr(c, "_gw_mro", ())


def _gw_class_in(c, wanted):
    if c is wanted or c == wanted:
        return True
    for each in _gw_mro_of(c):
        if each is wanted or each == wanted:
            return True
    return False


def isinstance(obj, cls, /):
    if type(cls) is tuple:
        for each in cls:
            if isinstance(obj, each):
                return True
        return False
    if cls is _gw_Object:
        return True
    if _gw_kind(cls) == "_gw_EnumType":
        return _gw_class_in(type(obj), cls._gw_class)
    if _gw_py_isinstance(obj, cls):
        return True
    return _gw_py_hasattr(type(obj), "_gw_mro") and _gw_class_in(type(obj), cls)


_gw_builtin_bases = {
    "bool": ["int"],
    "Counter": ["dict"],
    "defaultdict": ["dict"],
    "OrderedDict": ["dict"],
    "datetime": ["date"],
}


def issubclass(cls, classinfo, /):
    if type(classinfo) is tuple:
        for each in classinfo:
            if issubclass(cls, each):
                return True
        return False
    if not _gw_is_class(cls) and _gw_kind(cls) != "_gw_EnumType":
        raise TypeError("issubclass() arg 1 must be a class")
    if classinfo is _gw_Object or _gw_class_in(cls, classinfo):
        return True
    name = _gw_class_name(cls)
    wanted = _gw_class_name(classinfo)
    if name in _gw_error_bases and wanted in _gw_error_bases:
        return _gw_error_is(name, wanted)
    return wanted in _gw_builtin_bases.get(name, ())


_gw_error_bases = {
    "BaseException": "",
    "Exception": "BaseException",
    "SystemExit": "BaseException",
    "KeyboardInterrupt": "BaseException",
    "ArithmeticError": "Exception",
    "ZeroDivisionError": "ArithmeticError",
    "OverflowError": "ArithmeticError",
    "LookupError": "Exception",
    "IndexError": "LookupError",
    "KeyError": "LookupError",
    "ValueError": "Exception",
    "UnicodeError": "ValueError",
    "UnicodeDecodeError": "UnicodeError",
    "UnicodeEncodeError": "UnicodeError",
    "TypeError": "Exception",
    "RuntimeError": "Exception",
    "NotImplementedError": "RuntimeError",
    "RecursionError": "RuntimeError",
    "AttributeError": "Exception",
    "NameError": "Exception",
    "UnboundLocalError": "NameError",
    "ImportError": "Exception",
    "ModuleNotFoundError": "ImportError",
    "OSError": "Exception",
    "FileNotFoundError": "OSError",
    "FileExistsError": "OSError",
    "PermissionError": "OSError",
    "TimeoutError": "OSError",
    "ConnectionError": "OSError",
    "AssertionError": "Exception",
    "StopIteration": "Exception",
    "StopAsyncIteration": "Exception",
    "MemoryError": "Exception",
    "EOFError": "Exception",
    "SyntaxError": "Exception",
}


def _gw_error_is(name, wanted):
    while name:
        if name == wanted:
            return True
        name = _gw_error_bases.get(name, "")
    return False


class _gw_Object:
    """What `object()` makes."""

    def __repr__(self):
        return "<object object at 0x7f0000000000>"


object = _gw_Object


def exit(code=None):
    raise SystemExit("None" if code is None else str(code))


def quit(code=None):
    raise SystemExit("None" if code is None else str(code))


def input(prompt=""):
    raise OSError("there is no one to type: ask with channel.ask(question), or use the variables of the session")


def pow(base, exp, mod=None):
    if mod is None:
        return base**exp
    if exp >= 0:
        return _gw_py_pow(base, exp, mod)
    a, b, x, y = base % mod, mod, 1, 0
    while b:
        q = a // b
        a, b = b, a - q * b
        x, y = y, x - q * y
    if a not in (1, -1):
        raise ValueError("base is not invertible for the given modulus")
    return _gw_py_pow(x * a % mod, -exp, mod)


def delattr(obj, name, /):
    raise NotImplementedError("del obj.attribute is not available here: set it to None instead")


def _gw_lt(a, b):
    return a < b
