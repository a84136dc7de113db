# mypy: ignore-errors
"""Guest source of what an engine's `time` lacks."""

import time as _time

struct_time = type(_time.gmtime(0))


def get_clock_info(name):
    raise NotImplementedError("time.get_clock_info is not available here")
