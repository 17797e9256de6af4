"""A route for which nothing has to be resolved."""

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send


class DirectRoute(APIRoute):
    """Calls an endpoint that takes the request alone and returns the response; documented like any other route.

    What FastAPI does for others is to resolve dependencies, keep stacks of what they open, and look for a body that it
    could parse: a quarter of a millisecond. Errors are answered where those of the other routes are.
    """

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["method"] not in (self.methods or ()):
            await super().handle(scope, receive, send)  # refuses it
            return
        response = await self.endpoint(Request(scope, receive, send))
        await response(scope, receive, send)
