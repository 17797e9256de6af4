"""What a request asks for is there at once."""

import inspect
from collections.abc import Iterator

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from slipway_api.predictions import router


def dependencies(dependant: Dependant) -> Iterator[object]:
    for dependency in dependant.dependencies:
        yield dependency.call
        yield from dependencies(dependency)


def test_no_prediction_waits_for_a_thread(server):
    """FastAPI runs plain functions in a pool of threads: a detour that costs more the busier the process is."""
    (route,) = [r for r in router(server.platform.workload, 64).routes if isinstance(r, APIRoute)]
    calls = [*dependencies(route.dependant), route.endpoint]

    assert len(calls) >= 4
    plain = [
        c for c in calls if not inspect.iscoroutinefunction(c) and not inspect.iscoroutinefunction(type(c).__call__)
    ]
    assert plain == []
