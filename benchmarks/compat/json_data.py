# Blocks over `context`, a JSON document as text.

# %% load and keys
import json
data = json.loads(context)
print(list(data.keys()))
print(len(data['users']), data['meta'])
# %% +
for user in data['users']:
    spent = sum(o['qty'] * o['price'] for o in user['orders'])
    print(f"{user['name']:<5} {user['age']:>3} {user['address']['city']:<6} {spent:8.2f}")
# %% +
ages = [u['age'] for u in data['users']]
print(sum(ages) / len(ages), min(ages), max(ages))
oldest = max(data['users'], key=lambda u: u['age'])
FINAL(oldest['name'])

# %% walk nested
import json

def walk(node, path='$'):
    if isinstance(node, dict):
        for key, value in node.items():
            yield from walk(value, f"{path}.{key}")
    elif isinstance(node, list):
        for i, value in enumerate(node):
            yield from walk(value, f"{path}[{i}]")
    else:
        yield path, node

data = json.loads(context)
flat = list(walk(data))
print(len(flat))
for path, value in flat[:8]:
    print(path, '=', value)

# %% flatten without generator
import json

def flatten(obj, prefix=''):
    out = {}
    for k, v in obj.items():
        key = f"{prefix}.{k}" if prefix else k
        if isinstance(v, dict):
            out.update(flatten(v, key))
        else:
            out[key] = v
    return out

user = json.loads(context)['users'][0]
flat = flatten(user)
print(sorted(flat))
print(flat['address.city'])

# %% dumps indent sort
import json
data = json.loads(context)
small = {'users': [{k: u[k] for k in ('id', 'name')} for u in data['users'][:2]], 'ok': True, 'none': None}
print(json.dumps(small, indent=2))
print(json.dumps(small, sort_keys=True, separators=(',', ':')))
print(json.dumps("é ü 漢"), json.dumps("é", ensure_ascii=False))

# %% dumps default
import json
from datetime import date
record = {'day': date(2024, 1, 5), 'tags': {'x'}, 'n': 3}

def encode(o):
    if isinstance(o, date):
        return o.isoformat()
    if isinstance(o, set):
        return sorted(o)
    raise TypeError(f"cannot encode {type(o).__name__}")

print(json.dumps(record, default=encode))
print(json.dumps({'d': date(2020, 2, 2)}, default=str))
try:
    json.dumps({'f': {1, 2}})
except TypeError as e:
    print('TypeError:', e)

# %% bad json
import json
texts = ['{"a": 1}', '{"a": 1,}', 'nope', '[1, 2', '']
for t in texts:
    try:
        print(json.loads(t))
    except json.JSONDecodeError as e:
        print('bad json', repr(t[:8]))

# %% extract json from llm reply
import json
import re
reply = llm_query("Give me JSON for the first user, please.")
match = re.search(r'\{.*\}', reply, re.DOTALL)
if match:
    parsed = json.loads(match.group())
    print(parsed['name'], parsed['score'] + 1)
else:
    print('no json')

# %% fenced json reply
import json
reply = "Here you go:\n```json\n{\"items\": [1, 2, 3], \"done\": false}\n```\nAnything else?"
body = reply.split('```json')[1].split('```')[0].strip()
obj = json.loads(body)
print(obj['items'], obj['done'] is False)

# %% nested get
import json
data = json.loads(context)

def dig(obj, *keys, default=None):
    for key in keys:
        try:
            obj = obj[key]
        except (KeyError, IndexError, TypeError):
            return default
    return obj

print(dig(data, 'users', 0, 'address', 'city'))
print(dig(data, 'users', 99, 'name', default='nobody'))
print(dig(data, 'meta', 'source', 'x'))

# %% tags index
import json
from collections import defaultdict
index = defaultdict(set)
for user in json.loads(context)['users']:
    for tag in user['tags']:
        index[tag].add(user['name'])
for tag in sorted(index):
    print(tag, sorted(index[tag]))
both = index['admin'] & index['vip']
print(sorted(both), sorted(index['admin'] | index['vip']), sorted(index['admin'] - index['vip']))

# %% group by city with sorted groupby
import json
from itertools import groupby
from operator import itemgetter
users = sorted(json.loads(context)['users'], key=lambda u: u['address']['city'])
for city, members in groupby(users, key=lambda u: u['address']['city']):
    print(city, [m['name'] for m in members])
print([u['id'] for u in sorted(users, key=itemgetter('age'))])

# %% json lines
import json
lines = '\n'.join(json.dumps({'i': i, 'sq': i * i}) for i in range(5))
records = [json.loads(line) for line in lines.splitlines()]
print(records[-1], sum(r['sq'] for r in records))

# %% object hook
import json
from types import SimpleNamespace
obj = json.loads('{"a": {"b": [1, {"c": 2}]}}', object_hook=lambda d: SimpleNamespace(**d))
print(obj.a.b[1].c)
print(obj)

# %% set default nested
import json
tree = {}
for user in json.loads(context)['users']:
    tree.setdefault(user['address']['city'], {}).setdefault(user['age'] // 10 * 10, []).append(user['name'])
print(json.dumps(tree, indent=1, sort_keys=True))

# %% pprint
from pprint import pprint, pformat
import json
user = json.loads(context)['users'][0]
pprint(user)
pprint({'b': 1, 'a': [1, 2]}, width=20)
print(pformat(list(range(30)), width=40, compact=True))

# %% diff two versions
import json
old = {'a': 1, 'b': 2, 'c': [1, 2]}
new = {'a': 1, 'b': 3, 'd': None}
added = new.keys() - old.keys()
removed = old.keys() - new.keys()
changed = {k: (old[k], new[k]) for k in old.keys() & new.keys() if old[k] != new[k]}
print(sorted(added), sorted(removed), changed)

# %% schema of records
import json
schema = {}
for user in json.loads(context)['users']:
    for key, value in user.items():
        schema.setdefault(key, set()).add(type(value).__name__)
for key, kinds in schema.items():
    print(f"{key}: {', '.join(sorted(kinds))}")

# %% encoder class
import json

class Point:
    def __init__(self, x, y):
        self.x = x
        self.y = y

class PointEncoder(json.JSONEncoder):
    def default(self, o):
        if isinstance(o, Point):
            return {'x': o.x, 'y': o.y}
        return super().default(o)

print(json.dumps([Point(1, 2)], cls=PointEncoder))

# %% literal like parsing
text = "name=Ada; age=36; langs=py,rust"
record = {}
for part in text.split(';'):
    key, _, value = part.strip().partition('=')
    record[key] = value.split(',') if ',' in value else int(value) if value.isdigit() else value
print(record)

# %% sum with missing keys
rows = [{'n': 1}, {}, {'n': None}, {'n': 4}]
print(sum(r.get('n') or 0 for r in rows))
print([r.get('n', 'missing') for r in rows])
print({**rows[0], 'extra': True}, rows[0] | {'n': 9})

# %% deep copy edits
import copy
import json
data = json.loads(context)
clone = copy.deepcopy(data)
clone['users'][0]['name'] = 'Changed'
print(data['users'][0]['name'], clone['users'][0]['name'])
shallow = copy.copy(data)
print(shallow['users'] is data['users'])

# %% merge recursively
def merge(a, b):
    result = dict(a)
    for key, value in b.items():
        if key in result and isinstance(result[key], dict) and isinstance(value, dict):
            result[key] = merge(result[key], value)
        else:
            result[key] = value
    return result

print(merge({'a': {'x': 1}, 'b': 1}, {'a': {'y': 2}, 'c': 3}))

# %% typed dict and alias
from typing import Dict, List, Any, TypedDict, Optional
import json

class User(TypedDict):
    id: int
    name: str

Json = Dict[str, Any]

def first(data: Json) -> Optional[User]:
    users: List[User] = data.get('users', [])
    return users[0] if users else None

u = first(json.loads(context))
print(u['name'], first({}))
print(User(id=1, name='x'))
