"""`python -m slipway_worker`: one process, one model; scale by processes."""

import gc

from slipway.interruption import end_when_asked

gc.disable()  # until it is ready (`announce_ready`): what imports make stays, and to look through it takes long
end_when_asked()

from slipway_worker.server import serve  # noqa: E402  # see above

if __name__ == "__main__":
    serve()
