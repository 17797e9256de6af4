"""Generated SQL through the app role finds nothing of another tenant's, and would find it if it were there."""

import asyncio
import os
from random import Random
from uuid import UUID

import pytest
from privacy.crossings import cross
from privacy.planting import Planted
from privacy.statements import READS, TABLES, WRITES, Forge

QUERIES = int(os.environ.get("CROSSING_QUERIES", "3000"))


@pytest.mark.timeout(3_600)
async def test_no_query_crosses_between_tenants(settings, postgres):
    told = []
    outcome = await asyncio.to_thread(cross, settings, postgres.admin_url, QUERIES, 8, told.append)

    assert outcome.crossings == []
    assert outcome.total >= QUERIES
    assert told[-1] == QUERIES
    assert len(outcome.queries) == len(READS) + len(WRITES), "every kind was asked"
    assert outcome.own > QUERIES / 20, "own rows are found"
    assert outcome.refused > QUERIES / 20, "refusals are met"
    assert outcome.inherited.keys() == {"commit", "rollback", "error", "cancelled", "timeout"}
    assert outcome.inherited.total() > outcome.turns.total() / 3, "connections are used again by others"


@pytest.mark.parametrize(
    "hole",
    [
        "ALTER POLICY tenant ON job_items USING (true)",
        "ALTER POLICY tenant ON subjects USING (true) WITH CHECK (true)",
        "ALTER TABLE webhook_events DISABLE ROW LEVEL SECURITY",
        "CREATE POLICY more ON audit_log FOR SELECT USING (tenant_id IS NOT NULL)",
    ],
)
async def test_a_hole_is_found(settings, postgres, hole):
    outcome = await asyncio.to_thread(cross, settings, postgres.admin_url, 20_000, 8, first=[hole], most=1)
    assert outcome.crossings, hole


def test_the_same_seed_makes_the_same_queries():
    victim = Planted(1, {name: [{"tenant_id": UUID(int=1), "id": UUID(int=1)}] for name in TABLES})
    one, other, third = (Forge(Random(seed), victim) for seed in (1, 1, 2))
    made = [[forge.read() for _ in range(50)] for forge in (one, other, third)]
    assert made[0] == made[1] != made[2]


async def test_a_run_that_is_interrupted_ends(settings, postgres, monkeypatch):
    monkeypatch.setattr("privacy.crossings._LOOK_EVERY", 20)
    told = []

    def interrupt(done):
        told.append(done)
        asyncio.current_task().cancel()

    with pytest.raises(asyncio.CancelledError):
        await asyncio.to_thread(cross, settings, postgres.admin_url, 20_000, 8, interrupt)
    assert len(told) == 1
