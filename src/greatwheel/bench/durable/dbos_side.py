"""DBOS's half: a workflow of steps, whose results it writes one after the other."""

from __future__ import annotations

import sys
import time

from dbos import DBOS, DBOSConfig

from greatwheel.bench.durable.peers import serve


@DBOS.step()
def say_yes(question: str) -> str:
    """A step that takes no time."""
    return "yes"


@DBOS.workflow()
def loop(steps: int) -> int:
    """So many steps."""
    return sum(len(say_yes("say yes")) for _ in range(steps))


def main(url: str) -> None:
    """Serve."""
    config: DBOSConfig = {
        "name": "bench",
        "system_database_url": url,
        "log_level": "CRITICAL",
    }
    DBOS(config=config)
    DBOS.launch()

    def run(steps: int) -> float:
        begun = time.perf_counter()
        found = loop(steps)
        took = time.perf_counter() - begun
        if found != 3 * steps:
            raise RuntimeError("the workflow did not do its steps")
        return took

    try:
        serve(run)
    finally:
        DBOS.destroy()


if __name__ == "__main__":
    main(sys.argv[1])
