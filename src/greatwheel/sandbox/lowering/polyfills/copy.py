# mypy: ignore-errors
"""Guest source of what an engine's `copy` lacks."""


class Error(Exception):
    pass
