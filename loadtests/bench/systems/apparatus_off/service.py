"""`python -m loadtests.bench.systems.apparatus_off.service PORT`: FastAPI, our batcher and the model, on uvicorn.

Messages are validated by the same pydantic models. There is no key, limit, flag, audit, metric, span or log.
"""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI, Request, Response

from loadtests.bench.systems.apparatus_off.silence import NullMetrics
from slipway.background import Background
from slipway.serving.batcher import Batcher
from slipway.serving.predictor import Predictor
from slipway.settings import Settings
from slipway.workload.loader import find_workload
from slipway_api.predictions.schemas import request_model, response_model

WORKLOAD = "loadtests.bench.systems.apparatus_off.workload:SilentTriage"


def create_app(settings: Settings) -> FastAPI:
    """Return the application."""
    workload, metrics = find_workload(settings), NullMetrics()
    request_type, response_type = request_model(workload, settings.max_predict_inputs), response_model(workload)
    predictor = Predictor(workload, metrics)
    batcher = Batcher(predictor, settings, metrics)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await predictor.load()
        async with Background() as background:
            background.run("batcher", batcher.run())
            yield
        predictor.close()

    app = FastAPI(lifespan=lifespan, openapi_url=None)

    @app.post(f"/v1/{workload.name}")
    async def predict(request: Request) -> Response:
        body = request_type.model_validate_json(await request.body())
        results = await batcher.predict(body.inputs)  # type: ignore[attr-defined]  # `request_model` made it
        return Response(response_type.model_construct(results=results).model_dump_json(), media_type="application/json")

    return app


def application() -> FastAPI:
    """Return it as the bench measures it."""
    return create_app(Settings(workload=WORKLOAD))


def main() -> None:
    """Serve until the process is ended."""
    uvicorn.run(application(), port=int(sys.argv[1]), loop="uvloop", http="httptools", ws="none", log_config=None)


if __name__ == "__main__":
    main()
