"""The API answers through the gateway, which shows no probes. Arguments: address, host, Strict-Transport-Security."""

import ssl
import sys
import time
from pathlib import Path

import httpx

PATIENCE_SECONDS = 120
address, host, security = sys.argv[1:]
authority = Path("/run/slipway/ca.pem")
trusted = ssl.create_default_context(cafile=str(authority) if authority.exists() else None)
gateway = httpx.Client(base_url=address, timeout=10, headers={"Host": host}, verify=trusted)


def call(method: str, path: str) -> httpx.Response | str:
    """Return the answer of the gateway, or why there is none."""
    try:
        return gateway.request(method, path, extensions={"sni_hostname": host})
    except httpx.TransportError as error:
        return f"{type(error).__name__}: {error}"


end = time.monotonic() + PATIENCE_SECONDS
while isinstance(answer := call("GET", "/v1/models"), str) or answer.status_code != httpx.codes.UNAUTHORIZED:
    if time.monotonic() > end:
        sys.exit(f"{address} does not bring requests to the API after {PATIENCE_SECONDS} s: {answer}")
    time.sleep(1)
if answer.headers["Content-Type"] != "application/problem+json":
    sys.exit(f"GET /v1/models without a key is refused by somebody else than the API: {answer.text}")
if security and address.startswith("https") and answer.headers.get("Strict-Transport-Security") != security:
    sys.exit(f"the gateway should add Strict-Transport-Security: {security}; the answer has {dict(answer.headers)}")
probes = call("GET", "/health/ready")
if isinstance(probes, str) or probes.status_code != httpx.codes.NOT_FOUND:
    sys.exit(f"/health/ready should not be public, but is answered {probes}")
print(f"The API answers through {address} as {host}, and its probes do not.")
