# mypy: ignore-errors
"""Guest source of what an engine's `json` lacks: `default=`, `cls=`, `object_hook=` and the encoder classes."""

import json as _json


class JSONEncoder:
    def __init__(
        self,
        *,
        skipkeys=False,
        ensure_ascii=True,
        check_circular=True,
        allow_nan=True,
        sort_keys=False,
        indent=None,
        separators=None,
        default=None,
    ):
        self._default = default
        self._options = {"sort_keys": sort_keys, "indent": indent, "ensure_ascii": ensure_ascii}
        if separators is not None:
            self._options["separators"] = separators

    def default(self, o):
        raise TypeError(f"Object of type {type(o).__name__} is not JSON serializable")

    def encode(self, o):
        return _json.dumps(_plain(o, self._default or self.default), **self._options)


class JSONDecoder:
    def __init__(self, *, object_hook=None, parse_float=None, parse_int=None, object_pairs_hook=None, strict=True):
        self._hook = object_hook
        self._pairs_hook = object_pairs_hook

    def decode(self, s):
        return _hooked(_json.loads(s), self._hook, self._pairs_hook)

    def raw_decode(self, s, idx=0):
        end = _value_end(s, idx)
        return self.decode(s[idx:end]), end


def dumps(obj, *, cls=None, default=None, skipkeys=False, check_circular=True, allow_nan=True, **options):
    if cls is not None:
        return cls(default=default, **options).encode(obj) if default else cls(**options).encode(obj)
    if default is None:
        try:
            return _json.dumps(obj, **options)
        except TypeError:
            # The engine does not take every mapping (an OrderedDict of ours, a named tuple).
            return _json.dumps(_plain(obj, _refuse), **options)
    return _json.dumps(_plain(obj, default), **options)


def dump(obj, fp, **options):
    fp.write(dumps(obj, **options))


def loads(s, *, cls=None, object_hook=None, parse_float=None, parse_int=None, object_pairs_hook=None, strict=True):
    if cls is not None:
        return cls().decode(s)
    return _hooked(_json.loads(s), object_hook, object_pairs_hook)


def load(fp, **options):
    return loads(fp.read(), **options)


def _refuse(o):
    raise TypeError(f"Object of type {type(o).__name__} is not JSON serializable")


def _plain(value, default):
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, dict):
        return {key: _plain(item, default) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, default) for item in value]
    if type(value).__name__ in ("OrderedDict", "defaultdict", "Counter"):
        return {key: _plain(item, default) for key, item in value.items()}
    return _plain(default(value), default)


def _hooked(value, hook, pairs_hook):
    if hook is None and pairs_hook is None:
        return value
    if isinstance(value, dict):
        pairs = [(key, _hooked(item, hook, pairs_hook)) for key, item in value.items()]
        return pairs_hook(pairs) if pairs_hook is not None else hook(dict(pairs))
    if isinstance(value, list):
        return [_hooked(item, hook, pairs_hook) for item in value]
    return value


def _value_end(text, start):
    depth = 0
    quoted = escaped = False
    for i in range(start, len(text)):
        char = text[i]
        if quoted:
            if escaped:
                escaped = False
            elif char == "\\":
                escaped = True
            elif char == '"':
                quoted = False
                if depth == 0:
                    return i + 1
        elif char == '"':
            quoted = True
        elif char in "[{":
            depth += 1
        elif char in "]}":
            depth -= 1
            if depth == 0:
                return i + 1
        elif depth == 0 and char in " \t\r\n,":
            return i
    return len(text)
