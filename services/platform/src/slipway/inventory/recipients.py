"""Who gets anything of what is held: the tenants' own systems, and the servers that the settings name."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from pydantic import SecretStr

from slipway.settings import Settings


@dataclass(frozen=True, slots=True)
class Recipient:
    """One of them."""

    name: str
    gets: str
    host: str | None
    """Where it is, by the settings; None: each tenant says where."""


_SERVERS = (
    ("PostgreSQL", "everything that is kept, what people wrote sealed", "database_app_url"),
    ("Redis", "that there is work, and how often an API key calls", "redis_url"),
    ("the log store", "log lines", "log_store_url"),
    ("the collector of traces", "traces", "otlp_endpoint"),
    ("the flag server", "names of flags, and counts of how they were answered", "unleash_url"),
)
_WEBHOOKS = Recipient("the tenant's own systems", "answers to their requests; webhooks with ids and counts", None)


def recipients(settings: Settings) -> tuple[Recipient, ...]:
    """Return who gets what. A server that no setting names gets nothing, and is left out."""
    named = ((name, gets, _host(getattr(settings, setting))) for name, gets, setting in _SERVERS)
    return (_WEBHOOKS, *(Recipient(name, gets, host) for name, gets, host in named if host))


def _host(url: SecretStr | str | None) -> str | None:
    text = url.get_secret_value() if isinstance(url, SecretStr) else url
    return urlsplit(text).hostname if text else None
