"""Ports of its own for a run, so that a stack that somebody uses stays as it is."""

import re
from pathlib import Path

from slipway_cli.servers.ports import free_port

_PORT = re.compile(r"\$\{([A-Z_]+_PORT):-\d+\}")


def free_ports(compose_file: Path) -> dict[str, str]:
    """Return a free port for each variable `*_PORT` of a compose file."""
    names = sorted(set(_PORT.findall(compose_file.read_text(encoding="utf-8"))))
    return {name: str(free_port()) for name in names}
