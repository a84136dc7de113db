# mypy: ignore-errors
"""Guest source of `secrets`: the sandbox's random numbers; nothing in a sandbox should guard a secret."""

import base64 as _base64
import random as _random


def token_hex(nbytes=None):
    return _random.randbytes(nbytes or 32).hex()


def token_bytes(nbytes=None):
    return _random.randbytes(nbytes or 32)


def token_urlsafe(nbytes=None):
    return _base64.urlsafe_b64encode(_random.randbytes(nbytes or 32)).rstrip(b"=").decode("ascii")


def choice(seq):
    return _random.choice(seq)


def randbelow(exclusive_upper_bound):
    return _random.randrange(exclusive_upper_bound)


def randbits(k):
    return _random.getrandbits(k)


def compare_digest(a, b):
    return a == b
