"""Where webhooks may go: to public addresses over TLS, and nowhere into the inside of the network (SSRF).

A name is resolved when an endpoint is registered, so that its owner hears of a mistake at once, and again for each
connection, which then goes to an address that was checked: a name that changes its mind in between gains nothing.
"""

import asyncio
import re
from dataclasses import dataclass

from slipway.settings import Settings
from slipway.webhooks.addresses import Address, is_public, is_within, parse_networks
from slipway.webhooks.resolving import Resolve, Resolver

MAX_URL_LENGTH = 2048
RESOLVE_SECONDS = 5.0
_PORTS = {"https": 443, "http": 80}
_FIRST_FREE_PORT, _LAST_PORT = 1024, 65535
_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")


class TargetRefused(Exception):  # noqa: N818  # it says what happened
    """Webhooks do not go there. The message says why, to whoever gave the URL."""


@dataclass(frozen=True, slots=True)
class Target:
    """A URL in its parts, as the request needs them. Its representation shows none of them."""

    scheme: str
    host: str
    port: int
    path: str

    def __repr__(self) -> str:
        return "Target()"

    @property
    def authority(self) -> str:
        """Host and port, as the Host header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def plain(self) -> bool:
        """Whether it is without TLS."""
        return self.scheme == "http"


class Targets:
    """Reads URLs, and finds addresses that webhooks may go to."""

    def __init__(self, settings: Settings, resolve: Resolve | None = None) -> None:
        self._allowed = parse_networks(settings.webhook_allowed_networks)
        self._resolve = resolve or Resolver()

    async def check(self, url: str) -> None:
        """Return if webhooks may go to a URL, as things are now.

        Raises:
            TargetRefused: it is no URL, not https, or its host is not on the public internet.
        """
        target = parse_target(url)
        found = await self.addresses(target.host, target.port, plain=target.plain)
        if all(is_within(address, self._allowed) for address in found):
            return
        if target.port != _PORTS["https"] and target.port < _FIRST_FREE_PORT:
            raise TargetRefused("The port of the URL must be 443, or 1024 and above.")

    async def addresses(self, host: str, port: int, *, plain: bool) -> list[Address]:
        """Return the addresses of a host, all of which webhooks may go to; without TLS: only in allowed networks.

        Raises:
            TargetRefused: there is none, or one among them is not public.
        """
        try:
            async with asyncio.timeout(RESOLVE_SECONDS):
                found = await self._resolve(host, port)
        except (OSError, TimeoutError):
            found = []
        # One answer for both: who may ask should not learn which names there are inside.
        if not found or not all(self._may_reach(address, plain=plain) for address in found):
            raise TargetRefused(_PLAIN if plain else _NOT_PUBLIC)
        return found

    def _may_reach(self, address: Address, *, plain: bool) -> bool:
        return is_within(address, self._allowed) or (not plain and is_public(address))


_NOT_PUBLIC = "The host of the URL must resolve, and to public addresses only."
_PLAIN = "The URL must begin with https://."


def parse_target(url: str) -> Target:
    """Take a URL apart.

    Raises:
        TargetRefused: it is no absolute http or https URL, or has parts that do not belong there.
    """
    import httpx  # noqa: PLC0415  # slow to import, and few processes ever see such a URL

    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        raise TargetRefused("This is not a URL.") from None
    if parsed.scheme not in _PORTS:
        raise TargetRefused(_PLAIN)
    if parsed.userinfo or parsed.fragment:
        raise TargetRefused("The URL must be without user name, password and fragment.")
    host = parsed.raw_host.decode("ascii")
    port = _PORTS[parsed.scheme] if parsed.port is None else parsed.port
    if not _HOST.fullmatch(host) or not 0 < port <= _LAST_PORT or len(url) > MAX_URL_LENGTH:
        raise TargetRefused("This is not a URL.")
    return Target(parsed.scheme, host, port, parsed.raw_path.decode("ascii"))
