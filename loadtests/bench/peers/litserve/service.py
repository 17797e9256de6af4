"""The program that LitServe's environment runs.

LitServe batches requests, so a request of several messages is one of a batch. It answers with a `Response`, as the
documentation allows, which spares FastAPI's encoder.
"""

import json
from collections.abc import Sequence
from itertools import chain, islice
from typing import Any

import litserve
from fastapi import Response

from loadtests.bench.peers.assignment import Assignment
from loadtests.bench.peers.model import Answer, Model


class Triage(litserve.LitAPI):  # type: ignore[misc]  # not installed where types are checked
    """Triage of messages."""

    def setup(self, device: str) -> None:
        """Load the model, in each worker."""
        del device
        self._model = Model(**Assignment.from_environment().model)

    def decode_request(self, request: dict[str, Any]) -> list[str]:
        """Return the texts of a request."""
        return [item["text"] for item in request["inputs"]]

    def batch(self, inputs: Sequence[list[str]]) -> Sequence[list[str]]:
        """Leave the requests of a batch as they are."""
        return inputs

    def predict(self, x: Sequence[list[str]]) -> list[list[Answer]]:
        """Answer all texts of a batch at once."""
        answers = iter(self._model.predict(list(chain.from_iterable(x))))
        return [list(islice(answers, len(texts))) for texts in x]

    def unbatch(self, output: list[list[Answer]]) -> list[list[Answer]]:
        """Leave the answers as they are."""
        return output

    def encode_response(self, output: list[Answer]) -> Response:
        """Return the answers of a request."""
        return Response(json.dumps({"outputs": output}), media_type="application/json")


class SingleTriage(Triage):
    """The same without batching: LitServe then hands over one request at a time."""

    def predict(self, x: list[str]) -> list[Answer]:  # type: ignore[override]  # as LitServe does it
        """Answer the texts of one request."""
        return self._model.predict(x)


def main() -> None:
    """Serve until ended."""
    told = Assignment.from_environment()
    api = Triage(max_batch_size=told.batch, batch_timeout=told.wait_ms / 1000) if told.batch > 1 else SingleTriage()
    server = litserve.LitServer(
        api, accelerator="cpu", workers_per_device=told.workers, fast_queue=True, disable_openapi_url=True
    )
    server.run(
        host="127.0.0.1",
        port=told.port,
        num_api_servers=told.servers or None,
        log_level="warning",
        access_log=False,
        generate_client_file=False,
    )


if __name__ == "__main__":
    main()
