"""Rotates the tenants' keys that are old enough, and says how old they are."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from slipway import clock
from slipway.database import Database
from slipway.errors import Unavailable
from slipway.keys import repository
from slipway.keys.rotation import Rotation, RotationBlocked
from slipway.keys.schemas import KeyVersion
from slipway.settings import Settings
from slipway.telemetry import catalogue
from slipway.telemetry.logs import get_logger
from slipway.telemetry.metrics import Metrics

EVERY_SECONDS = 60.0

ACTOR = "worker"
"""Who the audit log says it was."""

_ROLLOUT = timedelta(hours=1)
"""How long a new release may take until no process of the one before runs, which knows first versions alone."""
_NONE = timedelta()

log = get_logger(__name__)


class KeySchedule:
    """Any number of processes may run it: they help each other with the same rotation."""

    def __init__(self, database: Database, rotation: Rotation, settings: Settings, metrics: Metrics) -> None:
        self._database = database
        self._rotation = rotation
        self._period = timedelta(days=settings.tenant_key_days)
        self._metrics = metrics

    async def run(self) -> int:
        """Rotate what is due, and go on with what was begun; return how many tenants that were.

        What fails for one tenant is logged, counted and tried next time, and the others are rotated.

        Raises:
            Unavailable: the database does not answer.
        """
        found = await self._measured()
        due = [tenant for tenant, versions in found.items() if self._overdue(versions) > _NONE]
        done = 0
        for tenant in due:
            done += await self._rotate(tenant, begun=any(version.ending for version in found[tenant]))
        if due:
            await self._measured()
        return done

    async def _measured(self) -> Mapping[UUID, Sequence[KeyVersion]]:
        async with self._database.system_transaction() as connection:
            found = await repository.every_version(connection)
        now = clock.now()
        ages = [now - versions[-1].created_at for versions in found.values()]
        overdue = [self._overdue(versions) for versions in found.values()]
        self._metrics.set(catalogue.TENANT_KEY_AGE, max(ages, default=_NONE).total_seconds())
        self._metrics.set(catalogue.KEY_ROTATION_OVERDUE, max([*overdue, _NONE]).total_seconds())
        return found

    def _overdue(self, versions: Sequence[KeyVersion]) -> timedelta:
        """Return for how long the key should have been replaced, or a version that was replaced been destroyed."""
        now = clock.now()
        ends = [_retired(version) for version in versions if version.ending]
        return now - min([*ends, versions[-1].created_at + self._period])

    async def _rotate(self, tenant: UUID, *, begun: bool) -> bool:
        try:
            if not (begun or await self._may_begin(tenant)):
                return False
            await self._rotation.rotate(tenant, ACTOR)
        except (Unavailable, RotationBlocked, LookupError) as error:
            log.warning("keys.rotation_failed", tenant=str(tenant), reason=type(error).__name__)
            self._metrics.inc(catalogue.KEY_ROTATIONS, outcome="failed")
            return False
        self._metrics.inc(catalogue.KEY_ROTATIONS, outcome="succeeded")
        return True

    async def _may_begin(self, tenant: UUID) -> bool:
        """Tell whether the tenant's index key has been there for long enough; store it where there is none."""
        since = await self._rotation.index_key_since(tenant)
        if since is None:
            await self._rotation.prepare(tenant)
            return False
        return clock.now() - since >= _ROLLOUT


def _retired(version: KeyVersion) -> datetime:
    return version.retired_at or version.created_at
