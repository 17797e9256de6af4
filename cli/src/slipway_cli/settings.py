"""`slipway settings`."""

from typing import Any
from urllib.parse import urlsplit

import typer
from pydantic import SecretStr

from slipway.settings import Settings
from slipway_cli.stack.environment import local_settings

app = typer.Typer(add_completion=False)


@app.command()
def settings() -> None:
    """Print the effective settings, secrets masked. A star marks what differs from the default."""
    effective = local_settings()
    for name, field in Settings.model_fields.items():
        value = getattr(effective, name)
        mark = " " if value == field.default else "*"
        print(f"{mark} SLIPWAY_{name.upper()}={masked(value)}")  # noqa: T201  # the terminal is what we talk to


def masked(value: Any) -> str:
    """Return a setting as it may be shown: of a secret, only where it leads, if it is a URL."""
    if not isinstance(value, SecretStr):
        return "" if value is None else str(value)
    url = urlsplit(value.get_secret_value())
    if not url.hostname:
        return "********"
    account = f"{url.username or ''}{':********' if url.password else ''}"
    return f"{url.scheme}://{account + '@' if account else ''}{url.hostname}:{url.port}{url.path}"
