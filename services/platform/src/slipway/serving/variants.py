"""The models of a process: the default one, and variants that a flag gives to some tenants."""

from uuid import UUID

from slipway.flags import Flag, Flags
from slipway.serving.hangs import Hangs
from slipway.serving.lanes import ModelLanes
from slipway.serving.observation import Drifts
from slipway.serving.predictor import Predictor
from slipway.settings import Settings
from slipway.telemetry import catalogue
from slipway.telemetry.logs import get_logger
from slipway.telemetry.metrics import Metrics
from slipway.workload.loader import AnyWorkload, find_workload

UNKNOWN = "unknown"
"""What variants are counted as whose model is not loaded here."""

log = get_logger(__name__)


class Models:
    """Chooses the model that answers a tenant. All are of one workload, and differ in their artifact."""

    def __init__(self, settings: Settings, flags: Flags, metrics: Metrics) -> None:
        """Make the workload once for each artifact of the settings. Nothing is loaded yet.

        Raises:
            ValueError: the workload of the settings is not complete.
        """
        self._flags = flags
        self._metrics = metrics
        self._missed: set[str] = set()
        named = dict.fromkeys([settings.model, *references(settings.model_variants)])
        workloads = {name: find_workload(settings.model_copy(update={"model": name})) for name in named}
        name = workloads[settings.model].name
        shared = Hangs(name, metrics), Drifts(name, metrics), ModelLanes()
        self._predictors = {key: Predictor(each, metrics, *shared) for key, each in workloads.items()}
        self.default = self._predictors[settings.model]

    @property
    def workloads(self) -> dict[str, AnyWorkload]:
        """The workload with each artifact, by how the settings name that; the default first."""
        return {name: predictor.workload for name, predictor in self._predictors.items()}

    async def load(self) -> None:
        """Load and warm every model, one after the other.

        Raises:
            TimeoutError: one took longer than the workload's limit for it.
        """
        for predictor in self._predictors.values():
            await predictor.load()
            workload = predictor.workload
            self._metrics.set(catalogue.MODEL_INFO, 1, workload=workload.name, model=workload.version)

    def of(self, tenant: UUID) -> Predictor:
        """Return the model that answers a tenant: the same one each time, for as long as the flag stays as it is.

        Where the flag is off for the tenant, that is the default. So it is where the variant names a model that is not
        loaded, which is counted, and logged once.
        """
        variant = self._flags.variant(Flag.MODEL_VARIANT, tenant=str(tenant))
        if variant is None:
            return self.default
        reference = variant.payload
        found = self.default if reference is None else self._predictors.get(reference)
        name = UNKNOWN if found is None else variant.name
        self._metrics.inc(catalogue.FLAG_VARIANTS, flag=Flag.MODEL_VARIANT.flag, variant=name)
        return found or self._miss(reference or "")

    def close(self) -> None:
        """Let go of the models' threads; calls that hang in them are not waited for."""
        for predictor in self._predictors.values():
            predictor.close()

    def _miss(self, reference: str) -> Predictor:
        if reference not in self._missed:
            self._missed.add(reference)
            log.warning("variant.unknown", flag=Flag.MODEL_VARIANT.flag, model=reference)
        return self.default


def references(setting: str | None) -> list[str]:
    """Return the artifacts that a comma-separated setting names."""
    return [part.strip() for part in (setting or "").split(",") if part.strip()]
