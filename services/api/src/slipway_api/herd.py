"""Many repeats of one request at a time."""

from collections.abc import Iterator
from contextlib import contextmanager

from slipway.errors import RequestInProgress
from slipway.idempotency.service import IdempotencyKey
from slipway_api.state import Api


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
