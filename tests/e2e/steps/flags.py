"""Flags from the real server: switched, they hold everywhere soon; without the server, the last known ones hold."""

import asyncio
import ssl
from time import sleep

import httpx

from e2e import flags
from e2e.failure import demand, wait_for
from e2e.flagserver import switch
from e2e.report import say
from e2e.stage import Stage
from e2e.starting import condition
from slipway.flags import Flag

_LIVE_SECONDS = 15.0
_AWAY_SECONDS = 20.0
_START_SECONDS = 120.0
_MESSAGE = {"inputs": [{"text": "Where is my parcel?"}]}


def run(stage: Stage) -> None:
    """Demand that kill switches work, and that nothing waits for a flag server that is away."""
    took = asyncio.run(_switches(stage))
    say("Off everywhere after: " + ", ".join(f"{flag} {seconds:.1f} s" for flag, seconds in took.items()) + ".")
    say("Jobs wait while their processing is off, and are done when it is on again.")
    _last_known_hold(stage)
    say("Without the flag server the last known flags hold.")
    _starts_without(stage)
    say("An API that starts without the flag server answers, by the bootstrap values.")


async def _switches(stage: Stage) -> dict[str, float]:
    token, trust = stage.project.secret("unleash-admin-token"), ssl.create_default_context(cafile=stage.authority)
    address, environment = f"{stage.unleash}/api", stage.flag_environment
    async with flags.opened(stage.gateway, stage.key, address, token, ca=trust, environment=environment) as (
        api,
        admin,
    ):
        took = await flags.kill_switches_work(api, admin)
        await flags.jobs_wait(api, admin)
    return took


def _last_known_hold(stage: Stage) -> None:
    """Switch event streams off, take the server away, and demand that they stay off, and that predictions go on."""
    switch(stage, Flag.EVENT_STREAMS.flag, on=False)
    try:
        with stage.client() as client:
            job = client.post("/v1/jobs", json=_MESSAGE).raise_for_status().headers["Location"]
            events = f"{job}/events"
            wait_for("event streams are off", lambda: _is_off(client, events), _LIVE_SECONDS * 2, "api-1")
            stage.project.compose("stop", "--timeout", "5", "unleash")
            sleep(_AWAY_SECONDS)  # longer than between two looks of the API
            demand(_is_off(client, events), "Without the flag server, what was off is on.", "api-1", "api-2")
            demand(_answers(client), "Without the flag server, the API does not answer.", "api-1", "api-2")
    finally:
        stage.project.compose("start", "unleash")
        wait_for("the flag server is back", lambda: _healthy(stage, "unleash"), _START_SECONDS, "unleash")
        switch(stage, Flag.EVENT_STREAMS.flag, on=True)


def _starts_without(stage: Stage) -> None:
    """Start an API while the server is away, and demand that it becomes ready and answers."""
    stage.project.compose("stop", "--timeout", "5", "unleash")
    try:
        stage.project.compose("restart", "api-1", "api-2")
        wait_for("the API is ready", lambda: _healthy(stage, "api-1", "api-2"), _START_SECONDS, "api-1", "api-2")
        with stage.client() as client:
            wait_for("the API answers", lambda: _answers(client), _START_SECONDS, "gateway")
    finally:
        stage.project.compose("start", "unleash")
        wait_for("the flag server is back", lambda: _healthy(stage, "unleash"), _START_SECONDS, "unleash")


def _healthy(stage: Stage, *services: str) -> bool:
    return all(condition(one["State"]) == "healthy" for name in services for one in stage.project.of(name))


def _is_off(client: httpx.Client, events: str) -> bool:
    return client.get(events).status_code == httpx.codes.SERVICE_UNAVAILABLE


def _answers(client: httpx.Client) -> bool:
    return client.post("/v1/triage", json=_MESSAGE).is_success
