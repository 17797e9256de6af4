"""Answers questions about flags, from memory."""

import threading
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from slipway.flags.answers import Answers, Variant
from slipway.flags.bootstrap import read_bootstrap
from slipway.flags.flag import Flag
from slipway.flags.usage import Usage
from slipway.settings import Settings
from slipway.telemetry import catalogue
from slipway.telemetry.logs import get_logger
from slipway.telemetry.metrics import Metrics

if TYPE_CHECKING:
    from UnleashClient.clients.unleash_client import UnleashClient

    from slipway.flags.client import Ear

_REFRESH_SECONDS = 5
"""Pause between two looks at the server, which itself takes a second to publish a change."""
_CLOSE_SECONDS = 5

log = get_logger(__name__)


class Flags:
    """Feature flags over UnleashClient. Use as a context manager; or `open()`, and `close()` at the end.

    The bootstrap file answers until the server of the settings has; with no server, always; with neither, the declared
    defaults. No question waits for the server. When it is away, what it said last holds.
    """

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        """Look at the settings. Until `open`, the declared defaults answer.

        Raises:
            ValueError: the bootstrap file, the server's address or its token cannot be right.
        """
        self._settings = settings
        self._metrics = metrics
        self._bootstrap = read_bootstrap(settings.flags_file)
        if settings.unleash_url is not None:
            _check_server(
                settings.unleash_url, settings.unleash_token.get_secret_value() if settings.unleash_token else ""
            )
        self._client: UnleashClient | None = None
        self._answers: Answers | None = None
        self._ear: Ear | None = None
        self._states: dict[Flag, bool] = {}
        self._changing = threading.Lock()
        self._closing, self._tried = threading.Event(), threading.Event()
        self._starting: threading.Thread | None = None
        metrics.follow(catalogue.FLAGS_AGE, lambda: -1.0 if self.age is None else self.age)

    @property
    def age(self) -> float | None:
        """Seconds since the server last answered; None: it never has, or there is none."""
        return self._ear.age if self._ear else None

    def open(self) -> None:
        """Read the bootstrap file and begin to ask the server, in a thread; do nothing where there is neither.

        The server is not waited for; but the client's imports and its start take a quarter of a second of a processor.
        """
        with self._changing:
            if self._client is None and not self._closing.is_set() and self._needs_client():
                self._make_client()
        self._tell()

    def settle(self, seconds: float) -> None:
        """Wait until the server has answered or has been found away, for so long at most. Without one, do not wait."""
        if self._starting is not None:
            self._tried.wait(seconds)

    def is_enabled(self, flag: Flag, *, tenant: str | None = None) -> bool:
        """Whether a flag is on. Never waits.

        A tenant is Unleash's `userId`: strategies by user id and gradual roll-outs go by tenant. Where neither server
        nor bootstrap file knows the flag, its declared default answers, which is counted.
        """
        if self._answers is None:
            return flag.default
        answer = self._answers.state(flag, tenant)
        if not answer.known:
            self._metrics.inc(catalogue.FLAGS_FALLBACK, flag=flag.flag)
        return answer.on

    def variant(self, flag: Flag, *, tenant: str) -> Variant | None:
        """Return the variant of a flag for a tenant; None where the flag is off or has no variants. Never waits.

        The same tenant has the same variant, in every process, for as long as the flag stays as it is.
        """
        return None if self._answers is None else self._answers.variant(flag, tenant).variant

    def close(self) -> None:
        """Stop polling; waits for a request that is under way, for 5 seconds at most. More than once does no harm."""
        self._closing.set()
        with self._changing:
            client, starting, self._starting = self._client, self._starting, None
        if client is None or starting is None:
            return
        # A server that dribbles can hold a request for ever; its thread is a daemon, and is left behind then.
        ending = threading.Thread(target=_end, args=(client, starting), name="flags-end", daemon=True)
        ending.start()
        ending.join(_CLOSE_SECONDS)

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _needs_client(self) -> bool:
        return self._settings.unleash_url is not None or self._settings.flags_file is not None

    def _make_client(self) -> None:
        from slipway.flags.client import Ear, make_client  # noqa: PLC0415  # slow to import, and seldom needed

        self._ear, usage = Ear(), Usage()
        self._client = make_client(self._settings, self._bootstrap, self._ear, self._changed, _REFRESH_SECONDS, usage)
        self._answers = Answers(self._client, usage)
        if self._settings.unleash_url is not None:
            self._starting = threading.Thread(target=self._start, args=(self._client,), name="flags", daemon=True)
            self._starting.start()

    def _start(self, client: "UnleashClient") -> None:
        """Begin to poll. Nonsense from the server (a redirect to nowhere) makes the client give up: begin again."""
        while not self._closing.is_set():
            try:
                client.initialize_client()
            except Exception as error:  # noqa: BLE001  # whatever the server said: the bootstrap file answers meanwhile
                log.warning("flags.postponed", reason=type(error).__name__)
                self._tried.set()
                self._closing.wait(_REFRESH_SECONDS)
            else:
                self._tried.set()
                return

    def _changed(self) -> None:
        if self._answers is not None:
            self._answers.forget()
        self._tell()

    def _tell(self) -> None:
        """Show in metrics and log how each flag is, without a tenant."""
        for flag in Flag:
            state = self._state(flag)
            self._metrics.set(catalogue.FLAG_STATE, state, flag=flag.flag)
            if self._states.get(flag, state) is not state:
                log.info("flag.changed", flag=flag.flag, outcome="on" if state else "off")
            self._states[flag] = state

    def _state(self, flag: Flag) -> bool:
        if self._client is None:
            return flag.default
        return bool(self._client.is_enabled(flag.flag, {}, lambda *_: flag.default))


def _end(client: "UnleashClient", starting: threading.Thread) -> None:
    starting.join()
    client.destroy()


def _check_server(url: str, token: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"SLIPWAY_UNLEASH_URL={url!r} should be like https://unleash.example.com/api.")
    if not token.isascii() or not token.isprintable():
        raise ValueError("SLIPWAY_UNLEASH_TOKEN holds characters that no token has; was it copied with a line end?")
