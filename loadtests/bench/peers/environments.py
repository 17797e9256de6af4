"""The environment of each peer: its own, pinned by digests, installed when it is first needed or its lock changed."""

import subprocess
import sys
from hashlib import sha256
from pathlib import Path

_HERE = Path(__file__).parent
_ENVIRONMENTS = Path("var/bench/peers")
_UV = Path(".tools/bin/uv")
_INSTALLED = "installed"
"""The file in an environment that says what was installed: the digest of the lock and of the Python."""


def is_installed(name: str) -> bool:
    """Return whether a peer's environment is there, as its lock has it."""
    installed = _ENVIRONMENTS / name / _INSTALLED
    return installed.exists() and installed.read_text(encoding="utf-8") == _digest(name)


def python_of(name: str) -> Path:
    """Return the interpreter of a peer's environment, which is installed first if need be.

    Raises:
        RuntimeError: it cannot be installed; the text says what to do.
    """
    folder = (_ENVIRONMENTS / name).absolute()
    if not is_installed(name):
        print(f"Installing {name} into {_ENVIRONMENTS / name} ...", flush=True)
        uv(name, "venv", "--clear", "--python", sys.executable, str(folder))
        uv(name, "pip", "sync", "--require-hashes", "--python", str(folder), str(_lock(name)))
        (folder / _INSTALLED).write_text(_digest(name), encoding="utf-8")
    return folder / "bin" / "python"


def uv(name: str, *arguments: str) -> None:
    """Run uv for a peer.

    Raises:
        RuntimeError: there is no uv, or it failed; the text says what to do.
    """
    if not _UV.exists():
        raise RuntimeError("There is no uv in .tools: `make setup` installs it.")
    done = subprocess.run([_UV, "--quiet", *arguments], check=False, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise RuntimeError(f"The environment of {name} cannot be installed. uv says: {done.stderr.strip()}")


def _lock(name: str) -> Path:
    return _HERE / name / "requirements.lock"


def _digest(name: str) -> str:
    return sha256(_lock(name).read_bytes() + sys.version.encode()).hexdigest()
