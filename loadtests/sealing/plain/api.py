"""`python -m loadtests.sealing.plain.api`: the API, with jobs in plain text."""

from slipway_api.__main__ import serve  # isort: skip  # it has to come first: it sets up the process

from loadtests.sealing.plain.composition import leave_encryption_out

if __name__ == "__main__":
    leave_encryption_out()
    serve()
