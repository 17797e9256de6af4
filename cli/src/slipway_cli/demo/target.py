"""Where the demo sends its messages: a stack that it starts for itself, or one that is there already."""

import asyncio
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from rich.console import Console

from slipway.tenants.schemas import Scope
from slipway_cli.display import Display
from slipway_cli.errors import LocalError
from slipway_cli.keys import new_token
from slipway_cli.stack.local import LocalStack

_VAR = Path("var/demo")
_SCOPES = (Scope.PREDICT, Scope.JOBS_READ, Scope.JOBS_WRITE)


@dataclass(frozen=True, slots=True)
class Target:
    """An API, and how to be let in."""

    url: str
    key: str
    trust: ssl.SSLContext | bool
    """Whose certificates are believed; True: those that this machine trusts."""
    logs: str
    """Where a person looks when it does not answer as it should."""
    farewell: str


@contextmanager
def own_stack(console: Console) -> Iterator[Target]:
    """Start a stack below var/demo, with a tenant of its own; it is stopped afterwards."""
    began, stack = time.monotonic(), LocalStack(_VAR, any_ports=True)
    try:
        with Display(console) as display:
            stack.start(display)
            display.step(None)
        console.print(f"PostgreSQL, Redis, API, worker and scheduler are up after {time.monotonic() - began:.1f} s.")
        yield Target(
            url=stack.api_url,
            key=asyncio.run(new_token(stack.settings, f"demo-{uuid4().hex[:8]}", *_SCOPES)),
            trust=True,
            logs=f"{_VAR}/logs/",
            farewell="Start it for yourself with `make up`; the API is documented at http://127.0.0.1:8000/docs.",
        )
    finally:
        stack.stop()


def running_stack(url: str, key_file: Path | None, authority: Path | None) -> Target:
    """Return a stack that is there; nothing is started.

    Raises:
        LocalError: no key was given, or a file cannot be read.
    """
    if key_file is None:
        raise LocalError("--url needs --key-file: a file with a key, as `slipway keys create` prints it.")
    return Target(
        url=url.rstrip("/"),
        key=_content(key_file),
        trust=_trust(authority) if authority else True,
        logs="the logs of the stack",
        farewell=f"The API is documented at {url.rstrip('/')}/docs.",
    )


def _content(file: Path) -> str:
    try:
        found = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise LocalError(f"{file} cannot be read ({type(error).__name__}).") from None
    if not found:
        raise LocalError(f"{file} is empty. `slipway keys create` prints a key.")
    return found


def _trust(authority: Path) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=authority)
    except OSError as error:
        raise LocalError(f"{authority} has no certificate in PEM ({type(error).__name__}).") from None
