"""What is sent, encoded before the clock starts."""

import csv
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass

from loadtests.bench.startup.options import Options

_DIFFERENT = 200
"""Requests of a load that are encoded; they are sent again and again, in turn."""


@dataclass(frozen=True, slots=True)
class Messages:
    """Texts of the data."""

    typical: str
    """The one of the middle length."""
    mixed: Sequence[str]
    """As they come, in an order that depends on the seed alone."""


def read(options: Options) -> Messages:
    """Return the texts of the data."""
    with options.data.open(encoding="utf-8", newline="") as file:
        texts = sorted((row["text"] for row in csv.DictReader(file)), key=lambda text: (len(text), text))
    draw = random.Random(options.seed)  # noqa: S311  # a load is to be repeatable, not secret
    return Messages(texts[len(texts) // 2], draw.sample(texts, len(texts)))


def request(port: int, token: str, texts: Sequence[str]) -> bytes:
    """Return a whole HTTP request with these messages."""
    body = json.dumps({"inputs": [{"text": text} for text in texts]}).encode()
    head = (
        f"POST /v1/triage HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def requests(port: int, token: str, texts: Sequence[str], size: int) -> list[bytes]:
    """Return requests with `size` messages each; the texts begin anew where they end."""
    rounds = [[texts[(number * size + i) % len(texts)] for i in range(size)] for number in range(_DIFFERENT)]
    return [request(port, token, each) for each in rounds]
