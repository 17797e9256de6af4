"""The whole check of the audit log: every chain in the database, every checkpoint beside it, and the two together."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from slipway import clock
from slipway.audit.chain_check import ChainCheck, Verdict
from slipway.audit.checkpoint import CHECKPOINTS
from slipway.audit.comparison import Comparison, Testimony
from slipway.database import Database
from slipway.evidence import Evidence

Watch = Callable[[UUID, int], None]
"""Is told how many entries of which tenant were checked since it was last told."""


@dataclass(frozen=True, slots=True)
class Report:
    """What was found: a verdict for each tenant of the database, and what the checkpoints say."""

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


async def verify(
    database: Database, evidence: Evidence, tenants: list[UUID], watch: Watch = lambda _, __: None
) -> Report:
    """Check the chains of these tenants, which are all that the database has, and the checkpoints.

    Raises:
        EvidenceError: the folder of the evidence cannot be read.
    """
    comparison = Comparison(database, evidence)
    check = ChainCheck(database, evidence.custody(CHECKPOINTS).keys, comparison.see)
    verdicts: dict[UUID, Verdict] = {}
    for tenant in tenants:
        verdicts[tenant] = await check.verify(tenant, partial(watch, tenant))
    testimony = await comparison.compare()
    comparison.judge(tenants, _newest(verdicts), clock.now())
    return Report(verdicts, testimony)


def _newest(verdicts: Mapping[UUID, Verdict]) -> datetime | None:
    return max((verdict.sealed_at for verdict in verdicts.values() if verdict.sealed_at), default=None)
