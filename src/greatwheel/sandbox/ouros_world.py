"""Time and chance in Ouros, which knows no way to set either: guest functions that stand in for the engine's own.

A block reaches them because `ouros_code` turns `x.time` into `_ouros_at(x, 0)` for every name in `NAMES`, by its place
there (a quoted name could end an f-string), and adds an assignment to `from time import time`. What they know is in the
guest's variables, so a dump holds it; only the state of the module `random` is the process's, and is kept beside them
before a dump. Without a world they call the engine's.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_CLOCKS = ("time", "monotonic", "perf_counter")
_PROCESS_CLOCKS = ("process_time", "thread_time")

FUNCTIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "time": (
            *(name + unit for name in (*_CLOCKS, *_PROCESS_CLOCKS) for unit in ("", "_ns")),
            *("localtime", "gmtime", "ctime", "asctime", "strftime"),
        ),
        "datetime.datetime": ("now", "utcnow"),
        "datetime.date": ("today",),
        "random": ("Random", "SystemRandom", "seed"),
        "uuid": ("uuid1", "uuid4", "uuid6", "uuid7", "uuid8", "getnode"),
        "secrets": ("SystemRandom", "choice", "randbelow", "token_bytes", "token_hex", "token_urlsafe"),
        "os": ("urandom",),
    }
)
"""Owner → its functions that have a stand-in."""

NAMES: Mapping[str, int] = MappingProxyType(
    {name: place for place, name in enumerate(dict.fromkeys(name for names in FUNCTIONS.values() for name in names))}
)
"""Attributes that a block reads by way of `_ouros_at`, with their places."""

_SOURCE = r"""
import base64 as _ouros_base64
import datetime as _ouros_datetime
import os as _ouros_os
import random as _ouros_random
import secrets as _ouros_secrets
import time as _ouros_time
import uuid as _ouros_uuid

_ouros_world = {'seed': None, 'now': 0, 'read': 0, 'draws': 0, 'kept': None}

def _ouros_enter(world):
    if world is None:
        _ouros_world['seed'] = None
        return
    begins = _ouros_world['seed'] is None
    _ouros_world['seed'] = world[0]
    _ouros_world['now'] = world[1]
    if begins and _ouros_world['kept'] is None:
        _ouros_random.seed(_ouros_draw())

def _ouros_keep():
    _ouros_world['kept'] = None if _ouros_world['seed'] is None else _ouros_random.getstate()

def _ouros_restore():
    if _ouros_world['kept'] is not None:
        _ouros_random.setstate(_ouros_world['kept'])

def _ouros_draw():
    _ouros_world['draws'] += 1
    return _ouros_world['seed'] * 1000000007 + _ouros_world['draws']

def _ouros_generator(seed=None):
    return _ouros_random.Random(_ouros_draw() if seed is None else seed)

def _ouros_read():
    now = _ouros_world['read'] + 1
    _ouros_world['read'] = now if now > _ouros_world['now'] else _ouros_world['now']
    return _ouros_world['read']

def _ouros_seconds():
    return _ouros_read() / 1000

def _ouros_nanoseconds():
    return _ouros_read() * 1000000

def _ouros_local(moment=None):
    return _ouros_time.gmtime(_ouros_seconds() if moment is None else moment)

def _ouros_asctime(moment=None):
    return _ouros_time.asctime(_ouros_local() if moment is None else moment)

def _ouros_strftime(form, moment=None):
    return _ouros_time.strftime(form, _ouros_local() if moment is None else moment)

def _ouros_now(tz=None):
    ms = _ouros_read()
    since = _ouros_datetime.timedelta(seconds=ms // 1000, microseconds=ms % 1000 * 1000)
    now = _ouros_datetime.datetime(1970, 1, 1) + since
    if tz is None:
        return now
    now = now + tz.utcoffset(None)
    parts = [now.year, now.month, now.day, now.hour, now.minute, now.second, now.microsecond]
    return _ouros_datetime.datetime(*parts, tzinfo=tz)

def _ouros_today():
    now = _ouros_now()
    return _ouros_datetime.date(now.year, now.month, now.day)

def _ouros_bytes(size=None):
    return _ouros_generator().randbytes(32 if size is None else size)

def _ouros_urlsafe(size=None):
    return _ouros_base64.urlsafe_b64encode(_ouros_bytes(size)).rstrip(b'=').decode()

def _ouros_id(version):
    return lambda *args, **kwargs: _ouros_uuid.UUID(int=_ouros_generator().getrandbits(128), version=version)

_ouros_made = {}

def _ouros_stand_in(key, native):
    if key not in _ouros_made:
        _ouros_made[key] = _ouros_make(_ouros_standins[key], _ouros_natives[key] if key in _ouros_natives else native)
    return _ouros_made[key]

def _ouros_make(own, native):
    def call(*args, **kwargs):
        if _ouros_world['seed'] is not None:
            return own(*args, **kwargs)
        return native(*args, **kwargs) if kwargs else native(*args)
    return call

def _ouros_owner(value):
    if value is _ouros_datetime.datetime:
        return 'datetime.datetime'
    if value is _ouros_datetime.date:
        return 'datetime.date'
    return str(value)[9:-2] if type(value).__name__ == 'module' else ''

def _ouros_at(value, place):
    name = _ouros_names[place]
    key = _ouros_owner(value) + '.' + name
    if key in _ouros_made:
        return _ouros_made[key]
    found = getattr(value, name)
    return _ouros_stand_in(key, found) if key in _ouros_standins else found

# The engine forgets the class of a method that is no longer beside it.
_ouros_natives = {
    'datetime.datetime.now': lambda *args: _ouros_datetime.datetime.now(*args),
    'datetime.datetime.utcnow': lambda: _ouros_datetime.datetime.utcnow(),
    'datetime.date.today': lambda: _ouros_datetime.date.today(),
}
"""

_OWN = {
    **{f"time.{name}": "_ouros_seconds" for name in _CLOCKS},
    **{f"time.{name}_ns": "_ouros_nanoseconds" for name in _CLOCKS},
    **{f"time.{name}": "lambda: 0.0" for name in _PROCESS_CLOCKS},
    **{f"time.{name}_ns": "lambda: 0" for name in _PROCESS_CLOCKS},
    "time.localtime": "_ouros_local",
    "time.gmtime": "_ouros_local",
    "time.asctime": "_ouros_asctime",
    "time.ctime": "lambda moment=None: _ouros_asctime(_ouros_local(moment))",
    "time.strftime": "_ouros_strftime",
    "datetime.datetime.now": "_ouros_now",
    "datetime.datetime.utcnow": "_ouros_now",
    "datetime.date.today": "_ouros_today",
    "random.Random": "_ouros_generator",
    "random.SystemRandom": "_ouros_generator",
    "random.seed": "lambda a=None, version=2: _ouros_random.seed(_ouros_draw() if a is None else a)",
    **{f"uuid.uuid{version}": f"_ouros_id({version})" for version in (1, 4, 6, 7, 8)},
    "uuid.getnode": "lambda: _ouros_generator().getrandbits(48)",
    "secrets.SystemRandom": "_ouros_generator",
    "secrets.choice": "lambda items: items[_ouros_generator().randrange(len(items))]",
    "secrets.randbelow": "lambda limit: _ouros_generator().randrange(limit)",
    "secrets.token_bytes": "_ouros_bytes",
    "secrets.token_hex": "lambda size=None: _ouros_bytes(size).hex()",
    "secrets.token_urlsafe": "_ouros_urlsafe",
    "os.urandom": "_ouros_bytes",
}


def source() -> str:
    """The block that defines the stand-ins."""
    items = "".join(f"    '{name}': {code},\n" for name, code in _OWN.items())
    return f"{_SOURCE}\n_ouros_names = {list(NAMES)}\n_ouros_standins = {{\n{items}}}\n"
