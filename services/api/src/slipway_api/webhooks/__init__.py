"""Tells a tenant's own servers what happens: `/v1/webhooks`."""

from slipway_api.webhooks.endpoints import router

__all__ = ["router"]
