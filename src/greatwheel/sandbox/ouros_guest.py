"""The guest's half of the Ouros adapter: Python that runs inside every Ouros session.

It keeps what is printed (the engine forgets the output of a block that fails), turns host functions into guest
functions that pause the block, and writes values in the wire form of `ouros_values` as JSON text. The engine's own
conversion makes the keys of dicts strings and NaN None. All names begin with `_ouros_`. A guest that rebinds
them harms only itself: the worker and the host check whatever comes out.
"""

from __future__ import annotations

import builtins

from greatwheel.sandbox import ouros_world

HIDDEN = "_ouros_"
"""Names that begin so are the adapter's own."""

PAUSE, DEFER, TAKE = "_ouros_host", "_ouros_defer", "_ouros_take"
"""External functions: a call that waits, a call that becomes a future, and a value on its way in."""

ASYNC = "_ouros_a_"
"""Prefix of a host function's awaitable twin."""

VALUE = "_ouros_v="
"""Put before a block's trailing expression, so that its value can be read."""

FIRST_LINE = 20_000
"""The guest half's lines are counted from here, so that its frames can be told from the author's."""

_REPLACED = ("print", "any", "all", "map", "filter", "sorted", "max", "min")


ERRORS = sorted(
    name for name, kind in vars(builtins).items() if isinstance(kind, type) and issubclass(kind, BaseException)
)
"""Built-in exceptions by which a host error may be raised; those that the engine lacks arrive as RuntimeError."""

SOURCE = r"""
import dataclasses as _ouros_dataclasses
import json as _ouros_json

_ouros_errors = {}
_ouros_bound = {}
_ouros_plain = (str, bool, type(None))
_ouros_own_names = {}
_ouros_out = []
_ouros_room = [0, False, 0]

def _ouros_begin(limit):
    _ouros_out.clear()
    _ouros_last.clear()
    _ouros_room[0] = limit
    _ouros_room[1] = False
    _ouros_room[2] = limit

def _ouros_tail(seen):
    return ''.join(_ouros_out)[seen:]

def _ouros_write(text):
    if len(text) > _ouros_room[0]:
        text = text[:_ouros_room[0]]
        if not _ouros_room[1]:
            _ouros_room[1] = True
            text = text + '\n[output cut: more than ' + str(_ouros_room[2]) + ' characters]\n'
        _ouros_room[0] = 0
    else:
        _ouros_room[0] -= len(text)
    if text:
        _ouros_out.append(text)
        _ouros_print(text, end='')

def _ouros_to_stream(file):
    return 'TextIOWrapper' in str(type(file))

def print(*args, sep=' ', end='\n', file=None, flush=False):
    if file is not None and not _ouros_to_stream(file):
        return _ouros_print(*args, sep=sep, end=end, file=file)
    sep = ' ' if sep is None else sep
    end = '\n' if end is None else end
    if type(sep) is not str or type(end) is not str:
        raise TypeError('sep and end must be None or a string')
    _ouros_write(sep.join([str(arg) for arg in args]) + end)

def _ouros_drain(iterable):
    return [item for item in iterable] if type(iterable).__name__ == 'generator' else iterable

def _ouros_pausing(function):
    return 'builtin' not in str(type(function)) and not isinstance(function, type)

def any(iterable):
    for item in iterable:
        if item:
            return True
    return False

def all(iterable):
    for item in iterable:
        if not item:
            return False
    return True

def map(function, *iterables):
    if not iterables or not _ouros_pausing(function):
        return _ouros_map(function, *iterables)
    if type(iterables[0]).__name__ in ('generator', 'count', 'cycle', 'repeat'):
        return (function(*items) for items in zip(*iterables))
    if len(iterables) == 1:
        return iter([function(item) for item in iterables[0]])
    return iter([function(*items) for items in zip(*iterables)])

def filter(function, iterable):
    if function is None or not _ouros_pausing(function):
        return _ouros_filter(function, iterable)
    if type(iterable).__name__ in ('generator', 'count', 'cycle', 'repeat'):
        return (item for item in iterable if function(item))
    return iter([item for item in iterable if function(item)])

def sorted(iterable, *, key=None, reverse=False):
    if key is None or not _ouros_pausing(key):
        return _ouros_sorted(iterable, key=key, reverse=reverse)
    items = [item for item in iterable]
    keys = [key(item) for item in items]
    return [items[at] for at in _ouros_sorted(range(len(items)), key=lambda at: keys[at], reverse=reverse)]

def _ouros_sort(items, **options):
    if type(items) is list:
        ordered = sorted(items, **options)
        items.clear()
        items.extend(ordered)
    else:
        items.sort(**options)

def _ouros_extreme(name, choose, args, options):
    key = options.get('key')
    if key is None or not _ouros_pausing(key):
        return choose(*args, **options)
    items = [item for item in (args[0] if len(args) == 1 else args)]
    if not items:
        if 'default' in options:
            return options['default']
        raise ValueError(name + '() arg is an empty sequence')
    keys = [key(item) for item in items]
    return items[keys.index(choose(keys))]

def max(*args, **options):
    return _ouros_extreme('max', _ouros_max, args, options)

def min(*args, **options):
    return _ouros_extreme('min', _ouros_min, args, options)

_ouros_own_names.update({
    'print': print, 'any': any, 'all': all, 'map': map, 'filter': filter, 'sorted': sorted, 'max': max, 'min': min
})

def _ouros_is_record(value):
    try:
        return _ouros_dataclasses.is_dataclass(value) and type(value) is not type
    except Exception:
        return False

def _ouros_items(items, depth):
    if _ouros_all([type(item) in _ouros_plain for item in items]):
        return list(items)
    return [_ouros_encode(item, depth) for item in items]

def _ouros_encode(value, depth):
    kind = type(value)
    if value is None or kind is str or kind is bool:
        return value
    if kind is int:
        return value if -9223372036854775808 <= value <= 9223372036854775807 else ['i', hex(value)]
    if kind is float:
        return value if value - value == 0.0 else ['n', repr(value)]
    if kind is bytes:
        return ['b', value.hex()]
    if depth >= 60:
        raise TypeError('a value nested deeper than 60 containers cannot leave the sandbox')
    depth += 1
    if kind is list:
        return ['l', _ouros_items(value, depth)]
    if kind is tuple:
        return ['t', _ouros_items(value, depth)]
    if kind is dict:
        return ['d', [[_ouros_encode(key, depth), _ouros_encode(item, depth)] for key, item in value.items()]]
    if kind is set:
        return ['s', _ouros_items(value, depth)]
    if kind is frozenset:
        return ['f', _ouros_items(value, depth)]
    if _ouros_is_record(value):
        names = [field.name for field in _ouros_dataclasses.fields(value)]
        return ['r', kind.__name__, [[name, _ouros_encode(getattr(value, name), depth)] for name in names]]
    raise TypeError('a value of type ' + kind.__name__ + ' cannot leave the sandbox')

def _ouros_encoded(value):
    return value if type(value) is str else [_ouros_json.dumps(_ouros_encode(value, 0))]

def _ouros_value(value):
    try:
        return _ouros_encoded(value)
    except Exception:
        return None

def _ouros_request(args, kwargs):
    items = [[key, _ouros_encode(item, 0)] for key, item in kwargs.items()]
    return _ouros_json.dumps([[_ouros_encode(item, 0) for item in args], items])

_ouros_last = []

def _ouros_raised(error):
    if isinstance(error, type):
        error = error()
    try:
        _ouros_last.clear()
        _ouros_last.append(type(error).__name__)
        _ouros_last.append(str(error))
    except Exception:
        _ouros_last.clear()
    return error

class BlockingIOError(OSError):
    pass

class ChildProcessError(OSError):
    pass

class ConnectionError(OSError):
    pass

class BrokenPipeError(ConnectionError):
    pass

class ConnectionAbortedError(ConnectionError):
    pass

class ConnectionRefusedError(ConnectionError):
    pass

class ConnectionResetError(ConnectionError):
    pass

class InterruptedError(OSError):
    pass

class PermissionError(OSError):
    pass

class ProcessLookupError(OSError):
    pass

_ouros_own_names.update({
    'BlockingIOError': BlockingIOError, 'ChildProcessError': ChildProcessError, 'ConnectionError': ConnectionError,
    'BrokenPipeError': BrokenPipeError, 'ConnectionAbortedError': ConnectionAbortedError,
    'ConnectionRefusedError': ConnectionRefusedError, 'ConnectionResetError': ConnectionResetError,
    'InterruptedError': InterruptedError, 'PermissionError': PermissionError, 'ProcessLookupError': ProcessLookupError
})

def _ouros_answer(answer):
    if answer[0]:
        return answer[1]
    if answer[1] in _ouros_errors:
        raise _ouros_raised(_ouros_errors[answer[1]](answer[2]))
    raise RuntimeError(answer[1] + ': ' + answer[2])

def _ouros_bind(name):
    def call(*args, **kwargs):
        return _ouros_answer(_ouros_host(name, _ouros_request(args, kwargs)))
    _ouros_bound[name] = call
    return call

def _ouros_bind_async(name, current):
    async def wait(args, kwargs):
        return _ouros_answer(await _ouros_defer(name, _ouros_request(args, kwargs)))
    def call(*args, **kwargs):
        function = current()
        return wait(args, kwargs) if function is _ouros_bound[name] else function(*args, **kwargs)
    return call

def _ouros_own(name, value):
    if name in _ouros_own_names and _ouros_own_names[name] is value:
        return True
    return name in _ouros_bound and _ouros_bound[name] is value

def _ouros_text(value, head, tail):
    if len(value) <= head + tail:
        return repr(value)
    return repr(value[:head]) + ' … ' + repr(value[-tail:])

def _ouros_preview(value, depth):
    kind = type(value)
    if value is None or kind is bool or kind is float:
        return repr(value)
    if kind is int:
        return repr(value) if -10**40 < value < 10**40 else '<int of ' + str(len(hex(value)) * 4) + ' bits>'
    if kind is str or kind is bytes:
        return _ouros_text(value, 90, 40) if depth == 0 else _ouros_text(value, 20, 10)
    if kind is list or kind is tuple or kind is set or kind is frozenset or kind is dict:
        return _ouros_preview_items(value, kind, depth)
    if 'function' in kind.__name__ or kind is type:
        return '<' + kind.__name__ + ' ' + value.__name__ + '>'
    return '<' + kind.__name__ + '>'

def _ouros_preview_items(value, kind, depth):
    if depth > 2:
        return '…'
    parts = []
    for item in value:
        if len(parts) == 6:
            parts.append('…')
            break
        part = _ouros_preview(item, depth + 1)
        parts.append(part + ': ' + _ouros_preview(value[item], depth + 1) if kind is dict else part)
    inside = ', '.join(parts)
    if kind is list:
        return '[' + inside + ']'
    if kind is tuple:
        return '(' + inside + (',)' if len(value) == 1 else ')')
    if kind is frozenset or not parts and kind is set:
        return kind.__name__ + '(' + ('{' + inside + '}' if parts else '') + ')'
    return '{' + inside + '}'

def _ouros_described(name, value, kind_name):
    kind = type(value)
    try:
        kind_name = kind.__name__
    except Exception:
        pass
    sized = kind is str or kind is bytes or kind is list or kind is tuple or kind is dict or kind is set
    size = len(value) if sized or kind is frozenset else None
    try:
        preview = _ouros_preview(value, 0)
    except Exception:
        preview = '<' + kind_name + '>'
    return [name, kind_name, size, preview[:200]]

def _ouros_describe(names):
    return _ouros_json.dumps([_ouros_described(*item) for item in names if not _ouros_own(item[0], item[1])])
"""


def prelude() -> list[str]:
    """Blocks that make a fresh session ours, in order."""
    errors = "".join(f"try:\n    _ouros_errors['{name}'] = {name}\nexcept NameError:\n    pass\n" for name in ERRORS)
    kept = "".join(f"_ouros_{name} = {name}\n" for name in _REPLACED)
    own = "\n" * FIRST_LINE
    return [kept, own + SOURCE, errors, own + ouros_world.source()]


def binding(name: str) -> str:
    """A block that makes a host function callable, plainly and in its awaitable form."""
    return f"{name} = _ouros_bind('{name}')\n{ASYNC}{name} = _ouros_bind_async('{name}', lambda: {name})"
