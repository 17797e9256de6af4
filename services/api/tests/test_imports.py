"""What the API does not import at its start: it would take long, and hold memory that serving never needs."""

import json
import subprocess
import sys

import pytest

NEVER = ("alembic", "sklearn", "scipy", "matplotlib", "onnx", "torch", "slipway_cli", "slipway_worker", "pytest")
AT_FIRST = ("celery", "kombu", "httpx", "UnleashClient", "apscheduler", "opentelemetry.exporter")
"""Wait until they are needed: the doorbell, a webhook's URL, a flag server, a trace's collector."""
PROGRAM = """
import json, sys
import slipway_api.server, triage.workload
print(json.dumps(sorted(sys.modules)))
"""


@pytest.fixture(scope="module")
def imported() -> set[str]:
    """All that an API has imported when it begins to build its application around the sample workload."""
    found = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    return set(json.loads(found.stdout))


@pytest.mark.parametrize("module", [*NEVER, *AT_FIRST])
def test_a_start_does_without(imported, module):
    assert {"slipway_api.server", "onnxruntime", "tokenizers"} <= imported  # so the list is that of an API
    assert not {name for name in imported if name == module or name.startswith(f"{module}.")}
