"""The program that Ray's environment runs.

`@serve.batch` batches requests, so a request of several messages is one of a batch. The model runs in a thread, as the
loop must stay free where user code shares it with the replica (`RAY_SERVE_THROUGHPUT_OPTIMIZED`); so the next batch
forms meanwhile. Answers are encoded here, which spares FastAPI's encoder.
"""

import asyncio
import json
import signal
import sys
from itertools import chain, islice

import ray
from ray import serve
from starlette.requests import Request
from starlette.responses import Response

from loadtests.bench.peers.assignment import Assignment
from loadtests.bench.peers.model import Answer, Model

_TOLD = Assignment.from_environment()
_ONGOING = 1_000
"""Requests that a replica may have at a time; the documentation's figure for `async` callables."""


@serve.deployment(num_replicas=_TOLD.workers, max_ongoing_requests=_ONGOING)
class Triage:
    """Triage of messages."""

    def __init__(self) -> None:
        self._model = Model(**Assignment.from_environment().model)

    @serve.batch(max_batch_size=_TOLD.batch, batch_wait_timeout_s=_TOLD.wait_ms / 1000)  # type: ignore[untyped-decorator]  # as Ray is not installed where types are checked
    async def predict(self, requests: list[list[str]]) -> list[list[Answer]]:
        """Answer all texts of a batch at once."""
        answers = iter(await asyncio.to_thread(self._model.predict, list(chain.from_iterable(requests))))
        return [list(islice(answers, len(texts))) for texts in requests]

    async def __call__(self, request: Request) -> Response:
        """Answer a request."""
        texts = [item["text"] for item in json.loads(await request.body())["inputs"]]
        answers = await self.predict(texts)
        return Response(json.dumps({"outputs": answers}), media_type="application/json")


def main(sockets: str) -> None:
    """Serve until ended. `sockets`: a folder with a short name, as paths of sockets may have 107 characters."""
    stop = {signal.SIGTERM, signal.SIGINT}
    ray.init(
        num_cpus=_TOLD.workers,
        include_dashboard=False,
        log_to_driver=False,
        _temp_dir=sockets,
        object_store_memory=100_000_000,
    )
    serve.start(http_options={"host": "127.0.0.1", "port": _TOLD.port}, logging_config={"enable_access_log": False})
    serve.run(Triage.bind(), route_prefix="/")  # type: ignore[attr-defined]  # the decorator gives it
    signal.sigwait(stop)


if __name__ == "__main__":
    main(sys.argv[1])
