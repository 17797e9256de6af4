"""Kill switches: what a flag has switched off is refused before anything is done for it."""

from slipway.errors import Unavailable
from slipway.flags import Flag
from slipway.telemetry import catalogue
from slipway.tenants.schemas import Principal
from slipway_api.state import Api

_RETRY_AFTER = {"Retry-After": "60"}


def require(api: Api, flag: Flag, principal: Principal, detail: str) -> None:
    """Go on if a flag is on for the caller's tenant.

    Args:
        api: the parts of the process.
        flag: the switch.
        principal: who calls.
        detail: what to tell the caller where it is off.

    Raises:
        Unavailable: it is off.
    """
    if not api.platform.flags.is_enabled(flag, tenant=str(principal.tenant_id)):
        api.platform.metrics.inc(catalogue.REJECTED, reason="switched_off")
        raise Unavailable(detail, headers=_RETRY_AFTER)
