"""Signatures of webhooks, both ways: Standard Webhooks (HMAC-SHA256 over id, time and body), and GitHub's.

    webhook-id: msg_…
    webhook-timestamp: 1674087231
    webhook-signature: v1,<base64> [v1,<base64> …]

GitHub signs the body alone (`X-Hub-Signature-256: sha256=<hex>`): neither its id of the delivery nor a time. So the
body itself must be new there.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from greatwheel.core.errors import BadInput

Scheme: TypeAlias = Literal["standard", "github"]
"""`standard`: Standard Webhooks; `github`: as GitHub signs."""
WINDOW_SECONDS = 300
"""How far the sender's clock may be from ours, and how old a delivery may be."""
_START = "whsec_"
_KEY_BYTES = range(24, 65)
_NUMBER = re.compile(r"\d{1,15}", re.ASCII)
_ID = re.compile(r"[!-~]{1,200}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Received:
    """A delivery whose signature is right."""

    marks: tuple[str, ...]
    """Each names it: a second delivery with any of them is the same one again."""
    ping: bool = False
    """It only tries whether somebody is there."""


def new_secret() -> str:
    """A fresh secret for either scheme."""
    return _START + base64.b64encode(secrets.token_bytes(32)).decode()


def check_secret(scheme: Scheme, secret: str) -> None:
    """Go on with a secret that the scheme can use.

    Raises:
        BadInput: it can't. The message does not have it.
    """
    if scheme == "github":
        if not 16 <= len(secret) <= 200 or not secret.isprintable():
            raise BadInput("A secret for GitHub's signatures has 16 to 200 characters.")
        return
    try:
        size = len(_key(secret))
    except (binascii.Error, ValueError):
        size = 0
    if not secret.startswith(_START) or size not in _KEY_BYTES:
        raise BadInput(f"A secret of Standard Webhooks is {_START} and 24 to 64 bytes in base64.")


def signed_headers(secret: str, message_id: str, at: int, body: bytes) -> dict[str, str]:
    """The headers of a delivery of ours, by Standard Webhooks. `at`: the time of the attempt."""
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(at),
        "webhook-signature": f"v1,{_standard(secret, message_id, str(at), body)}",
    }


def received(scheme: Scheme, secret: str, headers: Mapping[str, str], body: bytes, now: float) -> Received | None:
    """The delivery, or None if its signature is not right or too old. `headers`: names in lower case.

    It takes the same time whatever is wrong with the signature.
    """
    if scheme == "github":
        return _from_github(secret, headers, body)
    message_id, at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    given = headers.get("webhook-signature", "").split(" ")
    right = _among(_standard(secret, message_id, at, body), given)
    timely = _NUMBER.fullmatch(at) is not None and abs(now - int(at)) <= WINDOW_SECONDS
    if not right or not timely or not _ID.fullmatch(message_id):
        return None
    return Received(marks=(f"id:{message_id}",))


def _from_github(secret: str, headers: Mapping[str, str], body: bytes) -> Received | None:
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    given = headers.get("x-hub-signature-256", "").encode()
    if not hmac.compare_digest(f"sha256={signature}".encode(), given):
        return None
    message_id = headers.get("x-github-delivery", "")
    marks = [f"signature:{signature}", *([f"id:{message_id}"] if _ID.fullmatch(message_id) else [])]
    return Received(marks=tuple(sorted(marks)), ping=headers.get("x-github-event") == "ping")


def _among(right: str, given: list[str]) -> bool:
    """Whether one of the signatures is right; all of the first few are compared."""
    found = False
    for each in given[:10]:
        version, _, text = each.partition(",")
        found |= hmac.compare_digest(f"v1,{right}".encode(), f"{version},{text}".encode())
    return found


def _standard(secret: str, message_id: str, at: str, body: bytes) -> str:
    signed = f"{message_id}.{at}.".encode() + body
    return base64.b64encode(hmac.new(_key(secret), signed, hashlib.sha256).digest()).decode()


def _key(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix(_START), validate=True)
