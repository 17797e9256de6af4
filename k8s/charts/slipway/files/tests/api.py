"""The API answers through its Service, is ready, and predicts for nobody without a key. Argument: its address."""

import sys
import time

import httpx

PATIENCE_SECONDS = 120
api = httpx.Client(base_url=sys.argv[1], timeout=10)


def readiness() -> str:
    """Return what the API says of itself, or why it says nothing."""
    try:
        return api.get("/health/ready").text
    except httpx.TransportError as error:
        return f"{type(error).__name__}: {error}"


end = time.monotonic() + PATIENCE_SECONDS
while (said := readiness()) != '{"status":"ok"}':
    if time.monotonic() > end:
        sys.exit(f"{sys.argv[1]} is not ready after {PATIENCE_SECONDS} s: {said}")
    time.sleep(1)
print("The API is ready.")

paths = api.get("/openapi.json").json()["paths"]
prediction = next(path for path, methods in paths.items() if methods.get("post", {}).get("operationId") == "predict")
answer = api.post(prediction, json={"inputs": []})
if answer.status_code != httpx.codes.UNAUTHORIZED or answer.headers["Content-Type"] != "application/problem+json":
    sys.exit(f"POST {prediction} without a key is answered {answer.status_code} {answer.text}, not by a problem 401")
print(f"POST {prediction} without a key is refused: {answer.json()['title']}.")
