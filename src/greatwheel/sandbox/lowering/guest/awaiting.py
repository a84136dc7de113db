# mypy: ignore-errors
# ruff: noqa
"""Guest source: `await` of a plain value."""


async def _gw_await(value):
    if _gw_kind(value) in (
        "coroutine",
        "Future",
        "Task",
        "_GatheringFuture",
        "gather",
        "external_future",
        "ExternalFuture",
    ):
        return await value
    return value
