"""One run: calibration, watch, load, verdict."""

import json
import subprocess
import sys
import time
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

from loadtests.autoscale import burst
from loadtests.autoscale.calibration import calibrate
from loadtests.autoscale.claims import counted
from loadtests.autoscale.generator import generate, shape_of
from loadtests.autoscale.kubectl import Cluster, ClusterError
from loadtests.autoscale.options import BASE_SHARE, BURST, Options
from loadtests.autoscale.pin import find_autoscaler, pinned, recover, settle
from loadtests.autoscale.progress import say, told
from loadtests.autoscale.release import Release
from loadtests.autoscale.way import Way, opened, provide
from loadtests.verdict.objectives import Objectives, read_objectives
from loadtests.watch.background import watching

_ROOT = Path(__file__).parents[2]
_CALM_SECONDS = 600.0
"""How long the replicas may take to come down to their minimum before a run."""
_CALM_FOR_SECONDS = 40.0
"""How long they must be there: what an autoscaler still thinks of a calibration shows within that."""
_JUDGE_SECONDS = 120.0
_VERDICT_CODES = (0, 1, 2)
"""Of `python -m loadtests.verdict`: any other says that there is no verdict."""

Record = dict[str, Any]


def run(options: Options) -> Record:
    """Carry out a run, and return its verdict.

    Raises:
        UnreadableError: the objectives cannot be read.
        ClusterError: the cluster, the release or a program did not do what the run needs; the text says which.
    """
    objectives = read_objectives(options.objectives)
    _make_empty(options.out)
    release = Release(Cluster(options.namespace, options.context), options.release)
    say(f"Release {options.release} in namespace {options.namespace}; files of the run: {options.out}.")
    for each in ("api", "worker"):
        recover(release, each)
    with opened(options, release, options.out) as way:
        record = (_burst if options.shape == BURST else _load)(options, release, way)
    _write(options, record, objectives)
    return _judge(options, record)


def _make_empty(folder: Path) -> None:
    """Make the folder of a run: what another run left there would be taken for this one's."""
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise ClusterError(f"{folder} is not empty: give a new folder by --out, or remove what is in it.")


def _load(options: Options, release: Release, way: Way) -> Record:
    """Send requests at a rate, and return what `run.json` has of it."""
    capacity = options.capacity or calibrate(options, release, way)
    base = BASE_SHARE * capacity
    say(f"One pod answers {capacity:.1f} requests a second within the objective; 1x is {base:.1f}.")
    provide(release, way, max(piece.rate for piece in shape_of(options, base).pieces()))
    with ExitStack() as stack:
        least = _calm(options, release, "api", stack)
        say(f"{least} replicas. The load begins.")
        stack.enter_context(_watch(options))
        stack.enter_context(told(options.out, "api", shape_of(options, base)))
        about = generate(options, way, base, options.out)
    kept = {name: about[name] for name in ("scenario", "shape", "started", "ended", "phases", "parameters")}
    return {**kept, "capacity_rps": capacity, "base_rps": base}


def _burst(options: Options, release: Release, way: Way) -> Record:
    """Send a burst of jobs, and return what `run.json` has of it."""
    with way.client() as client, ExitStack() as stack:
        rate = burst.measure(release, client)
        say(f"One worker answers {rate:.1f} messages a second.")
        _calm(options, release, "worker", stack)
        claims = stack.enter_context(counted(release))
        stack.enter_context(_watch(options))
        stack.enter_context(told(options.out, "worker"))
        started = time.time()
        sent = burst.send(release, client, rate)
        ended = time.time()
        stack.close()
    record = {"scenario": "jobs", "shape": BURST, "started": started, "ended": ended, "phases": []}
    return {**record, "burst": sent.record(claims.repeated)}


def _calm(options: Options, release: Release, component: str, stack: ExitStack) -> int:
    """Wait until as few replicas as ever are ready; with --pinned they stay as few until `stack` is closed."""
    least = find_autoscaler(release, component).least
    if options.pinned:
        stack.enter_context(pinned(release, component, least))
    say(f"Waiting until {component} is at its minimum, {least}.")
    settle(release, component, least, _CALM_SECONDS, _CALM_FOR_SECONDS)
    return least


def _watch(options: Options) -> AbstractContextManager[None]:
    return watching(
        namespace=options.namespace,
        release=options.release,
        context=options.context,
        file=options.out / "cluster.ndjson",
        prometheus=options.prometheus,
    )


def _write(options: Options, record: Record, objectives: Objectives) -> None:
    """Write `run.json`."""
    told_of = {
        "namespace": options.namespace,
        "release": options.release,
        "pinned": options.pinned,
        "url": options.url,
        "objectives": objectives.model_dump(),
    }
    (options.out / "run.json").write_text(json.dumps({**record, **told_of}, indent=2) + "\n", encoding="utf-8")


def _judge(options: Options, record: Record) -> Record:
    """Have the run judged, and return the verdict as a program reads it."""
    command = [sys.executable, "-m", "loadtests.verdict", str(options.out)]
    try:
        ran = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, timeout=_JUDGE_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise ClusterError(
            f"The run was not judged within {_JUDGE_SECONDS:.0f} s; `{_again(options)}` tries again."
        ) from None
    if ran.returncode not in _VERDICT_CODES:
        raise ClusterError(f"The run could not be judged: {ran.stdout}{ran.stderr}")
    verdict: Record = json.loads((options.out / "verdict.json").read_text(encoding="utf-8"))
    for finding in verdict["findings"]:
        say(f"{finding['kind']}: {finding['text']}")
    say(f"{verdict['verdict']}; {options.out / 'verdict.md'} tells more, {options.out / 'verdict.png'} shows it.")
    return {**verdict, "capacity_rps": record.get("capacity_rps"), "folder": str(options.out)}


def _again(options: Options) -> str:
    return f"python -m loadtests.verdict {options.out}"
