"""The probes. The process listens only once the model is loaded and warm."""

from fastapi import APIRouter
from pydantic import BaseModel

from slipway.database.readiness import check_schema
from slipway.errors import Unavailable
from slipway_api.documentation import problems
from slipway_api.state import ApiParts


class Health(BaseModel):
    """A probe's answer."""

    status: str = "ok"


def router() -> APIRouter:
    """Return the routes of the probes."""
    routes = APIRouter(prefix="/health", tags=["health"])

    @routes.get("/live", operation_id="live", summary="The process runs", responses=problems())
    async def live() -> Health:
        return Health()

    @routes.get("/startup", operation_id="startup", summary="The model is loaded and warm", responses=problems())
    async def startup() -> Health:
        return Health()

    @routes.get("/ready", operation_id="ready", summary="Requests can be answered", responses=problems(Unavailable))
    async def ready(api: ApiParts) -> Health:
        if api.draining.is_set():
            raise Unavailable("This process is being stopped.")
        await check_schema(api.platform.database)
        api.tombstones.check()
        return Health()

    return routes
