"""Answers now: `POST /v1/{workload}`."""

from slipway_api.predictions.endpoints import router

__all__ = ["router"]
