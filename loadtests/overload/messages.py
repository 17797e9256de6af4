"""Requests, encoded before the clock starts."""

import csv
import json
import random
from pathlib import Path

from loadtests.overload.target import Target

_DIFFERENT = 200
"""Requests that are encoded; they are sent again and again, in turn."""


def encode(target: Target, data: Path, size: int, seed: int) -> list[bytes]:
    """Return whole HTTP requests with so many messages each, drawn from the `text` column of a CSV file."""
    with data.open(encoding="utf-8", newline="") as file:
        texts = [row["text"] for row in csv.DictReader(file)]
    draw = random.Random(seed)  # noqa: S311  # a load is to be repeatable, not secret
    return [_request(target, [{"text": draw.choice(texts)} for _ in range(size)]) for _ in range(_DIFFERENT)]


def _request(target: Target, inputs: list[dict[str, str]]) -> bytes:
    body = json.dumps({"inputs": inputs}).encode()
    head = (
        f"POST /v1/triage HTTP/1.1\r\nHost: 127.0.0.1:{target.port}\r\nAuthorization: Bearer {target.token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
