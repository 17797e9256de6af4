"""The cluster of `make cluster-up`, as far as it can be read."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

KIND = Path(__file__).parents[2] / "infra" / "kind"
SCRIPTS = sorted(KIND.glob("*.sh"))
UP = (KIND / "up.sh").read_text()


def _versions():
    return dict(re.findall(r"^([A-Z_]+)=(\S+)$", (KIND / "versions.sh").read_text(), re.MULTILINE))


@pytest.fixture(scope="module")
def node():
    (only,) = yaml.safe_load((KIND / "cluster.yaml").read_text())["nodes"]
    return only


def test_the_node_is_a_release_by_digest(node):
    assert re.fullmatch(r"kindest/node:v1\.\d+\.\d+@sha256:[0-9a-f]{64}", node["image"])


def test_its_ports_are_open_on_this_machine_only_and_are_those_of_the_gateway(node):
    mappings = node["extraPortMappings"]
    ports = yaml.safe_load((KIND / "traefik.yaml").read_text())["ports"]
    assert {mapping["listenAddress"] for mapping in mappings} == {"127.0.0.1"}
    assert {mapping["containerPort"] for mapping in mappings} == {port["nodePort"] for port in ports.values()}
    assert ports["websecure"]["nodePort"] == 30843


def test_everything_in_it_is_pinned():
    versions = _versions()
    assert len(versions) == 5
    assert all(re.fullmatch(r"v?\d+\.\d+\.\d+", version) for version in versions.values())
    assert set(re.findall(r'"?\$([A-Z_]+)\b', UP)) >= set(versions)
    assert "latest" not in UP


def test_every_add_on_has_its_values():
    added = re.findall(r"^add_on (\S+)", UP, re.MULTILINE)
    assert set(added) == {path.stem for path in KIND.glob("*.yaml")} - {"cluster"}
    for name in added:
        assert yaml.safe_load((KIND / f"{name}.yaml").read_text())


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_the_scripts_can_be_read_by_their_shell(script):
    assert subprocess.run(["bash", "-n", script], check=False).returncode == 0


def test_what_is_missing_on_the_machine_is_named(tmp_path):
    for name in ("bash", "dirname"):
        (tmp_path / name).symlink_to(Path("/bin") / name)
    done = subprocess.run(
        [tmp_path / "bash", KIND / "up.sh"], env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    for tool in ("docker", "kind", "kubectl", "helm"):
        assert f"{tool} is not on PATH: " in done.stderr
