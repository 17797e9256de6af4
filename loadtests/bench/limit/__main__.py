"""`python -m loadtests.bench.limit search --out FILE`, and `slices --settings FILE`: see `--help`."""

import argparse
import sys
from functools import cache, partial

from loadtests.bench.limit.graphs import Graphs
from loadtests.bench.limit.options import SCRATCH, parse
from loadtests.bench.limit.search import Found, search
from loadtests.bench.limit.setting import Setting, read_settings, write_settings
from loadtests.bench.limit.slices import slices
from loadtests.bench.limit.standby import READY, Slices
from loadtests.bench.messages import SAMPLE, read_texts
from triage.encoder.cores import available_cores
from triage.errors import ModelError


def main() -> None:
    """Search, or measure slices until nobody asks for more."""
    options = parse()
    try:
        graphs = Graphs.of(options.models, SCRATCH)
        texts = read_texts([options.data] if options.data else SAMPLE)
    except (ModelError, OSError, ValueError) as error:
        raise SystemExit(str(error)) from error
    if options.command == "search":
        _search(graphs, texts, options)
    else:
        _serve(graphs, texts, options)


def _search(graphs: Graphs, texts: list[str], options: argparse.Namespace) -> None:
    chosen = slices(texts, options.messages, options.seed)[0]
    best: dict[str, Setting] = {}
    for graph in options.graphs:
        print(f"{graph}: messages/s, processor seconds for 1,000 messages, setting", flush=True)
        best[graph] = search(graphs.opener(graph), chosen, available_cores(), _tell)
    write_settings(options.out, best)


def _serve(graphs: Graphs, texts: list[str], options: argparse.Namespace) -> None:
    setting, load = read_settings(options.settings)[options.graph], graphs.opener(options.graph)
    found = Slices(load(setting.threads), setting, cache(partial(load, 1)), texts)
    found.warm()
    print(READY, flush=True)
    for line in found.answer(sys.stdin):
        print(line, flush=True)


def _tell(stage: str, found: list[Found]) -> None:
    print(f"  {stage}:")
    for each in found:
        print(f"  {each.cost.messages_per_s:8.1f}  {each.cost.cpu_s_per_1000:6.2f}  {each.setting}", flush=True)


if __name__ == "__main__":
    main()
