# mypy: ignore-errors
"""Guest source of `collections.abc`: names for annotations, and `isinstance` where a tuple of types can say it."""

Mapping = MutableMapping = dict
Sequence = (list, tuple, str, bytes, range)
MutableSequence = list
Set = (set, frozenset)
MutableSet = set
Iterable = Collection = Sized = Container = (list, tuple, str, bytes, range, dict, set, frozenset)


class Iterator:
    pass


class Generator:
    pass


class Hashable:
    pass


class Awaitable:
    pass


class Coroutine:
    pass


class AsyncIterator:
    pass


class AsyncIterable:
    pass


class KeysView:
    pass


class ValuesView:
    pass


class ItemsView:
    pass


Callable = type(lambda: None)
