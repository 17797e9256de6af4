"""The committed ratios."""

import json
import platform
from collections.abc import Mapping
from pathlib import Path

FILE = Path(__file__).with_name("reference.json")


def read_reference(path: Path = FILE) -> dict[str, float]:
    """Return the ratio of each path.

    Raises:
        SystemExit: there is none; the text says how to write it.
    """
    try:
        ratios: dict[str, float] = json.loads(path.read_text(encoding="utf-8"))["ratios"]
    except (OSError, ValueError, KeyError) as error:
        raise SystemExit(f"{path} holds no reference ({error!r}). Write one: make bench-guard ARGS=--write") from error
    return ratios


def write_reference(ratios: Mapping[str, float], path: Path = FILE) -> None:
    """Write new ratios, with what they were measured on."""
    content = {"ratios": {name: round(ratio, 3) for name, ratio in ratios.items()}, "processor": _processor()}
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
