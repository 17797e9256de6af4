"""Runs the programs that check."""

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

_SECONDS = 300.0
NEEDED = {
    "helm": "https://helm.sh/docs/intro/install/ (3.14 or newer)",
    "kubeconform": "go install github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0",
    "kube-score": "go install github.com/zegl/kube-score/cmd/kube-score@v1.20.0",
    "helm-docs": "go install github.com/norwoodj/helm-docs/cmd/helm-docs@v1.14.2",
}
"""Programs on PATH, and how to get each."""
UNITTEST = "helm plugin install https://github.com/helm-unittest/helm-unittest --version v1.1.2"


@dataclass(frozen=True, slots=True)
class Ran:
    """How a program ended."""

    status: int
    output: str
    complaints: str

    def last_words(self, lines: int = 12) -> str:
        """Return the end of what it said."""
        said = [line for line in (self.output + self.complaints).splitlines() if line.strip()]
        return "\n".join(said[-lines:])


def run(program: str, *arguments: str, stdin: str | None = None) -> Ran:
    """Run a program to its end.

    Raises:
        subprocess.TimeoutExpired: it takes longer than five minutes.
    """
    command = [shutil.which(program) or program, *arguments]
    ended = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=_SECONDS, check=False)
    return Ran(ended.returncode, ended.stdout, ended.stderr)


def missing() -> list[str]:
    """Return what is not there and how to get it, a line each."""
    absent = [f"{name} is not on PATH: {how}" for name, how in NEEDED.items() if shutil.which(name) is None]
    if shutil.which("helm") and not _has_plugin("unittest"):
        absent.append(f"helm has no plug-in `unittest`: {UNITTEST}")
    return absent


def _has_plugin(name: str) -> bool:
    return any(line.split()[:1] == [name] for line in run("helm", "plugin", "list").output.splitlines())


def release_arguments(files: Sequence[object]) -> list[str]:
    """Return the arguments that name values files."""
    return [word for path in files for word in ("--values", str(path))]
