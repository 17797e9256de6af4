"""The whole check of the audit log: every chain in the database, every checkpoint beside it, and the two together."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from slipway import clock
from slipway.audit import repository
from slipway.audit.chain_check import ChainCheck, Verdict
from slipway.audit.comparison import Comparison, Testimony
from slipway.database import Database
from slipway.evidence import Evidence

Watch = Callable[[UUID, int, int], None]
"""Is told of a tenant, of how many there are, and how many entries were checked since it was last told."""


@dataclass(frozen=True, slots=True)
class Report:
    """What was found: a verdict for each tenant of the database, and what the checkpoints say."""

    names: Mapping[UUID, str]
    verdicts: Mapping[UUID, Verdict]
    checkpoints: Testimony

    @property
    def holds(self) -> bool:
        """Whether nothing at all is wrong."""
        broken = any(verdict.broken for verdict in self.verdicts.values())
        return not (broken or self.checkpoints.broken or self.checkpoints.faults)

    def fault(self, tenant: UUID) -> str | None:
        """Return what is wrong with a tenant's log."""
        verdict = self.verdicts.get(tenant)
        return (verdict.broken if verdict else None) or self.checkpoints.faults.get(tenant)


async def verify(database: Database, evidence: Evidence, watch: Watch = lambda _, __, ___: None) -> Report:
    """Check the chains of all tenants, and the checkpoints. The log may be written meanwhile.

    Raises:
        EvidenceError: the folder of the evidence cannot be read.
    """
    comparison = Comparison(database, evidence)
    names = await _names(database)
    check = ChainCheck(database, comparison.history.keys, comparison.see, comparison.history.retired)
    verdicts = await _verdicts(check, names, watch)
    testimony = await comparison.compare()
    # Tenants that were created meanwhile are named by checkpoints; their seals may name some that are not read.
    later = await _names(database)
    comparison.judge(later, _newest(verdicts), clock.now())
    check = ChainCheck(database, comparison.history.keys, retired=comparison.history.retired)
    verdicts |= await _verdicts(check, {tenant: later[tenant] for tenant in later if tenant not in names}, watch)
    return Report(dict(names) | dict(later), verdicts, testimony)


async def _names(database: Database) -> Mapping[UUID, str]:
    async with database.system_transaction() as connection:
        return await repository.list_tenants(connection)


async def _verdicts(check: ChainCheck, names: Mapping[UUID, str], watch: Watch) -> dict[UUID, Verdict]:
    return {tenant: await check.verify(tenant, partial(watch, tenant, len(names))) for tenant in names}


def _newest(verdicts: Mapping[UUID, Verdict]) -> datetime | None:
    return max((verdict.sealed_at for verdict in verdicts.values() if verdict.sealed_at), default=None)
