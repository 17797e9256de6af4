"""What the webhook routes have in common: who may call them, and what they are sent."""

from typing import Annotated, TypeVar

from fastapi import Depends, Request
from pydantic import BaseModel

from slipway.errors import InvalidInput
from slipway.tenants.schemas import Principal, Scope
from slipway.webhooks.targets import TargetRefused
from slipway_api.auth import caller
from slipway_api.body import JSON, Body, media_type
from slipway_api.state import Api

Reader = Annotated[Principal, Depends(caller(Scope.WEBHOOKS_READ))]
Writer = Annotated[Principal, Depends(caller(Scope.WEBHOOKS_WRITE))]
ModelT = TypeVar("ModelT", bound=BaseModel)


async def read(request: Request, api: Api, model: type[ModelT]) -> ModelT:
    """Read the body.

    Raises:
        Problem: it is too large, no JSON, or not what the model describes.
    """
    media_type(request, JSON)
    settings = api.platform.settings
    return await Body(request, settings, settings.max_json_bytes).parse(model)


async def check_url(api: Api, url: str) -> None:
    """Return if webhooks may go there.

    Raises:
        InvalidInput: they may not, or the host is not known.
    """
    try:
        await api.targets.check(url)
    except TargetRefused as refused:
        mistake = {"pointer": "#/url", "code": "webhook_target", "detail": str(refused)}
        raise InvalidInput(f"#/url: {refused}", {"errors": [mistake]}) from None
