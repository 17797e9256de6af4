"""`python -m slipway_api`: one process, one event loop; scale by processes."""

from slipway_api.server import serve

if __name__ == "__main__":
    serve()
