"""`GET /v1/models`."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from slipway.errors import RateLimited, Unauthenticated, Unavailable
from slipway.tenants.schemas import Principal
from slipway.workload import PrivacyClass
from slipway.workload.loader import AnyWorkload
from slipway.workload.privacy import privacy_classes
from slipway_api.auth import caller
from slipway_api.documentation import problems
from slipway_api.state import ApiParts


class Model(BaseModel):
    """A model that is served."""

    workload: str = Field(description="Its route is `POST /v1/{workload}`.")
    version: str = Field(description="Version that answers carry.")
    default: bool = Field(description="Whether it answers those whom no flag gives another.")
    max_inputs: int = Field(description="Most inputs of one synchronous request.")
    privacy: dict[str, PrivacyClass] = Field(description="How sensitive each field of an input is.")


class ModelList(BaseModel):
    """The models that are served."""

    models: list[Model]


def router() -> APIRouter:
    """Return the route."""
    routes = APIRouter(tags=["models"])

    @routes.get(
        "/v1/models",
        operation_id="listModels",
        summary="See what is served",
        responses=problems(Unauthenticated, RateLimited, Unavailable),
    )
    async def list_models(api: ApiParts, _: Annotated[Principal, Depends(caller(None))]) -> ModelList:
        most, default = api.platform.settings.max_predict_inputs, api.platform.workload
        served = api.platform.models.workloads.values()
        return ModelList(models=[_model(workload, most, default=workload is default) for workload in served])

    return routes


def _model(workload: AnyWorkload, most: int, *, default: bool) -> Model:
    privacy = privacy_classes(workload.Input)
    return Model(workload=workload.name, version=workload.version, default=default, max_inputs=most, privacy=privacy)
