"""Lines with values that must not arrive, and lines whose values must arrive as they are."""

import json
import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

PERSONAL = {
    "e-mail address": "jürgen.planted+x@mail.customer.example",
    "e-mail address in a URL": "planted%40customer.example",
    "phone number": "+49 170 5550199",
    "phone number, 00": "0049 170 5550199",
    "phone number, national": "0170/5550199",
    "phone number, US": "(212) 555-0187",
    "card number": "4111111111111111",
    "card number in groups": "5500-0055-5555-5559",
    "card number, Amex": "3782 822463 10005",
    "IBAN": "DE89370400440532013000",
    "IBAN in groups": "GB29 NWBK 6016 1331 9268 19",
    "IPv4 address": "203.0.113.77",
    "IPv6 address": "2001:db8:85a3::8a2e:370:7334",
    "bearer token": "Bearer planted-token-0123456789",
    "JSON web token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJwbGFudGVkIn0.c2lnbmF0dXJlLXBsYW50ZWQ",
    "API key": "slw_0123456789abcdef_" + "fedcba9876543210" * 4,
    "webhook secret": "whsec_cGxhbnRlZHBsYW50ZWRwbGFudGVkcGxhbnRlZDE=",
    "flag server's token": "default:production." + "0123456789abcdef" * 4,
    "password in a URL": "postgresql://planted:pl4nt3d-Pa55@db/x",
    "password": "password=pl4nt3d-Pa55",
}
NAME = "a person's name in a path"
"""No pattern knows a name, but where it is known to stand."""
_KEPT_OF = {"API key": "fedcba9876543210" * 4, "password in a URL": "pl4nt3d-Pa55", "password": "pl4nt3d-Pa55"}
"""What is secret, where that is a part of what is written."""


@dataclass(frozen=True)
class Plant:
    """A line, and what it hides."""

    kind: str
    carrier: str
    line: str
    hidden: str


def plants() -> list[Plant]:
    """Return every kind of value in every place of a line that can carry it."""
    return [
        *(
            Plant(kind, carrier, line, _KEPT_OF.get(kind, value))
            for kind, value in PERSONAL.items()
            for carrier, line in _lines(value)
        ),
        *(Plant(NAME, "the gateway's access log", line, "Planted") for line in _paths("Jane%20Planted")),
    ]


def _paths(name: str) -> Iterator[str]:
    for path in (name, f"{name}/rectify"):
        yield json.dumps({"DownstreamStatus": 200, "RequestPath": f"/v1/subjects/{path}", "RouterName": "api"})


def _lines(value: str) -> Iterator[tuple[str, str]]:
    ours = {"timestamp": "2026-11-22T19:37:50.321Z", "level": "info", "event": "planted", "role": "api"}
    yield "a declared field", json.dumps(ours | {"reason": f"for {value}, then"}, ensure_ascii=False)
    yield "the event's name", json.dumps(ours | {"event": f"sent {value}"})
    yield "a library's words", json.dumps(ours | {"library_message": f'"{value}"'}, ensure_ascii=False)
    yield "an undeclared field", json.dumps(ours | {"user": {"contact": [value]}})
    yield "an exception", json.dumps(ours | {"exception": [{"type": "ValueError", "message": value}]})
    yield "another program's message", json.dumps({"level": "INFO", "msg": f"user {value} came"}, ensure_ascii=False)
    yield (
        "another program's nested field",
        json.dumps({"msg": "came", "user": {"a": [{"b": value}]}}, ensure_ascii=False),
    )
    yield (
        "the gateway's access log",
        json.dumps({"DownstreamStatus": 200, "RequestPath": f"/x?q={value}", "ClientHost": value, "RouterName": "api"}),
    )
    yield "plain text", f"2026-11-22 19:37:50.123 UTC [77] ERROR:  bad value {value}"
    yield "plain text, at its end", f"ts=2026-11-22T19:37:50.321Z level=info user={value}"
    yield "plain text, in quotes", f"ValueError: '{value}'"


def torn(limit: int) -> list[tuple[str, tuple[str, str]]]:
    """Return lines of text that are cut through a value where they are cut after `limit` bytes; and its halves."""
    return [_torn(value, limit) for value in PERSONAL.values()]


def _torn(value: str, limit: int) -> tuple[str, tuple[str, str]]:
    halves = value[: len(value) // 2], value[len(value) // 2 :]
    words, rest = divmod(limit - len(halves[0].encode()) - 1, len("word "))
    return f"{'.' * rest} {'word ' * words}{value} and so on", halves


def harmless(count: int, seed: int) -> list[tuple[str, dict[str, str]]]:
    """Return lines of text and lines of ours, each with the fields that its document must have."""
    dice = random.Random(seed)
    return [_harmless(dice, number) for number in range(count)]


def _harmless(dice: random.Random, number: int) -> tuple[str, dict[str, str]]:
    trace, span = f"{dice.getrandbits(128) | 1:032x}", f"{dice.getrandbits(64) | 1:016x}"
    job = str(uuid.UUID(int=dice.getrandbits(128), version=4))
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(milliseconds=dice.randrange(10**11))
    at = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if number % 2:
        text = (
            f"{at} trace {trace} job={job} '{moment.isoformat()}' ({job}) {moment:%Y-%m-%d %H:%M:%S.%f} UTC [{number}]"
        )
        return text, {"message": text}
    ours = {
        "timestamp": at,
        "level": "warning",
        "event": "harmless.line",
        "role": "worker",
        "trace_id": trace,
        "span_id": span,
        "job_id": job,
        "reason": f"{trace} {job} {at}",
    }
    fields = {"@timestamp": at, "trace.id": trace, "span.id": span, "labels.job_id": job, "log.level": "warning"}
    return json.dumps(ours), fields | {"event.action": "harmless.line", "labels.reason": ours["reason"]}
