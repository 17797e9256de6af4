"""The form of an API key: `slw_<id>_<secret>`. The id finds the row, the secret proves the right to it."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

_FORM = re.compile(r"slw_([0-9a-f]{16})_([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Token:
    """An API key in its two parts."""

    id: str
    secret: str

    def __str__(self) -> str:
        return f"slw_{self.id}_{self.secret}"

    def __repr__(self) -> str:
        return f"Token({self.id})"

    @property
    def hash(self) -> bytes:
        """SHA-256 of the secret. It has 256 random bits: a slow hash would add nothing."""
        return hashlib.sha256(self.secret.encode()).digest()

    def matches(self, stored: bytes) -> bool:
        """Compare with a stored hash in constant time."""
        return hmac.compare_digest(self.hash, stored)


def new_token() -> Token:
    """Make a token from the system's random numbers."""
    return Token(secrets.token_hex(8), secrets.token_hex(32))


def parse_token(text: str) -> Token | None:
    """Read a token; None when it has not the form of one."""
    found = _FORM.fullmatch(text)
    return Token(found[1], found[2]) if found else None
