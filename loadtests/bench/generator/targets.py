"""Requests as vegeta reads them, written before the clock starts."""

import base64
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from loadtests.bench.systems.system import Endpoint


def write(path: Path, endpoint: Endpoint, requests: Iterable[Sequence[str]]) -> Path:
    """Write a request for each group of texts; vegeta sends them in turn, and begins anew after the last."""
    header = {name: [value] for name, value in endpoint.headers.items()}
    with path.open("w", encoding="ascii") as lines:
        for texts in requests:
            body = base64.b64encode(endpoint.encode(texts)).decode()
            lines.write(json.dumps({"method": "POST", "url": endpoint.url, "header": header, "body": body}) + "\n")
    return path
