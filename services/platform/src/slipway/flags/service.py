"""Answers questions about flags, from memory."""

import socket
import threading
from typing import Self
from urllib.parse import urlsplit

from apscheduler.executors.debug import DebugExecutor  # type: ignore[import-untyped]  # it has no stubs
from apscheduler.schedulers.background import BackgroundScheduler  # type: ignore[import-untyped]  # the same
from UnleashClient.clients.unleash_client import UnleashClient
from UnleashClient.utils import InstanceAllowType

from slipway.flags.bootstrap import MemoryCache, read_bootstrap
from slipway.flags.flag import Flag
from slipway.settings import Settings
from slipway.telemetry.catalogue import FLAGS_FALLBACK
from slipway.telemetry.logs import get_logger
from slipway.telemetry.metrics import Metrics

_REQUEST_SECONDS = 2
_REFRESH_SECONDS = 15
_CLOSE_SECONDS = 5

_EXECUTOR = "flags"

log = get_logger(__name__)


class Flags:
    """Feature flags over UnleashClient. Use as a context manager, or `close()` at the end.

    The bootstrap file answers until the server of the settings has; with no server, always. Starting never waits for
    the server, and no question does.
    """

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        """Read the bootstrap file and start to poll the server, if there is one.

        Raises:
            ValueError: the bootstrap file, the server's address or its token cannot be right.
        """
        self._metrics = metrics
        self._client = _client(settings)
        self._closing = threading.Event()
        self._starting: threading.Thread | None = None
        if settings.unleash_url is not None:
            self._starting = threading.Thread(target=self._start, name="flags", daemon=True)
            self._starting.start()

    def is_enabled(self, flag: Flag, *, tenant: str | None = None) -> bool:
        """Whether a flag is on. Never waits.

        A tenant is Unleash's `userId`: strategies by user id and gradual roll-outs go by tenant. Where neither server
        nor bootstrap file knows the flag, its declared default answers, which is counted.
        """
        context = {"userId": tenant} if tenant else {}
        return bool(self._client.is_enabled(flag.flag, context, lambda *_: self._fallback(flag)))

    def close(self) -> None:
        """Stop polling; waits for a request that is under way, for 5 seconds at most. More than once does no harm."""
        if self._starting is None:
            return
        self._closing.set()
        # A server that dribbles can hold a request for ever; its thread is a daemon, and is left behind then.
        ending = threading.Thread(target=self._end, args=(self._starting,), name="flags-end", daemon=True)
        ending.start()
        ending.join(_CLOSE_SECONDS)
        self._starting = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self) -> None:
        """Begin to poll. Nonsense from the server (a redirect to nowhere) makes the client give up: begin again."""
        while not self._closing.is_set():
            try:
                self._client.initialize_client()
            except Exception as error:  # noqa: BLE001  # whatever the server said: the bootstrap file answers meanwhile
                log.warning("flags.postponed", reason=type(error).__name__)
                self._closing.wait(_REFRESH_SECONDS)
            else:
                return

    def _end(self, starting: threading.Thread) -> None:
        starting.join()
        self._client.destroy()

    def _fallback(self, flag: Flag) -> bool:
        self._metrics.inc(FLAGS_FALLBACK, flag=flag.flag)
        return flag.default


def _client(settings: Settings) -> UnleashClient:
    token = settings.unleash_token.get_secret_value() if settings.unleash_token else ""
    if settings.unleash_url is not None:
        _check_server(settings.unleash_url, token)
    return UnleashClient(
        url=settings.unleash_url or "http://offline.invalid",
        app_name="slipway",
        instance_id=socket.gethostname(),
        refresh_interval=_REFRESH_SECONDS,
        request_timeout=_REQUEST_SECONDS,
        request_retries=0,
        custom_headers={"Authorization": token} if token else {},
        cache=MemoryCache(read_bootstrap(settings.flags_file)),
        multiple_instance_mode=InstanceAllowType.SILENTLY_ALLOW,
        # It polls in its one daemon thread: a pool's threads would be waited for when the process ends.
        scheduler=BackgroundScheduler(executors={_EXECUTOR: DebugExecutor()}),
        scheduler_executor=_EXECUTOR,
    )


def _check_server(url: str, token: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"SLIPWAY_UNLEASH_URL={url!r} should be like https://unleash.example.com/api.")
    if not token.isascii() or not token.isprintable():
        raise ValueError("SLIPWAY_UNLEASH_TOKEN holds characters that no token has; was it copied with a line end?")
