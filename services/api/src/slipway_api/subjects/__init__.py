"""What a person may ask about the data that are held of them: `/v1/subjects`."""

from slipway_api.subjects.endpoints import router

__all__ = ["router"]
