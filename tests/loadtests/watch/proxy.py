"""Stands for `kubectl proxy`: serves what a cluster's API server said at three moments, recorded and shortened.

The folder in KUBECTL_FOLDER has a file `moment`: the number of one of them, or how the API server fails.
"""

import json
import os
import sys
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer
from urllib.parse import urlsplit

FOLDER = Path(os.environ["KUBECTL_FOLDER"])
MOMENTS = json.loads(Path(__file__).with_name("recorded.json").read_text("utf-8"))
BEGAN = datetime.now(UTC).isoformat()
MATRIX = {"status": "success", "data": {"result": [{"values": [[1_790_000_000, "2.5"], [1_790_000_005, "3"]]}]}}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        moment, path = (FOLDER / "moment").read_text("utf-8").strip(), urlsplit(self.path).path
        if moment == "forbidden":
            self._answer(403, {"message": "forbidden"})
        elif moment == "down":
            self._answer(500, {"message": "etcdserver: request timed out"})
        elif moment == "nonsense":
            self._answer(200, None)
        elif path.endswith("query_range"):
            self._answer(*((500, {"error": "no"}) if (FOLDER / "no-prometheus").exists() else (200, MATRIX)))
        elif path.endswith("/events") and (FOLDER / "no-events").exists():
            self._answer(403, {"message": "forbidden"})
        else:
            self._answer(200, {"items": self._list(moment, path.split("/"))})

    def _list(self, moment, parts):
        """Return a list of a kind; `ending` is the moment with three pods while two of them end, and news of it."""
        number = 1 if moment == "ending" else int(moment)
        things = MOMENTS[number][parts[-1]] if parts[-2] == "slipway" else []
        if moment == "ending" and parts[-1] == "pods":
            for thing in things[1:]:
                thing["metadata"] |= {"deletionTimestamp": "2026-11-22T23:10:00Z", "deletionGracePeriodSeconds": 5}
        if moment == "ending" and parts[-1] == "events":
            for thing in things:
                thing["lastTimestamp"] = BEGAN
        return things

    def _answer(self, status, told):
        body = json.dumps(told).encode() if told else b"<html>"
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

    def address_string(self):
        return "-"


class Server(ThreadingMixIn, UnixStreamServer):
    daemon_threads = True


def main():
    (FOLDER / "arguments").write_text("\n".join(sys.argv[1:]), encoding="utf-8")
    (FOLDER / "pid").write_text(str(os.getpid()), encoding="utf-8")
    if "nowhere" in sys.argv:
        sys.exit('error: context "nowhere" does not exist')
    socket = next(one.partition("=")[2] for one in sys.argv if one.startswith("--unix-socket="))
    with Server(socket, Handler) as server:
        sys.stdout.write(f"Starting to serve on {socket}\n")
        sys.stdout.flush()
        server.serve_forever()


if __name__ == "__main__":
    main()
