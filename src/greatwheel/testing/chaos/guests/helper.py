# mypy: ignore-errors
# ruff: noqa: F821
"""Guest source of an agent that is called, reads what it is given, and calls another. Its first look at the clock
comes after a checkpoint.
"""

import random
import time


def mark():
    return f" §{random.random()} {time.time()}"


def handle(task):
    orders = {}
    state.checkpoint()
    said = [llm_query(f"helped {context[:9]}" + mark())]
    order = f"{task['input']}/helper"
    try:
        orders[order] = tool.charge(order=order, mark=mark())
    except InDoubt:
        orders[order] = "in doubt"
    said.append(agent.call("leaf", "nested" + mark()))
    said.append(rlm_query("Whose child?", "Data of the helper."))
    channel.send("from the helper" + mark())
    return {"said": said, "orders": orders}
