"""The objects of a load in a cluster, and what the program makes of its options."""

import base64

import pytest
import yaml
from loadtests.k8s.__main__ import read
from loadtests.k8s.run import locust_state

ARGUMENTS = [
    *("--namespace", "load", "--context", "kind", "--image", "registry.example/slipway-loadtest:1@sha256:0"),
    *("--workers", "3", "--host", "https://gateway.example", "--out", "var/load"),
    *("--scenario", "mixed", "--shape", "step", "--base-rps", "200"),
]


@pytest.fixture
def access(tmp_path):
    (tmp_path / "keys").write_text("slw_one\nslw_two\n")
    (tmp_path / "ca.pem").write_text("-----BEGIN CERTIFICATE-----\n")
    return {"LOADTEST_KEY_FILE": str(tmp_path / "keys"), "LOADTEST_CA_FILE": str(tmp_path / "ca.pem")}


@pytest.fixture
def order(access):
    return read(ARGUMENTS, access)[1]


@pytest.fixture
def objects(order):
    found = list(yaml.safe_load_all(order.manifests()))
    return {document["kind"]: document for document in found}


def pods(objects):
    return [objects["Pod"], objects["Job"]["spec"]["template"]]


def containers(objects):
    return [container for pod in pods(objects) for container in pod["spec"]["containers"]]


def test_the_master_is_told_the_load_and_waits_for_its_workers(objects):
    locust = objects["Pod"]["spec"]["containers"][0]

    assert locust["args"][:5] == ["--locustfile", "loadtests/locustfile.py", "--master", "--headless", "--only-summary"]
    told = dict(zip(locust["args"][5::2], locust["args"][6::2], strict=True))
    assert told == {
        "--expect-workers": "3",
        "--host": "https://gateway.example",
        "--out": "/results",
        "--scenario": "mixed",
        "--shape": "step",
        "--base-rps": "200",
    }


def test_workers_find_the_master(objects):
    job, service = objects["Job"]["spec"], objects["Service"]
    arguments = job["template"]["spec"]["containers"][0]["args"]

    assert (job["parallelism"], job["completions"]) == (3, 3)
    assert arguments[-2:] == ["--master-host", service["metadata"]["name"]]
    assert service["spec"]["selector"].items() <= objects["Pod"]["metadata"]["labels"].items()
    assert service["spec"]["publishNotReadyAddresses"] is True


def test_every_object_is_found_again_by_its_label(order, objects):
    for found in [*objects.values(), order.secret(), *pods(objects)]:
        assert found["metadata"]["labels"]["slipway.dev/load"] == order.name


def test_pods_keep_to_the_restricted_standard(objects):
    for pod in pods(objects):
        assert pod["spec"]["automountServiceAccountToken"] is False
        assert pod["spec"]["securityContext"]["runAsNonRoot"] is True
        assert pod["spec"]["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in containers(objects):
        assert container["image"] == "registry.example/slipway-loadtest:1@sha256:0"
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


def test_keys_are_in_a_secret_and_nowhere_else(order, objects):
    files = {name: base64.b64decode(content).decode() for name, content in order.secret()["data"].items()}

    assert files == {"keys": "slw_one\nslw_two", "ca.pem": "-----BEGIN CERTIFICATE-----\n"}
    assert "slw_" not in order.manifests()
    for container in containers(objects):
        paths = {one["name"]: one["value"] for one in container.get("env", [])}
        assert container["name"] == "keeper" or paths == {
            "LOADTEST_KEY_FILE": "/run/load/keys",
            "LOADTEST_CA_FILE": "/run/load/ca.pem",
        }


def test_without_an_authority_the_images_own_are_believed(access):
    del access["LOADTEST_CA_FILE"]
    order = read(ARGUMENTS, access)[1]

    assert set(order.secret()["data"]) == {"keys"}
    assert "LOADTEST_CA_FILE" not in order.manifests()


def test_where_it_runs(access):
    cluster, _, found = read(ARGUMENTS, access)

    assert (cluster.namespace, cluster.context, str(found.out)) == ("load", "kind", "var/load")


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ({}, {"waiting": {"conditions": []}}),
        (
            {"containerStatuses": [{"name": "keeper", "state": {"running": {}}}], "conditions": ["unschedulable"]},
            {"waiting": {"conditions": ["unschedulable"]}},
        ),
        (
            {"containerStatuses": [{"name": "locust", "state": {"terminated": {"exitCode": 1}}}]},
            {"terminated": {"exitCode": 1}},
        ),
    ],
)
def test_the_state_is_that_of_locusts_own_container(status, state):
    assert locust_state({"status": status}) == state
