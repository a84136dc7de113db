"""The bytes of a dumped Ouros session.

The engine can save idle sessions only, so a dump taken while calls are pending holds the state before the block, the
block's code and what it asked and was answered so far: loading runs the block again with those answers.
"""

from __future__ import annotations

import zlib
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from typing import Any

from greatwheel.core.errors import DumpInvalid
from greatwheel.sandbox.ouros_values import Wire
from greatwheel.sandbox.ouros_wire import HEADER, pack, unpack

_MAGIC = b"gw-ouros-2\n"
_CHECKSUM_SIZE = 4


@dataclass(kw_only=True, slots=True)
class Block:
    """A block on its way: what is needed to run it again up to where it stands."""

    code: str
    first_id: int
    """The id of its first call."""
    world: list[int] | None
    """The world in which it runs, in the worker's form."""
    steps: list[list[Any]] = field(default_factory=list)
    """`[calls, answers]` in the worker's form, for each pause but the last."""
    waiting: list[list[Wire]] = field(default_factory=list)
    """The calls of the last pause."""


@dataclass(kw_only=True, slots=True)
class Dump:
    """A dumped session."""

    state: bytes
    """The engine's bytes, of the time before `block`."""
    names: list[str]
    limits: bytes
    bound: list[str]
    """The host functions that the state has."""
    next_id: int
    block: Block | None = None


def to_bytes(dump: Dump) -> bytes:
    """The dump as bytes, with a checksum against accidents."""
    body = pack({"engine": version("ouros"), **asdict(dump)})[HEADER.size :]
    return _MAGIC + _checksum(body) + body


def _checksum(body: bytes) -> bytes:
    return zlib.crc32(body).to_bytes(_CHECKSUM_SIZE)


def from_bytes(data: bytes) -> Dump:
    """The dump that `to_bytes` made; `DumpInvalid` for anything else."""
    start = len(_MAGIC) + _CHECKSUM_SIZE
    if not data.startswith(_MAGIC):
        raise DumpInvalid("The bytes are not a dump of an Ouros session.")
    body = data[start:]
    if data[len(_MAGIC) : start] != _checksum(body):
        raise DumpInvalid("The dump of the Ouros session is damaged.")
    try:
        content = unpack(body)
        engine = content.pop("engine")
        block = content.pop("block")
        dump = Dump(**content, block=Block(**block) if block else None)
    except (ValueError, TypeError, KeyError) as error:
        raise DumpInvalid("The dump of the Ouros session is damaged.") from error
    if engine != version("ouros"):
        raise DumpInvalid(f"The dump comes from ouros {engine}; this is ouros {version('ouros')}.")
    return dump
