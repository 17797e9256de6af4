"""`python -m slipway_worker`: one process, one model; scale by processes."""

from slipway_worker.server import serve

if __name__ == "__main__":
    serve()
