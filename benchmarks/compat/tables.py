# Blocks over `context`, a CSV file of orders.

# %% dictreader totals
import csv
import io
reader = csv.DictReader(io.StringIO(context))
rows = list(reader)
print(len(rows), reader.fieldnames)
total = sum(int(r['quantity']) * float(r['unit_price']) for r in rows)
print(f"Total revenue: {total:,.2f}")
# %% +
by_region = {}
for r in rows:
    by_region[r['region']] = by_region.get(r['region'], 0) + int(r['quantity']) * float(r['unit_price'])
for region, revenue in sorted(by_region.items(), key=lambda kv: kv[1], reverse=True):
    print(f"{region:<8}{revenue:>12,.2f}")
# %% +
best = max(by_region.items(), key=lambda kv: kv[1])
FINAL(f"{best[0]}: {best[1]:.2f}")

# %% splitlines reader
import csv
rows = list(csv.reader(context.splitlines()))
header, data = rows[0], rows[1:]
print(header)
print(data[0])
print(sum(1 for row in data if row[3].startswith('Gizmo')))

# %% group by with defaultdict
import csv
from collections import defaultdict
groups = defaultdict(list)
for row in csv.DictReader(context.splitlines()):
    groups[row['customer']].append(row)
for customer in sorted(groups):
    orders = groups[customer]
    qty = sum(int(o['quantity']) for o in orders)
    print(f"{customer:10s} | {len(orders):3d} orders | {qty:4d} units | avg {qty / len(orders):6.2f}")

# %% pivot table
import csv
rows = list(csv.DictReader(context.splitlines()))
regions = sorted({r['region'] for r in rows})
products = sorted({r['product'] for r in rows})
print(' ' * 15 + ''.join(f"{r:>8}" for r in regions))
for p in products:
    cells = []
    for region in regions:
        n = sum(int(r['quantity']) for r in rows if r['product'] == p and r['region'] == region)
        cells.append(f"{n:>8}")
    print(f"{p:<15}" + ''.join(cells))

# %% no csv module, naive split
lines = context.strip().split('\n')
cols = lines[0].split(',')
records = []
for line in lines[1:]:
    values = line.split(',')
    if len(values) == len(cols):
        records.append(dict(zip(cols, values)))
print(len(records), len(lines) - 1)
print(records[0])
print(max(records, key=lambda r: float(r['unit_price']))['order_id'])

# %% itemgetter sort
import csv
from operator import itemgetter
rows = list(csv.DictReader(context.splitlines()))
rows.sort(key=itemgetter('region', 'customer'))
for row in rows[:6]:
    print(itemgetter('region', 'customer', 'order_id')(row))

# %% dataclass records
import csv
from dataclasses import dataclass, asdict
from datetime import date

@dataclass
class Order:
    order_id: int
    day: date
    region: str
    quantity: int
    unit_price: float

    @property
    def amount(self):
        return self.quantity * self.unit_price

    @classmethod
    def from_row(cls, row):
        return cls(
            order_id=int(row['order_id']),
            day=date.fromisoformat(row['date']),
            region=row['region'],
            quantity=int(row['quantity']),
            unit_price=float(row['unit_price']),
        )

orders = [Order.from_row(r) for r in csv.DictReader(context.splitlines())]
print(orders[0])
print(f"{orders[0].amount:.2f}")
big = [o for o in orders if o.amount > 500]
print(len(big), [o.order_id for o in big])
d = asdict(orders[1])
print(d['order_id'], d['region'], d['day'])
# %% +
months = {}
for o in orders:
    months.setdefault(o.day.month, []).append(o.amount)
for m in sorted(months):
    print(m, len(months[m]), round(sum(months[m]), 2))

# %% running total
import csv
from itertools import accumulate
amounts = [float(r['unit_price']) for r in csv.DictReader(context.splitlines())][:8]
running = list(accumulate(amounts))
print([round(x, 2) for x in running])
print(list(accumulate([3, 1, 4, 1, 5], max)))

# %% weekday analysis
import csv
import calendar
from datetime import datetime
counts = [0] * 7
for row in csv.DictReader(context.splitlines()):
    counts[datetime.strptime(row['date'], '%Y-%m-%d').weekday()] += 1
for name, n in zip(calendar.day_name, counts):
    print(f"{name:<10} {'*' * n} {n}")

# %% filter by date
from datetime import date
import csv
start, end = date(2024, 3, 1), date(2024, 6, 30)
selected = []
for row in csv.DictReader(context.splitlines()):
    y, m, d = map(int, row['date'].split('-'))
    if start <= date(y, m, d) <= end:
        selected.append(row)
print(len(selected))
print(sorted({r['region'] for r in selected}))
days = [(date.fromisoformat(r['date']) - start).days for r in selected]
print(min(days), max(days))

# %% write csv with dictwriter
import csv
import io
rows = [{'name': 'a, b', 'n': 1}, {'name': 'say "hi"', 'n': None}]
buffer = io.StringIO()
writer = csv.DictWriter(buffer, fieldnames=['name', 'n'])
writer.writeheader()
writer.writerows(rows)
buffer.seek(0)
for line in buffer:
    print(repr(line))
back = list(csv.DictReader(io.StringIO(buffer.getvalue())))
print(back)

# %% join two tables
customers = {'Acme': {'tier': 'gold'}, 'Globex': {'tier': 'silver'}, 'Initech': {'tier': 'gold'}}
import csv
tiers = {}
missing = set()
for row in csv.DictReader(context.splitlines()):
    info = customers.get(row['customer'])
    if info is None:
        missing.add(row['customer'])
        continue
    tiers[info['tier']] = tiers.get(info['tier'], 0) + int(row['quantity'])
print(tiers, sorted(missing))

# %% decimal sums
from decimal import Decimal, ROUND_HALF_UP
import csv
total = Decimal('0')
for row in csv.DictReader(context.splitlines()):
    total += Decimal(row['unit_price']) * int(row['quantity'])
print(total, total.quantize(Decimal('0.1'), rounding=ROUND_HALF_UP))
print(type(total).__name__)

# %% markdown table
import csv
rows = list(csv.reader(context.splitlines()))[:5]
widths = [max(len(row[i]) for row in rows) for i in range(4)]
for n, row in enumerate(rows):
    print('| ' + ' | '.join(cell.ljust(w) for cell, w in zip(row, widths)) + ' |')
    if n == 0:
        print('|' + '|'.join('-' * (w + 2) for w in widths) + '|')

# %% top k with counter
import csv
from collections import Counter
c = Counter()
for row in csv.DictReader(context.splitlines()):
    c[row['product']] += int(row['quantity'])
print(c.most_common(2))
print(sum(c.values()), c['Nothing'])
other = Counter({'Widget': 5})
print((c + other)['Widget'] - c['Widget'], (other - c))

# %% median price per region
import csv
import statistics as st
prices = {}
for r in csv.DictReader(context.splitlines()):
    prices.setdefault(r['region'], []).append(float(r['unit_price']))
summary = {k: {'mean': round(st.mean(v), 3), 'median': st.median(v), 'mode': st.mode(v)} for k, v in prices.items()}
for k in sorted(summary):
    print(k, summary[k])

# %% sort by two keys with minus
import csv
rows = list(csv.DictReader(context.splitlines()))
ranked = sorted(rows, key=lambda r: (-int(r['quantity']), r['order_id']))
for r in ranked[:5]:
    print(r['quantity'].rjust(3), r['order_id'])

# %% llm row labels
import csv
import json
rows = list(csv.DictReader(context.splitlines()))[:4]
labels = {}
for row in rows:
    prompt = f"Is this order large? Answer yes or no.\n{json.dumps(row)}"
    labels[row['order_id']] = llm_query(prompt).strip().lower().startswith('yes')
print(labels)
print(sum(labels.values()))

# %% numeric columns
import csv

def is_number(s):
    try:
        float(s)
        return True
    except ValueError:
        return False

rows = list(csv.reader(context.splitlines()))
columns = list(zip(*rows[1:]))
for name, values in zip(rows[0], columns):
    if all(is_number(v) for v in values):
        nums = [float(v) for v in values]
        print(f"{name:<12} min={min(nums):>8.2f} max={max(nums):>8.2f} mean={sum(nums)/len(nums):>8.2f}")
    else:
        print(f"{name:<12} {len(set(values))} distinct")

# %% is_integer floats
values = [1.0, 2.5, 3.0, 1e20, float('inf')]
print([v.is_integer() for v in values])
print([int(v) if v.is_integer() else v for v in values[:3]])
prices = [float(x) for x in ['9.99', '100.0']]
print([f"{p:.0f}" if p.is_integer() else f"{p:.2f}" for p in prices])

# %% histogram bins
import csv
quantities = [int(r['quantity']) for r in csv.DictReader(context.splitlines())]
bins = [(0, 5), (5, 10), (10, 15), (15, 21)]
for low, high in bins:
    n = sum(low <= q < high for q in quantities)
    print(f"[{low:2d},{high:2d}) {'█' * n} {n}")

# %% sniff delimiter
samples = ["a;b;c\n1;2;3", "a\tb\n1\t2", "a|b\nx|y"]
for s in samples:
    delimiter = max([',', ';', '\t', '|'], key=s.count)
    rows = [line.split(delimiter) for line in s.split('\n')]
    print(repr(delimiter), rows)

# %% namedtuple rows
import csv
from collections import namedtuple
reader = csv.reader(context.splitlines())
Row = namedtuple('Row', next(reader))
rows = [Row(*r) for r in reader]
print(rows[0].region, rows[0].customer, rows[0]._asdict()['date'])
print(Row._fields)
r2 = rows[0]._replace(quantity='99')
print(r2.quantity, rows[0] == r2)

# %% chunked csv via islice
import csv
from itertools import islice
reader = csv.reader(context.splitlines())
header = next(reader)
count = 0
while True:
    part = list(islice(reader, 16))
    if not part:
        break
    count += 1
    print(count, len(part), part[0][0])

# %% ragged rows
import csv
text = "a,b,c\n1,2\n3,4,5,6\n"
for row in csv.DictReader(text.splitlines()):
    print(row)
rows = list(csv.DictReader(text.splitlines(), restval='-'))
print(rows[0]['c'])
