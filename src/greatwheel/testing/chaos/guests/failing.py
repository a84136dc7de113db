# mypy: ignore-errors
# ruff: noqa: F821
"""Guest source of an agent that raises."""


def handle(task):
    llm_query("before it fails §" + task["input"])
    raise ValueError("it failed as it should")
