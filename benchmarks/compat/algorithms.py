# Algorithms as models write them when a question needs computing.

# %% primes sieve
def sieve(n):
    is_prime = [True] * (n + 1)
    is_prime[0] = is_prime[1] = False
    for i in range(2, int(n ** 0.5) + 1):
        if is_prime[i]:
            for j in range(i * i, n + 1, i):
                is_prime[j] = False
    return [i for i, p in enumerate(is_prime) if p]

print(sieve(50))
print(len(sieve(1000)), sum(sieve(100)))

# %% dijkstra
import heapq

def dijkstra(graph, start):
    dist = {node: float('inf') for node in graph}
    dist[start] = 0
    queue = [(0, start)]
    while queue:
        d, node = heapq.heappop(queue)
        if d > dist[node]:
            continue
        for neighbour, weight in graph[node].items():
            nd = d + weight
            if nd < dist[neighbour]:
                dist[neighbour] = nd
                heapq.heappush(queue, (nd, neighbour))
    return dist

graph = {'A': {'B': 1, 'C': 4}, 'B': {'C': 2, 'D': 5}, 'C': {'D': 1}, 'D': {}}
print(dijkstra(graph, 'A'))

# %% bfs grid
from collections import deque
grid = ["S.#.", "..#.", "#...", "..#E"]
start = next((r, c) for r in range(4) for c in range(4) if grid[r][c] == 'S')
queue, seen = deque([(start, 0)]), {start}
answer = None
while queue:
    (r, c), d = queue.popleft()
    if grid[r][c] == 'E':
        answer = d
        break
    for dr, dc in ((0, 1), (1, 0), (0, -1), (-1, 0)):
        nr, nc = r + dr, c + dc
        if 0 <= nr < 4 and 0 <= nc < 4 and grid[nr][nc] != '#' and (nr, nc) not in seen:
            seen.add((nr, nc))
            queue.append(((nr, nc), d + 1))
print(answer, len(seen))

# %% topological sort
from collections import defaultdict, deque
edges = [('shop', 'cook'), ('cook', 'eat'), ('wash', 'cook'), ('eat', 'clean')]
indegree, after = defaultdict(int), defaultdict(list)
nodes = set()
for a, b in edges:
    after[a].append(b)
    indegree[b] += 1
    nodes |= {a, b}
ready = deque(sorted(n for n in nodes if indegree[n] == 0))
order = []
while ready:
    n = ready.popleft()
    order.append(n)
    for m in after[n]:
        indegree[m] -= 1
        if not indegree[m]:
            ready.append(m)
print(order)

# %% lru fib
from functools import lru_cache

@lru_cache(maxsize=None)
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)

print([fib(i) for i in range(15)], fib(100))

# %% edit distance
def levenshtein(a, b):
    prev = list(range(len(b) + 1))
    for i, ca in enumerate(a, 1):
        cur = [i]
        for j, cb in enumerate(b, 1):
            cur.append(min(prev[j] + 1, cur[j - 1] + 1, prev[j - 1] + (ca != cb)))
        prev = cur
    return prev[-1]

print(levenshtein('kitten', 'sitting'), levenshtein('', 'abc'), levenshtein('same', 'same'))

# %% knapsack and lcs
def knapsack(items, capacity):
    best = [0] * (capacity + 1)
    for weight, value in items:
        for c in range(capacity, weight - 1, -1):
            best[c] = max(best[c], best[c - weight] + value)
    return best[capacity]

def lcs(a, b):
    table = [[''] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i in range(len(a)):
        for j in range(len(b)):
            table[i + 1][j + 1] = table[i][j] + a[i] if a[i] == b[j] else max(table[i][j + 1], table[i + 1][j], key=len)
    return table[-1][-1]

print(knapsack([(12, 4), (2, 2), (1, 1), (1, 2), (4, 10)], 15))
print(lcs('AGGTAB', 'GXTXAYB'))

# %% binary search and bisect
import bisect
xs = [1, 3, 3, 5, 8]
print(bisect.bisect_left(xs, 3), bisect.bisect_right(xs, 3), bisect.bisect(xs, 9))
bisect.insort(xs, 4)
print(xs)

def grade(score, breakpoints=(60, 70, 80, 90), grades='FDCBA'):
    return grades[bisect.bisect(breakpoints, score)]

print([grade(s) for s in (33, 99, 77, 70, 89, 90, 100)])

# %% permutations and combinations
from itertools import permutations, combinations, product, chain, combinations_with_replacement
print([''.join(p) for p in permutations('abc')])
print(list(combinations(range(4), 2)))
print(list(product('ab', [1, 2])), list(product([0, 1], repeat=2)))
print(list(chain.from_iterable([[1], [2, 3]])), len(list(combinations_with_replacement('abc', 2))))

# %% n queens
def solve(n, row=0, cols=(), result=None):
    if result is None:
        result = []
    if row == n:
        result.append(cols)
        return result
    for c in range(n):
        if all(c != cc and abs(c - cc) != row - r for r, cc in enumerate(cols)):
            solve(n, row + 1, cols + (c,), result)
    return result

solutions = solve(6)
print(len(solutions))
for c in solutions[0]:
    print('.' * c + 'Q' + '.' * (5 - c))

# %% matrix
A = [[1, 2], [3, 4]]
B = [[0, 1], [1, 0]]
C = [[sum(a * b for a, b in zip(row, col)) for col in zip(*B)] for row in A]
print(C, list(zip(*A)), [list(r) for r in zip(*A)])
identity = [[1 if i == j else 0 for j in range(3)] for i in range(3)]
for row in identity:
    print(*row)

# %% modular arithmetic
import math
print(pow(3, -1, 7), pow(2, 100, 13), math.gcd(84, 30), math.lcm(4, 6))
print([x for x in range(1, 10) if math.gcd(x, 10) == 1])
n = 13195
factors = []
d = 2
while n > 1:
    while n % d == 0:
        factors.append(d)
        n //= d
    d += 1
print(factors)

# %% bit tricks
print(bin(42), (42).bit_length(), bin(42).count('1'), 42 & 15, 42 | 1, 42 ^ 7, ~42, 1 << 10)
print(int('101010', 2), f"{42:08b}", hex(255), int('ff', 16))
subsets = [[x for i, x in enumerate('abc') if mask >> i & 1] for mask in range(8)]
print(subsets)

# %% fractions
from fractions import Fraction
a = Fraction(1, 3) + Fraction(1, 6)
print(a, repr(a), float(a), a.numerator, a.denominator)
print(Fraction('0.125'), Fraction(6, -4), Fraction(7, 2) // 1, round(Fraction(5, 2)))
print(sum([Fraction(1, n) for n in range(1, 5)], Fraction(0)), Fraction(1, 2) < Fraction(2, 3))
print(Fraction(3.14159).limit_denominator(100))

# %% complex numbers
import cmath
z = complex(3, 4)
print(abs(z), z.conjugate(), z * 1j, z.real, z.imag)
r, phi = cmath.polar(z)
print(round(r, 6), round(phi, 6))
disc = cmath.sqrt(-4)
print(disc, (-2 + disc) / 2)

# %% big numbers
import math
print(2 ** 200)
print(math.factorial(30), math.comb(40, 20), math.perm(10, 3))
print(len(str(math.factorial(100))), sum(int(c) for c in str(2 ** 100)))
print(10 ** 18 // 7, -7 // 2, -7 % 3, divmod(-7, 3))

# %% float formatting
import math
values = [math.pi, math.e, 1 / 3, 1e-7, 1e16, 123456789.123, -0.0]
for v in values:
    print(repr(v), f"{v:.3f}", f"{v:.2e}", f"{v:g}", round(v, 2))
print(math.isclose(0.1 + 0.2, 0.3), 0.1 + 0.2, math.floor(-1.5), math.ceil(-1.5), math.trunc(-1.5))

# %% quicksort and merge sort
def quicksort(xs):
    if len(xs) <= 1:
        return xs
    pivot, *rest = xs
    return quicksort([x for x in rest if x < pivot]) + [pivot] + quicksort([x for x in rest if x >= pivot])

def merge_sort(xs):
    if len(xs) <= 1:
        return xs
    mid = len(xs) // 2
    left, right = merge_sort(xs[:mid]), merge_sort(xs[mid:])
    out = []
    while left and right:
        out.append((left if left[0] <= right[0] else right).pop(0))
    return out + left + right

data = [5, 2, 9, 1, 5, 6, -3]
print(quicksort(data), merge_sort(data), quicksort(data) == sorted(data))

# %% union find
class UnionFind:
    def __init__(self, n):
        self.parent = list(range(n))
        self.size = [1] * n

    def find(self, x):
        while self.parent[x] != x:
            self.parent[x] = self.parent[self.parent[x]]
            x = self.parent[x]
        return x

    def union(self, a, b):
        a, b = self.find(a), self.find(b)
        if a == b:
            return False
        if self.size[a] < self.size[b]:
            a, b = b, a
        self.parent[b] = a
        self.size[a] += self.size[b]
        return True

uf = UnionFind(6)
print([uf.union(a, b) for a, b in [(0, 1), (1, 2), (3, 4), (0, 2)]])
print(len({uf.find(i) for i in range(6)}))

# %% trie
class Trie:
    def __init__(self):
        self.root = {}

    def insert(self, word):
        node = self.root
        for ch in word:
            node = node.setdefault(ch, {})
        node['$'] = True

    def starts_with(self, prefix):
        node = self.root
        for ch in prefix:
            if ch not in node:
                return []
            node = node[ch]
        return list(self._collect(node, prefix))

    def _collect(self, node, prefix):
        for key in sorted(node):
            if key == '$':
                yield prefix
            else:
                yield from self._collect(node[key], prefix + key)

t = Trie()
for w in "ship shop sail sailor storm".split():
    t.insert(w)
print(t.starts_with('sh'), t.starts_with('sai'), t.starts_with('x'))

# %% linked list
class Node:
    def __init__(self, value, next=None):
        self.value = value
        self.next = next

class LinkedList:
    def __init__(self, items=()):
        self.head = None
        for item in reversed(items):
            self.head = Node(item, self.head)

    def __iter__(self):
        node = self.head
        while node:
            yield node.value
            node = node.next

    def reverse(self):
        prev, node = None, self.head
        while node:
            node.next, prev, node = prev, node, node.next
        self.head = prev

ll = LinkedList([1, 2, 3])
print(list(ll))
ll.reverse()
print(list(ll), sum(ll), 2 in list(ll))

# %% binary tree traversal
class Tree:
    def __init__(self, value, left=None, right=None):
        self.value, self.left, self.right = value, left, right

def inorder(tree):
    if tree is None:
        return []
    return inorder(tree.left) + [tree.value] + inorder(tree.right)

def depth(tree):
    return 0 if tree is None else 1 + max(depth(tree.left), depth(tree.right))

t = Tree(4, Tree(2, Tree(1), Tree(3)), Tree(6))
print(inorder(t), depth(t))

# %% lru cache class
from collections import OrderedDict

class LRUCache:
    def __init__(self, capacity):
        self.capacity = capacity
        self.data = OrderedDict()

    def get(self, key):
        if key not in self.data:
            return -1
        self.data.move_to_end(key)
        return self.data[key]

    def put(self, key, value):
        self.data[key] = value
        self.data.move_to_end(key)
        if len(self.data) > self.capacity:
            self.data.popitem(last=False)

c = LRUCache(2)
c.put('a', 1)
c.put('b', 2)
print(c.get('a'))
c.put('c', 3)
print(c.get('b'), list(c.data), c.data)

# %% sliding window
from collections import deque

def window_max(xs, k):
    best, out = deque(), []
    for i, x in enumerate(xs):
        while best and xs[best[-1]] <= x:
            best.pop()
        best.append(i)
        if best[0] <= i - k:
            best.popleft()
        if i >= k - 1:
            out.append(xs[best[0]])
    return out

print(window_max([1, 3, -1, -3, 5, 3, 6, 7], 3))

# %% intervals
intervals = [(1, 3), (8, 10), (2, 6), (15, 18), (17, 20)]
merged = []
for start, end in sorted(intervals):
    if merged and start <= merged[-1][1]:
        merged[-1] = (merged[-1][0], max(merged[-1][1], end))
    else:
        merged.append((start, end))
print(merged, sum(e - s for s, e in merged))

# %% roman numerals
def to_roman(n):
    table = [(1000, 'M'), (900, 'CM'), (500, 'D'), (400, 'CD'), (100, 'C'), (90, 'XC'), (50, 'L'), (40, 'XL'),
             (10, 'X'), (9, 'IX'), (5, 'V'), (4, 'IV'), (1, 'I')]
    out = ''
    for value, numeral in table:
        count, n = divmod(n, value)
        out += numeral * count
    return out

print([to_roman(n) for n in (4, 9, 1894, 2024)])

# %% calculator with operator table
import operator
OPS = {'+': operator.add, '-': operator.sub, '*': operator.mul, '/': operator.truediv, '^': operator.pow}

def rpn(expression):
    stack = []
    for token in expression.split():
        if token in OPS:
            b, a = stack.pop(), stack.pop()
            stack.append(OPS[token](a, b))
        else:
            stack.append(float(token))
    return stack[0]

print(rpn('3 4 + 2 *'), rpn('2 3 ^ 1 -'))

# %% shunting yard with regex
import re

def tokenize(text):
    return re.findall(r'\d+\.?\d*|[()+\-*/]', text)

def parse(tokens):
    def expr():
        value = term()
        while tokens and tokens[0] in '+-':
            op = tokens.pop(0)
            value = value + term() if op == '+' else value - term()
        return value

    def term():
        value = factor()
        while tokens and tokens[0] in '*/':
            op = tokens.pop(0)
            value = value * factor() if op == '*' else value / factor()
        return value

    def factor():
        token = tokens.pop(0)
        if token == '(':
            value = expr()
            tokens.pop(0)
            return value
        return float(token)

    return expr()

print(parse(tokenize('2*(3+4)-5/2')))

# %% seeded random
import random
random.seed(42)
print([random.randint(1, 100) for _ in range(5)])
xs = list(range(10))
random.shuffle(xs)
print(xs, random.choice('abc'), random.sample(range(100), 3))
print(round(random.random(), 6), round(random.uniform(1, 2), 6))
rng = random.Random(7)
print(rng.random(), rng.choices(['a', 'b'], weights=[1, 3], k=4))

# %% game of life
def step(cells):
    counts = {}
    for (r, c) in cells:
        for dr in (-1, 0, 1):
            for dc in (-1, 0, 1):
                if dr or dc:
                    counts[(r + dr, c + dc)] = counts.get((r + dr, c + dc), 0) + 1
    return {cell for cell, n in counts.items() if n == 3 or (n == 2 and cell in cells)}

cells = {(0, 1), (1, 2), (2, 0), (2, 1), (2, 2)}
for _ in range(4):
    cells = step(cells)
print(sorted(cells))

# %% collatz with while and else
def collatz(n):
    steps = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps

best = max(range(1, 100), key=collatz)
print(best, collatz(best))
for n in range(2, 10):
    for d in range(2, n):
        if n % d == 0:
            break
    else:
        print(n, end=' ')
print()

# %% string compression
from itertools import groupby
encode = lambda s: ''.join(f"{len(list(g))}{k}" for k, g in groupby(s))
print(encode('aaabccdddd'))
decode = lambda s: ''.join(ch * int(n) for n, ch in zip(s[::2], s[1::2]))
print(decode(encode('aaabccdddd')))

# %% anagrams
from collections import defaultdict
groups = defaultdict(list)
for w in ['eat', 'tea', 'tan', 'ate', 'nat', 'bat']:
    groups[''.join(sorted(w))].append(w)
print(sorted(groups.values(), key=lambda g: (-len(g), g)))
print(sorted(map(sorted, groups.values())))

# %% task scheduler with heap of tuples
import heapq
from itertools import count
counter = count()
tasks = []
for priority, name in [(2, 'write'), (1, 'plan'), (3, 'test'), (1, 'read')]:
    heapq.heappush(tasks, (priority, next(counter), name))
while tasks:
    priority, _, name = heapq.heappop(tasks)
    print(priority, name)
print(list(heapq.merge([1, 4, 7], [2, 5], [3])))

# %% heapq with replace
import heapq
h = [9, 5, 7, 1]
heapq.heapify(h)
print(h[0], heapq.heappushpop(h, 0), heapq.heapreplace(h, 6), sorted(h))
print(heapq.nlargest(2, {'a': 3, 'b': 9, 'c': 5}.items(), key=lambda kv: kv[1]))
