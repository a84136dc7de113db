"""Sealing: AES-GCM with a key for each organisation, derived from a master key.

    sealed = version (1) · id of the master key (8) · nonce (12) · ciphertext and tag

What is sealed is bound to its organisation and to a place (`secret:MAIL_KEY`, `dump:ses_…`): moved elsewhere it does
not open. Several master keys may be known: the newest seals, each opens what it sealed.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

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
_NONCE_AT = len(_VERSION) + _ID_BYTES
_HEAD_BYTES = _NONCE_AT + _NONCE_BYTES
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


class Sealer:
    """Seals and opens for every organisation.

    1. Opening gives exactly what was sealed for the same organisation and binding; anything else is `SealBroken`.
    2. Sealing the same twice gives different bytes; their length tells the length of what is in them.
    3. May be used by several threads at a time.
    """

    def __init__(self, keys: Sequence[MasterKey]) -> None:
        """`keys`: the newest first; at least one."""
        self._newest = keys[0]
        self._by_id = {key.raw_id: key for key in keys}
        self._cipher = lru_cache(maxsize=_ORGANISATIONS_KEPT)(_cipher)
        self._digest_key = lru_cache(maxsize=_ORGANISATIONS_KEPT)(_digest_key)

    @property
    def newest(self) -> str:
        """The id of the key that seals."""
        return self._newest.key_id

    def seal(self, org_id: OrgId, binding: str, data: bytes) -> bytes:
        """`data`, readable and changeable by nobody without the master key."""
        head = _VERSION + self._newest.raw_id
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._cipher(self._newest, org_id).encrypt(nonce, data, _bound(head, org_id, binding))
        return head + nonce + sealed

    def open(self, org_id: OrgId, binding: str, sealed: bytes) -> bytes:
        """What was sealed.

        Raises:
            SealBroken: it was altered, sealed for another organisation or binding, or by a key that is not known here.
        """
        head, nonce = sealed[:_NONCE_AT], sealed[_NONCE_AT:_HEAD_BYTES]
        if len(sealed) < _HEAD_BYTES or head[:1] != _VERSION:
            raise SealBroken("These are no sealed bytes of this version.")
        key = self._by_id.get(head[1:])
        if key is None:
            known = ", ".join(raw.hex() for raw in self._by_id)
            raise SealBroken(f"Sealed by the master key {head[1:].hex()}; this machine has {known}.")
        try:
            return self._cipher(key, org_id).decrypt(nonce, sealed[_HEAD_BYTES:], _bound(head, org_id, binding))
        except InvalidTag as error:
            raise SealBroken from error

    def digest(self, org_id: OrgId, binding: str, data: bytes) -> bytes:
        """32 bytes that are the same for the same data of one organisation and binding, and tell nobody else of it."""
        mac = hmac.new(self._digest_key(self._newest, org_id), digestmod=hashlib.sha256)
        mac.update(_framed(binding.encode()))
        mac.update(data)
        return mac.digest()


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
