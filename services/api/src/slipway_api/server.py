"""Runs the API on uvicorn."""

from typing import Any

import uvicorn

from slipway.settings import Environment, Settings
from slipway.telemetry.logs import configure_logs
from slipway.telemetry.tracing import configure_tracing
from slipway_api.app import create_app
from slipway_api.protocol import Protocol


def serve() -> None:
    """Serve until SIGTERM or SIGINT; then finish the requests in hand."""
    settings = Settings()
    configure_logs("api", settings.log_level, strict=settings.environment is Environment.DEVELOPMENT)
    app = create_app(settings, configure_tracing("api", settings))
    uvicorn.run(app, **options(settings))


def options(settings: Settings) -> dict[str, Any]:
    """Return how uvicorn serves the application."""
    return {
        "host": settings.api_host,
        "port": settings.api_port,
        "http": Protocol,
        "ws": "none",
        "reset_contextvars": True,  # or a request may inherit trace and tenant from the one before on its connection
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "proxy_headers": False,
        "timeout_graceful_shutdown": int(settings.drain_seconds),
        "timeout_keep_alive": 75,
    }
