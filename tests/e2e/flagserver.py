"""The flag server, used as a person would who may change flags."""

import httpx

from e2e.stage import Stage

_FEATURES = "/api/admin/projects/default/features"


def open_flag_server(stage: Stage) -> httpx.Client:
    """Return a client of Unleash's admin API."""
    headers = {"Authorization": stage.project.secret("unleash-admin-token")}
    return httpx.Client(base_url=stage.unleash, headers=headers, timeout=30)


def switch(stage: Stage, flag: str, *, on: bool) -> None:
    """Switch a flag in the environment of the services."""
    place = f"{_FEATURES}/{flag}/environments/{stage.flag_environment}"
    with open_flag_server(stage) as server:
        server.post(f"{place}/{'on' if on else 'off'}").raise_for_status()


def make_flag(stage: Stage, flag: str) -> None:
    """Make a flag that is on for everybody."""
    with open_flag_server(stage) as server:
        server.post(_FEATURES, json={"name": flag, "type": "release"}).raise_for_status()
        place = f"{_FEATURES}/{flag}/environments/{stage.flag_environment}"
        server.post(f"{place}/strategies", json={"name": "default"}).raise_for_status()
        server.post(f"{place}/on").raise_for_status()


def is_on(stage: Stage, flag: str) -> bool:
    """Tell whether a flag is on."""
    with open_flag_server(stage) as server:
        environments = server.get(f"{_FEATURES}/{flag}").raise_for_status().json()["environments"]
    return any(one["name"] == stage.flag_environment and one["enabled"] for one in environments)
