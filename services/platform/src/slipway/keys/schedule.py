"""Rotates the tenants' keys that are old enough, and says how old they are."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy.exc import DBAPIError

from slipway import clock
from slipway.database import Database
from slipway.errors import Unavailable
from slipway.keys import repository
from slipway.keys.endings import overdue_for_backup, overdue_for_rotation
from slipway.keys.envelope import SealBroken
from slipway.keys.rewrapping import RotationBlocked
from slipway.keys.rotation import Rotation, RotationEarly
from slipway.keys.schemas import KeyVersion
from slipway.settings import Settings
from slipway.telemetry import catalogue
from slipway.telemetry.logs import get_logger
from slipway.telemetry.metrics import Metrics

EVERY_SECONDS = 60.0

ACTOR = "worker"
"""Who the audit log says it was."""

_NONE = timedelta()

log = get_logger(__name__)


class KeySchedule:
    """Any number of processes may run it: they help each other with the same rotation."""

    def __init__(self, database: Database, rotation: Rotation, settings: Settings, metrics: Metrics) -> None:
        self._database = database
        self._rotation = rotation
        self._settings = settings
        self._metrics = metrics

    async def run(self) -> int:
        """Rotate what is due, and go on with what was begun; return for how many tenants something was done.

        What fails for one tenant is logged, counted and tried next time, and the others are rotated.

        Raises:
            Unavailable: the database does not answer.
        """
        found = await self._measured()
        due = {tenant: versions for tenant, versions in found.items() if self._overdue(versions) > _NONE}
        done = sum([await self._rotate(tenant, versions[-1].version) for tenant, versions in due.items()])
        if due:
            await self._measured()
        return done

    async def _measured(self) -> Mapping[UUID, Sequence[KeyVersion]]:
        async with self._database.system_transaction() as connection:
            found = await repository.every_version(connection)
        now = clock.now()
        ages = [now - versions[-1].created_at for versions in found.values()]
        late = {
            "rotation": max([_NONE, *map(self._overdue, found.values())]),
            "backup": max([_NONE, *map(overdue_for_backup, found.values())]),
        }
        self._metrics.set(catalogue.TENANT_KEY_AGE, max(ages, default=_NONE).total_seconds())
        for reason, overdue in late.items():
            self._metrics.set(catalogue.KEY_ROTATION_OVERDUE, overdue.total_seconds(), reason=reason)
        return found

    def _overdue(self, versions: Sequence[KeyVersion]) -> timedelta:
        return overdue_for_rotation(versions, self._settings)

    async def _rotate(self, tenant: UUID, newest: int) -> bool:
        """Rotate one tenant's key, unless another process has replaced that version meanwhile."""
        try:
            done = await self._rotation.rotate(tenant, ACTOR, expected=newest)
        except RotationEarly:
            return False
        except (Unavailable, RotationBlocked, LookupError, SealBroken, DBAPIError) as error:
            log.warning("keys.rotation_failed", tenant=str(tenant), reason=type(error).__name__)
            self._metrics.inc(catalogue.KEY_ROTATIONS, outcome="failed")
            return False
        if done.changed:
            self._metrics.inc(catalogue.KEY_ROTATIONS, outcome="succeeded")
        return done.changed
