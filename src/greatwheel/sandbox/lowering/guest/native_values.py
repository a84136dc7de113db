# mypy: ignore-errors
# ruff: noqa
"""Guest source for Ouros: what its built-in values, iterators and formatting lack."""

_gw_flat = ("list", "tuple", "dict", "set", "frozenset", "str", "bytes", "dict_items", "dict_keys", "dict_values")


def _gw_attr(o, name, call, read):
    """A method as a value. `read` reads the attribute: `getattr` would give a property itself."""
    try:
        return read(o)
    except AttributeError:
        pass
    if isinstance(o, type):
        return call
    return lambda *args: call(o, *args)


def _gw_shown(x):
    """What to print in place of `x`: the engine passes over `__repr__` inside lists, tuples and dicts."""
    return x if _gw_is_plain(x, 0) else _gw_text(x, 0)


def _gw_is_plain(x, depth):
    kind = type(x).__name__
    if kind == "dict" and depth < 8:
        return all([_gw_is_plain(each, depth + 1) for each in x.values()])
    if kind in ("list", "tuple") and depth < 8:
        return all([_gw_is_plain(each, depth + 1) for each in x])
    return depth == 0 or depth >= 8 or not hasattr(x, "__repr__") or kind in _gw_values


def _gw_text(x, depth):
    kind = type(x).__name__
    if kind not in ("dict", "list", "tuple") or depth >= 8:
        return repr(x)
    if kind == "dict":
        return "{" + ", ".join([repr(key) + ": " + _gw_text(x[key], depth + 1) for key in x]) + "}"
    inside = ", ".join([_gw_text(each, depth + 1) for each in x])
    if kind == "list":
        return "[" + inside + "]"
    return "(" + inside + (",)" if len(x) == 1 else ")")


def _gw_each(x):
    """What a built-in function can go through in place of `x`."""
    if type(x).__name__ in _gw_flat:
        return x
    return [each for each in x]


def _gw_islice(x, *bounds):
    start, stop, step = (0, bounds[0], 1) if len(bounds) == 1 else (bounds[0] or 0, bounds[1], (*bounds, 1)[2] or 1)
    found, place = [], 0
    if stop is not None and start >= stop:
        return iter(found)
    for each in x:
        if place >= start and (place - start) % step == 0:
            found.append(each)
        place += 1
        if stop is not None and place >= stop:
            break
    return iter(found)


def _gw_accumulate(x, function=None, initial=None):
    found, total, begun = [], initial, initial is not None
    if begun:
        found.append(total)
    for each in x:
        if not begun:
            total, begun = each, True
        else:
            total = total + each if function is None else function(total, each)
        found.append(total)
    return found


def _gw_compared(items):
    """Whether the elements bring their own `__lt__`."""
    return bool(items) and type(items[0]).__name__ not in _gw_values and hasattr(items[0], "__lt__")


def _gw_min(x):
    return _gw_sorted(x)[0] if _gw_compared(list(x)) else min(x)


def _gw_max(x):
    return _gw_sorted(x, reverse=True)[0] if _gw_compared(list(x)) else max(x)


def _gw_sorted(x, key=None, reverse=False):
    """`sorted`, by `__lt__` where the elements have it."""
    items = _gw_each(x)
    if key is not None:
        return sorted(items, key=key, reverse=reverse)
    items = list(items)
    if not _gw_compared(items):
        return sorted(items, reverse=reverse)
    out = []
    for each in items:
        place = len(out)
        while place and (out[place - 1].__lt__(each) if reverse else each.__lt__(out[place - 1])):
            place -= 1
        out.insert(place, each)
    return out


_gw_values = ("int", "float", "str", "bool", "bytes", "tuple", "list", "NoneType", "set", "frozenset", "dict")


def _gw_item(o, key):
    """`o[key]`; a match gives its groups."""
    return o.group(key) if type(o).__name__ in ("Match", "re.Match") else o[key]


def _gw_power(base, exp, mod):
    if exp >= 0:
        return pow(base, exp, mod)
    a, b, x, y = base % mod, mod, 1, 0
    while b:
        q = a // b
        a, b = b, a - q * b
        x, y = y, x - q * y
    if a not in (1, -1):
        raise ValueError("base is not invertible for the given modulus")
    return pow(x * a % mod, -exp, mod)


def _gw_m_is_integer(o):
    return o % 1 == 0


def _gw_m_bit_length(o):
    return len(bin(abs(o))) - 2 if o else 0


def _gw_m_bit_count(o):
    return bin(o).count("1")


def _gw_exit(code=None):
    raise SystemExit("None" if code is None else str(code))


def _gw_one_percent(kind, flags, width, places, value):
    if kind in "sra":
        text = str(value) if kind == "s" else repr(value)
        text = text if places is None else text[:places]
    elif kind == "c":
        text = value if isinstance(value, str) else chr(value)
    elif kind in "diu":
        if not isinstance(value, (int, float)):
            raise TypeError("%" + kind + " format: a real number is required, not " + type(value).__name__)
        text = str(abs(int(value)))
        text = text.rjust(places or 0, "0")
    elif kind in "xXo":
        text = f"{abs(value):{kind}}"
        text = ({"x": "0x", "X": "0X", "o": "0o"}[kind] if "#" in flags else "") + text
    else:
        text = f"{abs(value):.{6 if places is None else places}{kind}}"
    sign = ""
    if kind not in "srac":
        sign = "-" if str(value)[0] == "-" else "+" if "+" in flags else " " if " " in flags else ""
    if "-" in flags:
        return (sign + text).ljust(width)
    if "0" in flags and kind not in "srac":
        return sign + text.rjust(width - len(sign), "0")
    return (sign + text).rjust(width)


def _gw_percent(form, values):
    """`form % values`."""
    named = isinstance(values, dict)
    given = list(values) if type(values) is tuple else [values]
    out, i, used = [], 0, 0
    while i < len(form):
        if form[i] != "%":
            end = form.find("%", i)
            end = len(form) if end < 0 else end
            out.append(form[i:end])
            i = end
            continue
        i += 1
        key, flags, width, places = None, "", "", None
        if form[i : i + 1] == "(":
            end = form.index(")", i)
            key, i = form[i + 1 : end], end + 1
        while form[i : i + 1] and form[i] in "-+ #0":
            flags, i = flags + form[i], i + 1
        if form[i : i + 1] == "*":
            width, used, i = str(given[used]), used + 1, i + 1
        while form[i : i + 1].isdigit():
            width, i = width + form[i], i + 1
        if form[i : i + 1] == ".":
            places, i = "", i + 1
            while form[i : i + 1].isdigit():
                places, i = places + form[i], i + 1
            places = int(places or 0)
        kind = form[i : i + 1]
        i += 1
        if kind == "%":
            out.append("%")
            continue
        if kind == "" or kind not in "sradiuxXoeEfFgGc":
            raise ValueError("incomplete format" if kind == "" else "unsupported format character '" + kind + "'")
        if key is None and used >= len(given):
            raise TypeError("not enough arguments for format string")
        value = values[key] if key is not None else given[used]
        used += key is None
        out.append(_gw_one_percent(kind, flags, int(width or 0), places, value))
    if not named and used < len(given):
        raise TypeError("not all arguments converted during string formatting")
    return "".join(out)


def _gw_field(path, args, kwargs, counted):
    name = ""
    while path and path[0] not in ".[":
        name, path = name + path[0], path[1:]
    if name == "":
        value = args[counted[0]]
        counted[0] += 1
    else:
        value = args[int(name)] if name.isdigit() else kwargs[name]
    while path:
        if path[0] == ".":
            name, path = "", path[1:]
            while path and path[0] not in ".[":
                name, path = name + path[0], path[1:]
            value = getattr(value, name)
        else:
            end = path.index("]")
            key, path = path[1:end], path[end + 1 :]
            value = value[int(key) if key.isdigit() else key]
    return value


def _gw_str_format(form, *args, **kwargs):
    """`form.format(...)`."""
    return _gw_fields(form, args, kwargs, [0])


def _gw_fields(form, args, kwargs, counted):
    out, i = [], 0
    while i < len(form):
        if form[i : i + 2] in ("{{", "}}"):
            out.append(form[i])
            i += 2
            continue
        if form[i] != "{":
            out.append(form[i])
            i += 1
            continue
        depth, end = 1, i + 1
        while depth:
            if end >= len(form):
                raise ValueError("expected '}' before end of string")
            depth += {"{": 1, "}": -1}.get(form[end], 0)
            end += 1
        path, colon, spec = form[i + 1 : end - 1].partition(":")
        path, mark, conversion = path.partition("!")
        value = _gw_field(path, args, kwargs, counted)
        if mark:
            value = {"r": repr, "s": str, "a": ascii}[conversion](value) if conversion != "r" else repr(value)
        spec = _gw_fields(spec, args, kwargs, counted) if "{" in spec else spec
        out.append(f"{value:{spec}}" if spec else str(value))
        i = end
    return "".join(out)
