"""Answers now: `POST /v1/{workload}`."""

from slipway_api.predictions.endpoints import add_route

__all__ = ["add_route"]
