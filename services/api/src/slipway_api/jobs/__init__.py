"""Answers later: `/v1/jobs`."""

from slipway_api.jobs.endpoints import router

__all__ = ["router"]
