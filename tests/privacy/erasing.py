"""The proof of the erasure, whole: people in a running stack, some of them erased, and a hunt for what is left of them.

Hunted are, byte by byte, PostgreSQL's files, all that Redis holds, logs, evidence and every other file of the stack:
for marks that were in the inputs, and for each erased person's ciphertexts, wrapped key and blind index, and for what
is kept of their exports. All of these are found before. Then an older backup is opened with every key that is still
alive.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psycopg
from privacy.backups import Backup, opened
from privacy.collecting import everything_in
from privacy.needles import Needles
from privacy.people import Person, Population, people
from privacy.scanning import Marks

from slipway.database.engine import driver_url
from slipway_cli.keybackup import back_up
from slipway_cli.keys import new_token
from slipway_cli.servers.postgres import Postgres
from slipway_cli.stack.local import LocalStack

ENVIRONMENT = {
    "SLIPWAY_WORKLOAD": "confiding:Confiding",
    "SLIPWAY_POLL_SECONDS": "1",
    "SLIPWAY_MAX_JSON_BYTES": "2000000",
    "SLIPWAY_MAX_QUEUED_INPUTS": "1000000",
    "SLIPWAY_RATE_LIMIT_PER_MINUTE": "1000000",
    "SLIPWAY_ERASURE_ROTATION_SECONDS": "0",
    "SLIPWAY_TENANT_KEY_TTL": "1",
}
"""What the stack has to be started with. An old key is destroyed once no process can have it in its memory."""
_WAL = frozenset({"pg_wal"})
_ROWS = """
SELECT s.id, s.pseudonym, k.wrapped, i.input, i.output FROM subjects s
JOIN subject_keys k ON k.subject_id = s.id JOIN job_items i ON i.subject_id = s.id WHERE s.id = ANY (%s)
"""
_PARTS = "SELECT content FROM subject_export_parts WHERE subject_id = ANY (%s)"
EXPORTED_EACH = 10
"""Of so many who are erased, one has had an export made, which is kept."""
PARTS = 3
"""Of each export."""
_HEADER = 5
"""Bytes of an envelope that are the same for many: its format, and the version of the key."""


@dataclass
class Proof:
    """What the hunt has found."""

    subjects: int
    erased: int
    values: Counter[str] = field(default_factory=Counter)
    """Values of the erased that were hunted for, by kind."""
    found_before: Counter[str] = field(default_factory=Counter)
    """How many of them were there before the erasure."""
    found_after: list[str] = field(default_factory=list)
    """What was there afterwards: there must be nothing."""
    erased_bytes_found: int = 0
    """The number of these."""
    left_in_wal: int = 0
    """Values that are still in segments of the write-ahead log, until they are overwritten."""
    opened_before: int = 0
    """People of the erased whom the backup opens as long as they are not erased."""
    opened_after: int = 0
    """The same, when they are, with every key that is still alive: nobody may be."""
    intact: int = 0
    """Others whose every answer is still there."""
    counted: tuple[int, int] = (0, 0)
    """Inputs and answers, as the jobs count them."""
    slowest: float = 0.0
    """Seconds from the request for an erasure to its end."""
    survivors_opened: int = 0
    """Others whom the restored backup opens, once today's keys are laid over it."""


async def erase_and_hunt(
    stack: LocalStack,
    folder: Path,
    *,
    subjects: int,
    erased: int,
    seed: int,
    progress: Callable[[str], None] = lambda _: None,
) -> Proof:
    """Plant people, erase some, and hunt.

    Args:
        stack: a running one with `ENVIRONMENT`, and nobody in it.
        folder: an empty one outside of the stack's, for the backup.
        subjects: how many people.
        erased: how many of them are erased.
        seed: of the marks; it and the next number are used.
        progress: is told what is done next.
    """
    proof = Proof(subjects, erased)
    doomed, others = people(Marks(seed), erased), people(Marks(seed + 1), subjects - erased)
    token = await new_token(stack.settings, "erasing")
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=stack.api_url, headers=headers, timeout=60) as http:
        population = Population(http)
        progress("planting")
        await population.plant(_mixed(doomed, others, seed))
        await population.look_up(doomed)
        progress("exporting")
        await population.export(doomed[::EXPORTED_EACH])
        site = _Site(stack)
        needles = await asyncio.to_thread(site.needles, [UUID(person.id) for person in doomed])
        progress("hunting before")
        proof.values = Counter(needles.values)
        proof.found_before = await asyncio.to_thread(site.hunt_before, needles)
        backup = await asyncio.to_thread(Backup.of, site.superuser, folder)
        proof.opened_before = await opened(stack.settings, backup, doomed)
        progress("erasing")
        await population.erase(doomed)
        proof.slowest = max(person.seconds for person in doomed)
        progress("waiting for the end of the old key")
        await population.dead_in_backups(doomed, lambda: back_up(stack.settings, folder / "slipway.keys"))
        progress("hunting after")
        await asyncio.to_thread(site.hunt_after, needles, Marks(seed), proof)
        proof.intact = await population.answered(others)
        proof.counted = await population.counts()
        progress("opening the backup")
        proof.opened_after = await opened(stack.settings, backup, doomed)
        proof.survivors_opened = await opened(stack.settings, backup, others, newest=site.url)
    return proof


class _Site:
    """Where a running stack keeps what."""

    def __init__(self, stack: LocalStack) -> None:
        assert stack._plan
        assert stack._plan.postgres_port
        self._stack = stack
        server = Postgres(stack.folder.postgres, stack._plan.postgres_port)
        self.superuser = server.admin_url
        name = driver_url(stack.settings.database_app_url).database
        self.url = f"{server.admin_url.rpartition('/')[0]}/{name}"

    def needles(self, doomed: list[UUID]) -> Needles:
        """Return what there is of people, as it lies in the tables."""
        needles, seen = Needles(), set[UUID]()
        with psycopg.connect(self.url) as connection:
            for subject, pseudonym, wrapped, content, output in connection.execute(_ROWS, [doomed]):
                if subject not in seen:
                    seen.add(subject)
                    needles.add("blind index", pseudonym)
                    needles.add("wrapped key", wrapped, skip=_HEADER)
                needles.add("input", content, skip=_HEADER)
                needles.add("output", output, skip=_HEADER)
            for (part,) in connection.execute(_PARTS, [doomed]):
                needles.add("export", part, skip=_HEADER)
        return needles

    def hunt_before(self, needles: Needles) -> Counter[str]:
        """Return how many different values are in PostgreSQL's files, by kind."""
        self._run("CHECKPOINT")
        hits = {(hit.label, hit.value) for hit in needles.find_in_files([self._data()], without=_WAL)}
        return Counter(label for label, _ in hits)

    def hunt_after(self, needles: Needles, marks: Marks, proof: Proof) -> None:
        """Note whatever is left, anywhere."""
        for statement in ("VACUUM FULL", "CHECKPOINT", "SELECT pg_switch_wal()", "CHECKPOINT"):
            self._run(statement)
        folders = [self._data(), self._stack.folder.root]
        hits: list[Any] = [*needles.find_in_files(folders, without=_WAL)]
        redis = everything_in(self._stack.settings.redis_url.get_secret_value())
        hits += [*needles.find("Redis", redis), *marks.find("Redis", redis)]
        hits += [hit for each in folders for hit in marks.find_in_files(each)]
        proof.found_after = [str(hit) for hit in hits]
        proof.erased_bytes_found = len(hits)
        wal = needles.find_in_files([self._data() / "pg_wal"])
        proof.left_in_wal = len({(hit.label, hit.value) for hit in wal})

    def _data(self) -> Path:
        return Path(self._run("SHOW data_directory"))

    def _run(self, statement: str) -> str:
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(statement)  # type: ignore[call-overload]  # of our own
            return str(cursor.fetchone()[0]) if cursor.description else ""


def _mixed(doomed: Iterable[Person], others: Iterable[Person], seed: int) -> list[tuple[Person, Marks]]:
    """Return all of them, so that each job is about both kinds; each person's marks are of their kind."""
    first, second = Marks(seed), Marks(seed + 1)
    first.count = second.count = 10**6  # the names have used the first ones
    everybody = [*((person, first) for person in doomed), *((person, second) for person in others)]
    return sorted(everybody, key=lambda each: each[0].name[::-1])
