"""What is served: `GET /v1/models`."""

from slipway_api.models.endpoints import router

__all__ = ["router"]
