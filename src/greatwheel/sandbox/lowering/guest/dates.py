# mypy: ignore-errors
# ruff: noqa
"""Guest source: methods of dates that Monty lacks, as `_gw_m_<name>(object, ...)`."""

import datetime as _gw_datetime

_gw_epoch_day = _gw_datetime.date(1, 1, 1)
_gw_epoch = _gw_datetime.datetime(1970, 1, 1)
_gw_dates = ["date", "datetime"]


class _gw_IsoDate:
    def __init__(self, year, week, weekday):
        self.year = year
        self.week = week
        self.weekday = weekday

    def __iter__(self):
        return iter((self.year, self.week, self.weekday))

    def __getitem__(self, i):
        return (self.year, self.week, self.weekday)[i]

    def __eq__(self, other):
        return tuple(self) == tuple(other)

    def __hash__(self):
        return hash(tuple(self))

    def __repr__(self):
        return f"datetime.IsoCalendarDate(year={self.year}, week={self.week}, weekday={self.weekday})"


class _gw_TimeTuple:
    def __init__(self, values):
        self._values = values
        self.tm_year, self.tm_mon, self.tm_mday, self.tm_hour, self.tm_min, self.tm_sec = values[:6]
        self.tm_wday, self.tm_yday, self.tm_isdst = values[6:]

    def __iter__(self):
        return iter(self._values)

    def __getitem__(self, i):
        return self._values[i]

    def __repr__(self):
        names = ["tm_year", "tm_mon", "tm_mday", "tm_hour", "tm_min", "tm_sec", "tm_wday", "tm_yday", "tm_isdst"]
        return "time.struct_time(" + ", ".join([f"{n}={v}" for n, v in zip(names, self._values)]) + ")"


def _gw_day(o):
    return _gw_datetime.date(o.year, o.month, o.day)


def _gw_m_toordinal(o):
    if _gw_kind(o) not in _gw_dates:
        return _gw_user_method(o, "toordinal")()
    return (_gw_day(o) - _gw_epoch_day).days + 1


def _gw_m_isocalendar(o):
    if _gw_kind(o) not in _gw_dates:
        return _gw_user_method(o, "isocalendar")()
    day = _gw_day(o)
    thursday = day + _gw_datetime.timedelta(days=3 - day.weekday())
    first = _gw_datetime.date(thursday.year, 1, 1)
    return _gw_IsoDate(thursday.year, (thursday - first).days // 7 + 1, day.weekday() + 1)


def _gw_m_timetuple(o):
    if _gw_kind(o) not in _gw_dates:
        return _gw_user_method(o, "timetuple")()
    day = _gw_day(o)
    clock = (o.hour, o.minute, o.second) if _gw_kind(o) == "datetime" else (0, 0, 0)
    number = (day - _gw_datetime.date(o.year, 1, 1)).days + 1
    return _gw_TimeTuple((o.year, o.month, o.day) + clock + (day.weekday(), number, -1))


def _gw_m_ctime(o, *args):
    if _gw_kind(o) not in _gw_dates:
        return _gw_user_method(o, "ctime")(*args)
    clock = o.strftime("%H:%M:%S") if _gw_kind(o) == "datetime" else "00:00:00"
    return o.strftime("%a %b ") + f"{o.day:2d} " + clock + f" {o.year}"


def _gw_m_fromordinal(o, n):
    if _gw_class_name(o) not in _gw_dates:
        return _gw_user_method(o, "fromordinal")(n)
    day = _gw_epoch_day + _gw_datetime.timedelta(days=n - 1)
    return day if _gw_class_name(o) == "date" else _gw_datetime.datetime(day.year, day.month, day.day)


def _gw_m_fromtimestamp(o, timestamp, tz=None):
    if _gw_class_name(o) not in _gw_dates:
        return _gw_user_method(o, "fromtimestamp")(timestamp, tz)
    micros = round(timestamp * 1000000)
    moment = _gw_epoch + _gw_datetime.timedelta(days=micros // 86400000000, microseconds=micros % 86400000000)
    if _gw_class_name(o) == "date":
        return moment.date()
    return moment if tz is None else moment.replace(tzinfo=_gw_datetime.timezone.utc).astimezone(tz)


def _gw_m_utcfromtimestamp(o, timestamp):
    return _gw_m_fromtimestamp(o, timestamp)


def _gw_m_utcnow(o):
    if _gw_class_name(o) != "datetime":
        return _gw_user_method(o, "utcnow")()
    return _gw_datetime.datetime.now(_gw_datetime.timezone.utc).replace(tzinfo=None)


def _gw_m_fromisocalendar(o, year, week, day):
    if _gw_class_name(o) not in _gw_dates:
        return _gw_user_method(o, "fromisocalendar")(year, week, day)
    fourth = _gw_datetime.date(year, 1, 4)
    return fourth + _gw_datetime.timedelta(days=7 * (week - 1) + day - 1 - fourth.weekday())
