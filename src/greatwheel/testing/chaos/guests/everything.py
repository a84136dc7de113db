# mypy: ignore-errors
# ruff: noqa: F821
"""Guest source of the task under test: host calls of every kind, with time and chance in their arguments.

What stands after § differs from run to run but not from attempt to attempt; the answer has nothing of it.
"""

import random
import time
import uuid
from concurrent.futures import ThreadPoolExecutor


def mark():
    return f" §{random.random()} {uuid.uuid4()} {time.time()}"


def charge(order, told):
    """An effect that the other side would do twice."""
    try:
        told["orders"][order] = tool.charge(order=order, mark=mark())
    except InDoubt:
        told["orders"][order] = "in doubt"


def note(order, told):
    """An effect that the other side does once, however often it is sent."""
    told["orders"][order] = tool.note(order=order, mark=mark())


def ask_models(told):
    for number in range(12):
        told["said"].append(llm_query(f"one {number}" + mark()))
    told["said"] += batch_llm_query([f"of many {number}" + mark() for number in range(5)])
    for number in range(3):
        told["said"].append(llm.complete(f"whole {number}" + mark(), system="Be brief."))
    told["said"].append(llm.complete(messages=[{"role": "user", "content": "chosen" + mark()}], choices=["yes", "no"]))


def embed(root, told):
    """Embeddings have no idempotency keys: their texts say whose they are, and which."""
    for number in range(3):
        told["said"].append(len(llm.embed(f"{root} embedding {number}" + mark())))
    told["said"].append(len(llm.embed([f"{root} embedding 3" + mark(), "another text"])))


def remember(told):
    for number in range(5):
        memory.store(f"key {number}", f"the word{number} of value {number}", scope="session")
    memory.store("marked", mark(), scope="session", metadata={"mark": mark()})
    for number in range(3):
        found = memory.recall(f"word{number}", top_k=2, scope="session")
        told["said"].append([each["key"] for each in found])
    told["said"].append(memory.forget("key 4", scope="session"))
    told["said"].append(memory.forget("never kept", scope="session"))


def change_the_world(root, told):
    for number in range(5):
        charge(f"{root}/charge {number}", told)
        note(f"{root}/note {number}", told)
    told["said"].append(tool.look(thing="price" + mark())["thing"].split(" §")[0])
    order = f"{root}/authorized"
    try:
        told["orders"][order] = tool.authorized_action(action="charge", params={"order": order, "mark": mark()})
    except InDoubt:
        told["orders"][order] = "in doubt"


def talk(told):
    channel.send("one message" + mark())
    told["said"].append(channel.ask("Which colour?" + mark(), choices=["red", "green"]))
    state.checkpoint()
    channel.send("another message" + mark())
    told["said"].append(channel.ask(question="How many?" + mark()))


def delegate(root, told):
    told["said"].append(rlm_query("Which depot?", "The depot is in Genoa." + mark()))
    told["said"] += batch_rlm_query(["Which one?", "Which other?"], ["Data of one.", "Data of the other." + mark()])
    helped = agent.call("helper", root, context="What the helper reads." + mark())
    told["said"].append(helped["said"])
    told["orders"].update(helped["orders"])
    try:
        agent.call("failing", "please" + mark())
    except ValueError as error:
        told["said"].append(str(error))
    for number in range(2):
        agent.notify("noted", f"{root}/noted {number}")


def call_leaf(text):
    return agent.call("leaf", text)


def send_message(text):
    return channel.send(text)


def send_note(order):
    return tool.note(order=order, mark=mark())


def all_at_once(root, told):
    """Calls of several kinds, on Monty in one pause: one waits for a child, one for a model, one is an effect."""
    with ThreadPoolExecutor() as pool:
        child = pool.submit(call_leaf, "at once" + mark())
        model = pool.submit(llm_query, "at once" + mark())
        order = pool.submit(send_note, f"{root}/at once")
        message = pool.submit(send_message, "at once" + mark())
    told["said"] += [child.result(), model.result(), message.result()]
    told["orders"][f"{root}/at once"] = order.result()


def handle(task):
    root = task["id"]
    told = {"said": [], "orders": {}}
    told["said"].append(len(SHOW_VARS()) > 0)
    told["said"].append(len(context) if task["context"] else 0)
    ask_models(told)
    embed(root, told)
    state.checkpoint()
    change_the_world(root, told)
    remember(told)
    told["said"].append(budget()["depth"])
    delegate(root, told)
    state.checkpoint()
    talk(told)
    all_at_once(root, told)
    told["said"].append(len(context) if task["context"] else 0)
    told["said"].append(llm_query("the last one" + mark()))
    told["said"].append(budget()["depth"])
    return told
