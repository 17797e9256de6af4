"""Sees to it that backups die of whom is erased: their tenant's key is replaced, and the receipt says from when on."""

from datetime import timedelta
from uuid import UUID

from slipway import clock
from slipway.database import Database
from slipway.erasure import repository
from slipway.erasure.receipts import sign
from slipway.erasure.service import backups
from slipway.errors import Unavailable
from slipway.keys.rewrapping import RotationBlocked
from slipway.keys.rotation import Rotation, RotationEarly
from slipway.keys.signer import AuditSigner
from slipway.settings import Settings
from slipway.subjects.schemas import Receipt
from slipway.telemetry.logs import get_logger

EVERY_SECONDS = 30.0

_ACTOR = "worker"
_AT_ONCE = 200
_GATHERING = timedelta(minutes=10)
"""How long a rotation waits for the tenant's erasures that are not done yet."""

log = get_logger(__name__)


class BackupSchedule:
    """Any number of processes may run it."""

    def __init__(self, database: Database, rotation: Rotation, signer: AuditSigner, settings: Settings) -> None:
        self._database = database
        self._rotation = rotation
        self._signer = signer
        self._settings = settings

    async def run(self) -> None:
        """Replace the keys that open erased people's data in backups, not too often, then tell who asked.

        Raises:
            Unavailable: PostgreSQL does not answer.
        """
        now, period = clock.now(), timedelta(seconds=self._settings.erasure_rotation_seconds)
        async with self._database.system_transaction() as connection:
            due = await repository.tenants_to_rotate(
                connection, made_before=now - period, erased_before=now - _GATHERING
            )
        for tenant in due:
            await self._rotate(tenant)
        async with self._database.system_transaction() as connection:
            untold = await repository.untold(connection)
        for tenant in untold:
            while await self._tell(tenant) == _AT_ONCE:
                pass

    async def _rotate(self, tenant: UUID) -> None:
        try:
            await self._rotation.rotate(tenant, _ACTOR)
        except RotationEarly:
            return
        except (Unavailable, RotationBlocked, LookupError) as error:
            # It is tried again; KeyRotationOverdue tells of a rotation that does not come to its end.
            log.warning("keys.rotation_failed", tenant=str(tenant), reason=type(error).__name__)

    async def _tell(self, tenant: UUID) -> int:
        """Replace the next receipts by ones that say for certain from when backups are dead; return how many."""
        async with self._database.transaction(tenant) as connection:
            found = await repository.to_tell(connection, _AT_ONCE)
            for row in found:
                receipt: Receipt | None = None
                if row.receipt:
                    versions = (row.first_version, row.key_version)
                    dead = await backups(connection, *versions, row.erased_at, self._settings)
                    receipt = sign({**row.receipt, "backups": dead.told()}, self._signer)
                await repository.tell(connection, row.subject_id, row.id, receipt, clock.now())
        return len(found)
