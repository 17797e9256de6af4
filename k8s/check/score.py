"""What kube-score thinks of it, and where we think otherwise."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from k8s.check.outcome import Outcome
from k8s.check.program import run
from k8s.check.renderings import KUBERNETES

_WARNING = 5
_STORES = r"slipway-(postgresql|redis|unleash|unleash-db)$"
_SERVING = r"Deployment/.*slipway-(api|worker)$"


@dataclass(frozen=True, slots=True)
class Exemption:
    """A check of kube-score that is not ours, for some objects."""

    check: str
    objects: str
    """What the end of their names matches."""
    reason: str


EXEMPTIONS = (
    Exemption("container-image-pull-policy", r".", "images have versions or digests, and nodes keep them"),
    Exemption(
        "deployment-has-host-podantiaffinity", _SERVING, "topologySpreadConstraints spread them, and count better"
    ),
    Exemption("deployment-replicas", _SERVING, "KEDA's ScaledObject decides, which kube-score does not know"),
    Exemption("horizontalpodautoscaler-replicas", r"slipway-(api|worker)$", "a node of two cores starts with one"),
    Exemption("container-resources", _STORES, "no CPU limit: whoever waits for a throttled store is every pod"),
    Exemption("container-security-context-user-group-id", _STORES, "the user that the official image is made for"),
    Exemption("deployment-replicas", _STORES, "for development: one"),
    Exemption("deployment-strategy", _STORES, "for development: two at once would not share what they hold"),
    Exemption("pod-probes-identical", _STORES, "a store that does not answer is as good as dead"),
    Exemption("statefulset-has-servicename", _STORES, "one pod, which an ordinary Service stands for"),
)
UNSCORED = {
    "open-network": "it shows what is left without network policies",
    "no-budget": "it shows what is left without disruption budgets",
}


def score(outcome: Outcome, folder: Path) -> None:
    """Score every rendering in a folder: no warning, but for EXEMPTIONS, of which each is needed."""
    version = "v" + KUBERNETES.rpartition(".")[0]
    used: set[Exemption] = set()
    for path in sorted(folder.glob("*.yaml")):
        if path.stem in UNSCORED:
            continue
        ran = run("kube-score", "score", "-o", "json", "--kubernetes-version", version, str(path))
        problems = _problems(ran.output, used) if ran.output.startswith("[") else [ran.last_words()]
        outcome.expect(f"kube-score: {path.stem}", "\n".join(problems) or None)
    for exemption in EXEMPTIONS:
        outcome.expect(f"exemption {exemption.check}: {exemption.objects}", None if exemption in used else "not needed")


def _problems(output: str, used: set[Exemption]) -> list[str]:
    problems = []
    for name, check, said in _complaints(output):
        exemption = next((one for one in EXEMPTIONS if one.check == check and re.search(one.objects, name)), None)
        if exemption:
            used.add(exemption)
        else:
            problems.append(f"{name}: {check}: {said}")
    return sorted(problems)


def _complaints(output: str) -> Iterator[tuple[str, str, str]]:
    for thing in json.loads(output):
        for check in thing["checks"]:
            if not check["skipped"] and check["grade"] <= _WARNING:
                said = "; ".join(f"{one['path']} {one['summary']}".strip() for one in check["comments"] or [])
                yield thing["object_name"], check["check"]["id"], said
