"""The questions of a review. Each asks the live system, and compares with what the code declares."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from slipway import clock
from slipway.database import Database
from slipway.database.grants import GRANTS
from slipway.database.isolation import find_faults
from slipway.database.tables import ALL_TABLES
from slipway.inventory.declaration import UndeclaredError
from slipway.inventory.entries import entries
from slipway.inventory.repository import live_columns
from slipway.inventory.tables import held_columns, undeclared
from slipway.keys import repository as keys
from slipway.keys.endings import in_backup
from slipway.keys.schemas import KeyVersion
from slipway.retention.service import ClockError, Retention
from slipway.review.schemas import Outcome
from slipway.settings import Settings
from slipway.subjects import requests
from slipway.subjects.schemas import RequestState
from slipway.workload.contract import Workload

_GRACE = timedelta(days=1)
"""Deletes run by the hour, and a night's outage is no finding."""
_FAILED_FOR = timedelta(days=30)
"""For how long a request that failed is a finding: whoever made it may have asked again, and been answered."""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What a review looks at."""

    database: Database
    settings: Settings
    workload: Workload[Any, Any]


async def inventory(of: Reviewed) -> Outcome:
    """Compare every column of the live database, and whatever else holds data, with the inventory."""
    async with of.database.system_transaction() as connection:
        live = await live_columns(connection)
    declared, findings = 0, []
    try:
        declared = len(entries(of.settings, of.workload))
        findings = [f"The column {name} does not say what it holds." for name in undeclared(live)]
        gone = {(each.table, each.column) for each in held_columns()} - set(live)
        findings += [f"The column {table}.{column} is declared, and not there." for table, column in sorted(gone)]
    except UndeclaredError as error:
        findings = [str(error)]
    looked_at = f"{len(live)} columns; {declared} entries of the inventory"
    return Outcome("inventory", "Does everything that holds data say what it holds?", looked_at, tuple(findings))


async def separation(of: Reviewed) -> Outcome:
    """Compare row-level security, policies, roles and grants with their declaration."""
    async with of.database.system_transaction() as connection:
        faults = await find_faults(connection)
    looked_at = f"{len(ALL_TABLES)} tables; {', '.join(sorted(GRANTS))}"
    return Outcome("separation", "May each role do what is declared, and no more?", looked_at, tuple(faults))


async def retention(of: Reviewed) -> Outcome:
    """Look for rows that should have been deleted a day ago or longer. What a legal hold keeps is no finding."""
    question, now = "Is everything deleted when its time is over?", clock.now()
    try:
        seen = await Retention(of.database, of.settings).look()
    except ClockError as error:
        return Outcome("retention", question, "nothing", (str(error),))
    late = [each for each in seen if each.overdue(now) > _GRACE]
    findings = [
        f"{each.policy.store}: {each.due:,} rows are beyond their limit of {each.limit.days} days." for each in late
    ]
    findings += [f"{each.policy.store}: {each.failed} tenants could not be looked at." for each in seen if each.failed]
    looked_at = f"{len(seen)} kinds of rows; {sum(each.held for each in seen):,} kept by a legal hold"
    return Outcome("retention", question, looked_at, tuple(findings))


async def open_requests(of: Reviewed) -> Outcome:
    """Look for requests of people that should have been answered, or failed of late.

    One that a legal hold keeps is no finding.
    """
    now = clock.now()
    async with of.database.system_transaction() as connection:
        found = await requests.every_open(connection)
        failed = await requests.every_failed(connection, now - _FAILED_FOR)
    held = [each for each in found if each.state == RequestState.HELD]
    late = [each for each in found if each.state != RequestState.HELD and each.deadline < now]
    findings = [
        f"Tenant {each.tenant_id}: an {each.kind} was due on {each.deadline:%Y-%m-%d %H:%M} UTC." for each in late
    ]
    findings += [
        f"Tenant {each.tenant_id}: of the last {_FAILED_FOR.days} days' requests of the kind {each.kind}, "
        f"{each.number:,} failed."
        for each in failed
    ]
    looked_at = (
        f"{len(found)} open requests; {len(held)} kept by a legal hold; "
        f"{sum(each.number for each in failed):,} failed in {_FAILED_FOR.days} days"
    )
    return Outcome("requests", "Are people's requests answered in time?", looked_at, tuple(findings))


async def key_ages(of: Reviewed) -> Outcome:
    """Look for keys of tenants that should have been replaced, or destroyed, a day ago or longer."""
    async with of.database.system_transaction() as connection:
        versions = await keys.every_version(connection)
    period = timedelta(days=of.settings.tenant_key_days)
    findings = [f"Tenant {tenant}: {told}" for tenant, had in versions.items() for told in _old(had, period)]
    oldest = max((clock.now() - had[-1].created_at for had in versions.values()), default=timedelta())
    looked_at = f"keys of {len(versions)} tenants; the oldest in force is {oldest.days} days old"
    return Outcome(
        "keys", "Are the tenants' keys replaced, and the old ones destroyed, in time?", looked_at, tuple(findings)
    )


def _old(versions: list[KeyVersion], period: timedelta) -> list[str]:
    now, newest = clock.now(), versions[-1]
    due = f"version {newest.version} should have been replaced on {newest.created_at + period:%Y-%m-%d}."
    replaced = [due] if now - newest.created_at > period + _GRACE else []
    ending = [each for each in versions if each.retired_at is not None and each.emptied_at is None]
    late = [each for each in ending if each.retired_at is not None and now - each.retired_at > _GRACE]
    return replaced + [f"version {each.version} is retired, and {_why(versions, each)}." for each in late]


def _why(versions: list[KeyVersion], old: KeyVersion) -> str:
    if old.rewrapped_at is None:
        return "something still needs it"
    return "was not destroyed" if in_backup(versions, old) else "waits for a backup of the keys"


Check = Callable[[Reviewed], Awaitable[Outcome]]
CHECKS: tuple[Check, ...] = (inventory, separation, retention, open_requests, key_ages)
