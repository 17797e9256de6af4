"""What is really in the two databases: a comparison of sealed with sealed would say nothing."""

from dataclasses import dataclass

import psycopg

from loadtests.sealing.stacks import TENANT, Side

_ENVELOPE, _BRACE = 1, ord("{")
"""First byte of an envelope, and of a JSON object."""
_ROWS = """
SELECT count(*), count(*) FILTER (WHERE get_byte(input, 0) = %(first)s AND get_byte(output, 0) = %(first)s)
FROM job_items
"""


@dataclass(frozen=True, slots=True)
class Stored:
    """What one side has stored."""

    items: int
    as_it_should: int
    """Inputs and outputs that begin as this side's should."""
    keys: int
    """Subjects' keys."""


def check(sealed: Side, plain: Side) -> None:
    """See that one side has sealed everything, and the other nothing.

    Raises:
        RuntimeError: it is not so.
    """
    one, other = _look(sealed, _ENVELOPE), _look(plain, _BRACE)
    if not (one.items == one.as_it_should > 0 and one.keys > 0):
        raise RuntimeError(f"The product has not sealed everything: {one}.")
    if not (other.items == other.as_it_should > 0 and other.keys == 0):
        raise RuntimeError(f"The stack without encryption has sealed something: {other}.")


def _look(side: Side, first: int) -> Stored:
    settings = side.stack.settings
    with psycopg.connect(settings.database_system_url.get_secret_value()) as system:
        found = system.execute("SELECT id FROM tenants WHERE name = %s", [TENANT]).fetchall()
    with psycopg.connect(settings.database_app_url.get_secret_value()) as app:
        app.execute("SELECT set_config('slipway.tenant', %s, true)", [str(found[0][0])])
        items, right = app.execute(_ROWS, {"first": first}).fetchall()[0]
        keys = app.execute("SELECT count(*) FROM subject_keys").fetchall()[0][0]
    return Stored(items, right, keys)
