"""Answers of the client, kept for a moment: to ask it costs tens of microseconds, and requests ask the same."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slipway.flags.flag import Flag
from slipway.flags.usage import Usage, Use

if TYPE_CHECKING:
    from UnleashClient.clients.unleash_client import UnleashClient

HOLDS_SECONDS = 1.0
"""How long an answer is given again. A flag may change with the time of day, or be drawn anew for each question."""
_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Variant:
    """What a flag gives to those for whom it is on."""

    name: str
    payload: str | None
    """None: the variant has no payload."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the client said of a flag for a tenant."""

    on: bool
    known: bool
    """False: the client does not know the flag, and its declared default is the answer."""
    variant: Variant | None
    use: Use
    until: float
    """On the monotonic clock."""


class Answers:
    """Asks the client, or itself if it has asked within the last second and nothing has changed. Safe for threads."""

    def __init__(self, client: "UnleashClient", usage: Usage) -> None:
        self._client = client
        self._usage = usage
        self._states: dict[tuple[str, str | None], Answer] = {}
        self._variants: dict[tuple[str, str | None], Answer] = {}

    def state(self, flag: Flag, tenant: str | None) -> Answer:
        """Return whether the flag is on."""
        return self._answer(self._states, flag, tenant, self._ask_state)

    def variant(self, flag: Flag, tenant: str) -> Answer:
        """Return which variant of the flag the tenant has."""
        return self._answer(self._variants, flag, tenant, self._ask_variant)

    def forget(self) -> None:
        """Ask the client anew from now on: its flags have changed."""
        # New ones: an answer that is on its way was given by the old flags, and goes where nobody looks any more.
        self._states, self._variants = {}, {}

    def _answer(
        self,
        kept: dict[tuple[str, str | None], Answer],
        flag: Flag,
        tenant: str | None,
        ask: Callable[[Flag, str | None], Answer],
    ) -> Answer:
        found = kept.get((flag.flag, tenant))
        if found is not None and time.monotonic() < found.until:
            self._usage.count(found.use)
            return found
        if len(kept) >= _KEPT:
            kept.clear()
        found = kept[flag.flag, tenant] = ask(flag, tenant)
        return found

    def _ask_state(self, flag: Flag, tenant: str | None) -> Answer:
        unknown = list[bool]()

        def fallback(*_: object) -> bool:
            unknown.append(True)
            return flag.default

        until = time.monotonic() + HOLDS_SECONDS
        on = bool(self._client.is_enabled(flag.flag, _context(tenant), fallback))
        return Answer(on, known=not unknown, variant=None, use=Use(flag.flag, on, None), until=until)

    def _ask_variant(self, flag: Flag, tenant: str | None) -> Answer:
        until = time.monotonic() + HOLDS_SECONDS
        found = self._client.get_variant(flag.flag, _context(tenant))
        name, on = found["name"], bool(found["feature_enabled"])
        payload = (found.get("payload") or {}).get("value")
        variant = Variant(name, payload) if found["enabled"] else None
        return Answer(on, known=True, variant=variant, use=Use(flag.flag, on, name), until=until)


def _context(tenant: str | None) -> dict[str, str]:
    return {"userId": tenant} if tenant else {}
