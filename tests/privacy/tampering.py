"""Tampers with the audit log as a superuser who may do anything, at random, and counts how often it is found.

    PYTHONPATH=tests .venv/bin/python -m privacy.tampering --count 1000 --seed 7

makes a server of its own, fills a log, and prints one JSON object. `tamper` does the same to a log that is there.
"""

import argparse
import asyncio
import json
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from privacy import tricks
from privacy.filling import fill
from privacy.servers import migrated_server
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from rich.console import Console
from rich.progress import track

from slipway.audit.verification import Report, verify
from slipway.database import Database
from slipway.evidence import Evidence
from slipway.keys.signer import AuditSigner
from slipway.settings import Settings

_KEEP = """
    DROP TABLE IF EXISTS kept_log, kept_seals;
    CREATE TABLE kept_log AS TABLE audit_log; CREATE TABLE kept_seals AS TABLE audit_seals
"""
_PUT_BACK = """
    TRUNCATE audit_log, audit_seals;
    INSERT INTO audit_log TABLE kept_log; INSERT INTO audit_seals TABLE kept_seals
"""
_SAME = """
    SELECT (SELECT array_agg(l::text ORDER BY id) FROM audit_log l) IS NOT DISTINCT FROM
           (SELECT array_agg(l::text ORDER BY id) FROM kept_log l)
       AND (SELECT array_agg(s::text ORDER BY tenant_id, sequence) FROM audit_seals s) IS NOT DISTINCT FROM
           (SELECT array_agg(s::text ORDER BY tenant_id, sequence) FROM kept_seals s)
"""


@dataclass
class Tampered:
    """How many tamperings there were, how many were found, and of which kinds the others are."""

    count: int = 0
    found: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)


class Stage:
    """A log that is sealed and covered by checkpoints, and a superuser who may do anything to it and to its files."""

    def __init__(self, settings: Settings, superuser: AsyncConnection[TupleRow]) -> None:
        self.superuser = superuser
        self.settings = settings
        self.signer = AuditSigner.load(settings)
        self.database = Database(settings)
        self._files: dict[Path, bytes] = {}

    async def keep(self) -> None:
        """Remember the log as it is, so that it can be put back."""
        await self.superuser.execute(_KEEP)
        folder = self.settings.evidence_dir / "checkpoints"
        self._files = {path: path.read_bytes() for path in sorted(folder.glob("*.jsonl"))}

    async def put_back(self) -> None:
        """Undo what was done."""
        await self.superuser.execute(_PUT_BACK)
        for path, content in self._files.items():
            path.write_bytes(content)

    @property
    def files(self) -> dict[Path, bytes]:
        """The checkpoints' files as they were kept."""
        return self._files

    async def changed(self) -> bool:
        """Tell whether anything is different from what was kept."""
        same = await (await self.superuser.execute(_SAME)).fetchone()
        return same != (True,) or any(
            not path.exists() or path.read_bytes() != content for path, content in self._files.items()
        )

    async def check(self) -> Report:
        """Verify, as `slipway audit verify` does, in a process that remembers nothing."""
        return await verify(self.database, Evidence(self.settings.evidence_dir, self.signer))

    async def close(self) -> None:
        """Close the connections."""
        await self.database.close()


async def tamper(
    settings: Settings, superuser: AsyncConnection[TupleRow], count: int, seed: int, step: Callable[[], None]
) -> Tampered:
    """Do something to the log so many times; after each, look whether it is found, and undo it.

    Args:
        settings: of the installation, whose log is sealed and covered by a checkpoint. Nothing else may write to it.
        superuser: a connection that may do anything, each statement by itself.
        count: how many tamperings.
        seed: chooses them.
        step: is called after each.

    Raises:
        ValueError: the log does not hold as it is.
    """
    random, done, stage = Random(seed), Tampered(), Stage(settings, superuser)
    try:
        await stage.keep()
        before = await stage.check()
        if not before.holds or not any(verdict.seals for verdict in before.verdicts.values()):
            raise ValueError(f"there is no log that holds, before anything is done to it: {before}")
        for _ in range(count):
            await _once(stage, random, done)
            step()
    finally:
        await stage.close()
    return done


async def _once(stage: Stage, random: Random, done: Tampered) -> None:
    kind, what = "", ""
    while not kind or not await stage.changed():  # some change nothing: two equal values change places
        kind = random.choice(sorted(tricks.KINDS))
        what = await tricks.KINDS[kind](stage, random)
    found = not (await stage.check()).holds
    done.count += 1
    done.found += found
    done.kinds[kind] += 1
    if not found:
        done.missed.append(f"{kind}: {what}")
    await stage.put_back()


async def _run(settings: Settings, url: str, count: int, seed: int) -> Tampered:
    await fill(settings, Random(seed), tenants=4, seals=12)
    ticks = iter(track(range(count), "tampering", console=Console(stderr=True)))
    async with await AsyncConnection.connect(url, autocommit=True) as superuser:
        done = await tamper(settings, superuser, count, seed, lambda: next(ticks))
    for _ in ticks:
        continue
    return done


def main() -> None:
    """Run it on a server of its own. Exit code 1 when anything was not found."""
    parser = argparse.ArgumentParser(description="Tamper with an audit log, and count how often it is found.")
    parser.add_argument("--count", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="slipway-tampering-") as folder,
        migrated_server(Path(folder), "tampered") as (settings, url),
    ):
        done = asyncio.run(_run(settings, url, options.count, options.seed))
    told = {
        "seed": options.seed,
        "tampered": done.count,
        "found": done.found,
        "kinds": dict(sorted(done.kinds.items())),
    }
    print(json.dumps(told | {"missed": done.missed}))  # noqa: T201  # printing is what it is run for
    raise SystemExit(done.found < done.count)


if __name__ == "__main__":
    main()
