"""What a run is asked to do."""

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from e2e.command import ROOT

STEPS = (
    "install",
    "test",
    "demo",
    "network",
    "kill",
    "upgrade",
    "rollback",
    "workers",
    "database",
    "metric",
    "autoscale",
    "uninstall",
)
"""In the order in which they run."""
EXTRA = ("sine",)
"""Carried out only when they are asked for, after `autoscale`: they take long."""
_ORDER = (*STEPS[:-1], *EXTRA, STEPS[-1])
CHART = ROOT / "k8s" / "charts" / "slipway"
_NAMESPACE, _RELEASE = "slipway-e2e", "slipway"
_URL = "https://localhost:30843"
_RATE = 8.0


@dataclass(frozen=True, slots=True)
class Options:
    """All that decides what a run does."""

    steps: Sequence[str] = STEPS
    context: str | None = None
    namespace: str = _NAMESPACE
    release: str = _RELEASE
    values: Sequence[Path] = ()
    settings: Sequence[str] = ()
    """Further values, `name=value` each, as `helm --set` takes them."""
    url: str = _URL
    """Where the gateway is reached from here."""
    rate: float = _RATE
    """Requests a second that run while something is changed or broken."""
    keep: bool = False
    """Whether release and namespace stay when the run is over."""
    break_keda: bool = False
    """Whether KEDA's operator may be stopped for a while, for the whole cluster."""


def read_options(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> Options:
    """Return the options of a command line; ends the process with a clear message when they are wrong."""
    parser = _parser(environment)
    given = parser.parse_args(arguments)
    for file in given.values or ():
        if not file.is_file():
            parser.error(f"--values {file} is not there")
    images = {"image.registry": given.registry, "image.tag": given.tag}
    return Options(
        steps=[step for step in _ORDER if step in (given.only or STEPS)],
        context=given.context,
        namespace=given.namespace,
        release=given.release,
        values=given.values or [CHART / "values-kind.yaml"],
        settings=[*(f"{name}={value}" for name, value in images.items() if value), *given.set],
        url=given.url.rstrip("/"),
        rate=given.rate,
        keep=given.keep,
        break_keda=given.break_keda,
    )


def _parser(environment: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cluster",
        description="Install the chart into the cluster of KUBECONFIG, load, change and break it, and remove it.",
    )
    add = parser.add_argument
    add("--only", type=_steps, metavar="STEPS", help=f"these steps alone: {','.join(_ORDER)}")
    add("--context", help="context of the kubeconfig (default: the current one)")
    add("--namespace", default=_NAMESPACE, help="made and removed by the run (default %(default)s)")
    add("--release", default=_RELEASE, help="name of the release (default %(default)s)")
    add("--values", type=Path, action="append", help="file of values; repeat it (default values-kind.yaml)")
    add("--set", action="append", default=[], metavar="NAME=VALUE", help="further value; repeat it")
    add("--registry", default=environment.get("IMAGE_REGISTRY"), help="registry of our images (IMAGE_REGISTRY)")
    add("--tag", default=environment.get("IMAGE_TAG"), help="tag of our images (IMAGE_TAG)")
    add("--url", default=environment.get("GATEWAY_URL", _URL), help=f"the gateway (GATEWAY_URL, else {_URL})")
    add("--rate", type=_rate, default=_RATE, help="requests/s under which things are changed (%(default)s)")
    add("--keep", action="store_true", help="leave release and namespace as they are")
    add("--break-keda", action="store_true", help="KEDA's operator may be stopped for the whole cluster for a while")
    return parser


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0 < rate <= 1_000:  # what the message says
        raise argparse.ArgumentTypeError(f"{text!r} is no number of requests a second, from above 0 to 1000")
    return rate


def _steps(text: str) -> list[str]:
    steps = text.replace(",", " ").split()
    if not steps or (unknown := sorted(set(steps) - set(_ORDER))):
        raise argparse.ArgumentTypeError(
            f"{', '.join(unknown) if steps else 'nothing'} is no step: {', '.join(_ORDER)}"
        )
    return steps
