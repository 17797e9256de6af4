"""Runs the API on uvicorn."""

import uvicorn

from slipway.settings import Environment, Settings
from slipway.telemetry.logs import configure_logs
from slipway.telemetry.tracing import configure_tracing
from slipway_api.app import create_app


def serve() -> None:
    """Serve until SIGTERM or SIGINT; then finish the requests in hand."""
    settings = Settings()
    configure_logs("api", settings.log_level, strict=settings.environment is Environment.DEVELOPMENT)
    app = create_app(settings, configure_tracing("api", settings))
    uvicorn.run(
        app,
        host=settings.api_host,
        port=settings.api_port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=int(settings.drain_seconds),
        timeout_keep_alive=75,
        h11_max_incomplete_event_size=16 * 1024,
    )
