# mypy: ignore-errors
"""Guest source of what an engine's `os` lacks: an empty environment, and clear refusals."""

environ = {}


def getpid():
    return 1


def cpu_count():
    return 1


def system(command):
    raise PermissionError("the sandbox starts no processes: do the work in Python")


def popen(cmd, mode="r", buffering=-1):
    raise PermissionError("the sandbox starts no processes: do the work in Python")
