# mypy: ignore-errors
"""Guest source of `abc`: abstract methods are not enforced."""


class ABC:
    pass


class ABCMeta:
    pass


def abstractmethod(funcobj):
    return funcobj


def abstractproperty(funcobj):
    return funcobj
