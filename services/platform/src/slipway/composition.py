"""The composition root: the parts that every serving process is made of, wired once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from platform import python_version

from slipway.database import Database
from slipway.keys.local import LocalKeyProvider
from slipway.keys.service import Keyring
from slipway.keys.signer import AuditSigner
from slipway.serving.predictor import Predictor
from slipway.settings import Settings
from slipway.telemetry import catalogue
from slipway.telemetry.metrics import Metrics
from slipway.telemetry.tracing import Tracing
from slipway.workload.loader import AnyWorkload, find_workload


@dataclass(frozen=True)
class Platform:
    """What the API and the worker have in common."""

    settings: Settings
    metrics: Metrics
    tracing: Tracing
    database: Database
    keyring: Keyring
    signer: AuditSigner
    predictor: Predictor

    @property
    def workload(self) -> AnyWorkload:
        """The workload that this process serves."""
        return self.predictor.workload


@asynccontextmanager
async def open_platform(settings: Settings, tracing: Tracing) -> AsyncIterator[Platform]:
    """Wire the parts, and close them at the end of the block. The model is not loaded yet: `predictor.load()`.

    Raises:
        ValueError: the workload of the settings is not complete.
        KeyFileError: a key file is missing or open to others.
    """
    metrics = Metrics()
    metrics.set(catalogue.BUILD_INFO, 1, version=version("slipway"), python=python_version())
    predictor = Predictor(find_workload(settings), metrics)
    keys, signer = LocalKeyProvider.load(settings), AuditSigner.load(settings)
    database = Database(settings)
    for role in ("app", "system"):
        metrics.follow(catalogue.DATABASE_CONNECTIONS, partial(database.checked_out, role), role=role)
    try:
        keyring = Keyring(database, keys, settings)
        yield Platform(settings, metrics, tracing, database, keyring, signer, predictor)
    finally:
        predictor.close()
        await database.close()
        tracing.shutdown()
