"""The pod of the command line: what it has of the API's, and what it must not have."""

import pytest
from loadtests.autoscale.access import authority, cli_image, operator_pod


def test_it_has_the_settings_and_the_rights_of_the_api(release, api):
    pod = operator_pod(release, "one", api)["spec"]
    (container,) = pod["containers"]
    template = api["spec"]["template"]["spec"]

    assert container["envFrom"] == template["containers"][0]["envFrom"]
    assert container["volumeMounts"] == template["containers"][0]["volumeMounts"]
    assert container["securityContext"] == {"readOnlyRootFilesystem": True}
    assert pod["volumes"] == template["volumes"]
    assert pod["securityContext"] == template["securityContext"]
    # A Service called slipway-api would else be the setting SLIPWAY_API_PORT.
    assert pod["enableServiceLinks"] is False


def test_it_lives_as_long_as_it_is_needed(release, api):
    pod = operator_pod(release, "one", api, 1_800)["spec"]

    assert pod["activeDeadlineSeconds"] == 1_800
    assert "1800" in pod["containers"][0]["command"][-1]


def test_no_service_sends_it_requests_and_it_is_not_restarted(release, api):
    pod = operator_pod(release, "one", api)

    assert pod["metadata"]["labels"]["app.kubernetes.io/component"] == "migration"
    assert pod["spec"]["restartPolicy"] == "Never"
    assert pod["spec"]["activeDeadlineSeconds"] > 0
    assert pod["spec"]["automountServiceAccountToken"] is False
    assert not {"readinessProbe", "lifecycle", "ports"} & pod["spec"]["containers"][0].keys()


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("slipway-api:dev", "slipway-cli:dev"),
        ("registry.example:5000/acme/slipway-api:1.2", "registry.example:5000/acme/slipway-cli:1.2"),
        ("registry.example/slipway-api:1.2@sha256:0a", "registry.example/slipway-cli:1.2"),
    ],
)
def test_the_image_is_that_of_the_same_build(image, expected):
    assert cli_image(image) == expected


def test_the_authority_is_that_of_the_gateway(fake, release, tmp_path):
    labels = release.labels("gateway")
    made = {"metadata": {"name": "tls", "labels": labels}, "data": {"tls.crt": "eA==", "ca.crt": "cGVt"}}
    fake.has(secrets=[made])

    file = authority(release, tmp_path)

    assert file
    assert file.read_text() == "pem"


def gateway(uid, name, gateway_class, labels):
    listener = {"name": "https", "tls": {"certificateRefs": [{"name": name}]}}
    metadata = {"uid": uid, "namespace": "edge", "labels": labels}
    return {
        "metadata": metadata,
        "spec": {"gatewayClassName": gateway_class, "listeners": [listener, {"name": "http"}]},
    }


def test_what_other_gateways_of_the_class_show_is_believed_as_well(fake, release, tmp_path):
    labels = release.labels("gateway")
    own = {"metadata": {"name": "tls", "labels": labels}, "data": {"tls.crt": "eA==", "ca.crt": "cGVt"}}
    others = [
        {"metadata": {"name": name}, "data": {"tls.crt": value}} for name, value in (("a", "YQ=="), ("b", "Yg=="))
    ]
    gateways = [
        gateway("1", "tls", "shared", labels),
        gateway("2", "a", "shared", {}),
        gateway("3", "b", "another", {}),
    ]
    fake.has(secrets=[own, *others], **{"gateways.gateway.networking.k8s.io": gateways})

    file = authority(release, tmp_path)

    assert file
    assert file.read_text() == "pem\na"


def test_without_a_certificate_of_the_chart_there_is_no_authority(fake, release, tmp_path):
    fake.has(secrets=[])

    assert authority(release, tmp_path) is None
