"""The drill: back the stack up, restore it into an empty one, and read there what was sealed here."""

import json
import os
import re
import sys
from pathlib import Path

from e2e.command import ROOT
from e2e.command import run as command
from e2e.failure import UnmetError, demand, wait_for
from e2e.jobs import answered_job, read_results
from e2e.making import make_project
from e2e.places import free_ports
from e2e.project import Project
from e2e.report import Outcome, say
from e2e.stage import Stage
from e2e.starting import start

_TEXTS = ["My card was charged twice.", "Please delete my account.", "The app is very slow today."]
_TRACE = "0af7651916cd43dd8448eb211c80319c"
_SEALED_SECONDS = 60.0
_ENTRIES = re.compile(r"seals over (\d+) entries")
_KEPT_TABLES = ("public.tenants", "public.jobs", "public.job_items", "public.api_keys", "public.audit_log")


def run(stage: Stage) -> None:
    """Demand that the restored stack answers for the job as the first did, and that its audit log holds."""
    with stage.client() as client:
        job = answered_job(client, _TEXTS, _TRACE)
    data, keys = stage.folder / "backup", stage.folder / "backup-keys.json"
    say(_backup(stage.project, "create", data, keys))
    environment = {"COMPOSE_PROFILES": ""} | free_ports(ROOT / "docker-compose.yml")
    restored = make_project(stage.options, f"{stage.project.name}-restored", environment, stage.folder / "restored")
    restored.remove()
    try:
        _refuses_what_is_damaged(restored, data, keys)
        say(_backup(restored, "restore", data, keys))
        start(restored)
        _compare_rows(restored, data)
        there = Stage(restored, stage.options, Outcome(), stage.folder)
        with there.client(key=stage.key) as client:
            demand(read_results(client, job.path) == job.results, "The restored results differ.", "api-1")
            answered_job(client, _TEXTS, _TRACE)
        say("The restored stack opens what was sealed, and answers new jobs.")
        _audit_holds(restored)
        demand(_is_refused(restored, data, keys), "A restore into a stack that holds data was not refused.")
    finally:
        restored.remove()
    demand(not restored.remains(), f"The restored stack left something behind: {restored.remains()}")


def _backup(project: Project, what: str, data: Path, keys: Path) -> str:
    evidence = keys.with_name("backup-evidence.tar")
    places = ["--keys", str(keys), "--evidence", str(evidence)]
    program = [sys.executable, "-m", "infra.backup", what, str(data), *places]
    return command(program, environment={**os.environ, **project.variables}).strip()


def _is_refused(project: Project, data: Path, keys: Path) -> bool:
    try:
        _backup(project, "restore", data, keys)
    except UnmetError:
        return True
    return False


def _refuses_what_is_damaged(project: Project, data: Path, keys: Path) -> None:
    """Demand that the keys of another backup are refused, before anything is there."""
    other = keys.with_name("other-keys.json")
    other.write_text("{}")
    demand(_is_refused(project, data, other), "A backup was restored with keys that are not its own.")
    demand(not project.remains(), "A refused restore left something behind.")


def _compare_rows(project: Project, data: Path) -> None:
    """Demand that what a person would miss is all there, counted in the stack that runs."""
    (part,) = [one for one in json.loads((data / "manifest.json").read_text())["parts"] if one["database"] == "slipway"]
    for table in _KEPT_TABLES:
        there, were = _count(project, table), part["rows"][table]
        demand(there >= were > 0, f"{table}: {there} rows instead of {were}.", "postgres")


def _count(project: Project, table: str) -> int:
    query = f"SELECT count(*) FROM {table}"
    psql = ("psql", "--no-psqlrc", "--tuples-only", "--no-align", "--command", query, "slipway")
    return int(project.compose("exec", "-T", "--user", "postgres", "postgres", *psql))


def _audit_holds(project: Project) -> None:
    """Demand that every tenant's chain holds, and soon covers what was written after the restore, once that is told."""
    project.operator("audit", "restored", "--reason", "drill")

    def sealed() -> bool:
        entries = sum(int(found) for found in _ENTRIES.findall(project.operator("audit", "verify")))
        return entries == _count(project, "public.audit_log")

    wait_for("the audit log is sealed", sealed, _SEALED_SECONDS, "worker", every=3.0)
    say("The audit log of the restored stack holds, and goes on.")
