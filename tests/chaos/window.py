"""The harness's own way to the tables: as the superuser, one connection a question, so that no outage breaks it."""

from collections.abc import Sequence
from typing import Any, LiteralString
from urllib.parse import urlsplit, urlunsplit

import psycopg

from slipway_cli.servers.postgres import Postgres
from slipway_cli.stack.local import LocalStack

_RUNNING = """
SELECT count(*) FROM job_chunks c JOIN chaos.claims k ON k.chunk = c.id AND k.token = c.token
WHERE c.state = 'running' AND c.lease_until > now()
"""
_HELD = """
SELECT c.id, c.token FROM job_chunks c JOIN chaos.claims k ON k.chunk = c.id AND k.token = c.token
WHERE c.state = 'running' AND c.lease_until > now() AND k.port = ANY(%s)
"""
_STILL_HELD = """
SELECT count(*) FROM job_chunks c JOIN unnest(%s::bigint[], %s::bigint[]) AS h (id, token)
    ON c.id = h.id AND c.token = h.token WHERE c.state = 'running'
"""
_MEASURE = """
SELECT coalesce((SELECT max(seq) FROM chaos.item_writes), 0),
    coalesce(sum(last - first + 1), 0), count(*), count(*) FILTER (WHERE state = 'running') FROM job_chunks
"""
_OPEN = "SELECT count(*) FROM jobs WHERE state IN ('receiving', 'queued', 'running')"
_RECEIVED = """
SELECT count(*) FROM jobs j JOIN job_items i ON i.job_id = j.id
WHERE j.state = 'receiving' AND j.traceparent LIKE %s
"""

Held = list[tuple[int, int]]


class Window:
    """Looks into the database of a stack. Every method raises psycopg.Error while PostgreSQL is down."""

    def __init__(self, url: str) -> None:
        self.url = url

    @classmethod
    def of(cls, stack: LocalStack) -> "Window":
        """Return the window into a stack that runs."""
        port = stack.processes["postgres"].port
        admin = urlsplit(Postgres(stack.folder.postgres, port or 0).admin_url)
        return cls(urlunsplit(admin._replace(path="/slipway")))

    def rows(self, query: LiteralString, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        with psycopg.connect(self.url, connect_timeout=2, autocommit=True) as connection:
            return connection.execute(query, parameters).fetchall()

    def running(self) -> int:
        """Return how many chunks run, their leases in force."""
        return int(self.rows(_RUNNING)[0][0])

    def held(self, ports: Sequence[int]) -> Held:
        """Return (chunk, token) of what runs and was claimed over a connection from one of these ports."""
        return [(chunk, token) for chunk, token in self.rows(_HELD, [list(ports)])]

    def still_held(self, held: Held) -> int:
        """Return how many of these leases nobody else has taken or ended."""
        return int(self.rows(_STILL_HELD, [[chunk for chunk, _ in held], [token for _, token in held]])[0][0])

    def measure(self) -> tuple[int, int, int, int]:
        """Return the answers written so far, and what is open: messages, chunks, running chunks."""
        answers, messages, chunks, running = self.rows(_MEASURE)[0]
        return int(answers), int(messages), int(chunks), int(running)

    def open_jobs(self) -> int:
        """Return how many jobs are not terminal."""
        return int(self.rows(_OPEN)[0][0])

    def received(self, trace: str) -> int:
        """Return how many messages of an upload are stored that still goes on."""
        return int(self.rows(_RECEIVED, [f"00-{trace}-%"])[0][0])
