"""The latency objective is about predictions: of all routes that the API has, and of those that it will get."""

import re

from monitoring.prometheus.slo import OBJECTIVES

from slipway.settings import Settings
from slipway.telemetry.tracing import configure_tracing
from slipway_api.app import create_app


def test_the_latency_objective_chooses_predictions_and_nothing_else():
    (latency,) = [objective for objective in OBJECTIVES if objective.slo == "latency"]
    chosen = re.search(r'method="(\w+)",route=~"([^"]+)",route!~"([^"]+)"', latency.events)
    method, wanted, unwanted = chosen.groups()
    settings = Settings(_env_file=None, workload="checksum:Checksum")
    paths = create_app(settings, configure_tracing("api", settings)).openapi()["paths"]
    measured = [
        operation["operationId"]
        for path, operations in paths.items()
        for name, operation in operations.items()
        if name.upper() == method and re.fullmatch(wanted, path) and not re.fullmatch(unwanted, path)
    ]
    assert measured == ["predict"]
