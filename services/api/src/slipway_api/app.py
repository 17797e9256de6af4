"""Builds the application. Nothing happens at import time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from slipway.settings import Settings
from slipway.telemetry import catalogue
from slipway.telemetry.tracing import Tracing
from slipway.workload.loader import find_workload
from slipway_api import health, jobs, models, predictions, subjects, webhooks
from slipway_api.documentation import DESCRIPTION, describe
from slipway_api.in_flight import CountInFlight, InFlight
from slipway_api.middleware import RequestMiddleware
from slipway_api.predictions.door import DOOR, Door
from slipway_api.problems import handle_problems
from slipway_api.rehearsal import rehearse
from slipway_api.state import open_api
from slipway_api.tracing import trace_requests
from slipway_api.turnstile import Turnstile


def create_app(settings: Settings, tracing: Tracing) -> FastAPI:
    """Return the API of the settings' workload.

    Raises:
        ValueError: the workload of the settings is not complete.
    """
    workload, in_flight = find_workload(settings), InFlight()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Door]]:
        async with open_api(settings, tracing) as api:
            app.state.api = api
            api.platform.metrics.follow(catalogue.HTTP_IN_FLIGHT, in_flight.mean)
            await rehearse(app, api)
            api.warm.set()
            yield {DOOR: Door(api.batcher, api.rates, api.platform.metrics, workload.name)}

    app = FastAPI(
        title="Slipway",
        version="1",
        description=DESCRIPTION,
        lifespan=lifespan,
        redoc_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},  # FastAPI's own; ours is added below
    )
    predictions.add_route(app.router, workload, settings.max_predict_inputs)
    app.include_router(jobs.router(workload, settings))
    app.include_router(webhooks.router())
    app.include_router(subjects.router(workload))
    app.include_router(models.router())
    app.include_router(health.router())
    handle_problems(app)
    describe(app)
    app.add_middleware(RequestMiddleware)
    trace_requests(app, tracing)
    app.add_middleware(Turnstile)
    app.add_middleware(CountInFlight, in_flight=in_flight)
    return app
