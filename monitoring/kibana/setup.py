"""Run once beside Kibana: give it its password at Elasticsearch, and import the saved objects.

It stands alone, so that it runs wherever Python and httpx are, from this folder. Addresses come from the environment,
passwords from files.
"""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx

OBJECTS = Path(__file__).with_name("saved-objects.ndjson")
DATA_VIEW = "slipway-logs"

_HEADERS = {"kbn-xsrf": "slipway"}
_BETWEEN_SECONDS = 2.0


class SetupError(Exception):
    """It cannot go on; the message says why, and what to do."""


def set_kibana_password(elasticsearch: httpx.Client, password: str) -> None:
    """Let Kibana in: its user exists from the start, but has no password."""
    answer = elasticsearch.put("/_security/user/kibana_system/_password", json={"password": password})
    _expect(answer, "Elasticsearch refused Kibana's password")


def import_objects(kibana: httpx.Client, objects: bytes) -> int:
    """Import the objects, in place of those of the same ids, and return how many they were."""
    file = {"file": ("saved-objects.ndjson", objects, "application/ndjson")}
    answer = kibana.post("/api/saved_objects/_import", params={"overwrite": "true"}, headers=_HEADERS, files=file)
    _expect(answer, "Kibana refused the saved objects")
    if not answer.json()["success"]:
        raise SetupError(f"Kibana could not import: {answer.json()['errors']}")
    return int(answer.json()["successCount"])


def open_with(kibana: httpx.Client, data_view: str) -> None:
    """Let Kibana start with this data view, unless somebody has chosen another."""
    body = {"data_view_id": data_view, "force": False}
    _expect(kibana.post("/api/data_views/default", headers=_HEADERS, json=body), "Kibana refused the data view")


def wait_for(ready: Callable[[], httpx.Response], name: str, seconds: float) -> None:
    """Return when the server answers 200.

    Raises:
        SetupError: it does not in that time.
    """
    ends, last = time.monotonic() + seconds, "it does not answer"
    while time.monotonic() < ends:
        try:
            answer = ready()
        except httpx.TransportError as error:
            last = type(error).__name__
        else:
            if answer.status_code == httpx.codes.OK:
                return
            last = f"it answers {answer.status_code}"
        time.sleep(_BETWEEN_SECONDS)
    raise SetupError(f"{name} is not ready after {seconds:.0f} s: {last}. Look at its log.")


def run(seconds: float) -> int:
    """Do all of it, and return how many objects were imported; each server may take so many seconds to be ready."""
    elastic = ("elastic", _secret("ELASTIC_PASSWORD_FILE", "/run/slipway/elastic_password"))
    elasticsearch_url = os.environ.get("ELASTICSEARCH_URL", "http://elasticsearch:9200")
    with httpx.Client(base_url=elasticsearch_url, auth=elastic, timeout=30) as elasticsearch:
        wait_for(lambda: elasticsearch.get("/_cluster/health"), "Elasticsearch", seconds)
        set_kibana_password(elasticsearch, _secret("KIBANA_PASSWORD_FILE", "/run/slipway/kibana_password"))
    kibana_url = os.environ.get("KIBANA_URL", "http://kibana:5601")
    with httpx.Client(base_url=kibana_url, auth=elastic, timeout=60) as kibana:
        wait_for(lambda: kibana.get("/api/status"), "Kibana", seconds)
        imported = import_objects(kibana, OBJECTS.read_bytes())
        open_with(kibana, DATA_VIEW)
    return imported


def _secret(variable: str, default: str) -> str:
    path = Path(os.environ.get(variable, default))
    try:
        return path.read_text("utf-8").strip()
    except OSError as error:
        raise SetupError(f"{variable}={path} cannot be read: {error.strerror}.") from error


def _expect(answer: httpx.Response, complaint: str) -> None:
    if answer.is_error:
        raise SetupError(f"{complaint}: {answer.status_code} {answer.text[:500]}")


def main() -> int:
    """Run, say how it ended, and return the exit code."""
    try:
        imported = run(float(os.environ.get("SETUP_SECONDS", "300")))
    except (SetupError, httpx.HTTPError) as error:
        sys.stderr.write(f"kibana-setup: {error}\n")
        return 1
    sys.stdout.write(f"kibana-setup: {imported} saved objects are in Kibana.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
