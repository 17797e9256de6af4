"""Runs the proofs one after another: what a proof fails of is a finding, and the others go on."""

import time
import traceback
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path

from drill.meter import Meter
from drill.options import Options
from drill.outcome import Outcome, Result
from drill.places import remove_data
from drill.proof import Ground, Proof


def run(options: Options, folder: Path, meter: Meter, keep: Callable[[Outcome], None]) -> Outcome:
    """Run what is asked for; a KeyboardInterrupt ends it in order.

    Args:
        options: say what.
        folder: an existing one, for what the proofs write and leave.
        meter: shows how far it is.
        keep: is handed what there is after each proof, so that it is not lost whatever happens.
    """
    outcome = Outcome(options)
    for proof in outcome.chosen:
        try:
            outcome.results.append(_result(proof, options, folder, meter))
        except KeyboardInterrupt:
            outcome.interrupted = proof.name
            remove_data(folder / proof.name)
        keep(outcome)
        if outcome.interrupted:
            break
    return outcome


def _result(proof: Proof, options: Options, folder: Path, meter: Meter) -> Result:
    place, began = folder / proof.name, time.monotonic()
    place.mkdir()
    meter.begin(proof.name)
    shown, failure = None, ""
    with (folder / f"{proof.name}.log").open("w", encoding="utf-8") as log, redirect_stdout(log):
        try:
            shown = proof.run(Ground(options.sizes, options.seed, place, meter.tell))
        except Exception as error:  # noqa: BLE001  # whatever a proof fails of is a finding
            traceback.print_exc(file=log)
            failure = f"{type(error).__name__}: {error}"
    result = Result(proof, time.monotonic() - began, shown, failure)
    meter.end(proof.name, _told(result))
    if not result.against:
        remove_data(place)
    return result


def _told(result: Result) -> str:
    if result.against:
        return f"{len(result.against)} findings, {result.seconds:.0f} s"
    return f"all held, {result.seconds:.0f} s"
