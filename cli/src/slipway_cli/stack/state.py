"""What is running, written to a file at each change: for `slipway status`, `down`, and whoever cleans up after us."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

from pydantic import TypeAdapter, ValidationError

from slipway_cli.processes.identity import Identity
from slipway_cli.processes.watched import ProcessStatus


@dataclass(frozen=True, slots=True)
class Restart:
    """The latest rolling restart of a running stack."""

    number: int
    """Counts them; 0: there was none yet."""
    steps: list[str]
    """What was begun so far, in sentences."""
    ended: bool
    failure: str
    """Why it did not succeed; empty if it did, or has not ended."""


@dataclass(frozen=True, slots=True)
class StackState:
    """The stack at one moment."""

    supervisor: Identity
    api_url: str
    ready: bool
    """Whether the start is over and all processes are ready."""
    processes: list[ProcessStatus]
    restart: Restart | None = None
    """None: the supervisor does not take `slipway restart`."""


_schema = TypeAdapter(StackState)


def write_state(path: Path, state: StackState) -> None:
    """Replace the file in one step."""
    with NamedTemporaryFile(dir=path.parent, prefix=path.name, delete=False) as file:
        file.write(_schema.dump_json(state, indent=2))
    Path(file.name).replace(path)


def read_state(path: Path) -> StackState | None:
    """Return what the last supervisor wrote; None if it ended in good order, or the file is damaged."""
    try:
        return _schema.validate_json(path.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def running_state(path: Path) -> StackState | None:
    """Return the state if its supervisor lives."""
    state = read_state(path)
    return state if state and state.supervisor.find() else None
