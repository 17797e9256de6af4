"""Decides, before anything starts, which servers are ours and where everything listens."""

import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from slipway_cli.errors import LocalError
from slipway_cli.servers.ports import LOCALHOST, describe_listener, free_port, is_free
from slipway_cli.stack.environment import LOCAL, EnvironmentFile, local_settings
from slipway_cli.stack.folder import VarFolder

Say = Callable[[str], None]

POSTGRES_PORT, REDIS_PORT = 54320, 63790
NEXT_API = "api-next"
"""The API that is started beside the running one; the two take turns with their metrics ports."""
METRICS_PORTS = {"api": 9101, "worker": 9102, "scheduler": 9103, NEXT_API: 9104}
DATABASE_URLS = {role: f"SLIPWAY_DATABASE_{role.upper()}_URL" for role in ("owner", "app", "system")}
REDIS_URL, _API_PORT = "SLIPWAY_REDIS_URL", "SLIPWAY_API_PORT"


@dataclass(frozen=True, slots=True)
class Plan:
    """What to start, and where it listens."""

    postgres_port: int | None
    """None: the database is the user's own."""
    redis_port: int | None
    """None: Redis is the user's own."""
    redis_password: str
    api_port: int
    metrics_ports: dict[str, int]
    """By process, and that of the API's successor."""


class PortChooser:
    """Chooses ports that are free, keeps to what was chosen before, and says so when it cannot."""

    def __init__(self, recorded: dict[str, str], say: Say, *, any_ports: bool) -> None:
        self.recorded = recorded
        self._say = say
        self._any = any_ports
        self._chosen: set[int] = set()

    def choose(self, name: str, default: int, purpose: str) -> int:
        """Return the port of one purpose, and record it under the name."""
        wanted = _recorded_port(self.recorded, name, 0 if self._any else default)
        port = wanted if wanted and self._available(wanted) else self._other()
        if wanted not in (0, port):
            self._say(f"Port {wanted} is taken by {describe_listener(wanted)}: {purpose} listens on {port} instead.")
        self.recorded[name] = str(port)
        self._chosen.add(port)
        return port

    def insist(self, name: str, port: int, purpose: str) -> int:
        """Return the port that the user asked for.

        Raises:
            LocalError: it is taken; the text says by whom.
        """
        if not self._available(port):
            raise LocalError(
                f"Port {port}, asked for {purpose}, is taken by {describe_listener(port)}. Stop that, or ask for "
                "another."
            )
        self.recorded[name] = str(port)
        self._chosen.add(port)
        return port

    def _available(self, port: int) -> bool:
        return port not in self._chosen and is_free(port)

    def _other(self) -> int:
        while (port := free_port()) in self._chosen:
            continue
        return port


def expected_ports(folder: VarFolder) -> dict[str, int]:
    """Return the ports that the next start would try first, by purpose."""
    recorded = EnvironmentFile(folder.environment).read()
    ports = {"the API": local_settings(folder.root).api_port}
    if DATABASE_URLS["app"] not in os.environ:
        ports["PostgreSQL"] = _recorded_port(recorded, f"{LOCAL}POSTGRES_PORT", POSTGRES_PORT)
    if REDIS_URL not in os.environ:
        ports["Redis"] = _recorded_port(recorded, f"{LOCAL}REDIS_PORT", REDIS_PORT)
    for name, default in METRICS_PORTS.items():
        ports[f"{name}'s metrics"] = _recorded_port(recorded, _metrics_name(name), default)
    return ports


def make_plan(
    folder: VarFolder, workers: Sequence[str], say: Say, *, api_port: int | None = None, any_ports: bool = False
) -> Plan:
    """Choose ports and passwords, and write them to `local.env`."""
    file = EnvironmentFile(folder.environment)
    values = file.read()
    ports = PortChooser(values, say, any_ports=any_ports)
    asked = api_port or (local_settings(folder.root).api_port if _API_PORT in os.environ else None)
    plan = Plan(
        api_port=ports.insist(_API_PORT, asked, "the API") if asked else ports.choose(_API_PORT, 8000, "the API"),
        postgres_port=None
        if DATABASE_URLS["app"] in os.environ
        else ports.choose(f"{LOCAL}POSTGRES_PORT", POSTGRES_PORT, "PostgreSQL"),
        redis_port=None if REDIS_URL in os.environ else ports.choose(f"{LOCAL}REDIS_PORT", REDIS_PORT, "Redis"),
        redis_password=_password(values.get(REDIS_URL)),
        metrics_ports=_metrics_ports(ports, workers),
    )
    mine = _urls(plan, values) | {
        "SLIPWAY_MASTER_KEY_FILE": str((folder.keys / "master.key").absolute()),
        "SLIPWAY_AUDIT_KEY_FILE": str((folder.keys / "audit.pem").absolute()),
        "SLIPWAY_EVIDENCE_DIR": str(folder.evidence.absolute()),
    }
    theirs = [name for name in (*DATABASE_URLS.values(), REDIS_URL) if name not in mine]
    before = file.read()
    changed = {name: value for name, value in (values | mine).items() if before.get(name) != value}
    file.update({name: value for name, value in changed.items() if name not in theirs}, without=theirs)
    return plan


def _metrics_ports(ports: PortChooser, workers: Sequence[str]) -> dict[str, int]:
    defaults = METRICS_PORTS | {name: METRICS_PORTS["worker"] if name == workers[0] else 0 for name in workers}
    return {
        name: ports.choose(_metrics_name(name), defaults[name], f"{name}'s metrics")
        for name in ("api", *workers, "scheduler", NEXT_API)
    }


def _metrics_name(process: str) -> str:
    return f"{LOCAL}{process.upper().replace('-', '_')}_METRICS_PORT"


def _recorded_port(recorded: Mapping[str, str], name: str, default: int) -> int:
    text = recorded.get(name, str(default))
    if not text.isdecimal() or int(text) > 65_535:  # noqa: PLR2004  # the largest port
        raise LocalError(f"{name}={text!r} in local.env is not a port. Correct or remove that line.")
    return int(text)


def _urls(plan: Plan, recorded: dict[str, str]) -> dict[str, str]:
    urls = {}
    if plan.postgres_port:
        for role, name in DATABASE_URLS.items():
            account = f"slipway_{role}:{_password(recorded.get(name))}"
            urls[name] = f"postgresql://{account}@{LOCALHOST}:{plan.postgres_port}/slipway"
    if plan.redis_port:
        urls[REDIS_URL] = f"redis://:{plan.redis_password}@{LOCALHOST}:{plan.redis_port}/0"
    return urls


def _password(url: str | None) -> str:
    return (urlsplit(url).password if url else None) or secrets.token_urlsafe(32)
