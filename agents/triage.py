"""Takes every task that names no agent: answers small things itself and hands the rest to research.

Runs in the sandbox. `llm`, `agent`, `channel` and `context` are there without an import.
"""

SORTING = """You sort requests. Reply with one word.
answer: greetings, thanks, small talk, arithmetic, translating or rewriting a sentence, what everybody knows
research: facts about a person, project, document, customer or event; anything that must be looked up"""

EXAMPLES = [
    ("Hello, how are you?", "answer"),
    ("Who signed the contract with Norvale?", "research"),
    ("Translate 'good morning' into French.", "answer"),
    ("What did we find out about the outage last week?", "research"),
]

ANSWERING = "You are a helpful assistant. Answer in one or two short sentences."


def handle(task):
    """The answer, which is also sent to the user's channel."""
    question = task["input"]
    if task["context"]:
        answer = agent.call("research", question, context=context)
    elif kind_of(question) == "research":
        answer = agent.call("research", question)
    else:
        answer = llm.complete(question, system=told(ANSWERING, task), max_tokens=300)
    channel.send(answer)
    return answer


def told(rules, task):
    """The rules, and after them what the task's own instructions say."""
    return rules + "\n\n" + task["instructions"] if task.get("instructions") else rules


def kind_of(question):
    """`answer` or `research`. A reply that is neither means research, which can still answer everything."""
    messages = []
    for asked, kind in EXAMPLES:
        messages.append({"role": "user", "content": asked})
        messages.append({"role": "assistant", "content": kind})
    messages.append({"role": "user", "content": question[:2000]})
    reply = llm.complete(system=SORTING, messages=messages, choices=["answer", "research"], max_tokens=5)
    return "answer" if reply.strip().lower().startswith("answer") else "research"
