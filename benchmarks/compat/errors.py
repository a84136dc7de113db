# Exceptions, context managers, guards.

# %% try except else finally
def divide(a, b):
    try:
        result = a / b
    except ZeroDivisionError as e:
        print('error:', e)
        return None
    else:
        print('ok')
        return result
    finally:
        print('done')

print(divide(6, 3), divide(1, 0))

# %% custom exceptions
class AppError(Exception):
    pass

class NotFound(AppError):
    def __init__(self, name):
        super().__init__(f"{name} not found")
        self.name = name

def find(name):
    if name != 'known':
        raise NotFound(name)
    return name

for n in ('known', 'other'):
    try:
        print(find(n))
    except AppError as e:
        print(type(e).__name__, e, e.name, isinstance(e, Exception))

# %% custom exception uncaught
class ParseError(ValueError):
    """Raised when parsing fails."""

raise ParseError("line 3: unexpected token")

# %% except order and tuple
def classify(fn):
    try:
        fn()
    except (KeyError, IndexError) as e:
        return f"lookup {type(e).__name__}"
    except ArithmeticError:
        return "math"
    except Exception as e:
        return f"other {type(e).__name__}: {e}"

print(classify(lambda: {}['x']), classify(lambda: [][1]), classify(lambda: 1 / 0), classify(lambda: int('x')))

# %% raise from and reraise
def load(text):
    try:
        return int(text)
    except ValueError as e:
        raise RuntimeError(f"bad config {text!r}") from e

try:
    load('abc')
except RuntimeError as e:
    print(e, '| cause:', type(e.__cause__).__name__)
try:
    try:
        1 / 0
    except ZeroDivisionError:
        raise
except ArithmeticError as e:
    print('again', e)

# %% error messages of builtins
tests = [lambda: {}['k'], lambda: [1][5], lambda: int('abc'), lambda: 'a' + 1, lambda: None.x, lambda: undefined_name,
         lambda: len(5), lambda: (1, 2).append(3), lambda: [].pop(), lambda: float('x'), lambda: 'abc'.index('z')]
for t in tests:
    try:
        t()
    except Exception as e:
        print(type(e).__name__, '-', e)

# %% assertion
def check(x):
    assert isinstance(x, int), f"expected int, got {type(x).__name__}"
    return x

print(check(3))
try:
    check('3')
except AssertionError as e:
    print('AssertionError:', e)

# %% uncaught key error
data = {'a': 1}
print('before')
print(data['missing'])

# %% uncaught in function
def level3(x):
    return 10 / x

def level2(x):
    return level3(x)

print(level2(5))
print(level2(0))

# %% name error then continue
print('start')
result = undefined_function(3)
# %% +
print('still alive')

# %% suppress and nullcontext
from contextlib import suppress, nullcontext
with suppress(KeyError, ZeroDivisionError):
    {}['x']
    print('not printed')
with nullcontext(5) as v:
    print(v)
print('after')

# %% contextmanager
from contextlib import contextmanager

@contextmanager
def section(name):
    print(f"<{name}>")
    try:
        yield name.upper()
    finally:
        print(f"</{name}>")

with section('a') as s:
    print('inside', s)
try:
    with section('b'):
        raise ValueError('oops')
except ValueError as e:
    print('caught', e)

# %% timer contextmanager
import time
from contextlib import contextmanager

@contextmanager
def timer(label):
    start = time.time()
    yield
    elapsed = time.time() - start
    print(f"{label} took {elapsed >= 0}")

with timer('work'):
    total = sum(range(1000))
print(total)

# %% nested with
class R:
    def __init__(self, n):
        self.n = n
    def __enter__(self):
        print('open', self.n)
        return self
    def __exit__(self, *exc):
        print('close', self.n)

with R(1) as a, R(2) as b:
    print(a.n + b.n)

# %% traceback format
import traceback
try:
    [][0]
except IndexError as e:
    text = traceback.format_exc()
    print(text.strip().splitlines()[0])
    print(text.strip().splitlines()[-1])

# %% safe parse loop
values = ['1', '2.5', 'abc', '', None, '7']
parsed, failed = [], []
for v in values:
    try:
        parsed.append(float(v))
    except (TypeError, ValueError) as e:
        failed.append((v, type(e).__name__))
print(parsed)
print(failed)

# %% system exit
import sys
print('leaving')
sys.exit(0)

# %% exit call
print('bye')
exit()

# %% host error is caught
try:
    answer = llm_query("FAIL please")
    print('no error', answer)
except Exception as e:
    print(type(e).__name__, e)

# %% host error uncaught
print('asking')
llm_query("FAIL now")
print('never')

# %% try import fallback
try:
    import numpy as np
    HAVE_NUMPY = True
except ImportError:
    HAVE_NUMPY = False
print(HAVE_NUMPY)
def mean(xs):
    return sum(xs) / len(xs) if not HAVE_NUMPY else np.mean(xs)
print(mean([1, 2, 3]))

# %% import missing
import pandas as pd
df = pd.DataFrame({'a': [1]})

# %% module not found message
try:
    import no_such_module_xyz
except ModuleNotFoundError as e:
    print(e)

# %% from import error
try:
    from math import no_such_name
except ImportError as e:
    print('ImportError')

# %% validation with warnings
import warnings
warnings.filterwarnings('ignore')
warnings.warn('be careful')

def validate(record):
    problems = []
    if not record.get('name'):
        problems.append('name missing')
    if not isinstance(record.get('age'), int) or record['age'] < 0:
        problems.append('age invalid')
    if problems:
        raise ValueError('; '.join(problems))
    return True

for r in ({'name': 'a', 'age': 3}, {'age': -1}):
    try:
        print(validate(r))
    except ValueError as e:
        print('invalid:', e)

# %% error in comprehension
data = ['1', 'x', '3']
try:
    print([int(d) for d in data])
except ValueError as e:
    print('ValueError:', e)

# %% exception attributes
class HttpError(Exception):
    def __init__(self, status, message='error'):
        self.status = status
        self.message = message
        super().__init__(message)

    def __str__(self):
        return f"[{self.status}] {self.message}"

try:
    raise HttpError(404, 'gone')
except HttpError as e:
    print(e, e.status, e.args, repr(e))

# %% exception hierarchy selection
class A(Exception): pass
class B(A): pass
class C(B): pass

for cls in (A, B, C):
    try:
        raise cls()
    except B as e:
        print('B', type(e).__name__)
    except A as e:
        print('A', type(e).__name__)

# %% stop iteration
it = iter([1])
print(next(it))
try:
    next(it)
except StopIteration:
    print('exhausted')

# %% recursion limit
def forever(n):
    return forever(n + 1)

try:
    forever(0)
except RecursionError as e:
    print('RecursionError')

# %% syntax error
print('x'
for i in range(3)
    print(i)

# %% indentation error
def f():
print('x')

# %% unicode error
try:
    b'\xff\xfe'.decode('utf-8')
except UnicodeDecodeError as e:
    print('UnicodeDecodeError')
print(b'\xffabc'.decode('utf-8', errors='ignore'), b'\xffa'.decode('utf-8', 'replace'))

# %% file access
try:
    with open('/no/such/file.txt') as f:
        print(f.read())
except OSError as e:
    print('cannot read')

# %% errors collected per item
results = {}
for item in ['4', '0', 'x']:
    try:
        results[item] = 12 / int(item)
    except ZeroDivisionError:
        results[item] = float('inf')
    except ValueError as err:
        results[item] = str(err)
print(results)

# %% exit stack
from contextlib import ExitStack
class Res:
    def __init__(self, n): self.n = n
    def __enter__(self): print('in', self.n); return self
    def __exit__(self, *a): print('out', self.n); return False

with ExitStack() as stack:
    items = [stack.enter_context(Res(i)) for i in range(2)]
    print([r.n for r in items])

# %% finally order
def f():
    for i in range(3):
        try:
            if i == 1:
                continue
            if i == 2:
                return i
        finally:
            print('finally', i)

print(f())

# %% error with no message
try:
    raise ValueError
except ValueError as e:
    print(repr(e), str(e) == '', e.args)
try:
    raise KeyError('k')
except KeyError as e:
    print(str(e), repr(e), e.args[0])
