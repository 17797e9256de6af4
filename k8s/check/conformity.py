"""Whether what is rendered is what the API server takes: kubeconform, strict, for several versions of Kubernetes.

The schemas for KUBERNETES lie beside this file, written by `python -m k8s.check.export`, so that no network is needed.
Those for OTHERS are public, as is that of ExternalSecret: where they cannot be reached, that is said, and counts as
skipped. KUBECONFORM_SCHEMAS names further locations in kubeconform's own form, separated by spaces; they come first.
"""

import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from k8s.check.outcome import Outcome
from k8s.check.program import run
from k8s.check.renderings import KUBERNETES

OTHERS = ("1.30.0", "1.31.0", "1.32.0", "1.34.0")
CORE = {"apps/v1", "autoscaling/v2", "batch/v1", "networking.k8s.io/v1", "policy/v1", "v1"}
"""Kubernetes' own kinds that the chart renders: without these, nothing was checked."""

_OWN = Path(__file__).parent / "schemas"
_OWN_FILE = "{{.ResourceKind}}-{{.Group}}-{{.ResourceAPIVersion}}.json"
_PUBLIC = "https://raw.githubusercontent.com/yannh/kubernetes-json-schema/master"
_PUBLIC_FILE = "{{.NormalizedKubernetesVersion}}-standalone-strict/{{.ResourceKind}}{{.KindSuffix}}.json"
_CATALOG = "https://raw.githubusercontent.com/datreeio/CRDs-catalog/main"
_CATALOG_FILE = "{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json"
_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class _Finding:
    rendering: str
    kind: str
    version: str
    status: str
    said: str

    @property
    def valid(self) -> bool:
        return self.status == "statusValid"

    @property
    def unknown(self) -> bool:
        """Nobody had a schema, and it is no kind of Kubernetes' own."""
        return "could not find schema" in self.said and self.version not in CORE


def conformity(outcome: Outcome, folder: Path) -> None:
    """Check every rendering in a folder, for each version of Kubernetes."""
    given = os.environ.get("KUBECONFORM_SCHEMAS", "").split()
    custom = [str(_OWN / "custom" / _OWN_FILE)]
    if _is_reachable(outcome, "kinds of other operators", f"{_CATALOG}/external-secrets.io/externalsecret_v1.json"):
        custom.append(f"{_CATALOG}/{_CATALOG_FILE}")
    _check(outcome, folder, KUBERNETES, [*given, str(_OWN / "kubernetes" / _OWN_FILE), *custom])
    for version in OTHERS:
        if _is_reachable(outcome, version, f"{_PUBLIC}/v{version}-standalone-strict/service-v1.json"):
            # What was given for one version says nothing about another.
            fitting = [location for location in given if "KubernetesVersion" in location]
            _check(outcome, folder, version, [*fitting, f"{_PUBLIC}/{_PUBLIC_FILE}", *custom])


def _is_reachable(outcome: Outcome, what: str, url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=_SECONDS):  # noqa: S310  # the address is ours, and https
            return True
    except (urllib.error.URLError, TimeoutError) as error:
        outcome.skip(f"public schemas, {what}: {url} cannot be read ({error})")
        return False


def _check(outcome: Outcome, folder: Path, version: str, locations: list[str]) -> None:
    wanted = [word for location in locations for word in ("-schema-location", location)]
    form = ("-strict", "-verbose", "-output", "json", "-kubernetes-version", version)
    ran = run("kubeconform", *form, *wanted, str(folder))
    findings = list(_findings(ran.output)) if ran.output.strip() else []
    for kind in sorted({finding.kind for finding in findings if finding.unknown}):
        outcome.skip(f"kubeconform {version}: {kind}: no location has its schema")
    for finding in findings:
        if not finding.unknown:
            what = f"kubeconform {version}: {finding.rendering}: {finding.kind}"
            outcome.expect(what, None if finding.valid else f"{finding.status}: {finding.said}")
    valid = [finding for finding in findings if finding.valid]
    unseen = sorted(CORE - {finding.version for finding in valid})
    problem = f"not checked: {', '.join(unseen)}. {ran.last_words(3)}"
    outcome.expect(f"kubeconform {version} looked at every core kind", problem if unseen else None)
    outcome.figures[f"kubeconform_{version}"] = len(valid)
    outcome.figures[f"kinds_{version}"] = sorted({finding.kind for finding in valid})


def _findings(output: str) -> Iterator[_Finding]:
    for found in json.loads(output)["resources"]:
        if found["status"] != "statusEmpty":
            name = Path(found["filename"]).stem
            yield _Finding(name, found["kind"], found["version"], found["status"], found["msg"])
