"""Probes: `/health/live`, `/health/ready`, `/health/startup`."""

from slipway_api.health.endpoints import router

__all__ = ["router"]
