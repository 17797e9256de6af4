"""`python -m monitoring.prometheus.check`: what Prometheus and Alertmanager themselves say of their configuration.

Runs promtool on the configuration, the rules and the rules' tests, and amtool on the routes: those on PATH, or else the
ones in the images. Prints what they found; the exit code is 1 when something is wrong.
"""

import shutil
import subprocess
import sys
from pathlib import Path

MONITORING = Path(__file__).parents[1]
IMAGES = {"promtool": "prom/prometheus:v3.5.3", "amtool": "prom/alertmanager:v0.33.1"}


def main() -> int:
    """Run every check, also behind one that failed; return the exit code."""
    tests = sorted(path.name for path in (MONITORING / "prometheus" / "tests").glob("*.yml"))
    checks = [
        ("prometheus", ["promtool", "check", "config", "prometheus.yml"]),
        ("prometheus/tests", ["promtool", "test", "rules", *tests]),
        ("alertmanager", ["amtool", "check-config", "alertmanager.yml"]),
    ]
    failed = [command for folder, command in checks if _fails(folder, command)]
    return int(bool(failed))


def _fails(folder: str, command: list[str]) -> bool:
    tool, *arguments = command
    print("$", *command, flush=True)  # noqa: T201  # printing is what it is run for
    return (
        subprocess.run(  # noqa: S603  # the commands above, and no input of anybody's
            [*_start(tool, folder), *arguments], cwd=MONITORING / folder, check=False
        ).returncode
        != 0
    )


def _start(tool: str, folder: str) -> list[str]:
    """Return what starts a tool in a folder of this one.

    Raises:
        SystemExit: it is neither on PATH, nor is there Docker.
    """
    if found := shutil.which(tool):
        return [found]
    docker = shutil.which("docker")
    if docker is None:
        raise SystemExit(f"{tool} is needed: install it, or Docker to run it from {IMAGES[tool]}.")
    mount = f"{MONITORING}:/monitoring:ro"
    return [
        docker, "run", "--rm", "--network=none", f"--volume={mount}", f"--workdir=/monitoring/{folder}",
        f"--entrypoint={tool}", IMAGES[tool],
    ]  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
