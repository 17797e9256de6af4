"""`python -m slipway.telemetry.healthcheck`: asks this container's process whether it is ready; needs no shell.

Only the standard library is imported: it runs every few seconds, beside the process that it asks.
"""

import os
import sys
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException

_SECONDS = 3.0


def trouble(port: int) -> str | None:
    """Return why the process on this metrics port cannot take work; None: it can."""
    connection = HTTPConnection("127.0.0.1", port, timeout=_SECONDS)
    try:
        connection.request("GET", "/health/ready")
        answer = connection.getresponse()
        reason = answer.read().decode().strip()
    except (OSError, HTTPException) as error:
        return f"127.0.0.1:{port} does not answer: {error}"
    finally:
        connection.close()
    return None if answer.status == HTTPStatus.OK else reason


if __name__ == "__main__":
    sys.exit(trouble(int(os.environ.get("SLIPWAY_METRICS_PORT", "9100"))))
