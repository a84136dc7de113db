# Functions as values, comprehensions, generators, iterators.

# %% bound methods as values
d = {'a': 3, 'b': 1, 'c': 2}
get = d.get
print(get('a'), get('z', 0), max(d, key=d.get), sorted(d, key=d.get))
out = []
push = out.append
for x in range(3):
    push(x)
print(out)

# %% str methods as functions
words = ['  b ', 'A', ' c']
print(list(map(str.strip, words)), sorted(words, key=str.lower), list(map(str.upper, 'abc')))
print(sorted(['b', 'A', 'c'], key=str.casefold), list(map(len, words)))
print([f('x y') for f in (str.title, str.upper, str.split)])

# %% int float as functions
print(list(map(int, '1 2 3'.split())), list(map(float, ['1.5', '2'])), list(map(str, [1, None, True])))
print(list(filter(None, [0, 1, '', 'a', [], None])), list(filter(str.isalpha, ['a', '1', 'b2'])))

# %% reduce partial compose
from functools import reduce, partial

def compose(*fns):
    return reduce(lambda f, g: lambda x: g(f(x)), fns)

print(reduce(lambda a, b: a * b, range(1, 6)), reduce(lambda a, b: a + b, ['a', 'b'], '>'))
half = partial(lambda a, b: a / b, b=2)
print(half(9), compose(str.strip, str.title, len)('  hello you '))

# %% lambdas in dict
ops = {'add': lambda a, b: a + b, 'neg': lambda a: -a, 'up': str.upper, 'len': len}
print(ops['add'](2, 3), ops['neg'](4), ops['up']('x'), ops['len']('four'))
for name, fn in sorted(ops.items()):
    print(name, callable(fn))

# %% decorator with wraps
from functools import wraps

def logged(fn):
    @wraps(fn)
    def wrapper(*args, **kwargs):
        print('calling', fn.__name__, args, kwargs)
        result = fn(*args, **kwargs)
        print('->', result)
        return result
    return wrapper

@logged
def add(a, b=1):
    return a + b

add(2)
add(2, b=5)
print(add.__name__)

# %% decorator with arguments
def repeat(times):
    def decorate(fn):
        def wrapper(*args):
            return [fn(*args) for _ in range(times)]
        return wrapper
    return decorate

@repeat(3)
def hi(name):
    return f"hi {name}"

print(hi('you'))

# %% retry decorator
def retry(times=3, exceptions=(ValueError,)):
    def decorator(func):
        def wrapper(*args, **kwargs):
            for attempt in range(1, times + 1):
                try:
                    return func(*args, **kwargs)
                except exceptions as e:
                    print(f"attempt {attempt} failed: {e}")
            return None
        return wrapper
    return decorator

state = {'n': 0}

@retry(times=4)
def flaky():
    state['n'] += 1
    if state['n'] < 3:
        raise ValueError(f"not yet {state['n']}")
    return 'ok'

print(flaky())

# %% memo decorator
def memoize(fn):
    memo = {}
    def inner(*args):
        if args not in memo:
            memo[args] = fn(*args)
        return memo[args]
    inner.memo = memo if False else None
    return inner

def grid(r, c):
    return 1 if r == 0 or c == 0 else grid(r - 1, c) + grid(r, c - 1)

grid = memoize(lambda r, c, g=grid: g(r, c)) if False else grid
print(grid(3, 4))

# %% comprehensions of every kind
xs = range(10)
print([x for x in xs if x % 2], {x % 3 for x in xs} == {0, 1, 2}, {x: x ** 2 for x in range(4)})
print([(x, y) for x in range(3) for y in range(x)], [[c for c in row] for row in ['ab', 'cd']])
print([x if x > 5 else -x for x in xs if x % 3 == 0], sum(x * x for x in xs), max((len(w), w) for w in ['aa', 'b']))

# %% comprehension shadowing builtins
ids = [3, 1, 2]
print([id for id in ids])
print([type for type in ['a', 'b']], {len: 1 for len in 'xy'}, [str for str in ['q'] if str])
print([max for max in range(3)], sum(min for min in [1, 2]))

# %% nested comprehension flatten
matrix = [[1, 2], [3], [], [4, 5, 6]]
print([x for row in matrix for x in row], [len(r) for r in matrix], sum(matrix, []))
print(list(zip(*[[1, 2, 3], 'abc'])), [*range(3), *'ab'])

# %% generator function
def evens(limit):
    n = 0
    while n < limit:
        yield n
        n += 2

print(list(evens(7)), sum(evens(11)), [x * 2 for x in evens(5)])
for x in evens(3):
    print(x)

# %% generator with next
def three():
    yield 'a'
    yield 'b'
    yield 'c'

g = three()
print(next(g), next(g))
print(next(g), next(g, 'end'))

# %% infinite generator with islice
from itertools import islice, takewhile, count

def naturals():
    n = 1
    while True:
        yield n
        n += 1

print(list(islice(naturals(), 5)))
print(list(takewhile(lambda x: x < 20, (n * n for n in count(1)))))

# %% fibonacci generator with break
def fib():
    a, b = 0, 1
    while True:
        yield a
        a, b = b, a + b

for x in fib():
    if x > 50:
        break
    print(x, end=' ')
print()

# %% generator pipeline
def read(text):
    for line in text.splitlines():
        yield line

def clean(lines):
    for line in lines:
        line = line.strip()
        if line and not line.startswith('#'):
            yield line

def pairs(lines):
    for line in lines:
        key, _, value = line.partition('=')
        yield key.strip(), value.strip()

text = "# config\nhost = local\n\nport=80\n"
print(dict(pairs(clean(read(text)))))

# %% yield from recursion
def leaves(tree):
    if isinstance(tree, list):
        for t in tree:
            yield from leaves(t)
    else:
        yield tree

print(list(leaves([1, [2, [3, 4]], [[5]]])))

# %% generator with host call
def ask_all(items):
    for item in items:
        yield item, llm_query(f"describe {item}")

for item, answer in ask_all(['x', 'yy']):
    print(item, answer)

# %% generator expression consumed once
g = (x * x for x in range(4))
print(sum(g))
h = (c for c in 'abc')
print(','.join(h), any(x > 2 for x in [1, 2, 3]), all(x for x in []), next((x for x in [5, 6] if x > 5), None))

# %% first match idiom
lines = ['alpha', 'beta: 7', 'gamma: 9']
first = next((l for l in lines if ':' in l), None)
missing = next((l for l in lines if 'zzz' in l), 'none')
print(first, missing)

# %% chunked with iter sentinel
from itertools import islice

def batched(iterable, n):
    it = iter(iterable)
    while batch := list(islice(it, n)):
        yield batch

print(list(batched('abcdefg', 3)), [sum(b) for b in batched(range(7), 2)])

# %% pairwise zip longest
from itertools import zip_longest, pairwise, cycle, repeat, starmap
print(list(zip_longest('ab', [1, 2, 3], fillvalue='-')), list(pairwise([1, 4, 9])))
c = cycle('xy')
print([next(c) for _ in range(3)], list(repeat(0, 2)), list(starmap(pow, [(2, 3), (3, 2)])))

# %% enumerate reversed sorted
names = ['c', 'a', 'b']
for i, n in enumerate(reversed(names), start=1):
    print(i, n)
print(sorted(names, reverse=True), list(reversed(range(3))), sorted('hello'), sorted({'b': 1, 'a': 2}))

# %% sort with cmp_to_key
from functools import cmp_to_key

def compare(a, b):
    return (len(a) > len(b)) - (len(a) < len(b)) or (a > b) - (a < b)

print(sorted(['ccc', 'a', 'bb', 'aa'], key=cmp_to_key(compare)))
nums = ['3', '30', '34', '5', '9']
print(''.join(sorted(nums, key=cmp_to_key(lambda a, b: int(b + a) - int(a + b)))))

# %% unpacking
a, *rest, z = [1, 2, 3, 4]
(x, y), w = (1, 2), 3
first, *_ = 'hello'
print(a, rest, z, x, y, w, first)
def f(*args, sep='-', **kw):
    return sep.join(map(str, args)) + str(sorted(kw.items()))
print(f(1, 2, *[3], sep='+', **{'k': 1}))
head, tail = 'a,b,c'.split(',', 1)
print(head, tail)

# %% dict of functions with dispatch
def handle_add(a, b): return a + b
def handle_echo(*args): return args
handlers = dict(add=handle_add, echo=handle_echo)
for cmd in ['add 1 2', 'echo hi', 'fly']:
    name, *args = cmd.split()
    fn = handlers.get(name, lambda *a: f"unknown {name}")
    print(fn(*args))

# %% defaultdict factories
from collections import defaultdict
nested = defaultdict(lambda: defaultdict(int))
nested['a']['x'] += 1
nested['a']['y'] += 2
nested['b']['x'] += 3
print({k: dict(v) for k, v in nested.items()})
seq = defaultdict(lambda: len(seq))
print([seq[w] for w in 'the cat the dog'.split()])
print('zzz' in nested, nested.get('zzz'))

# %% set operations
a, b = {1, 2, 3, 4}, {3, 4, 5}
print(a & b == {3, 4}, sorted(a | b), sorted(a - b), sorted(a ^ b), a.issubset({1, 2, 3, 4, 5}), a.isdisjoint({9}))
a.add(9)
a.discard(100)
a.update([10, 11])
print(sorted(a), len(a), frozenset([1, 2]) == {1, 2})
print({1, 2, 3}, {5}, set())

# %% set printing order of ints
print({3, 1, 2})
print(set([10, 5, 7, 1]))
s = set()
for x in [33, 1, 64]:
    s.add(x)
print(s)

# %% del statements
d = {'a': 1, 'b': 2}
del d['a']
xs = [1, 2, 3, 4, 5]
del xs[0]
del xs[-2:]
temp = 5
del temp
print(d, xs)
try:
    print(temp)
except NameError as e:
    print('NameError', e)

# %% globals locals dir vars
x = 1
print('x' in globals(), 'nope' in globals(), 'x' in dir())
globals()['y'] = 5
print(y)
if 'counter' not in globals():
    counter = 0
counter += 1
print(counter)

# %% hasattr on builtins
print(hasattr([], 'append'), hasattr('', 'upper'), hasattr({}, 'items'), hasattr(5, 'append'), hasattr([], '__len__'))
print(hasattr('abc', '__iter__'), hasattr(5, '__iter__'), hasattr(print, '__call__'))
for value in ([1], 'a', 3):
    size = len(value) if hasattr(value, '__len__') else 'no len'
    print(size)

# %% getattr on builtins
text = 'hello'
for name in ['upper', 'title', 'swapcase']:
    print(getattr(text, name)())
print(getattr([3, 1], 'sort', None) is not None)

# %% any all with enumerate and zip
xs, ys = [1, 5, 3], [2, 4, 6]
print(all(x < y for x, y in zip(xs, ys)), [i for i, (x, y) in enumerate(zip(xs, ys)) if x > y])
print(sum(x * y for x, y in zip(xs, ys)), list(map(lambda p: p[0] + p[1], zip(xs, ys))), list(map(max, xs, ys)))

# %% match statement
def describe(x):
    match x:
        case 0:
            return 'zero'
        case int() if x < 0:
            return 'negative'
        case [a, b]:
            return f'pair {a} {b}'
        case {'name': name, **rest}:
            return f'named {name} {rest}'
        case str() | bytes():
            return 'text'
        case _:
            return 'other'

for v in (0, -3, [1, 2], {'name': 'n', 'k': 1}, 'x', 3.5):
    print(describe(v))

# %% global counters
calls = 0

def tracked(x):
    global calls
    calls += 1
    return x * 2

print([tracked(i) for i in range(3)], calls)
print(list(map(tracked, [1])), calls)

# %% recursion with default mutable
def collect(x, acc=[]):
    acc.append(x)
    return acc

print(collect(1), collect(2), collect(3, []))

# %% chain comparisons ternaries walrus
x = 7
print(1 < x < 10, 1 < x > 10, 'big' if x > 5 else 'small', not x, x and 'yes', None or 'default', x == 7 != 8)
if (n := len('hello')) > 3:
    print(n)
while (x := x - 3) > 0:
    print(x)

# %% star print and sep
print(*range(5), sep=', ')
print('a', 'b', end='\n\n')
print(*['x', 'y'], sep='\n')
print()
print('no newline', end='')
print('!')

# %% slices
s = 'abcdefgh'
print(s[2:5], s[::-1], s[::2], s[-3:], s[:-3], s[10:], s[slice(1, 3)])
xs = list(range(6))
xs[1:3] = ['a', 'b', 'c']
xs[::2]
print(xs, xs[-1], xs[::3])

# %% shallow copies and identity
a = [[0] * 2] * 2
a[0][0] = 1
b = [[0] * 2 for _ in range(2)]
b[0][0] = 1
c = a[:]
c.append(9)
print(a, b, c, a is c, a == c[:2])

# %% operator module
from operator import itemgetter, attrgetter, methodcaller, mul, add
from functools import reduce
rows = [{'n': 'b', 'v': 2}, {'n': 'a', 'v': 2}, {'n': 'c', 'v': 1}]
print(sorted(rows, key=itemgetter('v', 'n')))
print(reduce(mul, [1, 2, 3, 4]), list(map(itemgetter(0), ['xy', 'zw'])), methodcaller('upper')('abc'))
print(add(1, 2), sorted([(1, 'b'), (0, 'z')], key=itemgetter(1)))

# %% singledispatch
from functools import singledispatch

@singledispatch
def show(x):
    return f"object {x}"

@show.register(int)
def _(x):
    return f"int {x}"

@show.register(list)
def _(x):
    return f"list of {len(x)}"

print(show(3), show([1, 2]), show('s'))

# %% sum of strings error and join
try:
    sum(['a', 'b'])
except TypeError as e:
    print('TypeError')
print(''.join(['a', 'b']), ', '.join(str(x) for x in [1, 2.5, None]))

# %% counter arithmetic
from collections import Counter
a, b = Counter('banana'), Counter('ananas')
print(a, a - b, (a & b)['a'], (a | b)['n'], sorted(a.elements()), a.total())
a.update('bb')
del a['n']
print(a.most_common(1), 'n' in a, dict(a))
print(Counter(x % 3 for x in range(10)))

# %% chainmap and ordereddict
from collections import ChainMap, OrderedDict
defaults, user = {'color': 'red', 'size': 1}, {'size': 5}
cm = ChainMap(user, defaults)
print(cm['size'], cm['color'], sorted(cm), cm.get('nope', '-'), len(cm))
od = OrderedDict([('b', 1), ('a', 2)])
od['c'] = 3
od.move_to_end('b')
print(list(od.items()), od)
print(OrderedDict(sorted({'z': 1, 'y': 2}.items())))

# %% namedtuple defaults
from collections import namedtuple
P = namedtuple('P', 'x y z', defaults=[0])
p = P(1, 2)
print(p, p._asdict(), P._field_defaults, sorted([P(2, 1), P(1, 5)]))
print(max([P(2, 1), P(1, 5)], key=lambda q: q.y).x, *p)

# %% copy of closures in loop
fns = []
for i in range(3):
    fns.append(lambda i=i: i * 10)
print([f() for f in fns])
late = [lambda: j for j in range(3)]
print([f() for f in late])

# %% accumulate group reduce
from itertools import accumulate, groupby, compress, dropwhile, filterfalse, tee
print(list(accumulate([1, 2, 3], lambda a, b: a * b)), list(compress('abc', [1, 0, 1])))
print([(k, len(list(g))) for k, g in groupby('aabbbc')], list(dropwhile(lambda x: x < 3, [1, 4, 2])))
print(list(filterfalse(lambda x: x % 2, range(5))))
a, b = tee([1, 2, 3])
print(list(a), list(b))
