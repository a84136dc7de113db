# mypy: ignore-errors
# ruff: noqa
"""Guest source for Ouros: reading dates from text."""

import re as _gw_re
from datetime import timedelta as _gw_timedelta, timezone as _gw_timezone

_gw_months = "january february march april may june july august september october november december".split()
_gw_weekdays = "monday tuesday wednesday thursday friday saturday sunday".split()
_gw_directives = {
    "Y": r"(\d{4})",
    "m": r"(1[0-2]|0[1-9]|[1-9])",
    "d": r"(3[01]|[12]\d|0[1-9]|[1-9]| [1-9])",
    "H": r"(2[0-3]|[01]\d|\d)",
    "I": r"(1[0-2]|0[1-9]|[1-9])",
    "M": r"([0-5]\d|\d)",
    "S": r"(6[01]|[0-5]\d|\d)",
    "f": r"(\d{1,6})",
    "y": r"(\d\d)",
    "j": r"(\d{1,3})",
    "b": "(" + "|".join([name[:3] for name in _gw_months]) + ")",
    "B": "(" + "|".join(_gw_months) + ")",
    "a": "(" + "|".join([name[:3] for name in _gw_weekdays]) + ")",
    "A": "(" + "|".join(_gw_weekdays) + ")",
    "p": "(am|pm)",
    "z": r"([+-]\d\d:?\d\d|Z)",
}
_gw_composed = {"T": "%H:%M:%S", "D": "%m/%d/%y", "F": "%Y-%m-%d", "R": "%H:%M"}


def _gw_zone(text):
    if text == "Z":
        return _gw_timezone.utc
    sign = -1 if text[0] == "-" else 1
    shift = _gw_timedelta(hours=sign * int(text[1:3]), minutes=sign * int(text[-2:]))
    return _gw_timezone.utc if shift == _gw_timedelta(0) else _gw_timezone(shift)


def _gw_strptime(cls, text, form):
    """`datetime.strptime(text, form)`."""
    for name, longer in _gw_composed.items():
        form = form.replace("%" + name, longer)
    pattern, names, i = "", [], 0
    while i < len(form):
        if form[i] == "%" and form[i + 1 : i + 2] == "%":
            pattern, i = pattern + "%", i + 2
        elif form[i] == "%":
            name = form[i + 1 : i + 2]
            if name not in _gw_directives:
                raise ValueError("'" + name + "' is a bad directive in format '" + form + "'")
            pattern, i = pattern + _gw_directives[name], i + 2
            names.append(name)
        elif form[i] == " ":
            pattern, i = pattern + r"\s+", i + 1
        else:
            pattern, i = pattern + _gw_re.escape(form[i]), i + 1
    found = _gw_re.match(pattern, text, _gw_re.IGNORECASE)
    if found is None:
        raise ValueError("time data " + repr(text) + " does not match format " + repr(form))
    if found.end() != len(text):
        raise ValueError("unconverted data remains: " + text[found.end() :])
    return _gw_date_of(cls, dict(zip(names, found.groups())))


def _gw_date_of(cls, parts):
    year = int(parts.get("Y", 1900))
    if "y" in parts:
        year = int(parts["y"]) + (2000 if int(parts["y"]) < 69 else 1900)
    month = int(parts.get("m", 1))
    named = parts.get("b", parts.get("B"))
    if named is not None:
        month = [name[:3] for name in _gw_months].index(named[:3].lower()) + 1
    hour = int(parts.get("H", 0))
    if "I" in parts:
        hour = int(parts["I"]) % 12 + (12 if parts.get("p", "").lower() == "pm" else 0)
    minute, second = int(parts.get("M", 0)), int(parts.get("S", 0))
    micro = int((parts.get("f", "") + "000000")[:6])
    made = cls(year, month, int(parts.get("d", 1)), hour, minute, second, micro)
    if "j" in parts:
        made = cls(year, 1, 1, hour, minute, second, micro) + _gw_timedelta(days=int(parts["j"]) - 1)
    if "z" in parts:
        made = cls(year, month, int(parts.get("d", 1)), hour, minute, second, micro, _gw_zone(parts["z"]))
    return made


_gw_iso = _gw_re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)(?:.(\d\d)(?::?(\d\d)(?::?(\d\d)(?:[.,](\d{1,6}))?)?)?([+-]\d\d:?\d\d|Z)?)?$"
)


def _gw_fromisoformat(cls, text):
    """`datetime.fromisoformat(text)`, and that of `date`."""
    try:
        return cls.fromisoformat(text)
    except ValueError:
        found = _gw_iso.match(text)
        if found is None or "datetime" not in str(cls):
            raise ValueError("Invalid isoformat string: " + repr(text))
    year, month, day, hour, minute, second, micro, zone = found.groups()
    time = [int(part or 0) for part in (hour, minute, second)] + [int(((micro or "") + "000000")[:6])]
    made = [int(year), int(month), int(day)] + time
    return cls(*made, _gw_zone(zone)) if zone else cls(*made)


def _gw_strftime(o, form):
    """`o.strftime(form)`."""
    hour, minute = getattr(o, "hour", 0), getattr(o, "minute", 0)
    second, micro = getattr(o, "second", 0), getattr(o, "microsecond", 0)
    for name, longer in _gw_composed.items():
        form = form.replace("%" + name, longer)
    out, i = [], 0
    while i < len(form):
        name = form[i + 1 : i + 2]
        if form[i] != "%" or not name:
            out.append(form[i])
            i += 1
            continue
        pad = name != "-"
        if not pad:
            i += 1
            name = form[i + 1 : i + 2]
        i += 2
        if name in "mdHMSIyj":
            number, width = {
                "m": (o.month, 2),
                "d": (o.day, 2),
                "H": (hour, 2),
                "M": (minute, 2),
                "S": (second, 2),
                "I": ((hour - 1) % 12 + 1, 2),
                "y": (o.year % 100, 2),
                "j": (_gw_day_of_year(o), 3),
            }[name]
            out.append(str(number).rjust(width if pad else 0, "0"))
        elif name in "Aa":
            text = _gw_weekdays[o.weekday()].capitalize()
            out.append(text if name == "A" else text[:3])
        elif name in "Bbh":
            text = _gw_months[o.month - 1].capitalize()
            out.append(text if name == "B" else text[:3])
        elif name == "p":
            out.append("AM" if hour < 12 else "PM")
        elif name == "Y":
            out.append(str(o.year).rjust(4, "0"))
        elif name == "f":
            out.append(str(micro).rjust(6, "0"))
        elif name == "w":
            out.append(str((o.weekday() + 1) % 7))
        elif name == "u":
            out.append(str(o.weekday() + 1))
        elif name == "%":
            out.append("%")
        else:
            out.append(o.strftime("%" + name))
    return "".join(out)


def _gw_day_of_year(o):
    leap = o.year % 4 == 0 and (o.year % 100 != 0 or o.year % 400 == 0)
    days = [31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    return sum(days[: o.month - 1]) + o.day
