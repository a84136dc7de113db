# mypy: ignore-errors
# ruff: noqa: E741
"""Guest source of `calendar`."""

import datetime as _datetime

month_name = [
    "",
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
month_abbr = [name[:3] for name in month_name]
day_name = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
day_abbr = [name[:3] for name in day_name]
MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY = 0, 1, 2, 3, 4, 5, 6
January = 1
February = 2


class IllegalMonthError(ValueError):
    pass


def isleap(year):
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def leapdays(y1, y2):
    y1 -= 1
    y2 -= 1
    return (y2 // 4 - y1 // 4) - (y2 // 100 - y1 // 100) + (y2 // 400 - y1 // 400)


def weekday(year, month, day):
    return _datetime.date(year, month, day).weekday()


def monthrange(year, month):
    if not 1 <= month <= 12:
        raise IllegalMonthError(f"bad month number {month!r}; must be 1-12")
    days = [0, 31, 28 + isleap(year), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month]
    return weekday(year, month, 1), days


def monthcalendar(year, month):
    return Calendar().monthdayscalendar(year, month)


def timegm(moment):
    year, month, day, hour, minute, second = tuple(moment)[:6]
    days = (_datetime.date(year, month, day) - _datetime.date(1970, 1, 1)).days
    return ((days * 24 + hour) * 60 + minute) * 60 + second


class Calendar:
    def __init__(self, firstweekday=0):
        self.firstweekday = firstweekday

    def iterweekdays(self):
        return iter([(self.firstweekday + i) % 7 for i in range(7)])

    def itermonthdays(self, year, month):
        first, days = monthrange(year, month)
        before = (first - self.firstweekday) % 7
        cells = [0] * before + list(range(1, days + 1))
        return iter(cells + [0] * (-len(cells) % 7))

    def itermonthdates(self, year, month):
        cells = list(self.itermonthdays(year, month))
        start = _datetime.date(year, month, 1) - _datetime.timedelta(days=cells.index(1))
        return iter([start + _datetime.timedelta(days=i) for i in range(len(cells))])

    def monthdayscalendar(self, year, month):
        cells = list(self.itermonthdays(year, month))
        return [cells[i : i + 7] for i in range(0, len(cells), 7)]

    def monthdatescalendar(self, year, month):
        dates = list(self.itermonthdates(year, month))
        return [dates[i : i + 7] for i in range(0, len(dates), 7)]


class TextCalendar(Calendar):
    def formatmonth(self, theyear, themonth, w=0, l=0):  # CPython's name
        width = max(2, w)
        lines = [f"{month_name[themonth]} {theyear}".center(7 * (width + 1) - 1).rstrip()]
        lines.append(" ".join([day_name[i][:width].center(width) for i in self.iterweekdays()]).rstrip())
        for week in self.monthdayscalendar(theyear, themonth):
            lines.append(" ".join([(f"{day:2d}" if day else "").center(width) for day in week]).rstrip())
        return "\n".join(lines) + "\n"

    def prmonth(self, theyear, themonth, w=0, l=0):  # CPython's name
        print(self.formatmonth(theyear, themonth, w, l), end="")


def month(theyear, themonth, w=0, l=0):  # CPython's name
    return TextCalendar().formatmonth(theyear, themonth, w, l)


def prmonth(theyear, themonth, w=0, l=0):  # CPython's name
    print(month(theyear, themonth, w, l), end="")
