"""The client of the Unleash server. Its imports cost a quarter of a second: only `Flags.open` makes them."""

import socket
import time
from collections.abc import Callable
from typing import Any

from apscheduler.executors.debug import DebugExecutor  # type: ignore[import-untyped]  # it has no stubs
from apscheduler.schedulers.background import BackgroundScheduler  # type: ignore[import-untyped]  # the same
from UnleashClient.cache import BaseCache
from UnleashClient.clients.unleash_client import UnleashClient
from UnleashClient.constants import FEATURES_URL
from UnleashClient.events import BaseEvent, UnleashEventType
from UnleashClient.utils import InstanceAllowType

from slipway.flags.bootstrap import names_of
from slipway.flags.usage import Usage
from slipway.settings import Settings

_REQUEST_SECONDS = 2
_EXECUTOR = "flags"
_OK, _NOT_MODIFIED = 200, 304


class MemoryCache(BaseCache):
    """Keeps what the client knows in memory; its own cache writes to the home folder."""

    def __init__(self, bootstrap: str) -> None:
        """Start with the features of a bootstrap file."""
        self._values: dict[str, Any] = {FEATURES_URL: bootstrap}
        self.bootstrapped = True

    def set(self, key: str, value: Any) -> None:
        """Keep a value."""
        self._values[key] = value

    def mset(self, data: dict[str, Any]) -> None:
        """Keep several values."""
        self._values.update(data)

    def get(self, key: str, default: Any = None) -> Any:
        """Return a value."""
        return self._values.get(key, default)

    def exists(self, key: str) -> bool:
        """Whether there is such a value."""
        return key in self._values

    def destroy(self) -> None:
        """Forget everything."""
        self._values.clear()


class Ear:
    """Hears each answer of the server: remembers when there was a good one, and lets no other through."""

    def __init__(self) -> None:
        self._last: float | None = None

    @property
    def age(self) -> float | None:
        """Seconds since the last good answer; None: there was none."""
        return None if self._last is None else time.monotonic() - self._last

    def hear(self, response: Any, *_: Any, **__: Any) -> None:
        """Look at a response; the signature is that of a hook of `requests`.

        Raises:
            ValueError: it is not what Unleash says. The client takes it for no answer: what it knew goes on to hold.
        """
        if response.request.method != "GET" or response.status_code not in {_OK, _NOT_MODIFIED}:
            return
        if response.status_code == _OK:
            names_of(response.text)
        self._last = time.monotonic()


class Client(UnleashClient):
    """The client, whose report to the server has more in it than the questions that it was asked."""

    def add_to_report(self, usage: Usage) -> None:
        """Report what is counted there as well."""
        collect = self._engine.get_metrics
        # The client's reporter asks its engine each minute, and at the end; there is no other way in.
        self._engine.get_metrics = lambda: usage.report(self._engine, collect)


def make_client(
    settings: Settings, bootstrap: str, ear: Ear, changed: Callable[[], None], refresh_seconds: int, usage: Usage
) -> UnleashClient:
    """Return a client that answers from the bootstrap, and asks the server of the settings once it is initialized.

    Args:
        settings: address and token of the server; without an address the client is not to be initialized.
        bootstrap: what holds until the server has answered.
        ear: hears what the server answers.
        changed: called, in a thread of the client's, after each answer that differs from the one before.
        refresh_seconds: pause between two looks.
        usage: counts answers that the client was not asked for; it reports them to the server.
    """

    def on_event(event: BaseEvent) -> None:
        if event.event_type is UnleashEventType.FETCHED:
            changed()

    token = settings.unleash_token.get_secret_value() if settings.unleash_token else ""
    client = Client(
        url=settings.unleash_url or "http://offline.invalid",
        app_name="slipway",
        instance_id=socket.gethostname(),
        refresh_interval=refresh_seconds,
        request_timeout=_REQUEST_SECONDS,
        request_retries=0,
        custom_headers={"Authorization": token} if token else {},
        custom_options={"hooks": {"response": ear.hear}},
        cache=MemoryCache(bootstrap),
        multiple_instance_mode=InstanceAllowType.SILENTLY_ALLOW,
        event_callback=on_event,
        scheduler=_scheduler(),
        scheduler_executor=_EXECUTOR,
    )
    client.add_to_report(usage)
    return client


def _scheduler() -> BackgroundScheduler:
    """Return one that works in its one daemon thread: a pool's threads would be waited for when the process ends.

    A look that comes late because a slow server held up the thread is made all the same.
    """
    late = {"misfire_grace_time": None, "coalesce": True}
    return BackgroundScheduler(executors={_EXECUTOR: DebugExecutor()}, job_defaults=late)
