"""`python -m slipway.logstore`: prepares the log store once, before the first line comes to it."""

import asyncio
import sys
import time

from slipway.logstore.errors import AWAY, LogStoreError
from slipway.logstore.store import open_log_store
from slipway.logstore.template import index_template
from slipway.process import begin
from slipway.settings import Settings
from slipway.telemetry.logs import get_logger

_PATIENCE_SECONDS = 300.0
_PAUSE_SECONDS = 2.0
_LATER = (*AWAY, "failed")
"""What may pass: the store is starting."""

log = get_logger("slipway.logstore")


async def prepare(settings: Settings, patience: float = _PATIENCE_SECONDS, pause: float = _PAUSE_SECONDS) -> None:
    """Put the template, then let our indices be made. Waits for a store that is starting, for `patience` seconds.

    Raises:
        LogStoreError: the store did not come in time, or refuses.
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            async with open_log_store(settings) as store:
                await store.put_template(index_template(settings.log_store_replicas))
                await store.allow_indices()
        except LogStoreError as error:
            if error.reason not in _LATER or time.monotonic() > deadline:
                raise
            log.info("log_store.awaited", reason=error.reason)
        else:
            log.info("log_store.prepared")
            return
        await asyncio.sleep(pause)


def main() -> None:
    """Prepare the log store of the settings; end with 1 and a sentence when that fails."""
    try:
        asyncio.run(prepare(begin("cli")))
    except LogStoreError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
