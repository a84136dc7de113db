# Recursive agents: async calls, pools, planning over several blocks.

# %% async gather
import asyncio

async def ask(prompt):
    return llm_query(prompt)

async def main():
    results = await asyncio.gather(*[ask(f"question {i}") for i in range(3)])
    return results

answers = asyncio.run(main())
print(answers)

# %% await a sync host function
async def one(q):
    answer = llm_query(q)
    return answer.upper()

import asyncio
print(asyncio.run(one("hello")))

# %% async with semaphore
import asyncio

async def worker(sem, i):
    async with sem:
        await asyncio.sleep(0)
        return i * i

async def main():
    sem = asyncio.Semaphore(2)
    return await asyncio.gather(*(worker(sem, i) for i in range(4)))

print(asyncio.run(main()))

# %% create task
import asyncio

async def double(x):
    await asyncio.sleep(0)
    return x * 2

async def main():
    tasks = [asyncio.create_task(double(i)) for i in range(3)]
    return [await t for t in tasks]

print(asyncio.run(main()))

# %% map reduce session
chunk_size = 700
chunks = [context[i:i + chunk_size] for i in range(0, len(context), chunk_size)]
print(f"{len(chunks)} chunks")
# %% +
notes = batch_llm_query([f"List facts:\n{c}" for c in chunks])
print(len(notes), notes[0])
# %% +
merged = "\n".join(f"[{i}] {n}" for i, n in enumerate(notes))
verdict = llm_query(f"Answer from notes:\n{merged}")
print(verdict)
FINAL(verdict)

# %% recursive summarise
def summarise(text, limit=600):
    if len(text) <= limit:
        return llm_query(f"Summarize: {text}")
    mid = len(text) // 2
    left, right = summarise(text[:mid], limit), summarise(text[mid:], limit)
    return llm_query(f"Merge: {left} | {right}")

result = summarise(context[:2000])
print(result)

# %% vote
from collections import Counter
votes = [llm_query(f"yes or no? variant {i}{'!' * i}") for i in range(5)]
winner, n = Counter(votes).most_common(1)[0]
print(winner, n)

# %% filter then ask
lines = [l for l in context.splitlines() if l.strip()]
candidates = [l for l in lines if any(k in l.lower() for k in ('captain', 'ship'))]
print(len(lines), len(candidates))
answers = {}
for c in dict.fromkeys(candidates):
    answers[c[:20]] = llm_query("Extract the name: " + c)
for k, v in answers.items():
    print(k, '=>', v)

# %% pool of lambdas
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(max_workers=8) as ex:
    lengths = list(ex.map(lambda c: len(c), ['a', 'bb', 'ccc']))
    sums = list(ex.map(lambda a, b: a + b, [1, 2], [10, 20]))
print(lengths, sums)

# %% pool submit results in order
from concurrent.futures import ThreadPoolExecutor, as_completed
def score(text):
    return len(text), llm_query(f"rate: {text}")
with ThreadPoolExecutor(4) as pool:
    futures = [pool.submit(score, t) for t in ('x', 'yy', 'zzz')]
    results = [f.result() for f in futures]
print(results)
print(sorted(f.result()[0] for f in as_completed(futures)))

# %% pool error
from concurrent.futures import ThreadPoolExecutor
def risky(n):
    if n == 2:
        raise ValueError(f"bad {n}")
    return n
with ThreadPoolExecutor() as pool:
    futures = [pool.submit(risky, n) for n in range(4)]
for f in futures:
    try:
        print(f.result())
    except ValueError as e:
        print('error', e)
print([f.done() for f in futures])

# %% planner with dataclass
from dataclasses import dataclass, field
from typing import List

@dataclass
class Step:
    name: str
    prompt: str
    result: str = ''

@dataclass
class Plan:
    steps: List[Step] = field(default_factory=list)

    def add(self, name, prompt):
        self.steps.append(Step(name, prompt))
        return self

    def run(self):
        for step in self.steps:
            step.result = llm_query(step.prompt)
        return {s.name: s.result for s in self.steps}

plan = Plan().add('find', 'Find the captain').add('check', 'Check: yes or no?')
print(plan.run())
print(plan.steps[0])

# %% tool loop
def tool_len(x): return len(x)
def tool_upper(x): return x.upper()
tools = {'len': tool_len, 'upper': tool_upper}
actions = [('len', 'hello'), ('upper', 'abc'), ('missing', '')]
trace = []
for name, arg in actions:
    tool = tools.get(name)
    observation = tool(arg) if tool else f"no tool {name}"
    trace.append({'action': name, 'observation': observation})
for t in trace:
    print(t)

# %% prompts with f-string templates
TEMPLATE = """Question: {question}
Evidence:
{evidence}
Answer in one word."""
evidence = "\n".join(f"- {line[:40]}" for line in context.splitlines()[1:4])
prompt = TEMPLATE.format(question="Where?", evidence=evidence)
print(prompt)
print(llm_query(prompt))

# %% dedupe and rank
import heapq
facts = ['b', 'a', 'b', 'c', 'a', 'b']
rank = {}
for f in facts:
    rank[f] = rank.get(f, 0) + 1
print(heapq.nlargest(2, rank.items(), key=lambda kv: (kv[1], kv[0])))
print(heapq.nlargest(2, rank, key=rank.get))

# %% budgeted loop
budget_left = 3
queue = ['a', 'b', 'c', 'd']
seen = []
while queue and budget_left > 0:
    item = queue.pop(0)
    reply = llm_query(f"expand {item}")
    seen.append((item, len(reply)))
    budget_left -= 1
print(seen, queue, budget_left)

# %% persistent state one
state = {'visited': set(), 'notes': []}
def visit(name):
    if name in state['visited']:
        return False
    state['visited'].add(name)
    state['notes'].append(f"visited {name}")
    return True
print(visit('x'), visit('x'))
# %% +
print(visit('y'), len(state['notes']), sorted(state['visited']))
class Store:
    def __init__(self): self.items = {}
    def put(self, k, v): self.items[k] = v; return self
store = Store().put('a', 1)
# %% +
store.put('b', 2)
print(store.items, type(store).__name__, visit('z'))
import math
# %% +
print(math.sqrt(16), state['notes'])
from collections import OrderedDict
od = OrderedDict(store.items)
# %% +
od['c'] = 3
print(list(od), OrderedDict(x=1) == OrderedDict(x=1))

# %% failing block keeps variables
kept = 41
kept += 1
raise RuntimeError('stop here')
# %% +
print(kept)

# %% redefine functions
def f(): return 1
print(f())
# %% +
def f(): return 2
print(f())
g = f
# %% +
def f(): return 3
print(f(), g())

# %% class persists and is extended
class Base:
    def __init__(self, v): self.v = v
    def show(self): return f"Base {self.v}"
# %% +
class Child(Base):
    def show(self):
        return super().show() + ' child'
print(Child(3).show(), isinstance(Child(1), Base))
# %% +
class GrandChild(Child):
    @property
    def double(self):
        return self.v * 2
gc = GrandChild(4)
print(gc.double, gc.show())

# %% generator persists
def numbers():
    for i in range(5):
        yield i * 10
gen = list(numbers())
# %% +
print(gen, sum(numbers()), next(iter(numbers())))

# %% enum persists
from enum import Enum
class Kind(Enum):
    FACT = 'fact'
    OPINION = 'opinion'
labels = [Kind.FACT, Kind.OPINION, Kind.FACT]
# %% +
print([k.value for k in labels], labels.count(Kind.FACT), Kind('fact') is Kind.FACT)

# %% exceptions persist
class Stop(Exception):
    pass
def guard(n):
    if n > 2:
        raise Stop(f"too many: {n}")
    return n
# %% +
try:
    for i in range(5):
        print(guard(i))
except Stop as e:
    print('stopped', e)
# %% +
guard(9)

# %% import persists
import json, re
from collections import defaultdict
import heapq
# %% +
groups = defaultdict(list)
for w in re.findall(r'\b[A-Z]\w+', context):
    groups[w[0]].append(w)
top = heapq.nlargest(2, groups, key=lambda k: len(groups[k]))
print(json.dumps({k: len(groups[k]) for k in sorted(top)}))
# %% +
print(json.dumps({'x': {1}}, default=list), re.sub(r'\d', lambda m: '#', 'a1b2'))

# %% rlm batch
parts = [context[:300], context[300:600]]
for i, p in enumerate(parts):
    print(i, rlm_query(f"What happens in part {i}?", p))

# %% conversation memory
history = []
def say(role, text):
    history.append({'role': role, 'content': text})
say('user', 'hi')
say('assistant', llm_query('\n'.join(f"{m['role']}: {m['content']}" for m in history)))
print(len(history), history[-1]['role'], history[-1]['content'][:20])

# %% majority of json votes
import json
replies = [llm_query(f"Reply with JSON {i}") for i in range(3)]
scores = [json.loads(r)['score'] for r in replies]
print(sum(scores) / len(scores), set(scores) == {7})
