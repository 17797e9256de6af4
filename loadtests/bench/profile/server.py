"""`python -m loadtests.bench.profile.server FILE`: the API as always, but for the profiler; FILE gets its figures.

cProfile sees one thread: that of the event loop, whose work is what requests have to wait for.
"""

import cProfile
import sys

from slipway_api.server import serve

if __name__ == "__main__":
    profiler = cProfile.Profile()
    try:
        profiler.runcall(serve)
    finally:
        profiler.dump_stats(sys.argv[1])
