"""What a request asks for is there at once."""

import inspect

from fastapi import APIRouter

from slipway_api.predictions import add_route
from slipway_api.predictions.route import DirectRoute


def test_no_prediction_waits_for_a_thread(server):
    """FastAPI runs plain functions in a pool of threads: a detour that costs more the busier the process is."""
    routes = APIRouter()
    add_route(routes, server.platform.workload, 64)

    (route,) = routes.routes
    assert isinstance(route, DirectRoute)
    assert inspect.iscoroutinefunction(route.endpoint)
    assert route.dependant.dependencies == []
