"""Requests with marks in every place that a request has, to every route that the OpenAPI document names."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

JSON, NDJSON = "application/json", "application/x-ndjson"
BEHAVIOURS = ("raise", "chain", "fail", "log", "warn", "forget", "hang", "refuse", "tell")
"""First words of a text, by which the workload `confiding` knows what to do with it."""
NIL = "00000000-0000-4000-8000-000000000000"
_HEADERS = (
    *("User-Agent", "Referer", "Origin", "Cookie", "From", "X-Forwarded-For", "X-Real-IP", "X-Request-Id", "Forwarded"),
    *("Accept", "Accept-Language", "If-None-Match", "Last-Event-ID", "X-User-Email", "tracestate", "baggage", "Via"),
)
_DEEP = 5_000

NewMark = Callable[[], str]


@dataclass(frozen=True, slots=True)
class Order:
    """A request to be sent."""

    operation: str
    """`METHOD /path/{as_documented}`."""
    what: str
    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    anonymous: bool = False
    """Without the API key."""


def broken(new: NewMark, key: str) -> Iterator[tuple[str, bytes]]:
    """Yield (what, bytes) of requests that are not HTTP, or end before their end."""
    post = f"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nAuthorization: {key}\r\nContent-Type: {JSON}\r\n"
    cut = f'{{"inputs": [{{"text": "{new()}'
    for what, text in {
        "no HTTP": new(),
        "a method of its own": f"{new()} /v1/jobs HTTP/1.1\r\nHost: x\r\n\r\n",
        "another version": f"GET /{new()} HTTP/9.9\r\nHost: x\r\n\r\n",
        "a path with a space": f"GET /{new()} {new()} HTTP/1.1\r\nHost: x\r\n\r\n",
        "no colon": f"GET / HTTP/1.1\r\nHost: x\r\n{new()}\r\n\r\n",
        "another host": f"GET /{new()} HTTP/1.1\r\nHost: {new()}\r\nConnection: close\r\n\r\n",
        "headers too long": f"GET / HTTP/1.1\r\nHost: x\r\nX: {new() * 5_000}\r\n\r\n",
        "wrong chunks": f"{post}Transfer-Encoding: chunked\r\n\r\nZ{new()}\r\n\r\n",
        "a body cut off": f"{post}Content-Length: 5000\r\n\r\n{cut}",
        "a wrong length": f"{post}Content-Length: {new()}\r\n\r\n{cut}",
    }.items():
        yield what, text.encode()


class Orders:
    """Makes the requests to one operation of a document."""

    def __init__(self, document: Mapping[str, Any], new: NewMark, ids: Mapping[str, str], receiver: str) -> None:
        """Prepare.

        Args:
            document: the OpenAPI document.
            new: makes a mark.
            ids: of what the caller owns, by the name of the path's parameter; or a whole path, by the documented one.
            receiver: where webhooks may be sent to.
        """
        self._document = document
        self._new = new
        self._ids = ids
        self._receiver = receiver

    def of(self, method: str, path: str) -> Iterator[Order]:
        """Yield every request to an operation."""
        yield from self.proper(method, path)
        yield from self._paths(method, path)
        yield from self._queries(method, path)
        yield from self._keys(method, path)
        if "requestBody" in self._document["paths"][path][method]:
            yield from self._bodies(method, path)

    def proper(self, method: str, path: str) -> Iterator[Order]:
        """Yield requests as they should be, and a repeat of the first with the same body, and with another."""
        key = {"Idempotency-Key": self._new()}
        body = self._body(method, path)
        told = {name: f"{self._new()}=1" for name in _HEADERS} | {"traceparent": f"00-{'7' * 32}-{'1' * 16}-01"}
        yield self._order(method, path, "as it should be", headers=key, body=body)
        yield self._order(method, path, "again", headers=key, body=body)
        yield self._order(method, path, "again with another body", headers=key, body=self._body(method, path))
        yield self._order(method, path, "with all headers", headers=told, body=self._body(method, path))
        yield self._order(method, path, "key of visible characters", headers={"Idempotency-Key": f'"{self._new()}~'})
        yield self._order(method, path, "key too long", headers={"Idempotency-Key": self._new() * 30}, body=body)
        yield self._order(
            method, path, "key with spaces", headers={"Idempotency-Key": f"{self._new()} and {self._new()}"}, body=body
        )

    def _paths(self, method: str, path: str) -> Iterator[Order]:
        for name in self._ids:
            if f"{{{name}}}" in path:
                wrong = path.replace(f"{{{name}}}", self._new())
                yield self._order(method, wrong, f"{name} is a name", documented=path)
        yield self._order(method, f"{path}/{self._new()}", "a path below", documented=path)
        yield self._order(method, f"/{self._new()}{path}", "a path above", documented=path)
        yield self._order(method, f"{path};{self._new()}", "a parameter of the path", documented=path)
        yield Order(f"{method.upper()} {path}", "another method", self._new().upper(), self._filled(path))

    def _queries(self, method: str, path: str) -> Iterator[Order]:
        declared = self._document["paths"][path][method].get("parameters", [])
        names = [parameter["name"] for parameter in declared if parameter["in"] == "query"]
        body = self._body(method, path)
        for name in [*names, "email"]:
            yield self._order(method, path, f"?{name}=", params={name: self._new()}, body=body)
        yield self._order(method, path, "an unknown parameter's name", params={self._new(): "1"}, body=body)

    def _keys(self, method: str, path: str) -> Iterator[Order]:
        body = self._body(method, path)
        for what, value in {
            "a key that is none": f"Bearer {self._new()}",
            "a key of the right form": f"Bearer slw_{'0' * 16}_{self._new():a<64}",
            "another scheme": f"Basic {self._new()}",
            "only a word": self._new(),
        }.items():
            yield self._order(method, path, what, headers={"Authorization": value}, body=body, anonymous=True)
        params = {"api_key": self._new(), "token": self._new()}
        yield self._order(method, path, "a key in the query", params=params, body=body, anonymous=True)

    def _bodies(self, method: str, path: str) -> Iterator[Order]:
        for what, value in self._values(method, path):
            yield self._order(method, path, what, body=json.dumps(value).encode())
        proper = self._body(method, path)
        for what, body in {
            "broken JSON": proper[:-3],
            "JSON with a tail": proper + self._new().encode(),
            "not UTF-8": b'{"a": "\xff\xfe' + self._new().encode() + b'"}',
            "no JSON": self._new().encode(),
            "too large": proper + b" " * 3_000_000 + self._new().encode(),
            "deep": b"[" * _DEEP + self._new().encode(),
        }.items():
            yield self._order(method, path, what, body=body)
        for kind in ("text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded"):
            yield self._order(method, path, kind, headers={"Content-Type": kind}, body=proper)
        named = {"Content-Type": f"application/{self._new()}; charset={self._new()}"}
        yield self._order(method, path, "a content type with a name", headers=named, body=proper)
        yield self._order(method, path, "compressed", headers={"Content-Encoding": self._new()}, body=proper)
        lines = proper.replace(b"\n", b"") + b"\n" + self._new().encode() + b"\n"
        yield self._order(method, path, "lines", headers={"Content-Type": NDJSON}, body=lines)

    def _values(self, method: str, path: str) -> Iterator[tuple[str, Any]]:
        new = self._new
        yield "a list", [new()]
        yield "a text", new()
        yield "an unknown field", {new(): new(), "e-mail of": new(), f"{new()}@example.org": 1}
        yield "a list of texts", {"inputs": [new()]}
        yield "fields of wrong types", {"inputs": [{"text": [new()], "person": {"is": new()}, "contact": new()}]}
        yield "fields that are not", {"inputs": [{"text": new(), new(): new(), f"Jane {new()}": 1}]}
        yield "a kind that is not", {"inputs": [{"text": new(), "contact": {"kind": new(), "address": new()}}]}
        yield "keys of a map", {"inputs": [{"text": new(), "sins": {new(): new()}}]}
        yield "too many", {"inputs": [{"text": new()}] * 1_001}
        yield "wrong webhook", {"url": f"ftp://{new()}@example.invalid/{new()}", "events": [new()]}
        yield "webhook to a name", {"url": f"http://{new()}.invalid/", "events": ["job.completed"]}
        for word in BEHAVIOURS:
            text = f'{word} Jürgen "{new()}" O\'Neill'
            yield word, {"inputs": [{"text": text, "person": f"{new()}@example.org", "sins": {new(): 1}}]}

    def _order(
        self,
        method: str,
        path: str,
        what: str,
        *,
        documented: str | None = None,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> Order:
        kind = {"Content-Type": JSON} if more.get("body") else {}
        operation = f"{method.upper()} {documented or path}"
        return Order(operation, what, method.upper(), self._filled(path), {**kind, **(headers or {})}, **more)

    def _filled(self, path: str) -> str:
        if path in self._ids:
            return self._ids[path]
        for part in path.split("/"):
            if part.startswith("{"):
                path = path.replace(part, self._ids.get(part[1:-1], NIL))
        return path

    def _body(self, method: str, path: str) -> bytes:
        found = self._document["paths"][path][method].get("requestBody")
        return json.dumps(self._instance(found["content"][JSON]["schema"], "")).encode() if found else b""

    def _instance(self, schema: Mapping[str, Any], name: str) -> Any:
        """Return a value that a schema describes, with a mark in each of its texts."""
        if "$ref" in schema:
            return self._instance(self._document["components"]["schemas"][schema["$ref"].rpartition("/")[2]], name)
        for choice in ("anyOf", "oneOf", "allOf"):
            if choice in schema:
                return self._instance(schema[choice][0], name)
        if "const" in schema or "enum" in schema:
            return schema.get("const", schema.get("enum", [None])[0])
        return self._of_type(schema, name)

    def _of_type(self, schema: Mapping[str, Any], name: str) -> Any:
        match schema.get("type"):
            case "object" if "properties" in schema:
                return {key: self._instance(value, key) for key, value in schema["properties"].items()}
            case "object":
                return {self._new(): self._instance(schema.get("additionalProperties", {"type": "integer"}), "")}
            case "array":
                return [self._instance(schema["items"], name)]
            case "integer" | "number":
                return schema.get("minimum", 1)
            case "boolean":
                return True
            case _:
                return f"{self._receiver}/hook/{self._new()}" if name == "url" else f"tell {self._new()}"
