"""What the webhook routes have in common: who may call them, and where webhooks may go."""

from typing import Annotated

from fastapi import Depends

from slipway.errors import InvalidInput
from slipway.tenants.schemas import Principal, Scope
from slipway.webhooks.targets import TargetRefused
from slipway_api.auth import caller
from slipway_api.state import Api

Reader = Annotated[Principal, Depends(caller(Scope.WEBHOOKS_READ))]
Writer = Annotated[Principal, Depends(caller(Scope.WEBHOOKS_WRITE))]


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
