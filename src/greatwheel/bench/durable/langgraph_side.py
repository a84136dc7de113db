"""LangGraph's half: a graph whose one node runs again and again, with a checkpoint of PostgresSaver after each.

Written before the next step begins (`sync`), or while it runs (`async`): LangGraph's own names for it.
"""

from __future__ import annotations

import sys
import time
import uuid
from typing import Any, Literal, TypedDict

from langgraph.checkpoint.postgres import PostgresSaver
from langgraph.graph import END, START, StateGraph

from greatwheel.bench.durable.peers import serve


class State(TypedDict):
    """What a checkpoint holds: as little as a loop can do with."""

    done: int
    wanted: int
    reply: str


def _step(state: State) -> dict[str, Any]:
    return {"done": state["done"] + 1, "reply": "yes"}


def _next(state: State) -> str:
    return "step" if state["done"] < state["wanted"] else END


def main(url: str, durability: Literal["sync", "async"]) -> None:
    """Serve."""
    with PostgresSaver.from_conn_string(url) as saver:
        saver.setup()
        builder = StateGraph(State)
        builder.add_node("step", _step)
        builder.add_edge(START, "step")
        builder.add_conditional_edges("step", _next, ["step", END])
        graph = builder.compile(checkpointer=saver)

        def run(steps: int) -> float:
            config: Any = {"configurable": {"thread_id": str(uuid.uuid4())}, "recursion_limit": steps + 10}
            begun = time.perf_counter()
            state = graph.invoke({"done": 0, "wanted": steps, "reply": ""}, config, durability=durability)
            took = time.perf_counter() - begun
            if state["done"] != steps:
                raise RuntimeError("the graph did not do its steps")
            return took

        serve(run)


if __name__ == "__main__":
    main(sys.argv[1], "async" if sys.argv[2:] == ["async"] else "sync")
