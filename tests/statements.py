"""The statements that a piece of the service really runs, and how the database goes about each."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from psycopg.pq import TransactionStatus
from sqlalchemy import event

from app.extensions import db

_EXPLAINED = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement with its plan: the lines of the nodes, and on PostgreSQL the shared buffers it touched.

    There the lines are those of two plans: for the values at hand, and for any, which a prepared statement keeps.
    """

    sql: str
    plan: str
    buffers: int = field(default=0)


@contextmanager
def statements(app: Flask) -> Iterator[list[str]]:
    """Note every statement that is sent to the database."""
    sent: list[str] = []
    with app.app_context():
        engine = db.engine

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(" ".join(statement.split()))

    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


@contextmanager
def explained() -> Iterator[list[Statement]]:
    """Give a list that each statement on the application's database joins, with its plan, as it runs.

    Just before it runs, PostgreSQL runs it once more under EXPLAIN (ANALYZE, BUFFERS), with the same values and in
    what is rolled back at once. The buffers are those that EXPLAIN counts; those of foreign keys' triggers are not.
    SQLite only plans it.
    """
    found: list[Statement] = []
    explain = _explain_sqlite if db.engine.dialect.name == "sqlite" else _explain_postgresql

    def note(_connection: object, cursor: Any, sql: str, values: Any, _context: object, is_many: bool) -> None:
        if sql.lstrip().upper().startswith(_EXPLAINED):
            found.append(explain(cursor, sql, values[0] if is_many else values))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def _explain_postgresql(cursor: Any, sql: str, values: Any) -> Statement:
    # A statement that commits by itself has no transaction around it that a savepoint could be in.
    is_alone = cursor.connection.autocommit and cursor.connection.info.transaction_status == TransactionStatus.IDLE
    with cursor.connection.cursor() as other:
        other.execute("BEGIN" if is_alone else "SAVEPOINT explained")
        other.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", values)
        root = other.fetchone()[0][0]["Plan"]
        other.execute("ROLLBACK" if is_alone else "ROLLBACK TO SAVEPOINT explained")
        other.execute(f"EXPLAIN (GENERIC_PLAN, FORMAT JSON) {_with_numbers(sql, values)}", prepare=False)
        kept = other.fetchone()[0][0]["Plan"]
    nodes = [*_nodes(root), *_nodes(kept)]
    return Statement(sql, "\n".join(nodes), root["Shared Hit Blocks"] + root["Shared Read Blocks"])


def _with_numbers(sql: str, names: Iterable[str]) -> str:
    """Return a statement with PostgreSQL's own parameters, `$1`, in place of the driver's."""
    for number, name in enumerate(names, 1):
        sql = sql.replace(f"%({name})s", f"${number}")
    return sql.replace("%%", "%")


def _nodes(node: dict[str, Any]) -> Iterator[str]:
    places = [node[name] for name in ("Relation Name", "Index Name") if name in node]
    yield " ".join([node["Node Type"], *places])
    for child in node.get("Plans", ()):
        yield from _nodes(child)


def _explain_sqlite(cursor: Any, sql: str, values: Any) -> Statement:
    rows = cursor.connection.execute(f"EXPLAIN QUERY PLAN {sql}", values).fetchall()
    return Statement(sql, "\n".join(str(row[-1]) for row in rows))
