"""`python -m slipway_worker`: one process, one model; scale by processes."""

import gc

gc.disable()  # until it is ready (`announce_ready`): what imports make stays, and to look through it takes long

from slipway_worker.server import serve  # noqa: E402  # see above

if __name__ == "__main__":
    serve()
