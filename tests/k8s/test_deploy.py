"""`make deploy`, with programs in place of helm and kubectl that note what they are asked."""

import os
import subprocess
from pathlib import Path

import pytest
from k8s.check.chart import CHART, PLACES

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "k8s" / "deploy.sh"


@pytest.fixture
def deploy(tmp_path):
    notes = tmp_path / "notes"
    for name in ("helm", "kubectl"):
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(
            f'#!/bin/sh\necho "{name} $*" >> {notes}\ncat >/dev/null </dev/null\n[ "{name}" != "$FAILS" ]\n'
        )
        program.chmod(0o755)

    def run(**settings):
        environment = {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", **settings}
        done = subprocess.run([SCRIPT], env=environment, capture_output=True, text=True, check=False)
        return done.returncode, done.stderr, notes.read_text().splitlines() if notes.exists() else []

    return run


def _upgrade(notes):
    return next(line for line in notes if line.startswith("helm upgrade"))


def test_without_any_setting_it_is_kinds(deploy):
    code, said, notes = deploy()
    assert code == 0, said
    assert "--install slipway k8s/charts/slipway --namespace slipway" in _upgrade(notes)
    assert "--values k8s/charts/slipway/values-kind.yaml" in _upgrade(notes)
    assert "--wait" in _upgrade(notes)
    assert any("pod-security.kubernetes.io/enforce=restricted" in line for line in notes)


def test_places_and_files_are_laid_over_each_other_in_order(deploy, tmp_path):
    (tmp_path / "mine.yaml").write_text("{}")
    code, said, notes = deploy(
        VALUES=f"production aws {tmp_path}/mine.yaml", SET="image.tag=7 api.replicas=3", NAMESPACE="ns", RELEASE="r"
    )
    assert code == 0, said
    chart = "k8s/charts/slipway"
    files = f"--values {chart}/values-production.yaml --values {chart}/values-aws.yaml --values {tmp_path}/mine.yaml"
    assert f"--install r {chart} --namespace ns {files} --set image.tag=7 --set api.replicas=3" in _upgrade(notes)


def test_the_defaults_alone_can_be_asked_for(deploy):
    _, _, notes = deploy(VALUES="")
    assert "--values" not in _upgrade(notes)


def test_an_unknown_place_is_named_with_those_that_exist(deploy):
    code, said, notes = deploy(VALUES="moon")
    assert code == 1
    assert "moon is neither a place" in said
    assert all(f"values-{place}.yaml" in said for place in PLACES)
    assert notes == []


def test_a_release_that_helm_gives_up_on_is_a_failure(deploy):
    code, said, notes = deploy(FAILS="helm")
    assert code == 1
    assert "Where the release stands" in said
    assert any("get pods" in line for line in notes)


def test_every_place_has_its_file():
    assert {path.name for path in CHART.glob("values-*.yaml")} == {f"values-{place}.yaml" for place in PLACES}
