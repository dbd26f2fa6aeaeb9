"""SQL that the two databases spell differently, decided here and nowhere else.

Statements that carry many rows take them as one JSON parameter on PostgreSQL (a fifth of the time of one statement a
row) and as `executemany` on SQLite. They are kept: to put one together takes longer than to run it.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from itertools import repeat
from typing import Any, Final

from sqlalchemy import (
    JSON,
    BindParameter,
    Column,
    ColumnElement,
    Date,
    Dialect,
    Executable,
    Insert,
    Row,
    Select,
    String,
    Table,
    any_,
    bindparam,
    case,
    cast,
    column,
    func,
    insert,
    literal,
    select,
    true,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import TableValuedAlias
from sqlalchemy.types import TypeDecorator, TypeEngine, UserDefinedType

from app.db.session import WriteSession
from app.extensions import db
from app.models.types import UtcDateTime, utcnow

Values = Mapping[str, Any]
"""The values of a row by column."""


Processor = tuple[int, Callable[[Any], Any]]
"""The place of a value, and what makes it one of the driver's, or one of ours."""
_DATED: Final = (UtcDateTime, Date)


class _TextArray(UserDefinedType[Any]):
    """An array of texts, written by us: psycopg looks at each of them, which takes ten times as long."""

    cache_ok = True
    render_bind_cast = True

    def get_col_spec(self, **kw: Any) -> str:
        """Return the name of the type."""
        return "TEXT[]"

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], str]:
        """Return what writes an array."""
        return _array_literal


def _array_literal(texts: Sequence[str]) -> str:
    written = json.dumps(texts, ensure_ascii=False)
    if "\\" in written:
        # JSON has names for some characters; in an array what follows a backslash is itself.
        quoted = (text.replace("\\", "\\\\").replace('"', '\\"') for text in texts)
        written = '["' + '", "'.join(quoted) + '"]'
    return f"{{{written[1:-1]}}}"


class _Texts(TypeDecorator[Any]):
    """A list of texts as one parameter: an array on PostgreSQL, JSON on SQLite."""

    impl = JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Use the type of the database at hand."""
        return dialect.type_descriptor(JSON() if dialect.name == "sqlite" else _TextArray())


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


def engine_name() -> str:
    """Return `sqlite` or `postgresql`."""
    return db.engine.dialect.name


def insert_rows(session: WriteSession, table: Table, rows: Sequence[Values]) -> None:
    """Insert rows that all have the same columns.

    Values are what JSON can hold, and instants. A default that Python computes is not applied, one in SQL is.
    """
    if not rows:
        return
    names = tuple(rows[0])
    if engine_name() == "sqlite":
        execute_on_sqlite(session, _insert(table), names, rows)
    else:
        session.connection().execute(_insert_from_json(table, names), {"rows": _for_json(table, rows)})


def execute_on_sqlite(
    session: WriteSession, statement: Executable, names: tuple[str, ...], rows: Iterable[Values]
) -> None:
    """Run a statement that is kept, and is changed no more, once for each row of values for its parameters.

    `names` are those of an insert's columns; of other statements, nothing. What a row leaves out is NULL. The driver
    gets tuples: SQLAlchemy makes a parameter set of each row, which takes as long as SQLite's own work.
    """
    text, order, processors = _compiled_for_sqlite(statement, names)
    rows_in_order = (list(map(row.get, order)) for row in rows)
    session.connection().exec_driver_sql(text, _for_driver(rows_in_order, processors))


def insert_columns(session: WriteSession, table: Table, alike: Values, columns: Mapping[str, Sequence[Any]]) -> int:
    """Insert rows, except those that conflict with another, and return how many were inserted.

    `alike` has the values that all rows share, `columns` the others of each row, in the order of the rows: columns are
    quicker to turn into what a driver takes than rows.
    """
    if engine_name() == "sqlite":
        count = len(next(iter(columns.values())))
        given = {**{name: repeat(value, count) for name, value in alike.items()}, **columns}
        return _insert_into_sqlite(session, table, tuple(given), given.values())
    statement = _insert_from_columns(table, tuple(alike), tuple(columns))
    return session.connection().execute(statement, {**alike, **columns}).rowcount


def _insert_into_sqlite(
    session: WriteSession, table: Table, names: tuple[str, ...], columns: Iterable[Iterable[Any]]
) -> int:
    """Insert the values of these columns into SQLite; every default of the others is the present instant.

    Rows that conflict with another are passed over. Returns how many were not. The driver gets tuples, as above, and
    the clock is asked once, which takes a quarter of the time if each row does.
    """
    statement, clock, dated, processors = _sqlite_insert(table, names)
    connection = session.connection()
    instants = repeat(connection.exec_driver_sql(clock).scalar())
    values = list(columns)
    for place, process in processors:
        values[place] = [None if value is None else process(value) for value in values[place]]
    rows = list(zip(*values, *[instants] * dated, strict=False))
    return connection.exec_driver_sql(statement, rows, {"preserve_rowcount": True}).rowcount


def _for_driver(rows: Iterable[list[Any]], processors: Sequence[Processor]) -> list[tuple[Any, ...]]:
    """Return rows of values as tuples for the driver."""
    parameters = []
    for values in rows:
        for place, process in processors:
            if values[place] is not None:
                values[place] = process(values[place])
        parameters.append(tuple(values))
    return parameters


@lru_cache(maxsize=256)
def _insert(table: Table) -> Insert:
    return insert(table)


@lru_cache(maxsize=256)
def _compiled_for_sqlite(statement: Any, names: tuple[str, ...]) -> tuple[str, list[str], list[Processor]]:
    """Return a statement's text, its parameters in order, and what makes values of some of them the driver's."""
    dialect = db.engine.dialect
    compiled: Any = statement.compile(dialect=dialect, column_keys=names or None)
    order: list[str] = compiled.positiontup
    return str(compiled), order, _processors([compiled.binds[name].type for name in order])


@lru_cache(maxsize=256)
def _sqlite_insert(table: Table, names: tuple[str, ...]) -> tuple[str, str, int, list[Processor]]:
    """Return the insert of tuples, the question for the instant at their end, how often that stands there, and what
    makes values of some columns the driver's."""
    dialect = db.engine.dialect
    dated = [column.name for column in table.columns if column.default is not None and column.name not in names]
    columns = [table.c[name] for name in (*names, *dated)]
    written = ", ".join(map(dialect.identifier_preparer.format_column, columns))
    values = ", ".join("?" * len(columns))
    statement = f"INSERT INTO {table.name} ({written}) VALUES ({values}) ON CONFLICT DO NOTHING"
    processors = _processors([table.c[name].type for name in names])
    return statement, str(select(utcnow()).compile(dialect=dialect)), len(dated), processors


def _processors(kinds: Iterable[TypeEngine[Any]]) -> list[Processor]:
    """Return what makes values of some of these types the driver's, with their places."""
    dialect = db.engine.dialect
    return _placed(kind.dialect_impl(dialect).bind_processor(dialect) for kind in kinds)


def read_processors(kinds: Iterable[TypeEngine[Any]]) -> list[Processor]:
    """Return what makes the driver's values of some of these types ours, with their places."""
    dialect = db.engine.dialect
    return _placed(kind.dialect_impl(dialect).result_processor(dialect, None) for kind in kinds)


def _placed(processors: Iterable[Callable[[Any], Any] | None]) -> list[Processor]:
    return [(place, process) for place, process in enumerate(processors) if process is not None]


def insert_missing(
    session: WriteSession,
    table: Table,
    rows: Sequence[Values],
    key: str | None = None,
    names: tuple[str, ...] | None = None,
) -> set[Any]:
    """Insert rows, as `insert_rows` does, except those that conflict with another; return the `key`s of the inserted.

    They are inserted in the order given. Without a `key` the set is empty. `names` are those of the columns; without
    them all rows have the same.
    """
    if not rows:
        return set()
    statement = _insert_missing(table, names or tuple(rows[0]), key, engine_name())
    values = rows if engine_name() == "sqlite" else {"rows": _for_json(table, rows)}
    result = session.connection().execute(statement, values)
    return set() if key is None else set(result.scalars())


def upsert(
    session: WriteSession,
    table: Table,
    rows: Sequence[Values],
    *,
    replaced: Sequence[str] = (),
    added: Sequence[str] = (),
) -> None:
    """Insert rows; of those whose primary key is there already, replace some columns and add to others."""
    statement = _upsert(table, tuple(replaced), tuple(added), engine_name())
    session.connection().execute(statement, rows)


def lock_or_create(session: WriteSession, query: Select[Any], table: Table, key: Values, defaults: Values) -> Row[Any]:
    """Return the row that `query` selects FOR UPDATE; if there is none, insert `key` and `defaults` and select again.

    The columns of `key` are the parameters of the query. Another transaction may insert the row first, and then has
    it until that ends.
    """
    while True:
        row = session.connection().execute(query, key).one_or_none()
        if row is not None:
            return row
        insert_missing(session, table, [{**key, **defaults}])


@lru_cache(maxsize=256)
def _insert_missing(table: Table, names: tuple[str, ...], key: str | None, engine: str) -> Any:
    insertion = sqlite.insert(table) if engine == "sqlite" else _insert_from_json(table, names)
    statement = insertion.on_conflict_do_nothing()
    return statement if key is None else statement.returning(table.c[key])


@lru_cache(maxsize=256)
def _upsert(table: Table, replaced: tuple[str, ...], added: tuple[str, ...], engine: str) -> Any:
    insertion = sqlite.insert(table) if engine == "sqlite" else postgresql.insert(table)
    changes: dict[str, ColumnElement[Any]] = {name: insertion.excluded[name] for name in replaced}
    changes |= {name: table.c[name] + insertion.excluded[name] for name in added}
    return insertion.on_conflict_do_update(index_elements=list(table.primary_key), set_=changes)


@lru_cache(maxsize=256)
def _insert_from_json(table: Table, names: tuple[str, ...]) -> postgresql.Insert:
    rows = json_rows({name: table.c[name].type for name in names}, bindparam("rows", type_=JSON()))
    return postgresql.insert(table).from_select(names, select(*(rows.c[name] for name in names)))


@lru_cache(maxsize=256)
def _insert_from_columns(table: Table, alike: tuple[str, ...], names: tuple[str, ...]) -> Any:
    """Return the insert of columns for PostgreSQL, each one a JSON array: rows as objects take four times as long."""
    shared = [bindparam(name, type_=table.c[name].type) for name in alike]
    columns = [_elements(table.c[name]) for name in names]
    insertion = postgresql.insert(table).from_select([*alike, *names], select(*shared, *columns))
    # Else the number of rows is gone with the cursor, which an insert closes at once.
    return insertion.on_conflict_do_nothing().execution_options(preserve_rowcount=True)


def _elements(of: Column[Any]) -> ColumnElement[Any]:
    """Return the values of a JSON array as those of a column; side by side, PostgreSQL goes through several at once.

    A text is not cast, so that one that is too long is refused and not cut.
    """
    texts = func.json_array_elements_text(bindparam(of.name, type_=JSON()))
    return texts if isinstance(of.type, String) else cast(texts, of.type)


def _for_json(table: Table, rows: Sequence[Values]) -> list[Values]:
    """Return rows with their instants as texts; most tables that are written row by row get none."""
    dated = [column.name for column in table.columns if isinstance(column.type, _DATED) and column.name in rows[0]]
    if not dated:
        return list(rows)
    return [{**row, **{name: _json_value(row[name]) for name in dated}} for row in rows]


def _json_value(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def json_rows(types: Mapping[str, TypeEngine[Any]], values: ColumnElement[Any]) -> TableValuedAlias:
    """Return the rows of a JSON value as a table, for PostgreSQL; what a row leaves out is NULL."""
    columns = [column(field, kind) for field, kind in types.items()]
    return func.json_to_recordset(values).table_valued(*columns, name="given").render_derived(with_types=True)


def select_json_keys(table: Table, name: str) -> Select[str]:
    """Return the query for the keys of the JSON objects in a column; what is damaged has none."""
    value = table.c[name]
    if engine_name() == "sqlite":
        keys = func.json_each(case((func.json_valid(value), value))).table_valued("key")
        return select(keys.c.key).select_from(table.join(keys, true()))
    return select(func.jsonb_object_keys(case((func.jsonb_typeof(value) == "object", value))))
