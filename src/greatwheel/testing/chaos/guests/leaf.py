# mypy: ignore-errors
# ruff: noqa: F821
"""Guest source of an agent that is called by others."""


def handle(task):
    memory.store("leaf", task["input"], scope="session")
    kept = memory.recall("nested once", top_k=1, scope="session")
    return llm_query("leaf of " + kept[0]["value"].split(" §")[0] + " §" + task["input"])
