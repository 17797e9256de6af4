"""`python -m loadtests.bench.startup`."""

import json

from loadtests.bench.startup.options import parse
from loadtests.bench.startup.run import measure
from loadtests.overload.report import say

if __name__ == "__main__":
    say(json.dumps(measure(parse(), say)))
