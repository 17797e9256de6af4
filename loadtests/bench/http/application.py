"""The application that both serve: Slipway's with its apparatus off."""

from fastapi import FastAPI

from loadtests.bench.systems.apparatus_off.service import WORKLOAD, create_app
from slipway.settings import Settings


def application() -> FastAPI:
    """Return it; granian calls this in its worker."""
    return create_app(Settings(workload=WORKLOAD))
