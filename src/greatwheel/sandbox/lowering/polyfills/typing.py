# mypy: ignore-errors
"""Guest source of what an engine's `typing` lacks: names for annotations, which nothing checks."""

import re as _re
from collections import Counter as _Counter
from collections import defaultdict as _defaultdict
from collections import deque as _deque


class _Form:
    def __init__(self, name):
        self._name = name

    def __getitem__(self, item):
        return self

    def __call__(self, *args, **kwargs):
        return self

    def __or__(self, other):
        return self

    def __ror__(self, other):
        return self

    def __repr__(self):
        return f"typing.{self._name}"


Any = _Form("Any")
Callable = _Form("Callable")
ClassVar = _Form("ClassVar")
Dict = _Form("Dict")
Final = _Form("Final")
FrozenSet = _Form("FrozenSet")
Generator = _Form("Generator")
Iterable = _Form("Iterable")
Iterator = _Form("Iterator")
List = _Form("List")
Literal = _Form("Literal")
Mapping = _Form("Mapping")
Optional = _Form("Optional")
Sequence = _Form("Sequence")
Set = _Form("Set")
Tuple = _Form("Tuple")
Type = _Form("Type")
TypeVar = _Form("TypeVar")
Generic = _Form("Generic")
Annotated = _Form("Annotated")
Union = _Form("Union")
AbstractSet = _Form("AbstractSet")
AsyncGenerator = _Form("AsyncGenerator")
AsyncIterable = _Form("AsyncIterable")
AsyncIterator = _Form("AsyncIterator")
Awaitable = _Form("Awaitable")
ByteString = _Form("ByteString")
Collection = _Form("Collection")
Concatenate = _Form("Concatenate")
Container = _Form("Container")
ContextManager = _Form("ContextManager")
Coroutine = _Form("Coroutine")
Hashable = _Form("Hashable")
IO = _Form("IO")
TextIO = _Form("TextIO")
BinaryIO = _Form("BinaryIO")
ItemsView = _Form("ItemsView")
KeysView = _Form("KeysView")
ValuesView = _Form("ValuesView")
LiteralString = _Form("LiteralString")
MutableMapping = _Form("MutableMapping")
MutableSequence = _Form("MutableSequence")
MutableSet = _Form("MutableSet")
NotRequired = _Form("NotRequired")
Required = _Form("Required")
ParamSpec = _Form("ParamSpec")
TypeVarTuple = _Form("TypeVarTuple")
Reversible = _Form("Reversible")
Sized = _Form("Sized")
SupportsAbs = _Form("SupportsAbs")
SupportsBytes = _Form("SupportsBytes")
SupportsFloat = _Form("SupportsFloat")
SupportsIndex = _Form("SupportsIndex")
SupportsInt = _Form("SupportsInt")
SupportsRound = _Form("SupportsRound")
TypeAlias = _Form("TypeAlias")
TypeGuard = _Form("TypeGuard")
Unpack = _Form("Unpack")
AnyStr = _Form("AnyStr")
Text = str
Pattern = _re.Pattern
Match = _re.Match
Counter = _Counter
DefaultDict = _defaultdict
Deque = _deque
OrderedDict = dict
ChainMap = dict
NamedTuple = _Form("NamedTuple")
TypedDict = _Form("TypedDict")


def cast(typ, val):
    return val


def NewType(name, tp):
    def new(value):
        return value

    return new


def overload(func):
    return func


def final(f):
    return f


def no_type_check(arg):
    return arg


def override(func):
    return func


def runtime_checkable(cls):
    return cls


def assert_never(arg):
    raise AssertionError(f"Expected code to be unreachable, but got: {arg!r}")


def assert_type(val, typ):
    return val


def get_type_hints(obj, globalns=None, localns=None, include_extras=False):
    return dict(getattr(obj, "__annotations__", {}))


def get_origin(tp):
    return getattr(tp, "__origin__", None)


def get_args(tp):
    return getattr(tp, "__args__", ())
