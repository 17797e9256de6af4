"""Watches the table of chunks: none that is begun anew may have been counted as an attempt before."""

import asyncio

import psycopg

from slipway_cli.stack.local import LocalStack

_POLL_SECONDS = 0.05
_COUNTED = """
SELECT id FROM job_chunks WHERE attempts > CASE state WHEN 'running' THEN 1 ELSE 0 END
"""
_LOST = ('"chunk.lost"', '"leases.expired"', '"chunk.postponed"')


class Attempts:
    """The chunks that were seen with an attempt too many."""

    def __init__(self, stack: LocalStack) -> None:
        self._stack = stack
        self._chunks: set[int] = set()

    async def watch(self) -> None:
        """Look again and again, until cancelled."""
        url = self._stack.settings.database_system_url.get_secret_value()
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            while True:
                rows = await (await connection.execute(_COUNTED)).fetchall()
                self._chunks |= {row[0] for row in rows}
                await asyncio.sleep(_POLL_SECONDS)

    def count(self) -> int:
        """Return how many there were, and what the workers logged of losses."""
        logs = [self._stack.folder.log(worker).read_text() for worker in self._stack.workers]
        return len(self._chunks) + sum(log.count(event) for log in logs for event in _LOST)
