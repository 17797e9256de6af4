"""The wire under the requests: connections to checked addresses only, and no more read than is needed."""

import ssl
from collections.abc import Iterable
from typing import Any

import httpcore
from httpcore import SOCKET_OPTION

from slipway.webhooks.targets import Targets

MAX_ANSWER_BYTES = 64 * 1024
_MOST_ADDRESSES = 4


class CheckedNetwork(httpcore.AsyncNetworkBackend):
    """Resolves and checks a host name for each connection, and connects to what was checked.

    TLS still asks for the name: certificates are checked as ever. There are no connections to local sockets.
    """

    def __init__(self, targets: Targets, *, plain: bool) -> None:
        self._targets = targets
        self._plain = plain
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # httpcore's interface
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address that answers.

        Raises:
            TargetRefused: the host has no address, or one that webhooks may not go to.
            httpcore.ConnectError: none answered.
            httpcore.ConnectTimeout: the last did not answer in time.
        """
        found = (await self._targets.addresses(host, port, plain=self._plain))[:_MOST_ADDRESSES]
        share = timeout / len(found) if timeout else None
        for address in found[:-1]:
            try:
                stream = await self._network.connect_tcp(str(address), port, share, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
            return _Bounded(stream)
        return _Bounded(await self._network.connect_tcp(str(found[-1]), port, share, local_address, socket_options))


class _Bounded(httpcore.AsyncNetworkStream):
    """A connection that breaks when the other side has said more than it has to."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream
        self._left = MAX_ANSWER_BYTES

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109  # see above
        """Read a piece."""
        piece = await self._stream.read(min(max_bytes, self._left + 1), timeout)
        self._left -= len(piece)
        if self._left < 0:
            raise httpcore.ReadError("the answer is too long")
        return piece

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109  # see above
        """Write all."""
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        """Close the connection."""
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  # see above
    ) -> httpcore.AsyncNetworkStream:
        """Go on with TLS."""
        return _Bounded(await self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        """Return what is known of the connection."""
        return self._stream.get_extra_info(info)
