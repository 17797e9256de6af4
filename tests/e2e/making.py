"""Makes the projects of a run: the compose file of the checkout, with what a test must be able to change taken out."""

import json
import shutil
from pathlib import Path

from e2e import without
from e2e.command import ROOT
from e2e.options import Options
from e2e.project import Project

NOBODY = "127.0.0.9"
"""Where nobody listens, in no container: webhooks may go there, so that a receiver can be one that is gone."""
_BESIDE = "SLIPWAY_SECRETS_DIR"
"""What our own services have."""


def make_project(options: Options, name: str, environment: dict[str, str], folder: Path) -> Project:
    """Return a project below `folder`, without the services to leave out."""
    plain = Project(name, environment=environment)
    if not options.boot and name == options.project:
        return _as_started(plain)
    folder.mkdir(parents=True, exist_ok=True)
    kept = without.leave_out(plain.whole(), options.without)
    shutil.copytree(ROOT / "monitoring" / "prometheus", folder / "prometheus")
    moved = without.move_mounts(kept, str(ROOT / "monitoring" / "prometheus"), str(folder / "prometheus"))
    moved = without.set_variables(moved, {"SLIPWAY_WEBHOOK_ALLOWED_NETWORKS": f"{NOBODY}/32"}, _BESIDE)
    return Project(name, without.write(moved, folder / "compose.json"), environment)


def _as_started(project: Project) -> Project:
    """Return a project that runs, with the file that an earlier run started it from, if one did."""
    files = sorted((ROOT / "var" / "e2e").glob("*/*/compose.json"), reverse=True)
    ours = [file for file in files if json.loads(file.read_text(encoding="utf-8"))["name"] == project.name]
    return Project(project.name, ours[0], project.environment) if ours else project
