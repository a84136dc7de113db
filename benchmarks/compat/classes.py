# Classes, inheritance, dataclasses, enums and protocols.

# %% simple class
class Account:
    def __init__(self, owner, balance=0):
        self.owner = owner
        self.balance = balance

    def deposit(self, amount):
        if amount <= 0:
            raise ValueError("amount must be positive")
        self.balance += amount
        return self.balance

    def __str__(self):
        return f"{self.owner}: ${self.balance:,.2f}"

a = Account("Ada", 100)
a.deposit(50.5)
print(a)
try:
    a.deposit(-5)
except ValueError as e:
    print("Error:", e)

# %% inheritance and super
class Animal:
    sound = '...'

    def __init__(self, name):
        self.name = name

    def speak(self):
        return f"{self.name} says {self.sound}"

class Dog(Animal):
    sound = 'Woof'

    def __init__(self, name, breed):
        super().__init__(name)
        self.breed = breed

class Puppy(Dog):
    def speak(self):
        return super().speak().lower() + '!'

pets = [Animal('Thing'), Dog('Rex', 'lab'), Puppy('Bit', 'pug')]
for p in pets:
    print(type(p).__name__, p.speak(), isinstance(p, Dog))
print(issubclass(Puppy, Animal), pets[2].breed)

# %% abstract shapes
from abc import ABC, abstractmethod
import math

class Shape(ABC):
    @abstractmethod
    def area(self):
        ...

    def describe(self):
        return f"{self.__class__.__name__} with area {self.area():.2f}"

class Circle(Shape):
    def __init__(self, r):
        self.r = r

    def area(self):
        return math.pi * self.r ** 2

class Square(Shape):
    def __init__(self, side):
        self.side = side

    def area(self):
        return self.side ** 2

shapes = [Circle(1), Square(2)]
for s in shapes:
    print(s.describe())
print(max(shapes, key=lambda s: s.area()).describe())

# %% property setter
class Temperature:
    def __init__(self, celsius=0):
        self._celsius = celsius

    @property
    def fahrenheit(self):
        return self._celsius * 9 / 5 + 32

    @fahrenheit.setter
    def fahrenheit(self, value):
        self._celsius = (value - 32) * 5 / 9

    @staticmethod
    def is_hot(c):
        return c > 30

    @classmethod
    def from_f(cls, f):
        t = cls()
        t.fahrenheit = f
        return t

t = Temperature.from_f(212)
print(round(t._celsius, 1), t.fahrenheit, Temperature.is_hot(35))
t.fahrenheit = 50
print(t._celsius)

# %% operators
class Vec:
    def __init__(self, x, y):
        self.x, self.y = x, y

    def __add__(self, o):
        return Vec(self.x + o.x, self.y + o.y)

    def __mul__(self, k):
        return Vec(self.x * k, self.y * k)

    __rmul__ = __mul__

    def __eq__(self, o):
        return (self.x, self.y) == (o.x, o.y)

    def __hash__(self):
        return hash((self.x, self.y))

    def __neg__(self):
        return Vec(-self.x, -self.y)

    def __abs__(self):
        return (self.x ** 2 + self.y ** 2) ** 0.5

    def __repr__(self):
        return f"Vec({self.x}, {self.y})"

    def __getitem__(self, i):
        return (self.x, self.y)[i]

    def __bool__(self):
        return bool(self.x or self.y)

v = Vec(1, 2) + Vec(3, 4)
print(v, v * 2, -v, abs(Vec(3, 4)), v == Vec(4, 6), v[0], bool(Vec(0, 0)))
print(2 * v)
print(len({Vec(1, 1), Vec(1, 1), Vec(2, 1)}))

# %% len contains iter
class Bag:
    def __init__(self):
        self.items = []

    def add(self, x):
        self.items.append(x)
        return self

    def __len__(self):
        return len(self.items)

    def __contains__(self, x):
        return x in self.items

    def __iter__(self):
        return iter(self.items)

b = Bag().add(3).add(1)
print(len(b), 3 in b, sorted(b), list(b))
if b:
    print("not empty")
print(bool(Bag()))

# %% less than and sorting
class Version:
    def __init__(self, text):
        self.parts = tuple(int(p) for p in text.split('.'))

    def __lt__(self, other):
        return self.parts < other.parts

    def __eq__(self, other):
        return self.parts == other.parts

    def __repr__(self):
        return '.'.join(map(str, self.parts))

versions = [Version('1.10.0'), Version('1.2.5'), Version('1.2')]
print(sorted(versions), min(versions), max(versions))
print(versions[0] < versions[1], versions[0] > versions[1])

# %% total ordering
from functools import total_ordering

@total_ordering
class Card:
    def __init__(self, rank):
        self.rank = rank

    def __eq__(self, o):
        return self.rank == o.rank

    def __lt__(self, o):
        return self.rank < o.rank

print(Card(3) <= Card(3), Card(5) > Card(2), Card(1) >= Card(2))

# %% dataclass basics
from dataclasses import dataclass, field
from typing import List, Optional

@dataclass
class Task:
    title: str
    priority: int = 1
    tags: List[str] = field(default_factory=list)
    done: bool = False
    note: Optional[str] = None

    def complete(self):
        self.done = True
        return self

t1 = Task("write", 2)
t2 = Task("test", tags=["ci"])
t2.tags.append("slow")
print(t1)
print(t2.complete())
print(t1 == Task("write", 2), t1 != t2)

# %% dataclass asdict fields replace
from dataclasses import dataclass, asdict, astuple, fields, replace, field

@dataclass
class Address:
    city: str
    zip: str = '0'

@dataclass
class Person:
    name: str
    address: Address
    tags: list = field(default_factory=list)

p = Person('Ada', Address('Paris'), ['x'])
print(asdict(p))
print(astuple(p))
print([f.name for f in fields(p)])
q = replace(p, name='Eve')
print(q.name, q.address is p.address, p.name)

# %% dataclass order and frozen
from dataclasses import dataclass, FrozenInstanceError

@dataclass(order=True)
class Score:
    points: int
    name: str

scores = [Score(3, 'c'), Score(1, 'z'), Score(3, 'a')]
print(sorted(scores))
print(max(scores), Score(1, 'a') < Score(1, 'b'))

@dataclass(frozen=True)
class Key:
    a: int
    b: int

k = Key(1, 2)
print({k: 'v'}[Key(1, 2)])
try:
    k.a = 5
except FrozenInstanceError as e:
    print(type(e).__name__, e)

# %% dataclass post init and inheritance
from dataclasses import dataclass, field

@dataclass
class Base:
    id: int

@dataclass
class Item(Base):
    price: float = 0.0
    qty: int = 1
    total: float = field(init=False)

    def __post_init__(self):
        self.total = self.price * self.qty

i = Item(7, 2.5, 4)
print(i, i.total, isinstance(i, Base))

# %% enum
from enum import Enum, auto

class Color(Enum):
    RED = 1
    GREEN = 2
    BLUE = 3

class State(Enum):
    NEW = auto()
    DONE = auto()

print(Color.RED, Color.RED.name, Color.RED.value, repr(Color.GREEN))
print(Color(2), Color['BLUE'], [c.name for c in Color], len(Color))
print(State.NEW.value, State.DONE.value, State.NEW == State.NEW, State.NEW is State.DONE)
counts = {Color.RED: 2}
print(counts[Color.RED], isinstance(Color.RED, Color))
try:
    Color(9)
except ValueError as e:
    print(e)

# %% int enum and str enum
from enum import IntEnum, Enum

class Level(IntEnum):
    LOW = 1
    HIGH = 3

class Mode(str, Enum):
    FAST = 'fast'
    SLOW = 'slow'

print(Level.HIGH > Level.LOW, Level.LOW + 1, sorted([Level.HIGH, Level.LOW]) == [1, 3])
print(Mode.FAST == 'fast', Mode('slow').name, Mode.FAST.value.upper())

# %% enum with methods
from enum import Enum

class Planet(Enum):
    EARTH = (5.976e24, 6.37814e6)
    MARS = (6.421e23, 3.3972e6)

    def __init__(self, mass, radius):
        self.mass = mass
        self.radius = radius

    @property
    def gravity(self):
        return 6.67e-11 * self.mass / self.radius ** 2

for p in Planet:
    print(p.name, round(p.gravity, 2))

# %% named tuple class
from typing import NamedTuple

class Point(NamedTuple):
    x: int
    y: int = 0

    def dist(self):
        return (self.x ** 2 + self.y ** 2) ** 0.5

p = Point(3, 4)
print(p, p.x, p[1], p.dist(), Point(1))
x, y = p
print(x + y, p._replace(x=0), p == (3, 4))

# %% context manager class
class Timer:
    def __init__(self, label):
        self.label = label

    def __enter__(self):
        print('start', self.label)
        return self

    def __exit__(self, exc_type, exc, tb):
        print('end', self.label, exc_type.__name__ if exc_type else None)
        return False

with Timer('a') as t:
    print(t.label)
try:
    with Timer('b'):
        raise KeyError('boom')
except KeyError as e:
    print('caught', e)

# %% callable objects and closures
class Multiplier:
    def __init__(self, k):
        self.k = k

    def __call__(self, x):
        return x * self.k

double = Multiplier(2)
print(list(map(double, [1, 2, 3])), callable(double), callable(3))

def make_counter():
    n = 0
    def step():
        nonlocal n
        n += 1
        return n
    return step

c = make_counter()
print(c(), c(), c())

# %% iterator protocol
class Countdown:
    def __init__(self, n):
        self.n = n

    def __iter__(self):
        return self

    def __next__(self):
        if self.n <= 0:
            raise StopIteration
        self.n -= 1
        return self.n + 1

print(list(Countdown(3)), sum(Countdown(4)), max(Countdown(5)))
for i in Countdown(2):
    print(i)
a, b = Countdown(2)
print(a, b)

# %% class attributes and registry
class Plugin:
    registry = {}

    def __init__(self, name):
        self.name = name
        Plugin.registry[name] = self

    @classmethod
    def names(cls):
        return sorted(cls.registry)

Plugin('b')
Plugin('a')
print(Plugin.names(), len(Plugin.registry))

# %% getattr and dict
class Config:
    def __init__(self, **kw):
        for k, v in kw.items():
            setattr(self, k, v)

c = Config(host='h', port=80)
print(vars(c), c.__dict__ == {'host': 'h', 'port': 80})
print(getattr(c, 'host'), getattr(c, 'nope', None), hasattr(c, 'port'), hasattr(c, 'nope'))
c.__dict__['extra'] = 1 if False else 2
print(sorted(vars(c).keys())[:2])

# %% dunder getattr
class Proxy:
    def __init__(self, target):
        self._target = target

    def __getattr__(self, name):
        return f"<{name}>"

p = Proxy([1])
print(p.anything, p._target)

# %% mixins
class JsonMixin:
    def to_json(self):
        import json
        return json.dumps(self.__dict__, sort_keys=True)

class Named:
    def __init__(self, name):
        self.name = name

class User(Named, JsonMixin):
    def __init__(self, name, age):
        super().__init__(name)
        self.age = age

print(User('Ada', 36).to_json())

# %% state machine
class Machine:
    transitions = {('idle', 'start'): 'running', ('running', 'stop'): 'idle', ('running', 'fail'): 'broken'}

    def __init__(self):
        self.state = 'idle'
        self.history = [self.state]

    def fire(self, event):
        key = (self.state, event)
        if key not in self.transitions:
            raise RuntimeError(f"no {event!r} in state {self.state!r}")
        self.state = self.transitions[key]
        self.history.append(self.state)
        return self

m = Machine().fire('start').fire('fail')
print(m.history)
try:
    m.fire('start')
except RuntimeError as e:
    print(e)

# %% class with host calls
class Summariser:
    def __init__(self, style):
        self.style = style
        self.calls = 0

    def run(self, text):
        self.calls += 1
        return llm_query(f"{self.style}: {text}")

    def run_all(self, texts):
        return [self.run(t) for t in texts]

s = Summariser('brief')
print(s.run_all(['one', 'two two']), s.calls)

# %% graph of objects
class Employee:
    def __init__(self, name, boss=None):
        self.name = name
        self.reports = []
        if boss:
            boss.reports.append(self)

    def tree(self, indent=0):
        lines = ['  ' * indent + self.name]
        for r in self.reports:
            lines.extend(r.tree(indent + 1))
        return lines

boss = Employee('Ada')
mid = Employee('Bob', boss)
Employee('Cy', mid)
Employee('Di', boss)
print('\n'.join(boss.tree()))

# %% slots eq and hash default
class Plain:
    __slots__ = ('a', 'b')

    def __init__(self, a, b):
        self.a = a
        self.b = b

x, y = Plain(1, 2), Plain(1, 2)
print(x == y, x == x, x is not y, x.a + y.b)

# %% function attributes
def greet(name: str, punctuation: str = '!') -> str:
    """Greet somebody."""
    return f"Hello, {name}{punctuation}"

print(greet.__name__, greet('Bo'), greet(punctuation='?', name='Al'))
print(greet.__doc__)

# %% type checks
values = [1, 'a', 2.5, None, True, [1], {'k': 1}, (1,), {1}, b'x', print, int]
for v in values[:10]:
    print(type(v).__name__, isinstance(v, (int, float)) and not isinstance(v, bool))
print(type(1) == int, type('') is str, isinstance(True, int))

# %% inheritance from dict and list
class Inventory(dict):
    def total(self):
        return sum(self.values())

inv = Inventory(a=1, b=2)
inv['c'] = 3
print(inv.total(), len(inv), sorted(inv))

# %% repr of nested
class P:
    def __init__(self, n):
        self.n = n

    def __repr__(self):
        return f"P({self.n!r})"

print([P(1), P('x')], {'k': P(None)}, (P(2.0),))
print(f"{P(3)} {P(4)!r} {str(P(5))}")

# %% user dict
from collections import UserDict

class Lower(UserDict):
    def __setitem__(self, key, value):
        super().__setitem__(key.lower(), value)

d = Lower()
d['ABC'] = 1
d['Def'] = 2
print(d, 'abc' in d, list(d), len(d))

# %% protocol and generic
from typing import Protocol, Generic, TypeVar, Callable, Union
T = TypeVar('T')

class HasArea(Protocol):
    def area(self) -> float: ...

class Stack(Generic[T]):
    def __init__(self) -> None:
        self._items: list[T] = []

    def push(self, item: T) -> None:
        self._items.append(item)

    def pop(self) -> T:
        return self._items.pop()

s: Stack[int] = Stack()
s.push(1)
s.push(2)
print(s.pop(), s._items)

# %% observer
class Bus:
    def __init__(self):
        self.handlers = {}

    def on(self, event):
        def register(fn):
            self.handlers.setdefault(event, []).append(fn)
            return fn
        return register

    def emit(self, event, *args, **kwargs):
        return [fn(*args, **kwargs) for fn in self.handlers.get(event, [])]

bus = Bus()

@bus.on('add')
def add(a, b):
    return a + b

@bus.on('add')
def mul(a, b):
    return a * b

print(bus.emit('add', 3, b=4), bus.emit('none'))

# %% cached property
from functools import cached_property

class Data:
    def __init__(self, xs):
        self.xs = xs
        self.computed = 0

    @cached_property
    def total(self):
        self.computed += 1
        return sum(self.xs)

d = Data([1, 2, 3])
print(d.total, d.total, d.computed)

# %% chain of responsibility
class Handler:
    def __init__(self, next_handler=None):
        self.next = next_handler

    def handle(self, n):
        if self.can(n):
            return f"{type(self).__name__}:{n}"
        return self.next.handle(n) if self.next else None

    def can(self, n):
        return False

class Small(Handler):
    def can(self, n):
        return n < 10

class Big(Handler):
    def can(self, n):
        return n >= 100

chain = Small(Big())
print([chain.handle(n) for n in (5, 50, 500)])
