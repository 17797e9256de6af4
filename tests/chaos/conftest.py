"""A small world in a real database: three jobs that ended as they should, and what their clients were told."""

from dataclasses import dataclass
from typing import LiteralString
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest
from unruly import POISON, fingerprint

from chaos import tripwire
from chaos.audit import Account
from chaos.evidence import Note, read_tables
from chaos.orders import Fate, JobOrder, texts
from chaos.records import Records, Submission
from chaos.window import Window

SEED, SIZE = 7, 3
_MAKE = """
INSERT INTO jobs (id, tenant_id, workload, state, priority, subject_id, traceparent, created_by)
VALUES (%(job)s, %(tenant)s, 'triage', 'receiving', 5, %(subject)s, %(traceparent)s, 'key');
INSERT INTO job_items (job_id, ordinal, tenant_id, subject_id, input)
SELECT %(job)s, n, %(tenant)s, %(subject)s, '' FROM generate_series(0, %(size)s - 1) AS n;
INSERT INTO job_chunks (job_id, tenant_id, workload, priority, first, last)
VALUES (%(job)s, %(tenant)s, 'triage', 5, 0, %(size)s - 1);
UPDATE jobs SET state = 'queued', total = %(size)s WHERE id = %(job)s;
UPDATE jobs SET state = 'running' WHERE id = %(job)s;
UPDATE job_chunks SET state = 'running', token = token + 1, lease_until = now() + interval '1 minute'
WHERE job_id = %(job)s
"""
_ANSWER = "UPDATE job_items SET state = 'succeeded', output = 'x', attempts = 1 WHERE job_id = %s AND ordinal = %s"
_GIVE_UP = "UPDATE job_items SET state = 'dead', attempts = 3 WHERE job_id = %s AND ordinal = %s"
_END = "UPDATE jobs SET state = %s, succeeded = %s, dead = %s WHERE id = %s"


@dataclass
class World:
    """`kept` has an answer, poison, an answer; `cancelled` one answer and two pending; `deleted` is gone."""

    url: str
    tenant: str
    kept: Submission
    cancelled: Submission
    deleted: Submission

    def execute(self, statement: LiteralString, **parameters: object) -> None:
        """Do something to the database, as whoever is not fenced could."""
        with psycopg.connect(self.url, autocommit=True, cursor_factory=psycopg.ClientCursor) as connection:
            connection.execute(statement, parameters or None)

    def plant(self, statement: LiteralString) -> None:
        """Run one statement that may name the jobs and the tenant."""
        jobs = {name: getattr(self, name).jobs[0] for name in ("kept", "cancelled", "deleted")}
        self.execute(statement, tenant=self.tenant, **jobs)

    def account(self) -> Account:
        """Return what a run with these jobs is audited from."""
        found = texts(SEED, self.kept.order)
        return Account(
            seed=SEED,
            records=Records([self.kept, self.cancelled, self.deleted]),
            tables=read_tables(Window(self.url)),
            notes=[Note(POISON, fingerprint(found[1]), 1)] * 3,
            results={
                self.kept.jobs[0]: [_answer(0, found[0]), {"ordinal": 1, "state": "dead"}, _answer(2, found[2])],
                self.cancelled.jobs[0]: [
                    _answer(0, texts(SEED, self.cancelled.order)[0]),
                    {"ordinal": 1, "state": "cancelled"},
                    {"ordinal": 2, "state": "cancelled"},
                ],
            },
            expected={fingerprint(found[0]): _answer(0, found[0])["output"]},
        )


def _answer(ordinal: int, text: str) -> dict:
    return {"ordinal": ordinal, "state": "succeeded", "output": {"fingerprint": fingerprint(text), "category": "x"}}


@pytest.fixture
def world(postgres, settings) -> World:
    database = urlsplit(settings.database_app_url.get_secret_value()).path
    url = urlunsplit(urlsplit(postgres.admin_url)._replace(path=database))
    tripwire.lay(url)
    tenant = str(uuid4())
    found = World(
        url,
        tenant,
        _submission(0, marks=((1, POISON),)),
        _submission(1, fate=Fate.CANCELLED),
        _submission(2, fate=Fate.DELETED),
    )
    found.execute("INSERT INTO tenants (id, name) VALUES (%(id)s, 'one')", id=tenant)
    _live(found)
    return found


def _submission(number: int, **more: object) -> Submission:
    order = JobOrder(number, 0.0, 0, 0, ndjson=True, size=SIZE, priority=5, keyed=True, **more)
    ended = order.fate if order.fate is not Fate.KEPT else None
    trace = f"{number + 1:032x}"
    return Submission(order, trace, 1, 0, [str(uuid4())], SIZE, ended, ended is not None, int(ended is Fate.CANCELLED))


def _live(world: World) -> None:
    with psycopg.connect(world.url, autocommit=True, cursor_factory=psycopg.ClientCursor) as connection:
        for submission in (world.kept, world.cancelled, world.deleted):
            subject, job = str(uuid4()), submission.jobs[0]
            connection.execute("INSERT INTO subjects (id, tenant_id) VALUES (%s, %s)", (subject, world.tenant))
            traceparent = f"00-{submission.trace}-{1:016x}-01"
            make = {"job": job, "tenant": world.tenant, "subject": subject, "traceparent": traceparent, "size": SIZE}
            connection.execute(_MAKE, make)
            connection.execute(_ANSWER, (job, 0))
        kept, cancelled, deleted = (s.jobs[0] for s in (world.kept, world.cancelled, world.deleted))
        connection.execute(_GIVE_UP, (kept, 1))
        connection.execute(_ANSWER, (kept, 2))
        connection.execute(_END, ("completed", 2, 1, kept))
        connection.execute(_END, ("cancelled", 1, 0, cancelled))
        connection.execute("DELETE FROM job_chunks")
        connection.execute(
            "WITH gone AS (DELETE FROM jobs WHERE id = %s RETURNING subject_id) "
            "DELETE FROM subjects WHERE id IN (SELECT subject_id FROM gone)",
            (deleted,),
        )
