# mypy: ignore-errors
# ruff: noqa: F821
"""Guest source of an agent that is notified."""


def handle(task):
    tool.note(order=task["input"], mark=task["id"])
    return llm_query("noted §" + task["input"])
