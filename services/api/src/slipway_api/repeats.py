"""What all POSTs with an Idempotency-Key have in common: the header, and how its repeats are met and answered."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import Header, Response

from slipway.errors import RequestInProgress
from slipway.idempotency.service import IdempotencyKey
from slipway_api.state import Api

ClientKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[\x21-\x7e]{1,255}$",
        description="Send the same key again with the same request, and it happens once.",
    ),
]


def tell(response: Response, *, repeated: bool) -> None:
    """Say so when an earlier request with the same Idempotency-Key had done it."""
    if repeated:
        response.headers["Idempotency-Replayed"] = "true"


@contextmanager
def alone(api: Api, key: IdempotencyKey | None) -> Iterator[None]:
    """Refuse at once what this process is already at, so that a herd of repeats takes no connections.

    Raises:
        RequestInProgress: a request with the same key runs in this process.
    """
    if key is None:
        yield
        return
    running, name = api.running_keys, (key.tenant_id, key.hash)
    if name in running:
        raise RequestInProgress("Wait for the first request with this key.", headers={"Retry-After": "1"})
    running.add(name)
    try:
        yield
    finally:
        running.remove(name)
