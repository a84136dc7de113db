# mypy: ignore-errors
# ruff: noqa
"""Guest source: handing asynchronous twins to a pool."""


def _gw_pool_map(pool, twin, function, *iterables, **options):
    if _gw_py_hasattr(pool, "_gw_map"):
        return pool._gw_map(twin, *iterables)
    return pool.map(function, *iterables, **options)


def _gw_pool_submit(pool, twin, function, *args, **kwargs):
    if _gw_py_hasattr(pool, "_gw_submit"):
        return pool._gw_submit(twin, *args, **kwargs)
    return pool.submit(function, *args, **kwargs)
