"""What is measured once, after the contests: start-up and memory, and what int8 costs in accuracy."""

from loadtests.bench.cores import pinned
from loadtests.bench.program import call
from loadtests.bench.record import Record
from loadtests.overload.report import say


def startup(record: Record) -> None:
    """Measure start-up and memory of the API into startup.json, unless that is not wanted."""
    if record.options.startup:
        say("start-up and memory of the API (a minute)")
        _into(record, "startup", "--models", str(record.options.models), "--seed", str(record.options.seed))


def accuracy(record: Record) -> None:
    """Compare int8 with fp32 on labelled texts into accuracy.json, where there are such texts."""
    if record.options.labelled:
        say("accuracy of int8 and fp32 on the labelled texts (minutes)")
        train, test = map(str, record.options.labelled)
        _into(record, "accuracy", "--train", train, "--data", test, "--models", str(record.options.models))


def _into(record: Record, name: str, *arguments: str) -> None:
    """Keep what a part prints on its last line; its failure does not lose the run."""
    try:
        with pinned(record.cores.servers):
            found = call(f"loadtests.bench.{name}", *arguments, log=record.folder / f"{name}.log")
    except RuntimeError as error:
        record.failed[name] = str(error)
        record.write()
        say(f"{name} FAILED: {error}")
    else:
        (record.folder / f"{name}.json").write_text(found + "\n", encoding="utf-8")
