"""`python -m slipway_cli`."""

from slipway_cli.main import app

app()
