"""Generated SQL that tries, in one way or another, to read or change what is another tenant's."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from privacy.planting import Planted, owner_column

from slipway.database.tables import ALL_TABLES

TABLES = [table.name for table in ALL_TABLES]
_COLUMNS = {table.name: [column.name for column in table.columns] for table in ALL_TABLES}
_KEYS = {table.name: [column.name for column in table.primary_key] for table in ALL_TABLES}


@dataclass(frozen=True, slots=True)
class Query:
    """A statement, and how its answer is judged, beyond that no value of another tenant may be in it."""

    kind: str
    sql: str
    supplied: tuple[str, ...] = ()
    """What the statement itself names of another tenant; it may say that again."""
    empty: bool = False
    """It asks for what is another's only: it must find, or change, no row."""
    counts: str | None = None
    """It counts the rows of this table: it must count the own ones."""
    telling: str | None = None
    """The SQLSTATE of an error that would tell that another's row is there."""
    writes: bool = False
    """It may change own rows: it is taken back, and the last of its transaction."""
    copies: bool = False
    """It is a COPY to the client."""
    lasts: bool = False
    """It sets something for the session, beyond a commit."""


class Forge:
    """Makes queries from a seed, all about `victim`."""

    def __init__(self, dice: Random, victim: Planted) -> None:
        self._dice = dice
        self._victim = victim

    def read(self) -> Query:
        """Return a query that changes nothing."""
        return self._dice.choice(READS)(self)

    def write(self) -> Query:
        """Return a query that tries to change, or changes own rows."""
        return self._dice.choice(WRITES)(self)

    @property
    def table(self) -> str:
        """Any table."""
        return self._dice.choice(TABLES)

    def column(self, table: str) -> str:
        """Any column of a table."""
        return self._dice.choice(_COLUMNS[table])

    def any_of(self, *choices: str) -> str:
        """One of them."""
        return self._dice.choice(choices)

    def foreign(self, table: str, alias: str = "") -> tuple[str, tuple[str, ...]]:
        """Return a condition that only rows of the victim meet, and what it names."""
        prefix, row = f"{alias}." if alias else "", self._dice.choice(self._victim.rows[table])
        tenant = str(self._victim.id)
        conditions = [f"{prefix}{owner_column(table)} = '{tenant}'"]
        if isinstance(row.get("id"), type(self._victim.id)):
            conditions += [f"{prefix}id = '{row['id']}'", f"{prefix}id IN ('{row['id']}', '{tenant}')"]
        return self._dice.choice(conditions), (tenant, str(row.get("id", tenant)))

    def stolen(self, table: str) -> tuple[str, str, tuple[str, ...]]:
        """Return columns and values of a new row that belongs to the victim, and what it names."""
        row = dict(self._dice.choice(self._victim.rows[table]))
        for key in _KEYS[table]:
            if isinstance(row[key], int):
                row[key] += 1_000
        names = [name for name in row if name != "xid"]
        supplied = tuple(_shown(row[name]) for name in names)
        return ", ".join(names), ", ".join(_literal(row[name]) for name in names), (self.victim, *supplied)

    def harmless(self, table: str) -> str:
        """Return an assignment that changes nothing of the value."""
        column = self.column(table)
        return f"{column} = {table}.{column}"

    @property
    def victim(self) -> str:
        """The other tenant's id."""
        return str(self._victim.id)


def _shown(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool | int):
        return str(value).lower()
    if isinstance(value, bytes):
        return f"'\\x{value.hex()}'"
    if isinstance(value, list):
        return "'{" + ",".join(value) + "}'"
    return "'{}'" if isinstance(value, dict) else f"'{value}'"


def _whole(f: Forge) -> Query:
    table = f.table
    tail = f.any_of("", " WHERE true", " ORDER BY random()", " LIMIT 50", " OFFSET 0", " TABLESAMPLE BERNOULLI (100)")
    return Query("rows", f.any_of(f"SELECT * FROM {table}{tail}", f"TABLE {table}", f"SELECT * FROM ONLY {table}"))


def _as_text(f: Forge) -> Query:
    table = f.table
    shape = f.any_of("t::text", "to_jsonb(t)", "row_to_json(t)", f"t.{f.column(table)}::text", "md5(t::text), t", "t.*")
    return Query("rows as values", f"SELECT {shape} FROM {table} t")


def _aggregate(f: Forge) -> Query:
    table = f.table
    column = f.column(table)
    shape = f.any_of("string_agg(t::text, ' ')", "json_agg(t)", f"array_agg({column}::text)", f"max({column}::text)")
    return Query("aggregates", f"SELECT {shape}, count(*) FROM {table} t")


def _count(f: Forge) -> Query:
    table = f.table
    return Query("counts", f"SELECT count(*) FROM {table}", counts=table)


def _where(f: Forge) -> Query:
    table = f.table
    condition, supplied = f.foreign(table)
    return Query("by id", f"SELECT * FROM {table} WHERE {condition}", supplied, empty=True)


def _or_true(f: Forge) -> Query:
    table = f.table
    condition, supplied = f.foreign(table)
    return Query("or true", f"SELECT * FROM {table} WHERE {condition} OR {f.any_of('true', '1 = 1')}", supplied)


def _join(f: Forge) -> Query:
    one, two, how = f.table, f.table, f.any_of("JOIN", "LEFT JOIN", "FULL JOIN", "RIGHT JOIN")
    condition = f"a.{owner_column(one)} = b.{owner_column(two)}"
    return Query("joins", f"SELECT a, b FROM {one} a {how} {two} b ON {condition}")


def _cross(f: Forge) -> Query:
    one, two = f.table, f.table
    differ = f"a.{owner_column(one)} <> b.{owner_column(two)}"
    join = f.any_of(
        f"{one} a CROSS JOIN {two} b WHERE {differ}",
        f"{one} a JOIN {two} b ON {differ}",
        f"{one} a, LATERAL (SELECT * FROM {two} WHERE {owner_column(two)} <> a.{owner_column(one)}) b",
    )
    return Query("joins of tenants", f"SELECT a::text, b::text FROM {join}", empty=True)


def _exists(f: Forge) -> Query:
    table = f.table
    condition, supplied = f.foreign(table)
    return Query("exists", f"SELECT 1 WHERE EXISTS (SELECT FROM {table} WHERE {condition})", supplied, empty=True)


def _subquery(f: Forge) -> Query:
    one, two = f.table, f.table
    scalar = f"SELECT (SELECT string_agg(t::text, ' ') FROM {one} t), (SELECT max(t::text) FROM {two} t)"
    inside = f"SELECT * FROM {one} WHERE {owner_column(one)} IN (SELECT {owner_column(two)} FROM {two})"
    return Query("subqueries", f.any_of(scalar, inside, f"SELECT * FROM (SELECT * FROM (SELECT * FROM {one}) a) b"))


def _cte(f: Forge) -> Query:
    table, how = f.table, f.any_of("", "MATERIALIZED ", "NOT MATERIALIZED ")
    plain = f"WITH c AS {how}(SELECT * FROM {table}) SELECT * FROM c"
    rows = f"SELECT string_agg(t::text, ' ') FROM {table} t"
    deep = f"WITH RECURSIVE c (n, t) AS (SELECT 0, '' UNION ALL SELECT n + 1, ({rows}) FROM c WHERE n < 2) TABLE c"
    return Query("ctes", f.any_of(plain, deep))


def _union(f: Forge) -> Query:
    how = f.any_of("UNION", "UNION ALL", "EXCEPT", "INTERSECT")
    return Query("unions", f"SELECT a::text FROM {f.table} a {how} SELECT b::text FROM {f.table} b")


def _window(f: Forge) -> Query:
    table = f.table
    over = f"OVER (PARTITION BY {owner_column(table)})"
    return Query("windows", f"SELECT t::text, count(*) {over}, first_value(t::text) {over} FROM {table} t")


def _lock(f: Forge) -> Query:
    return Query("locks", f"SELECT * FROM {f.table} FOR {f.any_of('UPDATE SKIP LOCKED', 'KEY SHARE', 'SHARE')}")


def _quoting_error(f: Forge) -> Query:
    table = f.table
    cast = f.any_of("int", "uuid", "timestamptz", "numeric")
    return Query("errors that quote", f"SELECT ('x' || t::text)::{cast} FROM {table} t")


def _telling_error(f: Forge) -> Query:
    table = f.table
    condition, supplied = f.foreign(table)
    zero = f"1 / (CASE WHEN {condition} THEN 0 ELSE 1 END) = 1"
    return Query("errors that tell", f"SELECT 1 FROM {table} WHERE {zero}", supplied, telling="22012")


def _function(f: Forge) -> Query:
    table = f.table
    call = f.any_of(
        f"SELECT query_to_xml('SELECT * FROM {table}', true, true, '')::text",
        f"SELECT table_to_xml('{table}', true, true, '')::text",
        f"SELECT cursor_to_xml('c', 10, true, true, '')::text FROM {table}",
        f"SELECT * FROM pg_stats WHERE tablename = '{table}'",
        "SELECT * FROM pg_stat_activity",
        "SELECT name, parameter_types FROM pg_prepared_statements",
        f"SELECT * FROM pg_statistic WHERE starelid = '{table}'::regclass",
        "SELECT pg_read_file('PG_VERSION')",
        f"SELECT currval(pg_get_serial_sequence('{table}', '{f.column(table)}'))",
        f"SELECT f.* FROM {table} t, LATERAL jsonb_each_text(to_jsonb(t)) f",
    )
    return Query("functions", call)


def _explain(f: Forge) -> Query:
    return Query("plans", f"EXPLAIN (ANALYZE, VERBOSE, BUFFERS) SELECT * FROM {f.table}")


def _copy(f: Forge) -> Query:
    table = f.table
    what = f.any_of(table, f"(SELECT * FROM {table})", f"(SELECT t::text FROM {table} t)")
    options = f.any_of("", " WITH (FORMAT csv)", " WITH (FORMAT binary)")
    return Query("copies", f"COPY {what} TO STDOUT{options}", copies=True)


def _block(f: Forge) -> Query:
    raised = "RAISE EXCEPTION 'row %', r"
    loop = f"FOR r IN EXECUTE 'SELECT t::text AS r FROM {f.table} t' LOOP {raised}; END LOOP"
    return Query("blocks of code", f"DO $$ DECLARE r text; BEGIN {loop}; END $$")


def _insert_for(f: Forge) -> Query:
    table = f.table
    names, values, supplied = f.stolen(table)
    tail = f.any_of("", " RETURNING *", " ON CONFLICT DO NOTHING")
    statement = f"INSERT INTO {table} ({names}) VALUES ({values}){tail}"
    return Query("inserts for another", statement, supplied, empty=True, writes=True)


def _insert_from(f: Forge) -> Query:
    table = f.table
    names = ", ".join(_COLUMNS[table])
    taken = names.replace(owner_column(table), f"'{f.victim}'::uuid", 1)
    statement = f"INSERT INTO {table} ({names}) SELECT {taken} FROM {table} RETURNING *"
    return Query("inserts from own rows", statement, (f.victim,), empty=True, writes=True)


def _update(f: Forge) -> Query:
    table = f.table
    condition, supplied = f.foreign(table)
    tail = f.any_of(" RETURNING *", "")
    statement = f"UPDATE {table} SET {f.harmless(table)} WHERE {condition}{tail}"
    return Query("updates of another's", statement, supplied, empty=True, writes=True)


def _update_all(f: Forge) -> Query:
    table = f.table
    statement = f"UPDATE {table} SET {f.harmless(table)} RETURNING {table}::text"
    return Query("updates of all", statement, writes=True)


def _give_away(f: Forge) -> Query:
    table = f.table
    statement = f"UPDATE {table} SET {owner_column(table)} = '{f.victim}'"
    return Query("gifts", statement, (f.victim,), empty=True, writes=True)


def _delete(f: Forge) -> Query:
    table = f.table
    condition, supplied = f.foreign(table)
    return Query("deletes of another's", f"DELETE FROM {table} WHERE {condition}", supplied, empty=True, writes=True)


def _delete_all(f: Forge) -> Query:
    table = f.table
    return Query("deletes of all", f"DELETE FROM {table} RETURNING {table}::text", writes=True)


def _by_join(f: Forge) -> Query:
    one, two = f.table, f.table
    differ = f"a.{owner_column(one)} <> b.{owner_column(two)}"
    column = f.column(one)
    statement = f.any_of(
        f"UPDATE {one} a SET {column} = a.{column} FROM {two} b WHERE {differ} RETURNING a::text, b::text",
        f"DELETE FROM {one} a USING {two} b WHERE {differ} RETURNING a::text, b::text",
    )
    return Query("writes by join", statement, empty=True, writes=True)


def _merge(f: Forge) -> Query:
    table = f.table
    act = f.any_of("DELETE", f"UPDATE SET {f.harmless(table).replace(f'{table}.', 't.')}")
    on = f"t.{owner_column(table)} = s.victim"
    statement = f"MERGE INTO {table} t USING (SELECT '{f.victim}'::uuid AS victim) s ON {on} WHEN MATCHED THEN {act}"
    return Query("merges", statement, (f.victim,), empty=True, writes=True)


def _write_in_cte(f: Forge) -> Query:
    table = f.table
    act = f.any_of(f"DELETE FROM {table}", f"UPDATE {table} SET {f.harmless(table)}")
    statement = f"WITH w AS ({act} RETURNING {table}::text) SELECT * FROM w"
    return Query("writes in ctes", statement, writes=True)


def _upsert(f: Forge) -> Query:
    table = f.table
    names, values, supplied = f.stolen(table)
    target = ", ".join(_KEYS[table])
    column = f.column(table)
    statement = (
        f"INSERT INTO {table} ({names}) VALUES ({values}) "
        f"ON CONFLICT ({target}) DO UPDATE SET {column} = excluded.{column} RETURNING *"
    )
    return Query("upserts", statement, supplied, empty=True, writes=True)


def _copy_in(f: Forge) -> Query:
    return Query("copies in", f"COPY {f.table} FROM STDIN", empty=True, writes=True)


def _hostile(f: Forge) -> Query:
    """Change what decides about rows; what comes after on the connection must not notice."""
    table = f.table
    statement = f.any_of(
        f"SELECT set_config('slipway.tenant', '{f.victim}', true) IS NULL",
        f"SELECT set_config('slipway.tenant', '{f.victim}', false) IS NULL",
        f"SET LOCAL slipway.tenant = '{f.victim}'",
        f"SET slipway.tenant = '{f.victim}'",
        "RESET ALL",
        "SET row_security = off",
        "SET ROLE slipway_owner",
        "SET ROLE slipway_system",
        "SET SESSION AUTHORIZATION slipway_owner",
        f"ALTER ROLE slipway_app SET slipway.tenant = '{f.victim}'",
        f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY",
        f"DROP POLICY tenant ON {table}",
        f"CREATE POLICY more ON {table} USING (true)",
        f"GRANT ALL ON {table} TO PUBLIC",
        f"TRUNCATE {table}",
        "CREATE TEMPORARY TABLE pocket (row text)",
        "CREATE FUNCTION public.f() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",
    )
    local = statement.startswith("SET LOCAL") or statement.endswith("true) IS NULL")
    return Query("settings and schema", statement, (f.victim,), lasts=not local)


READS: Sequence[Callable[[Forge], Query]] = (
    _whole, _as_text, _aggregate, _count, _where, _or_true, _join, _cross, _exists, _subquery, _cte, _union, _window,
    _lock, _quoting_error, _telling_error, _function, _explain, _copy, _block,
)  # fmt: skip
WRITES: Sequence[Callable[[Forge], Query]] = (
    _insert_for, _insert_from, _update, _update_all, _give_away, _delete, _delete_all, _by_join, _merge, _write_in_cte,
    _upsert, _copy_in, _hostile,
)  # fmt: skip
