"""How texts are put through a graph in-process; the search chooses among settings."""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path

GRAPHS = ("int8", "fp32", "fp32_plain")
"""The two graphs that ship, and the obvious export in fp32."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One way to run texts in bulk."""

    lanes: int
    """Threads that each tokenise and run on their own."""

    threads: int
    """Threads inside a run of ONNX Runtime; 0: as many as it chooses by itself, which is its default."""

    padded_tokens: int
    """Most tokens of a run, padding included. A longer text has a run to itself."""

    padding: int
    """Most tokens of a run that are padding."""

    window: int
    """How many messages, as they come, are sorted and cut into runs together."""

    by_length: bool
    """Whether a window is sorted by length, or stays in order of arrival."""

    def __str__(self) -> str:
        """Return it as a line of a table."""
        inside = f"{self.threads or 'default'} in each"
        order = "by length" if self.by_length else "as they come"
        lanes = f"{self.lanes} lane{'s' * (self.lanes != 1)}"
        run = f"<= {self.padded_tokens} tokens a run, {self.padding} of padding"
        return f"{lanes}, {inside}; {run}; windows of {self.window} {order}"


def write_settings(path: Path, best: dict[str, Setting]) -> None:
    """Write the best setting of each graph."""
    found = {graph: asdict(setting) for graph, setting in best.items()}
    path.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def read_settings(path: Path) -> dict[str, Setting]:
    """Read them back.

    Raises:
        SystemExit: the file is not there or holds something else; the text says how to write it.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {graph: _setting(found[graph]) for graph in GRAPHS}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SystemExit(
            f"{path} holds no settings of the limit ({error!r}). "
            f"Write it: python -m loadtests.bench.limit search --out {path}"
        ) from error


def _setting(values: dict[str, int]) -> Setting:
    return Setting(**{field.name: values[field.name] for field in fields(Setting)})  # type: ignore[arg-type]
