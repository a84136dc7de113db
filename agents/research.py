"""Answers a question from the data of its task, or from what it remembers of earlier ones, and remembers the answer.

Runs in the sandbox. `llm`, `memory`, `context`, the queries and `search` and `chunks` are there without an import.
"""

WHOLE = 6_000
"""Characters of a text that a model reads at once."""
PIECE = 2_000
PIECES = 6
"""Of a longer text so many pieces of so many characters are read, each by a query of its own."""
COUNTING = ("how many", "how often", "how much", "count", "total", "sum of", "average", "highest", "lowest", "most ")

READING = "You answer from the text alone, in one or two short sentences. Copy names and numbers exactly."
NOTHING = "nothing"


def handle(task):
    """The answer; empty findings are told as such."""
    question = task["input"]
    rules = task.get("instructions") or ""
    answer = from_context(question, context, rules) if task["context"] else None
    if answer is None:
        answer = from_memory(question, rules)
    memory.store("research: " + question[:200], question + "\n" + answer, scope="user")
    return answer


def from_context(question, data, rules):
    """The answer that stands in the data; None when nothing there is about the question. `rules`: the task's own."""
    text = data if isinstance(data, str) else as_text(data)
    if len(text) <= WHOLE:
        return read(question, text, rules)
    if text is not data or counts(question):
        try:
            return rlm_query(question, data)  # records and numbers are work for code
        except BudgetExceeded:
            print("no child loop is allowed here; reading instead")
    findings = found_in(question, pieces_about(question, text))
    return read(question, "\n".join(findings), rules) if findings else None


def counts(question):
    """Whether the answer is a number, or found by comparing numbers."""
    low = question.lower()
    return len([word for word in COUNTING if word in low]) > 0


def as_text(data):
    """Records, a line each."""
    if isinstance(data, dict):
        return "\n".join([str(key) + ": " + str(data[key]) for key in data])
    return "\n".join([str(item) for item in data])


def pieces_about(question, text):
    """The pieces of the text that share most with the question, in the text's order."""
    lines = search(question, text, 24)
    taken = []
    weighed = []
    for place, piece in enumerate(chunks(text, PIECE)):
        held = [line for line in lines if line in piece and line not in taken]  # pieces overlap
        if held:
            taken += held
            weighed.append((-len(held), place, piece))
    best = sorted(weighed)[:PIECES]
    return [piece for place, piece in sorted([(place, piece) for held, place, piece in best])]


def found_in(question, pieces):
    """What each piece says about the question; pieces that say nothing are left out."""
    prompts = []
    for piece in pieces:
        prompts.append(
            "Text:\n" + piece + "\n\nQuestion: " + question + "\n\nCopy the sentence of the text that helps most to"
            " answer the question. If there is none, write: " + NOTHING
        )
    replies = batch_llm_query(prompts, max_tokens=200) if prompts else []
    return [reply for reply in replies if reply.strip(" .\"'").lower() != NOTHING]


def from_memory(question, rules):
    """The answer from notes of earlier tasks and from what the model knows."""
    notes = [found["value"] for found in memory.recall(question, top_k=5, scope="user")]
    notes = [note[:1000] for note in notes if shared_words(question, note) >= 2]
    if notes:
        return read(question, "\n\n".join(notes), rules)
    return llm.complete(
        question, system=told("Answer in one or two short sentences. If you don't know, say so.", rules)
    )


def read(question, text, rules):
    """The answer to the question from a text that is short enough to be read at once."""
    return llm.complete("Text:\n" + text + "\n\nQuestion: " + question, system=told(READING, rules), max_tokens=300)


def told(usual, rules):
    """How to answer: as usual, and by the task's own rules."""
    return usual + "\n\n" + rules if rules else usual


def shared_words(one, other):
    """How many longer words two texts have in common."""
    words = {word.strip(".,;:?!'\"()").lower() for word in one.split()}
    low = other.lower()
    return len([word for word in words if len(word) > 3 and word in low])
