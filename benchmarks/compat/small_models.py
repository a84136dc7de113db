# Blocks in the style of small code models: verbose, repetitive, sometimes wrong.

# %% define and call main
def main():
    # Split the context into lines
    lines = context.split('\n')
    # Count the number of lines
    count = len(lines)
    print("The number of lines is:", count)
    return count

if __name__ == "__main__":
    result = main()
    FINAL(str(result))

# %% find key in text
key = "password"
for line in context.split("\n"):
    if key in line:
        print(line)
        break
else:
    print("Not found")

# %% redundant helper
def count_occurrences(text, word):
    count = 0
    for w in text.split():
        if w.lower().strip('.,;:!?') == word.lower():
            count = count + 1
    return count
print(count_occurrences(context, "storms"))
print(count_occurrences(context, "sea"))

# %% first code then wrong attribute
text = context
print(text.length)

# %% undefined helper
answer = extract_answer(context)
print(answer)

# %% type confusion
data = context.split('\n')
total = 0
for item in data:
    total += item
print(total)

# %% llm wrapper
prompt = f"""
Answer the question based on the text.

Text: {context[:300]}

Question: Who is the captain?
Answer:"""
response = llm_query(prompt)
print(f"Response: {response}")
FINAL(response)

# %% variables inspection
print(type(context))
print(len(context))
print(context[:100])
words = context.split()
print(len(words))
print(words[:10])

# %% simple dict counting
counts = {}
for word in context.lower().split():
    word = word.strip('.,!?;:"()')
    if word in counts:
        counts[word] += 1
    else:
        counts[word] = 1
sorted_counts = sorted(counts.items(), key=lambda item: item[1], reverse=True)
for word, count in sorted_counts[:3]:
    print(f"{word}: {count}")

# %% json of findings
import json
findings = {"answer": None, "confidence": 0.0, "evidence": []}
for i, line in enumerate(context.split("\n")):
    if "Lisbon" in line:
        findings["answer"] = line[:50]
        findings["confidence"] = 0.9
        findings["evidence"].append(i)
print(json.dumps(findings, indent=4))

# %% while loop chunker
i = 0
n = 0
while i < len(context):
    chunk = context[i:i+1000]
    n += 1
    i += 1000
print("chunks:", n)
print("last chunk length:", len(chunk))

# %% regex without raw string
import re
numbers = re.findall("[0-9]+", context)
print(len(numbers))
print(numbers[0:5])
print(max([int(x) for x in numbers]))

# %% check membership by list
vowels = ['a', 'e', 'i', 'o', 'u']
count = 0
for ch in context:
    if ch.lower() in vowels:
        count += 1
print('Vowels:', count)

# %% try everything
try:
    data = eval("{'a': 1, 'b': [1, 2]}")
    print(data['b'])
except Exception as e:
    print("Error:", str(e))

# %% nested ifs
def classify_line(line):
    if line.startswith('#'):
        return 'heading'
    elif line == '':
        return 'blank'
    else:
        if 'Contact' in line:
            return 'contact'
        elif '"' in line:
            return 'quote'
        else:
            return 'text'

result = {}
for l in context.split('\n'):
    t = classify_line(l)
    result[t] = result.get(t, 0) + 1
print(result)

# %% answer as list
lines = context.split("\n")
matches = [line for line in lines if "Marsh" in line]
print("Found", len(matches), "matches")
if matches:
    answer = matches[0].split("led")[1].split(".")[0].strip()
    print("Answer:", answer)
    FINAL(answer)
else:
    FINAL("unknown")

# %% sum of prices
prices = ["$1,200.50", "$30", "$4.25"]
total = 0
for p in prices:
    total += float(p.replace("$", "").replace(",", ""))
print("Total: $%.2f" % total)

# %% bubble sort
def bubble_sort(arr):
    n = len(arr)
    for i in range(n):
        swapped = False
        for j in range(0, n - i - 1):
            if arr[j] > arr[j + 1]:
                arr[j], arr[j + 1] = arr[j + 1], arr[j]
                swapped = True
        if not swapped:
            break
    return arr

print(bubble_sort([64, 34, 25, 12, 22, 11, 90]))

# %% class solver
class Solution:
    def twoSum(self, nums, target):
        seen = {}
        for i, num in enumerate(nums):
            if target - num in seen:
                return [seen[target - num], i]
            seen[num] = i
        return []

solution = Solution()
print(solution.twoSum([2, 7, 11, 15], 9))

# %% print in loop with format
for i in range(1, 4):
    for j in range(1, 4):
        print("{} x {} = {}".format(i, j, i * j), end="\t")
    print()

# %% string building
result = ""
for i in range(5):
    result += str(i) + ","
result = result[:-1]
print(result)
print(result.split(","))

# %% zip names
names = ["a", "b"]
ages = [1, 2]
people = []
for n, a in zip(names, ages):
    people.append({"name": n, "age": a})
print(people)
print([p["name"] for p in people if p["age"] > 1])

# %% global keyword at module
global total_count
total_count = 0
def inc():
    global total_count
    total_count += 1
inc(); inc()
print(total_count)

# %% semicolons and one liners
a = 1; b = 2; print(a + b)
if a < b: print("less")
for i in range(2): print(i)

# %% multiple returns
def stats(numbers):
    return min(numbers), max(numbers), sum(numbers) / len(numbers)
low, high, avg = stats([3, 1, 2])
print(low, high, avg)

# %% final var
answer = {"count": context.count("sea"), "first": context.find("sea")}
print(answer)
FINAL_VAR("answer")

# %% show vars then use
alpha = [1, 2, 3]
beta = "text"
print(sorted(name for name in ['alpha', 'beta'] if name in globals()))

# %% is_integer and modulo
def is_perfect_square(n):
    root = n ** 0.5
    return root.is_integer()
print([n for n in range(1, 50) if is_perfect_square(n)])
print((10 / 4).is_integer(), float(3).is_integer())

# %% isinstance chains
def to_text(x):
    if isinstance(x, str): return x
    if isinstance(x, (list, tuple)): return ' '.join(map(to_text, x))
    if isinstance(x, dict): return ' '.join(f"{k}:{to_text(v)}" for k, v in x.items())
    return str(x)
print(to_text(['a', ('b', 1), {'k': [2.5, None]}]))

# %% dict views
d = {'x': 1, 'y': 2}
print(d.keys(), d.values(), d.items())
print(list(d.keys())[0], 'x' in d.keys(), 2 in d.values(), len(d.items()))
for k in d: print(k, end=' ')
print()

# %% numbers from words
words = {'one': 1, 'two': 2, 'three': 3}
sentence = "one plus two is three"
print([words[w] for w in sentence.split() if w in words], sum(words.get(w, 0) for w in sentence.split()))

# %% temperature table
for c in range(0, 101, 25):
    f = c * 9 / 5 + 32
    print(f"{c:3d}C = {f:5.1f}F")

# %% remove duplicates keep order
items = [3, 1, 3, 2, 1]
print(list(dict.fromkeys(items)), sorted(set(items)))
seen = set()
print([x for x in items if not (x in seen or seen.add(x))])

# %% sort dict by value then name
scores = {'Bob': 3, 'Al': 3, 'Cy': 5}
for name in sorted(scores, key=lambda n: (-scores[n], n)):
    print(name, scores[name])
print(max(scores, key=lambda n: scores[n]), sorted(scores.values()), dict(sorted(scores.items())))

# %% last expression value
x = [i * i for i in range(5)]
x

# %% percent of total
parts = {'a': 10, 'b': 30, 'c': 60}
total = sum(parts.values())
for k, v in parts.items():
    print(f"{k}: {v/total*100:.1f}%")
print(f"{'-'*20}\n{'Total':<10}{total:>10}")
