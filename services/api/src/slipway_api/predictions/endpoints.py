"""`POST /v1/{workload}`."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, TypeAdapter

from slipway.errors import InternalError, ModelTimeout, Overloaded
from slipway.flags import Flag
from slipway.serving.places import Place
from slipway.serving.predictor import PredictError, Predictor, Result
from slipway.telemetry import catalogue
from slipway.telemetry.logs import get_logger
from slipway.tenants.schemas import Principal, Scope
from slipway.workload import Failure
from slipway.workload.loader import AnyWorkload
from slipway_api.auth import NEEDS_KEY, authenticate
from slipway_api.body import JSON, Body, media_type
from slipway_api.documentation import AUTHENTICATED, READS_BODY, body_of, problems
from slipway_api.predictions.departure import WhileConnected
from slipway_api.predictions.door import PLACE
from slipway_api.predictions.route import DirectRoute
from slipway_api.predictions.schemas import FailedItem, request_model, response_model
from slipway_api.state import Api, api_of
from slipway_api.switches import require

MODEL = "Slipway-Model"
_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {"headers": {MODEL: {"description": "Version of the model that answered.", "schema": {"type": "string"}}}}
}

log = get_logger(__name__)


def add_route(routes: APIRouter, workload: AnyWorkload, most: int) -> None:
    """Add the route that answers at once."""
    request_type, response_type = request_model(workload, most), response_model(workload)
    serializer: TypeAdapter[BaseModel] = TypeAdapter(response_type)

    async def predict(request: Request) -> Response:
        api = api_of(request)
        principal = await authenticate(request, api, Scope.PREDICT)
        require(api, Flag.SYNC_PREDICT, principal, "This route is switched off at the moment.")
        media_type(request, JSON)
        model = api.platform.models.of(principal.tenant_id)
        settings = api.platform.settings
        with _place(request, api):
            body = await Body(request, settings, settings.max_json_bytes).parse(request_type)
        async with WhileConnected(request):
            results = await _allowed(api, principal, body.inputs, model)  # type: ignore[attr-defined]  # `request_model` made it
        api.audit.predicted(principal, len(results))
        content = response_type.model_construct(results=[_shown(result) for result in results])
        headers = {MODEL: _header(model.workload.version)}
        return Response(serializer.dump_json(content, warnings="error"), media_type=JSON, headers=headers)

    routes.add_api_route(
        f"/v1/{workload.name}",
        predict,
        methods=["POST"],
        operation_id="predict",
        summary=f"Answer 1 to {most} inputs now",
        tags=["predictions"],
        response_model=response_type,
        responses={**_ANSWER, **problems(*AUTHENTICATED, *READS_BODY, Overloaded, ModelTimeout)},
        openapi_extra=body_of(request_type) | NEEDS_KEY,
        route_class_override=DirectRoute,
    )
    routes.routes.insert(0, routes.routes.pop())  # routes are tried in turn, and this is the one that most ask for


@lru_cache
def _header(version: str) -> str:
    return quote(version, safe="@+:/ ")


def _place(request: Request, api: Api) -> Place:
    """Return the place that the door gave; without a door (another server), the request has to get one here."""
    place: Place | None = request.scope.get("state", {}).get(PLACE)
    return place or api.batcher.admit()


async def _allowed(api: Api, principal: Principal, inputs: list[Any], model: Predictor) -> list[Result]:
    """Answer the inputs but those about persons who are to be let alone, also since the model began."""
    refused = await api.gate.refusals(principal.tenant_id, inputs)
    if refused:
        results = await _but(api, inputs, model, refused)
    else:
        results = await _predict(api, inputs, model)
    late = await api.gate.refusals(principal.tenant_id, inputs)
    for failure in late.values():
        workload = api.platform.workload.name
        api.platform.metrics.inc(catalogue.INPUTS_REFUSED, workload=workload, channel="sync", reason=failure.code)
    return [late.get(position, result) for position, result in enumerate(results)] if late else results


async def _but(api: Api, inputs: list[Any], model: Predictor, refused: Mapping[int, Failure]) -> list[Result]:
    others = [item for position, item in enumerate(inputs) if position not in refused]
    answers = iter(await _predict(api, others, model) if others else ())
    return [refused.get(position) or next(answers) for position in range(len(inputs))]


async def _predict(api: Api, inputs: list[Any], model: Predictor) -> list[Result]:
    try:
        results = await api.batcher.predict(inputs, model)
    except ModelTimeout:
        _count(api, "timeout", len(inputs))
        raise
    except PredictError as error:
        _count(api, "error", len(inputs))
        log.exception("predict.failed", workload=api.platform.workload.name)
        raise InternalError("The model failed on this request. Quote the trace id if it happens again.") from error
    failed = sum(isinstance(result, Failure) for result in results)
    _count(api, "failed", failed)
    _count(api, "succeeded", len(results) - failed)
    return results


def _shown(result: Result) -> BaseModel:
    return FailedItem.of(result) if isinstance(result, Failure) else result


def _count(api: Api, outcome: str, inputs: int) -> None:
    workload = api.platform.workload.name
    api.platform.metrics.inc(catalogue.INPUTS_PREDICTED, inputs, workload=workload, channel="sync", outcome=outcome)
