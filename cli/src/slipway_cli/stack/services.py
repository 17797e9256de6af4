"""The processes of our own code: the API, the workers and the scheduler."""

import http.client
import os
import sys
from dataclasses import replace
from functools import partial
from http import HTTPStatus

from slipway_cli.processes.program import Program
from slipway_cli.servers.ports import LOCALHOST
from slipway_cli.stack.environment import service_environment
from slipway_cli.stack.folder import VarFolder

MODULES = {"api": "slipway_api", "worker": "slipway_worker", "scheduler": "slipway_worker.scheduler"}
_GRACE_SECONDS = 5.0


def worker_names(count: int) -> list[str]:
    """Return `worker`, or `worker-1`, `worker-2`, ... when there are more."""
    return ["worker"] if count == 1 else [f"worker-{number}" for number in range(1, count + 1)]


def model_threads(workers: int) -> int:
    """Return a worker's share of the cores: threads beyond it only take turns. 0: the workload chooses."""
    return 0 if workers == 1 else max(1, (os.cpu_count() or 1) // workers)


def service(folder: VarFolder, name: str, *, metrics_port: int, drain_seconds: float, threads: int = 0) -> Program:
    """Describe a worker or the scheduler; `threads` of the model, unless the settings say."""
    module = MODULES[name.partition("-")[0]]
    own = {"SLIPWAY_METRICS_PORT": str(metrics_port), "PYTHONUNBUFFERED": "1"}
    return Program(
        name=name,
        command=(sys.executable, "-m", module),
        log=folder.log(name),
        environment={"SLIPWAY_MODEL_THREADS": str(threads)} | service_environment(folder) | own,
        ready=partial(answers_ready, metrics_port),
        announces=True,
        port=metrics_port,
        stop_seconds=drain_seconds + _GRACE_SECONDS,
    )


def api_service(folder: VarFolder, *, port: int, descriptor: int, metrics_port: int, drain_seconds: float) -> Program:
    """Describe an API that answers on a socket which we hold; only its metrics port is its own."""
    program = service(folder, "api", metrics_port=metrics_port, drain_seconds=drain_seconds)
    return replace(
        program,
        environment={**program.environment, "SLIPWAY_API_FD": str(descriptor)},
        descriptors=(descriptor,),
        ready=lambda: answers_ready(metrics_port) and answers_ready(port),
        port=port,
    )


def answers_ready(port: int) -> bool:
    """Ask for `/health/ready`."""
    connection = http.client.HTTPConnection(LOCALHOST, port, timeout=1.0)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
