"""What a run's folder says of the run itself: run.json, written anew whenever something is known."""

import json
import os
import platform
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from loadtests.bench.cores import Cores
from loadtests.bench.generator.binary import VERSION
from loadtests.bench.options import Options
from loadtests.bench.trials import Choice

FILE_NAME = "run.json"


@dataclass(slots=True)
class Record:
    """Of one run."""

    folder: Path
    options: Options
    cores: Cores
    texts: int
    chosen: dict[str, Choice] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    """Systems that could not be measured to the end, and why."""
    failed_variants: dict[str, str] = field(default_factory=dict)
    """Variants that did not get through their trial, as `system, variant`, and why."""
    awake: dict[str, str] = field(default_factory=dict)
    """Contests in which nobody stood still while another was measured, and why."""

    def write(self) -> None:
        """Write it."""
        path = self.folder / FILE_NAME
        path.write_text(json.dumps(dict(self._content()), indent=2, default=str) + "\n", encoding="utf-8")

    def _content(self) -> Iterator[tuple[str, Any]]:
        yield "options", asdict(self.options)
        yield "machine", {"processor": _processor(), "cores": os.cpu_count(), "system": platform.system()}
        yield "python", platform.python_version()
        yield "generator", f"vegeta {VERSION}"
        yield "cores", asdict(self.cores) | {"shared": self.cores.shared}
        yield "texts", self.texts
        for name in ("chosen", "failed", "failed_variants", "awake"):
            yield name, getattr(self, name)


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
