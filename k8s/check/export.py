"""Writes the schemas that `make check-chart` uses without a network: `python -m k8s.check.export [CRD_FILE...]`.

It reads what the cluster of KUBECONFIG publishes about Kubernetes' own kinds and about the CRDs that the chart can use,
and files with CRDs that the cluster does not have. Descriptions are left out; unknown fields are refused, as the API
server does with `--validate=strict`.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from k8s.check.program import run

Schema = dict[str, Any]

_FOLDER = Path(__file__).parent / "schemas"
_PREFIX = "#/components/schemas/"
_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_DROPPED = {"description", "default", "example", "externalDocs", "format", "nullable"}
_KINDS = {
    "v1": ["ConfigMap", "PersistentVolumeClaim", "Pod", "Secret", "Service", "ServiceAccount"],
    "apps/v1": ["Deployment", "StatefulSet"],
    "autoscaling/v2": ["HorizontalPodAutoscaler"],
    "batch/v1": ["CronJob", "Job"],
    "networking.k8s.io/v1": ["Ingress", "NetworkPolicy"],
    "policy/v1": ["PodDisruptionBudget"],
    "rbac.authorization.k8s.io/v1": ["Role", "RoleBinding"],
}
_CUSTOM = {
    "external-secrets.io/v1": ["ExternalSecret"],
    "gateway.networking.k8s.io/v1": ["Gateway", "HTTPRoute"],
    "keda.sh/v1alpha1": ["ScaledObject", "TriggerAuthentication"],
    "monitoring.coreos.com/v1": ["PodMonitor", "PrometheusRule"],
}


def main(files: list[str]) -> None:
    """Write every schema; say which kinds nobody published.

    Raises:
        SystemExit: the cluster does not answer.
    """
    definitions: Schema = {}
    for group_version, kinds in _KINDS.items():
        published = _published(group_version)
        definitions |= published
        for kind in kinds:
            _write("kubernetes", group_version, kind, _of_kind(published, group_version, kind), published)
    custom = dict(_of_crds(_crds(files)))
    for group_version, kinds in _CUSTOM.items():
        for kind in kinds:
            if (group_version, kind) in custom:
                _write("custom", group_version, kind, custom[group_version, kind], definitions)
            else:
                sys.stderr.write(f"Neither the cluster nor a file has the CRD of {kind} ({group_version}).\n")


def _published(group_version: str) -> Schema:
    path = f"apis/{group_version}" if "/" in group_version else f"api/{group_version}"
    schemas: Schema = _kubectl("get", "--raw", f"/openapi/v3/{path}")["components"]["schemas"]
    return schemas


def _kubectl(*arguments: str) -> Schema:
    ran = run("kubectl", *arguments)
    if ran.status:
        raise SystemExit(f"kubectl {' '.join(arguments)}: {ran.last_words()}")
    found: Schema = json.loads(ran.output)
    return found


def _of_kind(published: Schema, group_version: str, kind: str) -> Schema:
    group, _, version = group_version.rpartition("/")
    wanted = {"group": group, "version": version, "kind": kind}
    schema: Schema = next(s for s in published.values() if s.get("x-kubernetes-group-version-kind") == [wanted])
    return schema


def _crds(files: list[str]) -> Iterator[Schema]:
    yield from _kubectl("get", "crd", "-o", "json")["items"]
    for name in files:
        yield from filter(None, yaml.safe_load_all(Path(name).read_text()))


def _of_crds(crds: Iterator[Schema]) -> Iterator[tuple[tuple[str, str], Schema]]:
    for crd in crds:
        spec = crd["spec"]
        for version in spec["versions"]:
            schema = version["schema"]["openAPIV3Schema"]
            schema["properties"]["metadata"] = {"$ref": _PREFIX + _META}
            yield (f"{spec['group']}/{version['name']}", spec["names"]["kind"]), schema


def _write(folder: str, group_version: str, kind: str, schema: Schema, published: Schema) -> None:
    group, _, version = group_version.rpartition("/")
    used: Schema = {}
    whole = {"$schema": "http://json-schema.org/draft-07/schema#", **_converted(schema), "definitions": used}
    waiting = list(_references(whole))
    while waiting:
        name = waiting.pop()
        if name not in used:
            used[name] = _loose(name) or _converted(published[name])
            waiting += _references(used[name])
    whole["required"] = sorted({*schema.get("required", []), "apiVersion", "kind"})
    # kubeconform calls the group of Kubernetes' oldest kinds `v1`, as their apiVersion does.
    path = _FOLDER / folder / f"{kind}-{group or version}-{version}.json".lower()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(whole, sort_keys=True, separators=(",", ":")) + "\n")


def _loose(name: str) -> Schema | None:
    """Types whose published form says less than the API server takes."""
    if name.endswith(".api.resource.Quantity"):
        return {"type": ["string", "number"]}
    if name.endswith(".util.intstr.IntOrString"):
        return {"type": ["string", "integer"]}
    return None


def _converted(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_converted(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("x-kubernetes-int-or-string"):
        return {"type": ["string", "integer"]}
    out = {key: _converted(value) for key, value in schema.items() if not key.startswith("x-") and key not in _DROPPED}
    if "properties" in schema:
        # What stands under `properties` are names of fields, which may be called like a keyword.
        out["properties"] = {name: _converted(one) for name, one in schema["properties"].items()}
        if not (schema.get("x-kubernetes-preserve-unknown-fields") or "additionalProperties" in schema):
            out["additionalProperties"] = False
    if schema.get("nullable") and "type" in out:
        out["type"] = [out["type"], "null"]
    for key in ("allOf", "anyOf", "oneOf", "not"):
        if key in out and "properties" in schema:
            out[key] = _constraint(out[key])
    if "$ref" in out:
        out["$ref"] = out["$ref"].replace(_PREFIX, "#/definitions/")
    return out


def _constraint(schema: Any) -> Any:
    """Inside `anyOf` and the like stand constraints on an object, not whole objects."""
    if isinstance(schema, list):
        return [_constraint(one) for one in schema]
    if isinstance(schema, dict):
        return {key: _constraint(value) for key, value in schema.items() if key != "additionalProperties"}
    return schema


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"].removeprefix("#/definitions/")
        for value in schema.values():
            yield from _references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _references(value)


if __name__ == "__main__":
    main(sys.argv[1:])
