"""Sealing: AES-GCM with a key for each organisation, derived from a master key.

    sealed = version (1) · id of the master key (8) · nonce (12) · ciphertext and tag

What is sealed is bound to its organisation and to a place (`secret:MAIL_KEY`, `dump:ses_…`): moved elsewhere it does
not open. Several master keys may be known: the newest seals, each opens what it sealed. They may change while a sealer
is in use (`master_keys.KeyFile`).
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TypeAlias

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from greatwheel.core.errors import SealBroken
from greatwheel.core.ids import OrgId

KEY_BYTES = 32

_VERSION = b"\x01"
_ID_BYTES = 8
_NONCE_BYTES = 12
HEAD_BYTES = len(_VERSION) + _ID_BYTES
"""Of sealed bytes: they tell by which master key."""
_BODY_AT = HEAD_BYTES + _NONCE_BYTES
_ORGANISATIONS_KEPT = 1024


@dataclass(frozen=True)
class MasterKey:
    """32 secret bytes, which no text shows."""

    secret: bytes

    def __post_init__(self) -> None:
        if len(self.secret) != KEY_BYTES:
            raise ValueError(f"a master key has {KEY_BYTES} bytes")

    def __repr__(self) -> str:
        return f"MasterKey({self.key_id})"

    @cached_property
    def raw_id(self) -> bytes:
        """Says which key sealed something, and nothing of the key."""
        return _derived(self.secret, b"id", _ID_BYTES)

    @property
    def key_id(self) -> str:
        """The id as people see it."""
        return self.raw_id.hex()


Keys: TypeAlias = "Sequence[MasterKey] | Callable[[], Sequence[MasterKey]]"
"""The newest first, at least one; or what gives those of now."""


class Sealer:
    """Seals and opens for every organisation.

    1. Opening gives exactly what was sealed for the same organisation and binding; anything else is `SealBroken`.
    2. Sealing the same twice gives different bytes; their length tells the length of what is in them.
    3. May be used by several threads at a time.
    """

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._cipher = lru_cache(maxsize=_ORGANISATIONS_KEPT)(_cipher)
        self._digest_key = lru_cache(maxsize=_ORGANISATIONS_KEPT)(_digest_key)

    @property
    def newest(self) -> str:
        """The id of the key that seals."""
        return self._known()[0].key_id

    def is_newest(self, sealed: bytes) -> bool:
        """Whether the key that seals now sealed these bytes; their first `HEAD_BYTES` are enough."""
        return sealed[:HEAD_BYTES] == _head(self._known()[0])

    def seal(self, org_id: OrgId, binding: str, data: bytes) -> bytes:
        """`data`, readable and changeable by nobody without the master key."""
        key = self._known()[0]
        head, nonce = _head(key), os.urandom(_NONCE_BYTES)
        return head + nonce + self._cipher(key, org_id).encrypt(nonce, data, _bound(head, org_id, binding))

    def open(self, org_id: OrgId, binding: str, sealed: bytes) -> bytes:
        """What was sealed.

        Raises:
            SealBroken: it was altered, sealed for another organisation or binding, or by a key that is not known here.
        """
        head, nonce = sealed[:HEAD_BYTES], sealed[HEAD_BYTES:_BODY_AT]
        if len(sealed) < _BODY_AT or head[:1] != _VERSION:
            raise SealBroken("These are no sealed bytes of this version.")
        key = next((key for key in self._known() if key.raw_id == head[1:]), None)
        if key is None:
            known = ", ".join(key.key_id for key in self._known())
            raise SealBroken(f"Sealed by the master key {head[1:].hex()}; this machine has {known}.")
        try:
            return self._cipher(key, org_id).decrypt(nonce, sealed[_BODY_AT:], _bound(head, org_id, binding))
        except InvalidTag as error:
            raise SealBroken from error

    def digest(self, org_id: OrgId, binding: str, data: bytes) -> bytes:
        """32 bytes that are the same for the same data of one organisation and binding, and tell nobody else of it.

        They are the newest master key's: after a rotation the same data has another digest.
        """
        return self._mac(self._known()[0], org_id, binding, data)

    def digests(self, org_id: OrgId, binding: str, data: bytes) -> list[bytes]:
        """What `digest` gives or gave with each master key that is known, the newest first."""
        return [self._mac(key, org_id, binding, data) for key in self._known()]

    def _known(self) -> Sequence[MasterKey]:
        return self._keys() if callable(self._keys) else self._keys

    def _mac(self, key: MasterKey, org_id: OrgId, binding: str, data: bytes) -> bytes:
        mac = hmac.new(self._digest_key(key, org_id), digestmod=hashlib.sha256)
        mac.update(_framed(binding.encode()))
        mac.update(data)
        return mac.digest()


def _head(key: MasterKey) -> bytes:
    return _VERSION + key.raw_id


def _cipher(key: MasterKey, org_id: OrgId) -> AESGCM:
    return AESGCM(_derived(key.secret, b"seal" + _framed(org_id.encode()), KEY_BYTES))


def _digest_key(key: MasterKey, org_id: OrgId) -> bytes:
    return _derived(key.secret, b"digest" + _framed(org_id.encode()), KEY_BYTES)


def _derived(secret: bytes, purpose: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=b"greatwheel " + purpose).derive(secret)


def _bound(head: bytes, org_id: OrgId, binding: str) -> bytes:
    return head + _framed(org_id.encode()) + _framed(binding.encode())


def _framed(part: bytes) -> bytes:
    """With its length before it: two parts can't be read as other two."""
    return len(part).to_bytes(4, "big") + part
