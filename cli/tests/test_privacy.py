import json

import pytest
from typer.testing import CliRunner

from slipway_cli.main import app

run = CliRunner().invoke


def test_the_inventory_is_printed_as_a_record(project):
    done = run(app, ["privacy", "inventory"])
    assert done.exit_code == 0
    assert done.output.startswith("# Record of processing activities\n")
    assert "| `text` | personal |" in done.output


def test_the_inventory_is_printed_as_json(project, monkeypatch):
    monkeypatch.setenv("SLIPWAY_PRIVACY_CONTROLLER", "Example Ltd")
    found = json.loads(run(app, ["privacy", "inventory", "--format", "json"]).output)
    assert found["controller"] == "Example Ltd"
    assert len(found["entries"]) > 250


def test_the_notice_is_printed(project):
    assert run(app, ["privacy", "inventory", "--format", "notice"]).output.startswith("# Privacy notice\n")


def test_a_workload_that_is_not_there_is_named(project, monkeypatch):
    monkeypatch.setenv("SLIPWAY_WORKLOAD", "absent:Workload")
    done = run(app, ["privacy", "inventory"])
    assert done.exit_code == 1
    assert "SLIPWAY_WORKLOAD='absent:Workload' does not lead to a workload" in done.stderr


@pytest.mark.parametrize("form", ["xml", ""])
def test_another_format_is_refused(project, form):
    assert run(app, ["privacy", "inventory", "--format", form]).exit_code == 2
