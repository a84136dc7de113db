"""One task for rlms: read from standard input as JSON, answered as one line of JSON on standard output."""

from __future__ import annotations

import contextlib
import io
import json
import sys


def main() -> None:
    """Answer the one task. Whatever rlms raises is the outcome, and its own output is dropped."""
    from rlm import RLM  # it comes with the `bench` dependency group only

    order = json.load(sys.stdin)
    said = {"answer": "", "error": ""}
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            loop = RLM(
                backend="openai",
                backend_kwargs={
                    "base_url": order["base_url"],
                    "api_key": "none",
                    "model_name": order["model"],
                },
                environment="local",
                max_iterations=order["iterations"],
                sampling_args={"temperature": 0.0},
            )
            result = loop.completion(order["context"], root_prompt=order["question"])
        said["answer"] = str(result.response)
    except Exception as error:  # any failure of the system under test is its result
        said["error"] = f"{type(error).__name__}: {error}"[:500]
    print(json.dumps(said))


if __name__ == "__main__":
    main()
