"""How keys look: `gwk_<prefix>_<secret>` for users and programs, `gwl_<prefix>_<secret>` for a browser that has
logged in, `gws_<secret>` for sessions.

A secret has 256 random bits, so a fast hash is enough to store it by: there is nothing to guess. Only the hash is
kept. The prefix finds the key; it is no secret.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field

_KEY = re.compile(r"(gwk|gwl)_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
_API, _LOGIN = "gwk", "gwl"
_PURPOSE = b"greatwheel key"
SESSION_KEY_START = "gws_"


@dataclass(frozen=True, kw_only=True, slots=True)
class ApiKey:
    """An API key as its owner holds it, or the token of a login as a browser does."""

    start: str = _API
    prefix: str
    secret: str = field(repr=False)

    @property
    def text(self) -> str:
        """What the owner sends: shown once, when the key is made."""
        return f"{self.start}_{self.prefix}_{self.secret}"

    @property
    def hash(self) -> bytes:
        """What is stored: keyed by the prefix, so that the hash of one key says nothing about another's."""
        return hashlib.blake2b(self.secret.encode(), digest_size=32, key=self.prefix.encode(), person=_PURPOSE).digest()

    def matches(self, stored: bytes) -> bool:
        """The stored hash is this key's; takes the same time whether or not."""
        return hmac.compare_digest(self.hash, stored)


def new_api_key() -> ApiKey:
    """A fresh random key."""
    return ApiKey(prefix=secrets.token_hex(6), secret=secrets.token_urlsafe(32))


def new_login_token() -> ApiKey:
    """A fresh random token of a login."""
    return ApiKey(start=_LOGIN, prefix=secrets.token_hex(6), secret=secrets.token_urlsafe(32))


def parse_api_key(text: str) -> ApiKey | None:
    """The key that a caller sent; None when it can't be one."""
    return _parse(_API, text)


def parse_login_token(text: str) -> ApiKey | None:
    """The login's token that a browser sent; None when it can't be one."""
    return _parse(_LOGIN, text)


def hash_session_key(key: str) -> bytes:
    """What `sessions.session_key` holds."""
    return hashlib.sha256(key.encode(errors="surrogatepass")).digest()


def _parse(start: str, text: str) -> ApiKey | None:
    match = _KEY.fullmatch(text)
    return ApiKey(start=start, prefix=match[2], secret=match[3]) if match and match[1] == start else None
