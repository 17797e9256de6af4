"""Makes a tenant and its API key in a release, by a pod that runs the command line for a moment.

The pod is a copy of the API's, with the image of the command line: the same settings, the same Secret, no more rights.
The key comes over `kubectl exec`, so that it is in no argument, no log and no object of the cluster.
"""

import base64
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from loadtests.autoscale.kubectl import ClusterError, Thing
from loadtests.autoscale.progress import say
from loadtests.autoscale.release import Release

_API_IMAGE, _CLI_IMAGE = "slipway-api", "slipway-cli"
_KEPT_OF_POD = (
    "enableServiceLinks",
    "imagePullSecrets",
    "nodeSelector",
    "securityContext",
    "serviceAccountName",
    "tolerations",
    "volumes",
)
_KEPT_OF_CONTAINER = ("env", "envFrom", "imagePullPolicy", "securityContext", "volumeMounts")
_NETWORK_COMPONENT = "migration"
"""What the NetworkPolicies take the pod for: it may reach PostgreSQL, and no Service sends it requests."""
_GATEWAYS = "gateways.gateway.networking.k8s.io"
LIVES_SECONDS = 600
_START_SECONDS = 120
_SLEEP = "import signal, time; signal.signal(signal.SIGTERM, lambda *_: exit(0)); time.sleep({})"


@contextmanager
def operator(release: Release, lives: int = LIVES_SECONDS) -> Iterator[str]:
    """Yield the name of a pod in which `slipway ...` can be run for so many seconds; it is gone afterwards."""
    name = f"{release.name}-operator-{secrets.token_hex(3)}"
    cluster = release.cluster
    cluster.apply(operator_pod(release, name, release.deployment("api"), lives))
    try:
        ready = ("wait", "--for=condition=Ready", f"pod/{name}", f"--timeout={_START_SECONDS}s")
        cluster.run(*ready, timeout=_START_SECONDS + 10)
        yield name
    finally:
        cluster.run("delete", "pod", name, "--ignore-not-found", "--wait=false")


def make_keys(release: Release, pod: str, tenant: str, file: Path, count: int = 1) -> Path:
    """Make a tenant and keys of it in an operator's pod; they go into a file that only we may read, one a line."""
    release.cluster.execute(pod, ["slipway", "tenants", "create", tenant])
    add_keys(release, pod, tenant, file, count)
    return file


def add_keys(release: Release, pod: str, tenant: str, file: Path, count: int) -> None:
    """Make keys of a tenant that is there, and append them to a file that only we may read, one a line."""
    execute = partial(release.cluster.execute, pod)
    keys = [execute(["slipway", "keys", "create", "--tenant", tenant]).strip() for _ in range(count)]
    file.touch(mode=0o600)
    with file.open("a", encoding="utf-8") as opened:
        opened.writelines(f"{key}\n" for key in keys)


def authority(release: Release, folder: Path) -> Path | None:
    """Write whose certificates may be believed to a file; None: the chart made no certificate of its own.

    Those are the authority of the chart's own gateway, and what other gateways of its class show: a controller that
    serves several, each with a certificate for `localhost`, may show any of them.
    """
    made = [secret["data"]["ca.crt"] for secret in _gateway_secrets(release) if "ca.crt" in secret["data"]]
    if not made:
        return None
    file = folder / "ca.pem"
    file.write_bytes(b"\n".join(base64.b64decode(each) for each in [*made, *_neighbours(release)]))
    return file


def _gateway_secrets(release: Release) -> list[Thing]:
    return release.cluster.things("secrets", release.labels("gateway"))


def _neighbours(release: Release) -> list[str]:
    """Return the certificates of the other gateways of the class, in base64; none where we may not look."""
    cluster = release.cluster
    own = cluster.things(_GATEWAYS, release.labels("gateway"))
    classes = {gateway["spec"]["gatewayClassName"] for gateway in own}
    try:
        others = json.loads(cluster.run("get", _GATEWAYS, "--all-namespaces", "--output", "json"))["items"]
        return [
            secret["data"]["tls.crt"]
            for gateway in others
            if gateway["spec"]["gatewayClassName"] in classes and gateway["metadata"]["uid"] not in _uids(own)
            for namespace, name in _certificates(gateway)
            if (secret := cluster.inside(namespace).thing("secrets", name)) is not None
        ]
    except ClusterError as error:
        say(f"Other gateways' certificates are not believed: {error}")
        return []


def _uids(things: list[Thing]) -> set[str]:
    return {thing["metadata"]["uid"] for thing in things}


def _certificates(gateway: Thing) -> set[tuple[str, str]]:
    """Return namespace and name of the Secrets with the certificates of a gateway."""
    own = gateway["metadata"]["namespace"]
    references = [
        reference
        for listener in gateway["spec"]["listeners"]
        for reference in listener.get("tls", {}).get("certificateRefs", ())
    ]
    return {(reference.get("namespace", own), reference["name"]) for reference in references}


def operator_pod(release: Release, name: str, api: Thing, lives: int = LIVES_SECONDS) -> Thing:
    """Return the pod, made of the Deployment of the API."""
    template: dict[str, Any] = api["spec"]["template"]["spec"]
    (container,) = [one for one in template["containers"] if _API_IMAGE in one["image"]]
    spec = {key: template[key] for key in _KEPT_OF_POD if key in template}
    kept = {key: container[key] for key in _KEPT_OF_CONTAINER if key in container}
    command = {"command": ["python", "-c", _SLEEP.format(lives)]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": release.cluster.namespace,
            "labels": {**_chart_labels(api), **release.labels(_NETWORK_COMPONENT)},
        },
        "spec": {
            **spec,
            "automountServiceAccountToken": False,
            "restartPolicy": "Never",
            "activeDeadlineSeconds": lives,
            "terminationGracePeriodSeconds": 5,
            "containers": [{**kept, **command, "name": "operator", "image": cli_image(container["image"])}],
        },
    }


def cli_image(image: str) -> str:
    """Return the image of the command line that belongs to one of the API: same registry, same tag.

    A digest is the API's own, and is left out.
    """
    return image.partition("@")[0].replace(_API_IMAGE, _CLI_IMAGE)


def _chart_labels(api: Thing) -> dict[str, str]:
    """Return the label that all pods of the chart have, whatever the release."""
    label = "app.kubernetes.io/name"
    return {label: api["spec"]["template"]["metadata"]["labels"][label]}
