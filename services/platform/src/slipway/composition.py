"""The composition root: the parts that every serving process is made of, wired once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version
from platform import python_version

from slipway.database import Database
from slipway.evidence import Evidence
from slipway.flags import Flags
from slipway.keys.copies import SealedRows
from slipway.keys.holders import IndexKeys, SubjectKeys
from slipway.keys.provider import KeyProvider
from slipway.keys.providers import open_provider
from slipway.keys.rotation import Rotation
from slipway.keys.service import Keyring
from slipway.keys.signer import AuditSigner
from slipway.keys.watched import WatchedProvider
from slipway.serving.predictor import Predictor
from slipway.serving.variants import Models
from slipway.settings import Settings
from slipway.telemetry import catalogue
from slipway.telemetry.metrics import Metrics
from slipway.telemetry.tracing import Tracing
from slipway.webhooks.copies import EndpointCopies
from slipway.webhooks.rewrapping import Endpoints
from slipway.workload.loader import AnyWorkload

SEALED_ROWS: tuple[SealedRows, ...] = (EndpointCopies(),)
"""What the tenants' keys seal themselves, which belongs into a backup of the keys."""


@dataclass(frozen=True)
class Platform:
    """What the API and the worker have in common."""

    settings: Settings
    metrics: Metrics
    tracing: Tracing
    database: Database
    key_provider: KeyProvider
    keyring: Keyring
    rotation: Rotation
    signer: AuditSigner
    evidence: Evidence
    flags: Flags
    models: Models

    @property
    def predictor(self) -> Predictor:
        """The default model."""
        return self.models.default

    @property
    def workload(self) -> AnyWorkload:
        """The workload that this process serves."""
        return self.predictor.workload

    async def load(self) -> None:
        """Load the models and, meanwhile, open the flags and the first connections to the database.

        Raises:
            TimeoutError: a model took longer than the workload's limit for it.
        """
        await asyncio.gather(self.models.load(), asyncio.to_thread(self.flags.open), self.database.warm())


def wire_rotation(database: Database, provider: KeyProvider, keyring: Keyring, settings: Settings) -> Rotation:
    """Return the rotation of tenants' keys over everything that they wrap or seal themselves."""
    return Rotation(database, provider, keyring, settings, (IndexKeys(), SubjectKeys(), Endpoints()))


@asynccontextmanager
async def open_platform(settings: Settings, tracing: Tracing) -> AsyncIterator[Platform]:
    """Wire the parts, and close them at the end of the block. Nothing is loaded yet: `load()`.

    Raises:
        ValueError: the workload of the settings is not complete.
        KeyFileError: a key file is missing or open to others, or keys in files are not for this environment.
        KeyProviderMisconfigured: the settings do not lead to a key provider.
    """
    metrics = Metrics()
    metrics.set(catalogue.BUILD_INFO, 1, version=version("slipway"), python=python_version())
    flags = Flags(settings, metrics)
    models = Models(settings, flags, metrics)
    keys, signer = WatchedProvider(open_provider(settings), metrics), AuditSigner.load(settings)
    database = Database(settings, metrics, tracing)
    try:
        keyring = Keyring(database, keys, settings)
        rotation = wire_rotation(database, keys, keyring, settings)
        evidence = Evidence(settings.evidence_dir, signer)
        yield Platform(settings, metrics, tracing, database, keys, keyring, rotation, signer, evidence, flags, models)
    finally:
        models.close()
        await asyncio.to_thread(flags.close)
        await keys.close()
        await database.close()
        tracing.shutdown()
