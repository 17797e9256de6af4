"""`make bench`: see `--help`. The last line is one JSON object; measurements are in var/bench/<time>."""

import json
import sys

from loadtests.autoscale.interruption import end_in_order
from loadtests.bench.options import Options, parse
from loadtests.bench.parts import accuracy, startup
from loadtests.bench.report.write import TABLES, write
from loadtests.bench.run import run
from loadtests.bench.systems.every import HOME, chosen
from triage.errors import ModelError

_INTERRUPTED = 130


def main() -> int:
    """Run, report, and say by the exit status whether every bar was met."""
    options = parse()
    end_in_order()
    try:
        return _run(options)
    except KeyboardInterrupt:
        print(f"Stopped. What was measured is in {options.out}.", file=sys.stderr)
        return _INTERRUPTED
    except (RuntimeError, ModelError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1


def _run(options: Options) -> int:
    record = run(options, HOME, chosen(options.systems))
    for part in (startup, accuracy):
        part(record)
    found = write(options.out, docs=options.docs)
    print((options.out / TABLES).read_text(encoding="utf-8"))
    print(json.dumps(found | {"failed": record.failed, "results": str(options.out)}))
    return 0 if found["passed"] and not record.failed else 1


if __name__ == "__main__":
    raise SystemExit(main())
