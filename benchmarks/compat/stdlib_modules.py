# Modules of the standard library that models reach for.

# %% queue worker loop
from queue import Queue, Empty
q = Queue()
for i in range(4):
    q.put(i)
done = []
while not q.empty():
    done.append(q.get() ** 2)
    q.task_done()
print(done, q.qsize())
try:
    q.get_nowait()
except Empty:
    print('empty')

# %% priority queue
from queue import PriorityQueue, LifoQueue
pq = PriorityQueue()
for item in [(3, 'c'), (1, 'a'), (2, 'b')]:
    pq.put(item)
print([pq.get()[1] for _ in range(3)])
lq = LifoQueue()
lq.put(1)
lq.put(2)
print(lq.get(), lq.qsize())

# %% threads and lock
import threading
results = {}
lock = threading.Lock()

def work(n):
    with lock:
        results[n] = n * n

threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print(sorted(results.items()))

# %% thread with host calls
import threading
answers = [None] * 3

def ask(i, q):
    answers[i] = llm_query(q)

ts = []
for i, q in enumerate(['a?', 'b?', 'c?']):
    t = threading.Thread(target=ask, args=(i, q))
    t.start()
    ts.append(t)
[t.join() for t in ts]
print(answers)

# %% statistics all
import statistics as s
data = [2.5, 3.25, 5.5, 11.25, 11.75]
print(s.mean(data), s.median(data), s.variance(data), s.pvariance(data), s.stdev(data), s.pstdev(data))
print(s.mode('aabbb'), s.multimode([1, 1, 2, 2]), s.median_low([1, 2, 3, 4]), s.median_high([1, 2, 3, 4]))
print(s.harmonic_mean([40, 60]), round(s.geometric_mean([54, 24, 36]), 6), s.fmean([1, 2]), s.mean([1, 2]))
print(s.quantiles([1, 2, 3, 4, 5], n=4), round(s.correlation([1, 2, 3], [2, 4, 7]), 5))
try:
    s.mean([])
except s.StatisticsError as e:
    print(e)

# %% cmath roots
import cmath

def roots(a, b, c):
    d = cmath.sqrt(b * b - 4 * a * c)
    return (-b + d) / (2 * a), (-b - d) / (2 * a)

print(roots(1, 0, 4), roots(1, -3, 2))
print(round(cmath.phase(1j), 6), abs(cmath.exp(1j * cmath.pi) + 1) < 1e-9)

# %% uuid shape
import uuid
u = uuid.uuid4()
print(len(str(u)), str(u).count('-'), u.version, uuid.uuid5(uuid.NAMESPACE_DNS, 'example.com'))
print(uuid.UUID('12345678-1234-5678-1234-567812345678').hex)

# %% secrets shape
import secrets
import string
print(len(secrets.token_hex(8)), secrets.choice('aaa'), secrets.randbelow(1))

# %% types simple namespace
from types import SimpleNamespace
ns = SimpleNamespace(a=1, b='x')
ns.c = [1]
print(ns.a, ns.b, ns.c, hasattr(ns, 'd'))
print(SimpleNamespace(k=1), SimpleNamespace(k=1) == SimpleNamespace(k=1))

# %% inspect hints
import inspect

def f(a, b=2):
    """Doc."""
    return a

print(inspect.isfunction(f), inspect.getdoc(f))

# %% itertools batched and misc
from itertools import count, islice, chain, repeat
print(list(islice(count(5, 5), 3)), list(chain('ab', [1])), dict(zip('abc', count())))
evens = filter(lambda x: x % 2 == 0, count())
print([next(evens) for _ in range(3)]) if False else print('lazy')

# %% collections abc
from collections.abc import Mapping, Iterable, Sequence
print(isinstance({}, Mapping), isinstance([1], Iterable), isinstance('a', Sequence), isinstance(3, Iterable))
import collections.abc
print(isinstance([], collections.abc.Sequence), isinstance((), collections.abc.Mapping))

# %% urllib parse
from urllib.parse import urljoin, urlsplit, unquote, quote_plus, parse_qsl, urlunparse
print(urljoin('https://a.com/b/c', '../d?x=1'), unquote('a%20b%C3%A9'), quote_plus('a b&c'), parse_qsl('a=1&b=2&a=3'))
r = urlsplit('https://user:pw@host.com:8080/p/a/t/h?query=1#frag')
print(r.hostname, r.port, r.path, r.fragment, r.username)
import urllib.parse
print(urllib.parse.quote('ä/b'), urllib.parse.urlencode([('a', 1), ('b', 'x y')]))

# %% zlib crc and base64
import zlib, base64, binascii
print(zlib.crc32(b'hello'), binascii.hexlify(b'ab'), base64.urlsafe_b64encode(b'\xff\xfe').decode())

# %% struct
import struct
data = struct.pack('>IhB', 1, -2, 255)
print(data, struct.unpack('>IhB', data), struct.calcsize('<IIQ'))
print(struct.pack('<d', 1.5), struct.unpack('<f', struct.pack('<f', 0.1)))

# %% array
from array import array
a = array('i', [3, 1, 2])
a.append(5)
print(a, list(a), a[0], len(a), sum(a))

# %% copy module
import copy
class N:
    def __init__(self): self.items = [1, [2]]
n = N()
m = copy.deepcopy(n)
m.items[1].append(3)
print(n.items, m.items)

# %% time functions
import time
t0 = time.perf_counter()
time.sleep(0.001)
elapsed = time.perf_counter() - t0
print(elapsed > 0, isinstance(time.time(), float), time.strftime('%Y', time.gmtime(0)))

# %% random more
import random
r = random.Random(1)
xs = [1, 2, 3, 4]
r.shuffle(xs)
print(xs, r.randint(1, 6), round(r.gauss(0, 1), 6), r.sample('abcdef', 2), r.randrange(0, 100, 5))

# %% math many
import math
print(math.sqrt(2), math.hypot(3, 4), math.log(8, 2), math.log10(1000), math.log2(8), math.exp(1), math.isqrt(17))
print(math.degrees(math.pi), math.sin(math.pi / 6), math.prod([1, 2, 3]), math.dist((0, 0), (3, 4)), math.fsum([.1] * 10), math.inf, -math.inf, math.nan)

# %% string formatter constants
import string
print(string.punctuation, string.ascii_uppercase, string.hexdigits, repr(string.whitespace))
from string import ascii_letters, digits
print(len(ascii_letters + digits))

# %% star import
from math import *
from collections import *
print(sqrt(16), floor(2.5), pi > 3, Counter('aab')['a'], deque([1])[0])

# %% import aliases
import collections as c, json as j, datetime as dt, re as regex, math as m, itertools as it
print(c.OrderedDict(a=1), j.dumps({'a': 1}), dt.date(2024, 1, 1), regex.findall('a', 'banana'), m.floor(2.7), list(it.islice('abc', 2)))
import os.path as osp
print(osp.join('a', 'b.txt'), osp.splitext('x.tar.gz'), osp.basename('/p/q.py'))

# %% imports in function
def parse(s):
    import json
    from collections import OrderedDict
    return OrderedDict(sorted(json.loads(s).items()))

print(list(parse('{"b": 1, "a": 2}').items()))

# %% pathlib pure
from pathlib import Path
p = Path('data') / 'logs' / 'app.log.gz'
print(p, p.name, p.suffix, p.stem, p.parent, p.parts)

# %% os basics
import os
print(os.path.join('a', 'b'), os.sep, os.environ.get('SURELY_NOT_SET_42', 'default'), os.path.exists('/surely/not/here'))

# %% sys info
import sys
print(sys.version_info >= (3, 8), sys.maxsize > 2 ** 31, len(sys.argv) >= 0)
sys.setrecursionlimit(5000)
print(isinstance(sys.getsizeof([]), int))

# %% heapq nlargest with key
import heapq
people = [{'n': 'a', 'age': 5}, {'n': 'b', 'age': 9}, {'n': 'c', 'age': 7}]
print(heapq.nlargest(2, people, key=lambda p: p['age']), heapq.nsmallest(1, people, key=lambda p: p['age'])[0]['n'])

# %% enum flag
from enum import Flag, auto, unique, Enum

class Perm(Flag):
    R = auto()
    W = auto()
    X = auto()

p = Perm.R | Perm.W
print(Perm.R in p, Perm.X in p, p.value)

@unique
class Only(Enum):
    A = 'a'
    B = 'b'

print([m.value for m in Only], Only('b').name, Only.A != Only.B)

# %% functools extras
from functools import partial, reduce, cache, total_ordering, cmp_to_key

@cache
def slow(n):
    print('computing', n)
    return n * 2

print(slow(2), slow(2))
p = partial(int, base=2)
print(p('101'), reduce(lambda a, b: a | b, [{1: 1}, {2: 2}]))

# %% bisect keep sorted
from bisect import bisect_left, insort
xs = []
for v in [5, 1, 4, 4, 2]:
    insort(xs, v)
print(xs, bisect_left(xs, 4), xs[bisect_left(xs, 3):])

# %% csv quoting
import csv, io
buf = io.StringIO()
w = csv.writer(buf, quoting=csv.QUOTE_ALL, lineterminator='\n')
w.writerow(['a', 1, None, 'x"y'])
w.writerows([[1, 2], ['multi\nline', '']])
print(buf.getvalue())
print(list(csv.reader(['a;b', '1;"x;y"'], delimiter=';')))

# %% operator attrgetter
from operator import attrgetter
class P:
    def __init__(self, n, a): self.n, self.a = n, a
ps = [P('x', 3), P('y', 1)]
print([p.n for p in sorted(ps, key=attrgetter('a'))], max(ps, key=attrgetter('a')).n)

# %% pprint width
import pprint
data = {'name': 'x' * 20, 'list': list(range(25)), 'nested': {'a': {'b': {'c': 1}}, 'long': ['y' * 30, 'z' * 30]}}
pprint.pprint(data)
pprint.pprint(data, width=40, indent=2)

# %% future import
from __future__ import annotations
def f(x: Undefined) -> Nothing:
    return x
print(f(3))

# %% textwrap more
import textwrap
print(textwrap.indent('a\nb', '  '))
print(textwrap.fill('The quick-brown fox jumped over the extraordinarily-long hedge ' * 2, 20, initial_indent='* ', subsequent_indent='  '))
print(textwrap.wrap('aaaaaaaaaaaaaaaaaaaaaaaa bb', 10))

# %% difflib opcodes
from difflib import SequenceMatcher
sm = SequenceMatcher(None, 'qabxcd', 'abycdf')
for tag, i1, i2, j1, j2 in sm.get_opcodes():
    print(f"{tag:7} a[{i1}:{i2}] b[{j1}:{j2}]")
print(round(sm.ratio(), 4), sm.find_longest_match(0, 6, 0, 6).size)

# %% datetime parsing variants
from datetime import datetime
for text, fmt in [('2024-01-05', '%Y-%m-%d'), ('01/05/24', '%m/%d/%y'), ('5 Jan 2024 3:04 PM', '%d %b %Y %I:%M %p')]:
    print(datetime.strptime(text, fmt))
try:
    datetime.strptime('x', '%Y')
except ValueError as e:
    print('ValueError')

# %% timeit and platform guard
import timeit
print(timeit.timeit(lambda: sum(range(10)), number=5) > 0)

# %% decorators from contextlib closing
from contextlib import closing
import io
with closing(io.StringIO('a\nb\n')) as f:
    print(f.readline().strip(), f.read().strip())

# %% stringio as file
import io
f = io.StringIO("line one\nline two\nline three")
print(f.readline(), end='')
for i, line in enumerate(f):
    print(i, line.rstrip())
f.seek(0)
print(f.readlines())
with io.StringIO() as out:
    out.write('abc')
    print(out.getvalue())
b = io.BytesIO(b'bytes\nhere')
print(b.read(5), b.readline(), b.readline())
