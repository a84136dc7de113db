# Output as models print it: f-strings, tables, numbers, dates.

# %% aligned table
rows = [('Widget', 3, 9.99), ('Gadget', 12, 24.5), ('Thing', 100, 1234.5)]
print(f"{'Name':<10}|{'Qty':^5}|{'Price':>12}")
print('-' * 29)
for name, qty, price in rows:
    print(f"{name:<10}|{qty:^5}|{price:>12,.2f}")
print(f"{'Total':<10}|{sum(r[1] for r in rows):^5}|{sum(r[1] * r[2] for r in rows):>12,.2f}")

# %% number formats
n = 1234567.891
print(f"{n:,.2f} {n:.0f} {n:e} {n:>15.1f} {n:015.2f} {n:+,.1f} {n:_.2f}")
print(f"{255:x} {255:X} {255:#x} {255:b} {255:o} {42:05d} {-42:05d} {7:+d} {0.256:.1%} {1e-5:g} {3:>3}|{3:<3}|{3:^3}|")
print("%d %5.2f %s %r %05d %x %e %%" % (3, 2.5, 'a', 'b', 42, 255, 12345.678))

# %% format method
print("{} {} {}".format(1, 'a', None), "{1} {0}".format('x', 'y'), "{name:>8}|{v:.2f}".format(name='n', v=1.005))
print("{:>10}|{:<10}|{:^10}|{:*^9}|".format('r', 'l', 'c', 'm'))
print("{0[1]} {1[k]}".format([1, 2], {'k': 'v'}), "{{literal}}".format())

# %% percent with tuple and dict
print("%s has %d items" % ('list', 3))
print("%(a)s-%(b)03d" % {'a': 'x', 'b': 7})
print("%s" % (1,), "%-10s|%10s|" % ('left', 'right'))

# %% f-string expressions
name, xs = 'Ada', [1, 2, 3]
print(f"{name!r} {name.upper()} {len(xs)} {xs[0]:>4} {sum(xs) / len(xs):.1f} {'yes' if xs else 'no'}")
print(f"{name=} {len(xs)=}")
width, precision = 10, 3
print(f"{3.14159:{width}.{precision}f}|{name:>{width}}|")
print(f"{{braces}} {'nested ' + name}")
print(f'{"quoted"} {xs!r:>12}')

# %% multi line f-string
title, body = 'Report', ['one', 'two']
text = f"""# {title}
{chr(10).join(f'- {b}' for b in body)}
Total: {len(body)}"""
print(text)
print(repr(text))

# %% reprs of values
print([1, 'a', None, True, 2.0, (1,), (), {}, set(), {'k': [1]}, b'x', 1e100, -0.0, float('inf'), float('nan')])
print(repr('it\'s'), repr("say \"hi\""), repr('both \' "'), repr('tab\t nl\n \\ \x00 é'), ascii('é') if False else 'skip')
print(str(1.0), str(1e16), str(123456789012345678), 1 / 3, 2 / 3, 1e-5, 0.1 + 0.2, 100.0, 1.10)

# %% rounding
print(round(2.5), round(3.5), round(-2.5), round(2.675, 2), round(1234.567, -2), round(5), round(1e10 / 3, 3))
print(int(3.99), int(-3.99), float('1e3'), 7 / 2, 7 // 2, -7 // 2, 7 % -3, 2 ** 0.5)

# %% string methods
s = '  Hello, World  '
print(s.strip().lower(), s.strip().replace('l', 'L', 1), s.split(','), s.find('World'), s.count('o'), s.strip().startswith('He'))
print('abc'.center(9, '*'), 'abc'.ljust(5) + '|', '42'.zfill(5), 'a-b-c'.rsplit('-', 1), 'k=v=w'.partition('='), 'x'.join('abc'))
print('Title Case'.swapcase(), 'ab1'.isalnum(), '12'.isdigit(), 'ab'.isalpha(), ' '.isspace(), 'Ab'.istitle(), 'a\tb'.expandtabs(4))
print('line1\nline2\r\nline3'.splitlines(), 'prefix_x'.removeprefix('prefix_'), 'x.py'.removesuffix('.py'), 'ß'.casefold())

# %% bytes and encoding
data = 'héllo €'.encode('utf-8')
print(data, len(data), data.decode('utf-8'), data[:2], data[0], data.hex())
print(bytes.fromhex('48656c6c6f').decode(), b'a,b'.split(b','), b'abc'.upper())
import base64
print(base64.b64encode(b'hello').decode(), base64.b64decode('aGVsbG8=').decode())
print('ab'.encode().hex(), [b for b in b'az'], int.from_bytes(b'\x01\x00', 'big'), (258).to_bytes(2, 'big'))

# %% dates
from datetime import datetime, date, timedelta, timezone
d = datetime(2024, 2, 28, 23, 30)
print(d, d.isoformat(), d + timedelta(days=1, hours=1), d.strftime('%A, %d %B %Y %I:%M %p'), d.weekday(), d.date(), d.time())
print(date(2024, 3, 1) - date(2024, 2, 1), (date(2024, 12, 25) - date(2024, 3, 1)).days, date(2024, 2, 29).replace(year=2025, day=28))
print(datetime.strptime('05/Mar/2024 10:11', '%d/%b/%Y %H:%M'), datetime.fromisoformat('2024-01-05T10:00:00').timestamp() > 0)
print(timedelta(minutes=135), timedelta(days=2, seconds=5).total_seconds(), str(timedelta(seconds=-5)), timedelta(hours=25).days)

# %% timezone dates
from datetime import datetime, timezone, timedelta
utc = datetime(2024, 1, 1, 12, tzinfo=timezone.utc)
tokyo = utc.astimezone(timezone(timedelta(hours=9)))
print(utc, tokyo, utc == tokyo, tokyo.utcoffset())
print(datetime.fromtimestamp(0, tz=timezone.utc).isoformat(), utc.timestamp())

# %% calendar
import calendar
print(calendar.monthrange(2024, 2), calendar.isleap(2023), calendar.month_name[3], list(calendar.day_abbr)[:3])
print(calendar.month(2024, 2))
for week in calendar.monthcalendar(2024, 2)[:2]:
    print(week)

# %% months between
from datetime import date

def months_between(a, b):
    return (b.year - a.year) * 12 + b.month - a.month - (b.day < a.day)

print(months_between(date(2023, 11, 15), date(2024, 3, 14)), date(2024, 1, 31).isoweekday(), date(2024, 12, 30).isocalendar()[1])
days = [date(2024, 1, 1) + __import__('datetime').timedelta(days=i) for i in range(2)]
print([str(d) for d in days], min(days), sorted(days, reverse=True)[0].strftime('%j'))

# %% iso weeks and ordinals
from datetime import date, datetime
d = date(2024, 7, 4)
print(d.toordinal(), date.fromordinal(738000), d.timetuple().tm_yday, d.isocalendar().week, d.ctime())
print(datetime(2024, 7, 4, 1, 2, 3).strftime('%y%m%d-%H%M%S %f'), datetime.min.year, date.max)

# %% progress bars
for done in (0, 25, 100):
    bar = '#' * (done // 10) + '.' * (10 - done // 10)
    print(f"[{bar}] {done:>3}%")

# %% box drawing
lines = ['short', 'a longer line', 'mid']
w = max(len(l) for l in lines)
print('┌' + '─' * (w + 2) + '┐')
for l in lines:
    print(f'│ {l:<{w}} │')
print('└' + '─' * (w + 2) + '┘')

# %% human sizes
def human(n):
    for unit in ['B', 'KB', 'MB', 'GB']:
        if n < 1024 or unit == 'GB':
            return f"{n:.1f} {unit}"
        n /= 1024

print([human(x) for x in (10, 2048, 5 * 1024 ** 2, 7.5 * 1024 ** 3)])

# %% duration format
def fmt(seconds):
    h, rest = divmod(int(seconds), 3600)
    m, s = divmod(rest, 60)
    return f"{h:02d}:{m:02d}:{s:02d}"

print(fmt(3725), fmt(59), fmt(86399.9))

# %% join of mixed
items = {'b': 2, 'a': 1}
print(', '.join(f"{k}={v}" for k, v in sorted(items.items())))
print('\n'.join(['x'] * 3))
print(' | '.join(map(str, [1, 2.0, None, 'z'])))

# %% stdout write
import sys
sys.stdout.write('partial ')
sys.stdout.write('line\n')
print('to stderr', file=sys.stderr)
sys.stdout.flush()
print('done', flush=True)

# %% print to stringio
import io
buf = io.StringIO()
print('hello', 'there', sep=', ', file=buf)
buf.write('more\n')
print(repr(buf.getvalue()), buf.getvalue().count('\n'))
buf.close()

# %% string template
from string import Template
t = Template('Dear $name, you owe $$${amount}.')
print(t.substitute(name='Ada', amount=5))
print(t.safe_substitute(name='Bob'))
try:
    t.substitute(name='x')
except KeyError as e:
    print('missing', e)

# %% translate and maketrans
table = str.maketrans({'a': '4', 'e': '3', 'o': None})
print('a test of one'.translate(table), 'hello'.translate(str.maketrans('el', 'ip')))
import string
print('a.b!c'.translate(str.maketrans('', '', string.punctuation)), string.capwords('the end of it'))

# %% format_map and dunder format
print('{a} {b}'.format_map({'a': 1, 'b': 2}))
print(format(3.14159, '.2f'), format(1234, ','), format('x', '>5'), format(True), format(255, '#b'))

# %% unicode
import unicodedata
s = 'Café naïve — ümlaut 😀'
print(len(s), s.upper(), s[-1], ord('é'), chr(8364), '\N{BULLET}')
print(unicodedata.normalize('NFKD', 'é').encode('ascii', 'ignore').decode(), unicodedata.name('é'))
print(sorted(['é', 'e', 'z', 'a']), 'ñ' in 'año')

# %% decimal
from decimal import Decimal, getcontext
print(Decimal('0.1') + Decimal('0.2'), Decimal(10) / Decimal(4), Decimal('1.10') * 3, round(Decimal('2.345'), 2))
print(sum([Decimal('1.1'), Decimal('2.2')]), Decimal('3') > 2, str(Decimal('1E+3')), int(Decimal('7.9')), f"{Decimal('1234.5'):,.2f}")

# %% sorting strings naturally
import re
files = ['f10', 'f2', 'f1', 'F3']
print(sorted(files, key=lambda s: [int(x) if x.isdigit() else x.lower() for x in re.split(r'(\d+)', s)]))

# %% hash digests
import hashlib
print(hashlib.sha256(b'abc').hexdigest()[:16], hashlib.md5('é'.encode()).hexdigest())
h = hashlib.sha1()
h.update(b'a')
h.update(b'b')
print(h.hexdigest()[:10])

# %% ljust table from dicts
records = [{'id': 1, 'name': 'Ada'}, {'id': 22, 'name': 'Bob', 'note': 'x'}]
columns = list(dict.fromkeys(k for r in records for k in r))
widths = {c: max([len(c)] + [len(str(r.get(c, ''))) for r in records]) for c in columns}
print('  '.join(c.ljust(widths[c]) for c in columns).rstrip())
for r in records:
    print('  '.join(str(r.get(c, '')).ljust(widths[c]) for c in columns).rstrip())

# %% large prints
text = 'x' * 500
print(len(text), text[:10] + '...')
for i in range(0, 30, 10):
    print(list(range(i, i + 10)))
