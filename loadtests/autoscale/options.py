"""What a run is told on the command line, or by the environment."""

import argparse
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

SCENARIOS = ("single", "batches", "jobs", "mixed")
BURST = "burst"
"""Many jobs at once, for the workers; every other shape is a rate of requests, for the API."""
SHAPES = ("step", "spike", "sine", "soak", "constant", BURST)
BASE_SHARE = 0.6
"""1x, as a share of what one pod answers within the objective."""
_ROOT = Path(__file__).parents[2]
_OBJECTIVES = _ROOT / "loadtests" / "objectives.yaml"
_URL = "https://localhost:30843"


@dataclass(frozen=True, slots=True)
class Options:
    """How a run goes, and against what."""

    context: str | None
    namespace: str
    release: str
    url: str
    ca_file: Path | None
    key_file: Path | None
    scenario: str
    shape: str
    objectives: Path
    out: Path
    pinned: bool
    capacity: float | None
    """Requests a second of one pod; None: to be measured."""
    factor: float
    """The highest rate, as a multiple of 1x."""
    before: float
    during: float | None
    """Seconds at the highest rate; None: as many as the shape usually has."""
    after: float
    prometheus: str | None


def read_options(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> Options:
    """Return the options; wrong ones end the program and say what would be right."""
    return Options(**vars(_parser(environment).parse_args(arguments)))


def _parser(environment: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m loadtests.autoscale",
        description="Load a release in the cluster of KUBECONFIG, watch it scale, and judge it. "
        "The exit code is 0 for PASS, 1 for FAIL, 2 for INVALID, 3 where the run could not be carried out.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--context", default=environment.get("KUBE_CONTEXT"), help="of the kubeconfig; none: the current one")
    add("--namespace", default=environment.get("NAMESPACE", "slipway"), help="of the release")
    add("--release", default=environment.get("RELEASE", "slipway"), help="its name, as in `helm list`")
    add("--url", default=environment.get("GATEWAY_URL", _URL), help="where the gateway is reached from here")
    add("--ca-file", type=_file, help="authority of the gateway's certificate; none: what the chart's gateway shows")
    add("--key-file", type=_file, help="file with an API key; none: a tenant and a key are made in the release")
    add("--scenario", choices=SCENARIOS, default="single", help="what is sent")
    add("--shape", choices=SHAPES, default="step", help="how much of it, over time")
    add("--objectives", type=_file, default=_OBJECTIVES, help="what the run must show")
    add("--out", type=lambda text: Path(text).resolve(), default=_folder(), help="folder of the run")
    add("--pinned", action="store_true", help="hold the autoscaler at its minimum: the verdict must be FAIL")
    add("--capacity", type=_positive, help="requests/s of one pod; none: they are measured first, on one pod")
    add("--factor", type=_multiple, default=5.0, help="highest rate, as a multiple of 1x: of a step, spike, sine")
    add("--before", type=_positive, default=60.0, help="seconds at 1x before a step or spike")
    add("--during", type=_positive, help="seconds at the highest rate; none: 180 for a step, 30 for a spike")
    add("--after", type=_positive, default=240.0, help="seconds at 1x afterwards, until scaled down")
    add("--prometheus", help="address, or NAMESPACE/SERVICE:PORT, of a Prometheus that scrapes the release")
    return parser


def _folder() -> Path:
    return _ROOT / "var" / "loadtests" / time.strftime("%Y%m%d-%H%M%S")


def _file(text: str) -> Path:
    if not Path(text).is_file():
        raise argparse.ArgumentTypeError(f"{text} is not there")
    return Path(text).resolve()


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _positive(text: str) -> float:
    if not 0 < (found := _number(text)) < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return found


def _multiple(text: str) -> float:
    if not 1 < (found := _number(text)) < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 1")
    return found
