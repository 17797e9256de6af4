"""Tokens that were found good a moment ago, so that a request costs one digest and one look-up."""

import hashlib
import secrets
import time
from dataclasses import dataclass
from datetime import datetime

from slipway import clock
from slipway.tenants.schemas import Principal

_KEPT = 10_000
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class _Verified:
    caller: Principal
    expires_at: datetime | None
    until: float


class VerifiedTokens:
    """Who holds a token, for as long as the check of its key is remembered.

    Kept are digests under a key that never leaves the process: no token, and nothing whose look-up could tell by its
    time how much of a guess is right. Only tokens that were good are here, so guesses push none of them out.
    """

    def __init__(self) -> None:
        self._key = secrets.token_bytes(_KEY_BYTES)
        self._kept: dict[bytes, _Verified] = {}

    def find(self, text: str) -> Principal | None:
        """Return who holds this token; None where it has to be checked."""
        found = self._kept.get(self._digest(text))
        if found is None or found.until <= time.monotonic():
            return None
        return found.caller if found.expires_at is None or found.expires_at > clock.now() else None

    def keep(self, text: str, caller: Principal, expires_at: datetime | None, until: float) -> None:
        """Remember that a token is good.

        Args:
            text: the token.
            caller: who holds it.
            expires_at: when its key expires.
            until: when it has to be checked again at the latest, on the monotonic clock.
        """
        if len(self._kept) >= _KEPT:
            self._kept.clear()
        self._kept[self._digest(text)] = _Verified(caller, expires_at, until)

    def _digest(self, text: str) -> bytes:
        return hashlib.blake2b(text.encode(errors="surrogatepass"), key=self._key, digest_size=32).digest()
