# Blocks over `context`, a long text: chunking, searching, asking sub-models.

# %% peek
print(len(context))
print(context[:200])
print(context[-200:])

# %% chunk and summarise
chunk_size = 1000
chunks = [context[i:i + chunk_size] for i in range(0, len(context), chunk_size)]
summaries = []
for i, chunk in enumerate(chunks):
    summary = llm_query(f"Summarize part {i + 1} of {len(chunks)}:\n{chunk}")
    summaries.append(summary)
    print(f"chunk {i}: {len(chunk)} chars -> {summary[:40]}")
final = llm_query("Combine these summaries:\n" + "\n".join(summaries))
print(final)
FINAL(final)

# %% chunk function with overlap
def chunk_text(text, size=400, overlap=50):
    chunks = []
    start = 0
    while start < len(text):
        end = min(start + size, len(text))
        chunks.append(text[start:end])
        if end == len(text):
            break
        start = end - overlap
    return chunks

parts = chunk_text(context)
print(len(parts), len(parts[0]), parts[0][-50:] == parts[1][:50])
# %% +
hits = [i for i, p in enumerate(parts) if 'password' in p.lower()]
print(hits)
answer = llm_query(f"What is the password? Text: {parts[hits[0]]}")
print(answer[:50])

# %% keyword search with window
import re

def search(text, keyword, window=40):
    results = []
    for m in re.finditer(re.escape(keyword), text, flags=re.IGNORECASE):
        start, end = max(0, m.start() - window), min(len(text), m.end() + window)
        results.append(text[start:end].replace('\n', ' '))
    return results

for snippet in search(context, 'PASSWORD')[:3]:
    print('...', snippet, '...')
print(len(search(context, 'dragon')))

# %% regex needle
import re
m = re.search(r'password for the (\w+) is ([A-Z0-9-]+)', context)
if m:
    print(m.group(1), m.group(2), m.span() == (m.start(), m.end()))
    FINAL(m.group(2))
else:
    print("not found")

# %% emails urls phones
import re
emails = re.findall(r'[\w.+-]+@[\w-]+\.[\w.]+', context)
urls = re.findall(r'https?://[^\s]+', context)
phones = re.findall(r'\+\d{2}[\d ]{8,}', context)
print(set(emails))
print(urls[0].rstrip('.'), len(urls))
print([p.strip() for p in phones[:1]])

# %% url parts
import re
from urllib.parse import urlparse, parse_qs, quote, urlencode
url = re.search(r'https?://[^\s]+?(?=\.?\s)', context).group()
parts = urlparse(url)
print(parts.scheme, parts.netloc, parts.path)
print(parse_qs(parts.query))
print(quote('Port Wexley & co'), urlencode({'q': 'blue heron', 'n': 2}))

# %% word frequency
import re
from collections import Counter
words = re.findall(r"[a-z']+", context.lower())
stop = {'the', 'of', 'and', 'a', 'to', 'in', 'on', 'is', 'it', 'for', 'or', 'we', 'was'}
freq = Counter(w for w in words if w not in stop)
for word, n in sorted(freq.items(), key=lambda x: (-x[1], x[0]))[:10]:
    print(f"{word:15}{n:4}")

# %% string constants
import string
table = str.maketrans('', '', string.punctuation)
clean = context[:200].translate(table).lower().split()
print(clean[:12])
print(string.ascii_lowercase[:5], string.digits)
letters = {c: context.lower().count(c) for c in string.ascii_lowercase}
print(max(letters, key=letters.get), letters['z'])

# %% sentences
import re
sentences = re.split(r'(?<=[.!?])\s+', context)
print(len(sentences))
longest = max(sentences, key=len)
print(longest[:60])
print([len(s.split()) for s in sentences[:10]])

# %% chapters
import re
pieces = re.split(r'^# Chapter (\d+)$', context, flags=re.MULTILINE)
chapters = {}
for i in range(1, len(pieces), 2):
    chapters[int(pieces[i])] = pieces[i + 1].strip()
for number, text in chapters.items():
    print(number, len(text), text.split('\n')[0][:30])

# %% numbers in text
import re
numbers = [int(n) for n in re.findall(r'\b\d{1,3}\b', context)]
years = sorted(set(re.findall(r'\b1[89]\d\d\b', context)))
print(len(numbers), sum(numbers), years)
percent = re.findall(r'(\d+(?:\.\d+)?)%', context)
print([float(p) for p in percent][:3])

# %% dates in text
import re
from datetime import datetime
found = re.findall(r'\b(\d{1,2} (?:March|April) \d{4})\b', context)
dates = sorted({datetime.strptime(f, '%d %B %Y') for f in found})
for d in dates:
    print(d.strftime('%Y-%m-%d %A'), d.timetuple().tm_yday)

# %% batch map reduce
sections = [s for s in context.split('# Chapter') if s.strip()]
prompts = [f"Summarize in one line:\n{s}" for s in sections]
partial = llm_query_batched(prompts)
for p in partial:
    print(p[:30])
joined = "\n".join(f"- {p}" for p in partial)
print(llm_query("Merge:\n" + joined)[:40])

# %% threads over chunks
from concurrent.futures import ThreadPoolExecutor
chunks = [context[i:i + 900] for i in range(0, len(context), 900)]

def ask(chunk):
    return llm_query(f"Does this mention a password? yes or no\n{chunk}")

with ThreadPoolExecutor(max_workers=4) as pool:
    answers = list(pool.map(ask, chunks))
print(len(answers), [a[:3] for a in answers])

# %% pool map host function
from concurrent.futures import ThreadPoolExecutor
prompts = [f"Question {i}: how many words?" for i in range(5)]
with ThreadPoolExecutor() as executor:
    results = list(executor.map(llm_query, prompts))
for p, r in zip(prompts, results):
    print(p, '->', r)

# %% submit and as completed
import concurrent.futures
prompts = {f"Name item {i}": i for i in range(3)}
with concurrent.futures.ThreadPoolExecutor(max_workers=3) as ex:
    futures = {ex.submit(llm_query, p): i for p, i in prompts.items()}
    out = {}
    for f in concurrent.futures.as_completed(futures):
        out[futures[f]] = f.result()
for i in sorted(out):
    print(i, out[i])

# %% host call in map
pieces = context.split('\n')[:3]
print(list(map(llm_query, pieces)))
print([len(r) for r in map(lambda p: llm_query(p), pieces)])

# %% host call in key function
names = ['storm', 'ship', 'sail']
ranked = sorted(names, key=lambda n: llm_query(f"How many letters? number: {n}"))
print(ranked)
best = max(names, key=lambda n: int(llm_query(f"number of vowels in {n}")))
print(best)

# %% host call in filter
items = ['apple', 'rock', 'pear', 'hammer!']
kept = list(filter(lambda x: llm_query(f"Is {x} food? yes or no").startswith('yes'), items))
print(kept)
print([x for x in items if 'yes' in llm_query(f"yes or no: {x}")])

# %% host call in any
flags = [any('yes' in llm_query(f"yes or no {w} {c}") for c in 'ab') for w in ('x', 'yy')]
print(flags)

# %% nested function with host call
def analyse(text, depth=0):
    if len(text) < 800 or depth > 2:
        return [llm_query(f"depth {depth}: {text[:20]}")]
    half = len(text) // 2
    return analyse(text[:half], depth + 1) + analyse(text[half:], depth + 1)

result = analyse(context)
print(len(result))
print(result[0])

# %% memoised queries
cache = {}

def cached_query(prompt):
    if prompt not in cache:
        cache[prompt] = llm_query(prompt)
    return cache[prompt]

for q in ['one', 'two', 'one', 'one']:
    print(cached_query(q))
print(len(cache))

# %% lru cache on a function that asks
from functools import lru_cache

@lru_cache(maxsize=None)
def ask(question):
    return llm_query(question)

print(ask('a'), ask('a'), ask('b'))
print(ask.cache_info().hits)

# %% retry loop
def ask_number(prompt, tries=3):
    for attempt in range(tries):
        reply = llm_query(f"{prompt} (attempt {attempt})")
        try:
            return int(reply)
        except ValueError:
            print('not a number:', reply[:12])
    return None

print(ask_number('Tell me a story'))
print(ask_number('Give a number'))

# %% rlm query
answer = rlm_query("Who led the expedition?", context[:500])
print(answer)

# %% textwrap output
import textwrap
paragraph = ' '.join(context.split()[:60])
print(textwrap.fill(paragraph, width=50))
print(textwrap.shorten(paragraph, width=40, placeholder='...'))
for line in textwrap.wrap(paragraph, 30)[:3]:
    print('|' + line.ljust(30) + '|')

# %% textwrap dedent indent
from textwrap import dedent, indent
prompt = dedent("""
    You are a judge.
      Keep this indent.
    Text:
""").strip()
print(prompt)
print(indent("a\n\nb", '> '))

# %% difflib close matches
import difflib
words = sorted({w.strip('.,:;"').lower() for w in context.split()})
print(difflib.get_close_matches('pasword', words))
print(difflib.get_close_matches('litehouse', words, n=1))
ratio = difflib.SequenceMatcher(None, 'Wexley', 'Weksley').ratio()
print(f"{ratio:.3f}")

# %% unified diff
import difflib
a = "one\ntwo\nthree\nfour".splitlines()
b = "one\n2\nthree\nfour\nfive".splitlines()
for line in difflib.unified_diff(a, b, 'old', 'new', lineterm=''):
    print(line)
print('\n'.join(difflib.ndiff(['abc', 'def'], ['abd', 'def'])))

# %% html text
import html
raw = "<p>Fish &amp; chips &lt;cheap&gt; &#39;n&#39; &quot;hot&quot;&nbsp;now &copy; 2024</p>"
text = html.unescape(raw)
print(text)
print(html.escape('<a href="x">Tom & Jerry\'s</a>'))

# %% index of lines
index = {}
for number, line in enumerate(context.splitlines(), 1):
    for word in set(line.lower().split()):
        index.setdefault(word, []).append(number)
print(index.get('captain'), len(index))
rarest = sorted(w for w, where in index.items() if len(where) == 1)
print(rarest[:5])

# %% ngrams
from collections import Counter
tokens = context.lower().split()
bigrams = Counter(zip(tokens, tokens[1:]))
for (a, b), n in sorted(bigrams.items(), key=lambda kv: (-kv[1], kv[0]))[:5]:
    print(a, b, n)
trigrams = [' '.join(tokens[i:i + 3]) for i in range(3)]
print(trigrams)

# %% tf idf
import math
docs = [d for d in context.split('\n') if d.strip()][:8]
tf = [{w: d.lower().split().count(w) for w in set(d.lower().split())} for d in docs]
df = {}
for t in tf:
    for w in t:
        df[w] = df.get(w, 0) + 1
scores = {w: tf[1].get(w, 0) * math.log(len(docs) / df[w]) for w in tf[1]}
top = sorted(scores, key=lambda w: (-scores[w], w))[:4]
print(top, [round(scores[w], 4) for w in top])

# %% caesar and palindromes
def caesar(text, shift):
    out = []
    for ch in text:
        if ch.isalpha():
            base = ord('A') if ch.isupper() else ord('a')
            out.append(chr((ord(ch) - base + shift) % 26 + base))
        else:
            out.append(ch)
    return ''.join(out)

secret = caesar("Blue Heron", 3)
print(secret, caesar(secret, -3))
print([w for w in 'level radar text noon'.split() if w == w[::-1]])

# %% question words
question = "When did the ship reach Lisbon?"
keywords = [w.strip('?').lower() for w in question.split() if len(w) > 3]
scored = []
for n, line in enumerate(context.splitlines()):
    score = sum(k in line.lower() for k in keywords)
    if score:
        scored.append((score, n, line))
scored.sort(key=lambda t: (-t[0], t[1]))
print(scored[0][0], scored[0][2][:70])
FINAL_VAR("scored")

# %% verbose regex
import re
pattern = re.compile(r"""
    (?P<day>\d{1,2})\s      # day
    (?P<month>[A-Z][a-z]+)  # month
    \s(?P<year>\d{4})
""", re.VERBOSE)
for m in list(pattern.finditer(context))[:2]:
    print(m.groupdict())
print(re.findall(r"(?i) sailors # literal", context))

# %% re split and subn
import re
print(re.split(r'[;,]\s*', 'a, b;c,d;  e'))
text, n = re.subn(r'\bWexley\b', 'WEXLEY', context)
print(n, text.count('WEXLEY'))
print(re.sub(r'(\w+)@(\w+)', r'\2 at \1', 'me@host'))
print(re.fullmatch(r'\d+', '123') is not None, re.match(r'\d+', 'a1'))

# %% compiled pattern methods
import re
p = re.compile(r'(\d+) (\w+)')
m = p.search(context)
print(m.group(), m.groups(), m[1], m.start())
print(p.pattern, p.sub(r'\2 \1', '3 spare sails'), p.split('x 1 a y')[0])
print([x.group(2) for x in p.finditer(context)][:5])
