# mypy: ignore-errors
"""Guest source of `uuid`."""

import hashlib as _hashlib
import random as _random


class UUID:
    def __init__(self, hex=None, bytes=None, int=None, version=None):
        if hex is not None:
            digits = hex.replace("urn:", "").replace("uuid:", "").strip("{}").replace("-", "")
            if len(digits) != 32:
                raise ValueError("badly formed hexadecimal UUID string")
            value = _integer(digits)
        elif bytes is not None:
            value = _integer(bytes.hex())
        elif int is not None:
            value = int
        else:
            raise TypeError("one of the hex, bytes, bytes_le, fields, or int arguments must be given")
        if version is not None:
            value = value & ~(0xC000 << 48) | (0x8000 << 48)
            value = value & ~(0xF000 << 64) | (version << 76)
        self.int = value
        self.hex = f"{value:032x}"
        self.version = (value >> 76) & 0xF if (value >> 62) & 0x3 == 2 else None
        self.urn = f"urn:uuid:{self}"

    def __str__(self):
        h = self.hex
        return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"

    def __repr__(self):
        return f"UUID('{self}')"

    def __eq__(self, other):
        return isinstance(other, UUID) and self.int == other.int

    def __hash__(self):
        return hash(self.int)

    def __lt__(self, other):
        return self.int < other.int

    def __int__(self):
        return self.int


def _integer(digits):
    return int(digits, 16)


NAMESPACE_DNS = UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8")
NAMESPACE_URL = UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")
NAMESPACE_OID = UUID("6ba7b812-9dad-11d1-80b4-00c04fd430c8")


def uuid4():
    return UUID(int=_random.getrandbits(128), version=4)


def uuid1(node=None, clock_seq=None):
    return UUID(int=_random.getrandbits(128), version=1)


def uuid3(namespace, name):
    digest = _hashlib.md5(bytes.fromhex(namespace.hex) + name.encode("utf-8")).hexdigest()
    return UUID(hex=digest, version=3)


def uuid5(namespace, name):
    digest = _hashlib.sha1(bytes.fromhex(namespace.hex) + name.encode("utf-8")).hexdigest()
    return UUID(hex=digest[:32], version=5)
