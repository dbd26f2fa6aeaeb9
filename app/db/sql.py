"""SQL that the two databases spell differently, decided here and nowhere else.

Statements that carry many rows take them as one JSON parameter on PostgreSQL (a fifth of the time of one statement a
row) and as `executemany` on SQLite. They are kept: to put one together takes longer than to run it.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    JSON,
    BindParameter,
    ColumnElement,
    Dialect,
    Table,
    Text,
    any_,
    bindparam,
    column,
    func,
    insert,
    literal,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import TableValuedAlias
from sqlalchemy.types import TypeDecorator, TypeEngine

from app.db.session import WriteSession, engine_name

Row = Mapping[str, Any]


class _Texts(TypeDecorator[Any]):
    """A list of texts as one parameter: an array on PostgreSQL, JSON on SQLite."""

    impl = JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Use the type of the database at hand."""
        return dialect.type_descriptor(JSON() if dialect.name == "sqlite" else ARRAY(Text()))


class is_any_of(FunctionElement[bool]):
    """The condition that a column is one of many texts, which are one parameter whatever their number.

    They are given at once, or as a `bindparam` when the statement runs.
    """

    # It has no type of its own: SQLite would compare a Boolean function with 1, which no index helps.
    inherit_cache = True

    def __init__(self, texts_column: ColumnElement[str], texts: Iterable[str] | BindParameter[Any]) -> None:
        if isinstance(texts, BindParameter):
            super().__init__(texts_column, bindparam(texts.key, type_=_Texts()))
        else:
            super().__init__(texts_column, literal(list(texts), _Texts()))


@compiles(is_any_of, "postgresql")
def _is_any_of_postgresql(element: is_any_of, compiler: SQLCompiler, **kw: Any) -> str:
    texts_column, texts = element.clauses
    return compiler.process(texts_column == any_(texts), **kw)


@compiles(is_any_of, "sqlite")
def _is_any_of_sqlite(element: is_any_of, compiler: SQLCompiler, **kw: Any) -> str:
    texts_column, texts = element.clauses
    return compiler.process(texts_column.in_(select(func.json_each(texts).table_valued("value").c.value)), **kw)


def insert_rows(session: WriteSession, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows that all have the same columns.

    Values are what JSON can hold, and instants. A default that Python computes is not applied, one in SQL is.
    """
    if not rows:
        return
    if engine_name() == "sqlite":
        session.connection().execute(insert(table), rows)
    else:
        session.connection().execute(_insert_from_json(table, tuple(rows[0])), {"rows": _for_json(rows)})


def insert_missing(session: WriteSession, table: Table, rows: Sequence[Row], key: str) -> set[Any]:
    """Insert rows, as `insert_rows` does, but for those that conflict with another; return the inserted rows' `key`s.

    They are inserted in the order given.
    """
    if not rows:
        return set()
    statement = _insert_missing(table, tuple(rows[0]), key, engine_name())
    if engine_name() == "sqlite":
        return set(session.connection().execute(statement, rows).scalars())
    return set(session.connection().execute(statement, {"rows": _for_json(rows)}).scalars())


@lru_cache(maxsize=256)
def _insert_missing(table: Table, names: tuple[str, ...], key: str, engine: str) -> Any:
    statement = sqlite.insert(table) if engine == "sqlite" else _insert_from_json(table, names)
    return statement.on_conflict_do_nothing().returning(table.c[key])


@lru_cache(maxsize=256)
def _insert_from_json(table: Table, names: tuple[str, ...]) -> postgresql.Insert:
    rows = json_rows({name: table.c[name].type for name in names}, bindparam("rows", type_=JSON()))
    return postgresql.insert(table).from_select(names, select(*(rows.c[name] for name in names)))


def _for_json(rows: Iterable[Row]) -> list[dict[str, Any]]:
    return [{name: _json_value(value) for name, value in row.items()} for row in rows]


def _json_value(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def json_rows(
    types: Mapping[str, TypeEngine[Any]], values: ColumnElement[Any], *, name: str = "given"
) -> TableValuedAlias:
    """Return the rows of a JSON value as a table, for PostgreSQL; what a row leaves out is NULL."""
    columns = [column(field, kind) for field, kind in types.items()]
    return func.json_to_recordset(values).table_valued(*columns, name=name).render_derived(with_types=True)
