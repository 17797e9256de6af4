"""Reads what the audit needs: the raw tables, the tripwires, what the workload noted, and what the API says."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from unruly import POISON

from chaos.client import NDJSON, Client
from chaos.records import Records, Submission
from chaos.stage import Stage
from chaos.window import Window


@dataclass(frozen=True, slots=True)
class JobRow:
    """A row of `jobs`, with what its items add up to."""

    id: str
    trace: str
    state: str
    total: int
    succeeded: int
    dead: int
    items: int
    """Rows of `job_items`."""
    answered: int
    """Of them, in state succeeded and with an output."""
    given_up: int
    """Of them, dead."""
    pending: int


@dataclass(frozen=True, slots=True)
class DeadRow:
    """A dead row of `job_items`."""

    job: str
    ordinal: int
    attempts: int


@dataclass(frozen=True, slots=True)
class Change:
    """A row of `chaos.job_changes`."""

    writes_before: int
    job: str
    trace: str
    after: str
    answered: int


@dataclass(frozen=True, slots=True)
class Tables:
    """What the database holds."""

    jobs: list[JobRow]
    dead: list[DeadRow]
    written_again: list[tuple[str, int, str, str]]
    """(job, ordinal, state before, state after) of writes over an answer that was there."""
    answers: list[tuple[str, int, int]]
    """(job, ordinal, times) of items that became succeeded more than once."""
    last_writes: dict[str, int]
    """By job: the number of its last write, in the order of `Change.writes_before`."""
    changes: list[Change]
    chunks: int
    orphans: int


_JOBS = """
SELECT j.id::text, coalesce(split_part(j.traceparent, '-', 2), ''), j.state, j.total, j.succeeded, j.dead,
    count(i.ordinal), count(*) FILTER (WHERE i.state = 'succeeded' AND i.output IS NOT NULL),
    count(*) FILTER (WHERE i.state = 'dead'), count(*) FILTER (WHERE i.state = 'pending')
FROM jobs j LEFT JOIN job_items i ON i.job_id = j.id GROUP BY j.id
"""
_DEAD = "SELECT job_id::text, ordinal, attempts FROM job_items WHERE state = 'dead'"
_WRITTEN_AGAIN = """
SELECT job_id::text, ordinal, before, after FROM chaos.item_writes
WHERE before = 'succeeded' OR (before = 'dead' AND after <> 'pending')
"""
_ANSWERS = """
SELECT job_id::text, ordinal, count(*) FROM chaos.item_writes WHERE after = 'succeeded'
GROUP BY job_id, ordinal HAVING count(*) > 1
"""
_LAST_WRITES = "SELECT job_id::text, max(seq) FROM chaos.item_writes GROUP BY job_id"
_CHANGES = """
SELECT writes_before, job_id::text, coalesce(split_part(trace, '-', 2), ''), after, answered
FROM chaos.job_changes ORDER BY seq
"""
_ORPHANS = """
SELECT (SELECT count(*) FROM job_items i WHERE NOT EXISTS (SELECT FROM jobs j WHERE j.id = i.job_id))
    + (SELECT count(*) FROM job_chunks c WHERE NOT EXISTS (SELECT FROM jobs j WHERE j.id = c.job_id))
    + (SELECT count(*) FROM subjects s WHERE s.pseudonym IS NULL
        AND NOT EXISTS (SELECT FROM jobs j WHERE j.subject_id = s.id))
    + (SELECT count(*) FROM idempotency_keys k WHERE k.resource IS NOT NULL
        AND NOT EXISTS (SELECT FROM chaos.job_changes c WHERE c.job_id = k.resource))
"""


def read_tables(window: Window) -> Tables:
    """Read the tables. Nothing of the product's own SQL is used."""
    return Tables(
        jobs=[JobRow(*row) for row in window.rows(_JOBS)],
        dead=[DeadRow(*row) for row in window.rows(_DEAD)],
        written_again=[(job, ordinal, before, after) for job, ordinal, before, after in window.rows(_WRITTEN_AGAIN)],
        answers=[(job, ordinal, times) for job, ordinal, times in window.rows(_ANSWERS)],
        last_writes=dict(tuple(row) for row in window.rows(_LAST_WRITES)),
        changes=[Change(*row) for row in window.rows(_CHANGES)],
        chunks=int(window.rows("SELECT count(*) FROM job_chunks")[0][0]),
        orphans=int(window.rows(_ORPHANS)[0][0]),
    )


@dataclass(frozen=True, slots=True)
class Note:
    """What the workload noted before it misbehaved."""

    what: str
    fingerprint: str
    together: int
    """Messages in that call: 1 is an attempt of its own."""


def read_notes(stage: Stage) -> list[Note]:
    """Return what the workload noted."""
    found = [json.loads(line) for line in stage.notes.read_text(encoding="utf-8").splitlines()]
    return [Note(line["what"], line["fingerprint"], line["together"]) for line in found]


def own_attempts(notes: list[Note], fingerprint: str) -> int:
    """Return how often a poisonous message crashed its worker with nothing else in the call."""
    return sum(note.what == POISON and note.fingerprint == fingerprint and note.together == 1 for note in notes)


Results = dict[str, list[dict[str, Any]]]


async def read_results(stage: Stage, records: Records) -> Results:
    """Download the results of all accepted jobs that were not deleted, by job."""
    throttle = asyncio.Semaphore(4)
    clients = [Client(stage.stack.api_url, tokens[0], records) for tokens in stage.tokens]

    async def download(submission: Submission) -> tuple[str, list[dict[str, Any]]]:
        async with throttle:
            job, client = submission.jobs[0], clients[submission.order.tenant]
            answer = await client.call("GET", f"/v1/jobs/{job}/results", route="results", headers={"Accept": NDJSON})
            if answer is None or answer.status_code != 200:
                return job, []
            return job, [json.loads(line) for line in answer.text.splitlines()]

    kept = [submission for submission in records.accepted() if submission.order.fate.value != "deleted"]
    try:
        return dict(await asyncio.gather(*map(download, kept)))
    finally:
        for client in clients:
            await client.aclose()
