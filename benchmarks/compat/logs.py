# Blocks over `context`, a server log.

# %% look at the start
print(type(context), len(context))
print(context[:300])

# %% count levels
from collections import Counter
lines = context.splitlines()
levels = Counter(line.split('[')[1].split(']')[0] for line in lines if '[' in line)
for level, count in levels.most_common():
    print(f"{level}: {count}")

# %% errors by service
import re
pattern = re.compile(r'\[(?P<level>\w+)\] (?P<service>\w+): (?P<msg>.*)')
errors = {}
for line in context.split('\n'):
    m = pattern.search(line)
    if m and m.group('level') == 'ERROR':
        errors.setdefault(m.group('service'), []).append(m.group('msg'))
for service in sorted(errors):
    print(service, len(errors[service]))
    for msg in errors[service][:2]:
        print('   ', msg)

# %% slowest requests
import re
import heapq
times = []
for i, line in enumerate(context.splitlines()):
    found = re.search(r'took (\d+)ms', line)
    if found:
        times.append((int(found.group(1)), i))
top = heapq.nlargest(5, times)
for ms, i in top:
    print(f"{ms:>6} ms  line {i}")
print("fastest:", heapq.nsmallest(3, times))

# %% parse into dicts
import re
from datetime import datetime

def parse_line(line):
    m = re.match(r'(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2}) \[(\w+)\] (\w+): (.*)', line)
    if not m:
        return None
    date, time, level, service, message = m.groups()
    return {
        'ts': datetime.strptime(f"{date} {time}", "%Y-%m-%d %H:%M:%S"),
        'level': level,
        'service': service,
        'message': message,
    }

entries = [e for e in (parse_line(l) for l in context.splitlines()) if e]
print(len(entries), entries[0]['ts'].isoformat(), entries[-1]['ts'])
span = entries[-1]['ts'] - entries[0]['ts']
print("span:", span, span.total_seconds())
# %% +
by_hour = {}
for e in entries:
    by_hour.setdefault(e['ts'].strftime('%Y-%m-%d %H:00'), []).append(e)
for hour, group in sorted(by_hour.items()):
    bad = sum(1 for e in group if e['level'] in ('ERROR', 'WARNING'))
    print(f"{hour}  {len(group):3d} entries, {bad} bad {'!' * bad}")
# %% +
worst = max(by_hour, key=lambda h: sum(e['level'] == 'ERROR' for e in by_hour[h]))
print(worst)
FINAL(f"The worst hour was {worst}")

# %% unique ips
import re
ips = set(re.findall(r'\d+\.\d+\.\d+\.\d+', context))
print(len(ips))
print(sorted(ips, key=lambda ip: int(ip.split('.')[-1])))

# %% max by dict get
counts = {}
for line in context.splitlines():
    parts = line.split()
    if len(parts) > 3:
        svc = parts[3].rstrip(':')
        counts[svc] = counts.get(svc, 0) + 1
busiest = max(counts, key=counts.get)
quietest = min(counts, key=counts.get)
print(busiest, counts[busiest])
print(quietest, counts[quietest])
print(sorted(counts, key=counts.get, reverse=True))

# %% strip with map
words = list(map(str.strip, context.split(':')[:8]))
print(words)
print(list(map(str.upper, ['a', 'b'])))
print(list(filter(str.isdigit, context[:40].replace('-', ' ').split())))

# %% error lines with context lines
lines = context.splitlines()
hits = [i for i, line in enumerate(lines) if 'ERROR' in line]
for i in hits[:3]:
    start, end = max(0, i - 1), min(len(lines), i + 2)
    print('-' * 20)
    print('\n'.join(f"{n:04d} {lines[n][:60]}" for n in range(start, end)))

# %% ask about errors
errors = [line for line in context.splitlines() if '[ERROR]' in line]
answers = []
for err in errors[:3]:
    answer = llm_query(f"Classify this error in one word: {err}")
    answers.append(answer)
print(answers)
print(len(answers) == 3)

# %% batch over chunks
lines = context.splitlines()
chunks = ['\n'.join(lines[i:i + 15]) for i in range(0, len(lines), 15)]
prompts = [f"How many errors are in this log part? Reply with a number.\n{c}" for c in chunks]
results = batch_llm_query(prompts)
total = 0
for r in results:
    digits = ''.join(ch for ch in r if ch.isdigit())
    total += int(digits) if digits else 0
print(total, len(results))

# %% status histogram
import re
from collections import defaultdict
hist = defaultdict(int)
for status in re.findall(r'status=(\d{3})', context):
    hist[status] += 1
width = max(hist.values())
for status in sorted(hist):
    bar = '#' * int(20 * hist[status] / width)
    print(f"{status} | {bar:<20} | {hist[status]}")

# %% percentile
import re
import statistics
took = [int(x) for x in re.findall(r'took (\d+)ms', context)]
print('n', len(took))
print('mean', round(statistics.mean(took), 2))
print('median', statistics.median(took))
print('stdev', round(statistics.stdev(took), 3))
q = statistics.quantiles(took, n=4)
print('quartiles', [round(x, 1) for x in q])
took.sort()
print('p95', took[int(0.95 * len(took))])

# %% group consecutive by day
from itertools import groupby
days = groupby(context.splitlines(), key=lambda line: line[:10])
for day, group in days:
    group = list(group)
    print(day, len(group), sum('ERROR' in g for g in group))

# %% regex sub callable masks
import re

def mask(match):
    return match.group(1) + 'x' * len(match.group(2))

masked = re.sub(r'(\d+\.\d+\.\d+\.)(\d+)', mask, context)
print(masked.count('10.0.0.x'))
print(re.sub(r'\d{4}-\d{2}-\d{2}', lambda m: m.group(0).replace('-', '/'), context[:60]))

# %% csv of log through stringio
import csv
import io
out = io.StringIO()
writer = csv.writer(out)
writer.writerow(['date', 'level', 'chars'])
for line in context.splitlines()[:4]:
    date, _, level = line.split()[:3]
    writer.writerow([date, level.strip('[]'), len(line)])
text = out.getvalue()
print(text)
print(repr(text[:30]))

# %% tail function with deque
from collections import deque

def tail(text, n=3):
    return list(deque(text.splitlines(), maxlen=n))

for line in tail(context):
    print(line[:50])

# %% sessions by generator
def sessions(lines, gap=3):
    current = []
    for i, line in enumerate(lines):
        if current and i % gap == 0:
            yield current
            current = []
        current.append(line[:19])
    if current:
        yield current

parts = list(sessions(context.splitlines()[:10]))
print(len(parts))
for p in parts:
    print(p[0], '->', p[-1], len(p))

# %% walrus and any
import re
lines = context.splitlines()
found = []
for line in lines:
    if (m := re.search(r'user=(\w+)', line)) is not None:
        found.append(m[1])
print(found[:5], any(name == 'ada' for name in found), all(found))
print(sorted(set(found)))

# %% datetime buckets with timedelta
from datetime import datetime, timedelta
stamps = [datetime.fromisoformat(line[:19]) for line in context.splitlines() if line]
start = stamps[0].replace(minute=0, second=0)
bucket = timedelta(hours=6)
counts = {}
for s in stamps:
    index = int((s - start) / bucket)
    counts[index] = counts.get(index, 0) + 1
for index in sorted(counts):
    print((start + index * bucket).strftime('%d %b %H:%M'), counts[index])

# %% longest line
longest = max(context.splitlines(), key=len)
print(len(longest), longest[:40])
lengths = sorted(map(len, context.splitlines()))
print(lengths[:3], lengths[-3:])

# %% report class
class LogReport:
    LEVELS = ['DEBUG', 'INFO', 'WARNING', 'ERROR']

    def __init__(self, text):
        self.lines = [l for l in text.splitlines() if l.strip()]
        self.counts = {level: 0 for level in self.LEVELS}
        self._scan()

    def _scan(self):
        for line in self.lines:
            for level in self.LEVELS:
                if f'[{level}]' in line:
                    self.counts[level] += 1
                    break

    def __len__(self):
        return len(self.lines)

    @property
    def error_rate(self):
        return self.counts['ERROR'] / len(self)

    def __repr__(self):
        return f"LogReport({len(self)} lines, {self.error_rate:.1%} errors)"

report = LogReport(context)
print(report)
print(report.counts)
print(len(report), round(report.error_rate, 4))

# %% two lists zip
import re
ids = re.findall(r'id=(\d+)', context)[:5]
paths = re.findall(r'path=(\S+)', context)[:5]
for i, (a, b) in enumerate(zip(ids, paths), start=1):
    print(f"{i}. {a} {b}")
print(dict(zip(ids, paths)))

# %% logging module
import logging
logging.basicConfig(level=logging.INFO, format='%(levelname)s %(message)s')
logger = logging.getLogger('scan')
bad = [l for l in context.splitlines() if 'ERROR' in l]
logger.info('found %d bad lines', len(bad))
logger.warning('first: %s', bad[0][:10])
print(len(bad), logger.name, logging.getLevelName(logging.ERROR))
