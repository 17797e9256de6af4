"""`python -m loadtests.watch FOLDER/cluster.ndjson`: watches a release until Ctrl-C or SIGTERM."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from loadtests.watch.background import READY
from loadtests.watch.failure import WatchError
from loadtests.watch.watch import Watch


def main() -> int:
    """Watch, and return the exit code: 0 when it was stopped, 1 when it could not go on."""
    options = _options()
    try:
        asyncio.run(_watch(options))
    except WatchError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


async def _watch(options: argparse.Namespace) -> None:
    over, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, over.set)
    if options.while_stdin_is_open:
        loop.add_reader(sys.stdin.fileno(), over.set)
    del options.while_stdin_is_open
    async with Watch(**vars(options)):
        print(READY, flush=True)
        await over.wait()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m loadtests.watch", description=__doc__)
    parser.add_argument("file", type=Path, help="is written anew, a line an observation")
    parser.add_argument("--namespace", default="slipway", help="of the release (default slipway)")
    parser.add_argument("--release", default="slipway", help="its name (default slipway)")
    parser.add_argument("--context", help="of the kubeconfig (default: its current one)")
    parser.add_argument("--prometheus", metavar="URL", help="an address, or NAMESPACE/SERVICE:PORT")
    parser.add_argument("--while-stdin-is-open", action="store_true", help="end with the process that started it, too")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
