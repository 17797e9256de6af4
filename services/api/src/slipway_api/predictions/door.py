"""Turns predictions away for next to nothing: no task, no routing, no look at the key, no body."""

import json

from slipway.errors import Problem, RateLimited
from slipway.serving.batcher import Batcher
from slipway.serving.places import Place
from slipway.telemetry import catalogue
from slipway.telemetry.metrics import Metrics
from slipway_api.middleware import SECURITY_HEADERS
from slipway_api.problems import MEDIA_TYPE, document
from slipway_api.rates import RateLimiter

DOOR = "door"
"""Where the server's protocol finds the door: this key of the lifespan's state."""
PLACE = "place"
"""Where the endpoint finds the place of a request that came through the door: this attribute of its state."""

_ANY_TRACE = "0" * 32
"""Stands in for the id of a trace in an answer that is rendered once."""

Headers = list[tuple[bytes, bytes]]


class Door:
    """Stands before `POST /v1/{workload}`, and asks what can be answered at once, by anybody."""

    def __init__(self, batcher: Batcher, rates: RateLimiter, metrics: Metrics, workload: str) -> None:
        self._batcher = batcher
        self._rates = rates
        self._metrics = metrics
        self._route = f"/v1/{workload}"
        self._path = self._route.encode()
        self._answers: dict[tuple[str, ...], bytes] = {}

    def guards(self, method: bytes, target: bytes) -> bool:
        """Return whether a request has to go through this door."""
        return method == b"POST" and target.partition(b"?")[0] == self._path

    def enter(self, headers: Headers) -> Place:
        """Let a request in; release its place at the end of the request.

        Raises:
            RateLimited: its key was over its rate before.
            Overloaded: there is too much to do, whoever asks. Both: send the `answer`.
        """
        for name, value in headers:
            if name == b"authorization":
                self._rates.check(value)
        return self._batcher.admit()

    def answer(self, refusal: Problem, trace_id: str | None) -> bytes:
        """Count a refusal, and return what follows on the status line and the common headers.

        Its time is not observed: the histogram is about requests that something was done for. Nor has it a span here;
        `trace_id` is that of the gateway in front, if there is one.
        """
        if isinstance(refusal, RateLimited):
            self._metrics.inc(catalogue.REJECTED, reason="rate_limited")
        status = f"{refusal.status // 100}xx"
        self._metrics.inc(catalogue.HTTP_REQUESTS, route=self._route, method="POST", status=status)
        seen = (refusal.type, str(trace_id is None), *refusal.headers.values())
        if seen not in self._answers:
            self._answers[seen] = _render(refusal, None if trace_id is None else _ANY_TRACE)
        answer = self._answers[seen]
        return answer if trace_id is None else answer.replace(_ANY_TRACE.encode(), trace_id.encode())


def head(headers: Headers) -> bytes:
    """Return headers as they go over the wire."""
    return b"".join(b"%s: %s\r\n" % header for header in headers)


def _render(refusal: Problem, trace_id: str | None) -> bytes:
    content = json.dumps(document(type(refusal), refusal.detail, trace_id)).encode()
    headers = [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", b"%d" % len(content)),
        *((name.lower().encode(), value.encode()) for name, value in refusal.headers.items()),
        *SECURITY_HEADERS,
    ]
    return head(headers) + b"\r\n" + content
