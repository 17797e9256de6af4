"""Sends one message, and says what came of it within a time limit, whatever the receiver does."""

import asyncio
import ssl
import time
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from importlib.metadata import version

import httpcore
import httpx

from slipway import clock
from slipway.settings import Settings
from slipway.telemetry.logs import get_logger
from slipway.webhooks import signing
from slipway.webhooks.network import CheckedNetwork
from slipway.webhooks.schemas import Message, Outcome, Reason
from slipway.webhooks.targets import Target, TargetRefused, Targets, parse_target

_LINGER_SECONDS = 1.0
_MOST_DIGITS = 9
_REASONS: dict[type[BaseException], Reason] = {
    TargetRefused: Reason.ADDRESS,
    TimeoutError: Reason.TIMEOUT,
    httpcore.TimeoutException: Reason.TIMEOUT,
    httpcore.ConnectError: Reason.CONNECTION,
    httpcore.NetworkError: Reason.DISCONNECTED,
    httpcore.ProtocolError: Reason.PROTOCOL,
}
"""The first that fits counts."""

log = get_logger(__name__)


class Sender:
    """Posts over connections of their own: no proxy, no cookie, no redirect, nothing kept from one to the next."""

    def __init__(self, settings: Settings, targets: Targets) -> None:
        self._timeout = settings.webhook_timeout
        self._agent = f"Slipway-Webhooks/{version('slipway')}"
        context = _trust(settings)
        self._pools = {
            plain: httpcore.AsyncConnectionPool(
                ssl_context=context,
                max_connections=None,
                max_keepalive_connections=0,
                network_backend=CheckedNetwork(targets, plain=plain),
            )
            for plain in (False, True)
        }

    async def send(self, message: Message) -> Outcome:
        """Post a message; the outcome tells of every kind of failure."""
        started = time.monotonic()
        try:
            status, retry_after = await self._post(message)
        except Exception as error:  # what a receiver can cause is without end, and is its failure
            reason = _reason(error)
            if reason is Reason.ERROR:
                log.exception("webhook.error")
            return Outcome(_since(started), reason=reason)
        return Outcome(_since(started), status, _judge(status), retry_after)

    async def close(self) -> None:
        """Close what is open."""
        for pool in self._pools.values():
            await pool.aclose()

    async def _post(self, message: Message) -> tuple[int, float | None]:
        async with AsyncExitStack() as stack:
            async with asyncio.timeout(self._timeout):
                response = await stack.enter_async_context(self._exchange(parse_target(message.url), message))
            # The status is all we want; a receiver that is still writing its answer may finish, within bounds.
            with suppress(TimeoutError, httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError):
                async with asyncio.timeout(_LINGER_SECONDS):
                    await response.aread()
            return response.status, _retry_after(response)

    def _exchange(self, target: Target, message: Message) -> AbstractAsyncContextManager[httpcore.Response]:
        signed = signing.headers(message.secrets, message.event_id, int(clock.now().timestamp()), message.body)
        headers = {"host": target.authority, "content-type": "application/json", "user-agent": self._agent} | signed
        url = httpcore.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path)
        pool = self._pools[target.plain]
        connect = {"timeout": {"connect": self._timeout}}
        return pool.stream("POST", url, headers=list(headers.items()), content=message.body, extensions=connect)


def _trust(settings: Settings) -> ssl.SSLContext:
    context = httpx.create_ssl_context(trust_env=False)
    if settings.webhook_ca_file is not None:
        context.load_verify_locations(settings.webhook_ca_file)
    return context


def _judge(status: int) -> Reason | None:
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return None
    return Reason.REDIRECT if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST else Reason.STATUS


def _reason(error: Exception) -> Reason:
    if isinstance(error, httpcore.ConnectError) and error.args and isinstance(error.args[0], ssl.SSLError):
        return Reason.TLS
    return next((reason for kind, reason in _REASONS.items() if isinstance(error, kind)), Reason.ERROR)


def _retry_after(response: httpcore.Response) -> float | None:
    """Return the seconds that the receiver asks for, in either form of RFC 9110; None when it says nothing we read."""
    said = next((value for name, value in response.headers if name.lower() == b"retry-after"), b"").decode("latin-1")
    if said.isdecimal() and len(said) <= _MOST_DIGITS:
        return float(said)
    try:
        return (parsedate_to_datetime(said) - clock.now()).total_seconds()
    except (ValueError, TypeError):
        return None


def _since(started: float) -> int:
    return int((time.monotonic() - started) * 1000)
