"""The Unleash server as `slipway flags sync` uses it."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import httpx
from pydantic import SecretStr

from slipway.flags import Flag
from slipway.settings import Settings
from slipway_cli.errors import LocalError
from slipway_cli.flags.declaration import declaration

_TIMEOUT_SECONDS = 10.0
_PAUSE_SECONDS = 1.0
_USER = "admin"
_REFUSED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Known:
    """What the server tells our services."""

    flags: dict[str, bool]
    """Whether each is on in the environment of the token."""
    project: str
    environment: str


class UnleashServer:
    """Its client API, which says what our services see; and its admin API."""

    def __init__(self, http: httpx.Client, settings: Settings) -> None:
        self._http = http
        self._settings = settings

    def known(self, seconds: float, say: Say) -> Known:
        """Return what our services see, once the server answers.

        Raises:
            LocalError: it does not answer in time, or refuses the token.
        """
        end, told = time.monotonic() + seconds, ""
        while isinstance(found := self._look(), str):
            if time.monotonic() > end:
                raise LocalError(f"{self._settings.unleash_url} does not answer: {found}. Is the server up?")
            if found != told:
                say(f"Waiting for {self._settings.unleash_url}: {found}.")
                told = found
            time.sleep(_PAUSE_SECONDS)
        return found

    def declare(self, flags: Sequence[Flag], known: Known) -> list[str]:
        """Make flags that are not there, as they are declared; return what the server warns of.

        First in the environment of the token, in one transaction: a flag that was made and not yet switched on would
        be off for whoever looks in between.

        Raises:
            LocalError: the server does not let us.
        """
        self._enter()
        warnings = self._validate(flags, known)
        self._post("/admin/features-batch/import", declaration(flags, known.project, known.environment))
        for environment in self._other_environments(known):
            self._post("/admin/features-batch/import", declaration(flags, known.project, environment))
        return warnings

    def _look(self) -> Known | str:
        """Return what the services see, or why not, in words."""
        try:
            answer = self._http.get("/client/features", headers=_authorization(self._settings.unleash_token))
        except httpx.TransportError as error:
            return type(error).__name__
        if answer.status_code in _REFUSED:
            raise LocalError("The server refuses SLIPWAY_UNLEASH_TOKEN. It has to be a client (backend) token.")
        if answer.status_code != HTTPStatus.OK:
            return f"it answers {answer.status_code}"
        found = answer.json()
        query = found.get("query", {})
        states = {feature["name"]: feature["enabled"] for feature in found["features"]}
        return Known(states, (query.get("project") or ["default"])[0], query.get("environment", "default"))

    def _enter(self) -> None:
        if self._settings.unleash_admin_token is not None:
            self._http.headers.update(_authorization(self._settings.unleash_admin_token))
        elif self._settings.unleash_admin_password is not None:
            account = {"username": _USER, "password": self._settings.unleash_admin_password.get_secret_value()}
            # The session is a cookie, which the client keeps.
            self._request("POST", f"{_origin(self._http)}/auth/simple/login", account)
        else:
            raise LocalError(
                "There are flags to declare: set SLIPWAY_UNLEASH_ADMIN_PASSWORD or SLIPWAY_UNLEASH_ADMIN_TOKEN."
            )

    def _validate(self, flags: Sequence[Flag], known: Known) -> list[str]:
        body = declaration(flags, known.project, known.environment)
        found = self._post("/admin/features-batch/validate", body).json()
        if wrong := [*_told(found["errors"]), *_told(found["permissions"])]:
            raise LocalError(f"Unleash cannot take the flags: {' '.join(wrong)}")
        return _told(found["warnings"])

    def _other_environments(self, known: Known) -> list[str]:
        """Return the project's further environments: whoever takes a token of one later finds the same flags."""
        found = self._request("GET", f"/admin/environments/project/{known.project}").json()["environments"]
        return [each["name"] for each in found if each["visible"] and each["name"] != known.environment]

    def _post(self, path: str, body: dict[str, Any]) -> httpx.Response:
        return self._request("POST", path, body)

    def _request(self, method: str, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        try:
            answer = self._http.request(method, path, json=body)
        except httpx.TransportError as error:
            raise LocalError(f"{self._settings.unleash_url} stopped answering: {type(error).__name__}.") from None
        if answer.status_code in _REFUSED:
            raise LocalError(
                f"The server refuses the admin. SLIPWAY_UNLEASH_ADMIN_PASSWORD is the password of its user {_USER}: "
                "was it changed? SLIPWAY_UNLEASH_ADMIN_TOKEN has to be a personal access token of an admin."
            )
        if answer.is_error:
            raise LocalError(f"The server answers {answer.status_code} to {method} {path}: {_reason(answer)}")
        return answer


@contextmanager
def unleash_server(settings: Settings) -> Iterator[UnleashServer]:
    """Speak to the server of the settings.

    Raises:
        LocalError: there is none.
    """
    if settings.unleash_url is None:
        raise LocalError("SLIPWAY_UNLEASH_URL is not set: without a flag server there is nothing to declare.")
    with httpx.Client(base_url=settings.unleash_url, timeout=_TIMEOUT_SECONDS) as http:
        yield UnleashServer(http, settings)


def _authorization(token: SecretStr | None) -> dict[str, str]:
    return {"Authorization": token.get_secret_value()} if token else {}


def _origin(http: httpx.Client) -> str:
    """Return where the server is, without the `/api` of its address."""
    return str(http.base_url).rstrip("/").removesuffix("/api")


def _told(messages: Sequence[dict[str, Any]]) -> list[str]:
    return [f"{each['message']} {', '.join(each['affectedItems'])}" for each in messages]


def _reason(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        return "no reason given"
