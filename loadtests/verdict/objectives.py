"""What a run must show."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from loadtests.verdict.unreadable import UnreadableError

DEFAULTS = Path(__file__).parents[1] / "objectives.yaml"

_Limit = Annotated[float, Field(ge=0, allow_inf_nan=False)]
_Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class Objectives(BaseModel):
    """The limits. `loadtests/objectives.yaml` has the defaults, and says what each of them is about."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    p95_ms: _Limit
    scale_up_s: _Limit
    recovered_s: _Limit
    error_rate: _Share
    refused_rate: _Share
    scale_down_failed: Annotated[int, Field(ge=0)]
    direction_changes_per_cycle: _Limit
    workers_at_max_s: _Limit
    drain_tolerance: _Share
    burst_worth_s: _Limit
    generator_cpu: _Share
    generator_sent: _Share


def read_objectives(path: Path | None = None, changed: Mapping[str, Any] | None = None) -> Objectives:
    """Return the objectives of a file, or those that were declared with the run; the rest is as in the defaults.

    Args:
        path: a YAML file; None: there is none.
        changed: what the run declared. A file that is named wins over it.

    Raises:
        UnreadableError: there is no such file, or it has an unknown name or a value that makes no sense.
    """
    named = _mapping(path) if path else dict(changed or {})
    try:
        return Objectives.model_validate(_mapping(DEFAULTS) | named)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UnreadableError(f"{path or 'The objectives of the run'}: {where}: {first['msg']}.") from None


def _mapping(path: Path) -> dict[str, Any]:
    try:
        read = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UnreadableError(f"{path} cannot be read as a file of objectives: {error}") from None
    if not isinstance(read, dict):
        raise UnreadableError(f"{path} has no objectives: a line is `name: limit`.")
    return read
