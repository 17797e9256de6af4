"""Vegeta, built once from its source at one version."""

import os
import shutil
import subprocess
from pathlib import Path

VERSION = "v12.13.0"
_MODULE = f"github.com/tsenart/vegeta/v12@{VERSION}"
_ADVICE = (
    f"The load comes from vegeta {VERSION}, which is built from source by Go 1.22 or newer, once. "
    "Install Go (https://go.dev/dl, or the package golang-go), and run `make bench` again"
)


def ensure(folder: Path) -> Path:
    """Return the program; build it if the folder has none of this version.

    Raises:
        RuntimeError: it cannot be built; the text says what to do.
    """
    program = folder.absolute() / "vegeta"
    if not is_right(program):
        _build(folder.absolute())
    if not is_right(program):
        raise RuntimeError(f"{program} is not vegeta {VERSION}. Remove it, and run `make bench` again.")
    return program


def is_right(program: Path) -> bool:
    """Tell whether it is there, and of the right version: Go writes that into what it builds."""
    go = shutil.which("go")
    if not program.exists():
        return False
    if go is None:
        return True  # who built it here had Go; without it, nothing can tell
    found = subprocess.run([go, "version", "-m", program], capture_output=True, text=True, check=False)
    return f"\tgithub.com/tsenart/vegeta/v12\t{VERSION}" in found.stdout


def _build(folder: Path) -> None:
    go = shutil.which("go")
    if go is None:
        raise RuntimeError(f"{_ADVICE}: there is no `go` on the PATH.")
    folder.mkdir(parents=True, exist_ok=True)
    environment = os.environ | {"GOBIN": str(folder), "GOFLAGS": "-trimpath", "CGO_ENABLED": "0"}
    built = subprocess.run([go, "install", _MODULE], env=environment, capture_output=True, text=True, check=False)
    if built.returncode:
        raise RuntimeError(f"{_ADVICE}. Building failed: {built.stderr.strip()[-600:]}")
