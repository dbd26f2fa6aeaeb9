"""How Alembic runs here: on the application's own engine, one transaction for each revision."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import click
from alembic import context
from alembic.runtime.migration import MigrationContext, MigrationInfo
from flask import current_app
from sqlalchemy import Connection

from app.cli import output
from app.cli.group import ExitCode, unavailable_line
from app.db.failures import why_unavailable
from app.db.partitions import TABLE as PARTITIONED

db = current_app.extensions["migrate"].db
configure_args = current_app.extensions["migrate"].configure_args


class DatabaseAway(click.ClickException):
    """The database cannot be used; told in one line, since a traceback would only hide why."""

    exit_code = ExitCode.DATABASE

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the line on stderr."""
        output.complain(self.message)


def run_migrations_offline() -> None:
    """Print the SQL instead of running it (`flask db upgrade --sql`)."""
    url = db.engine.url.render_as_string(hide_password=False)
    context.configure(url=url, target_metadata=db.metadata, literal_binds=True, **configure_args)
    with context.begin_transaction():
        context.run_migrations()


def run_migrations_online() -> None:
    """Run the revisions on the configured database."""
    with db.engine.connect() as connection, _without_cascades(connection):
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            include_name=_is_compared,
            transaction_per_migration=True,
            on_version_apply=_check_references,
            **configure_args,
        )
        with context.begin_transaction():
            context.run_migrations()


def _is_compared(name: str | None, kind: str, _parents: object) -> bool:
    """Return whether something of the database is compared with the models: partitions stand in none."""
    return not (kind == "table" and name is not None and name.startswith(f"{PARTITIONED}_"))


@contextmanager
def _without_cascades(connection: Connection) -> Iterator[None]:
    """Keep SQLite from deleting what refers to a table that a revision drops and makes anew.

    SQLite ignores the switch inside a transaction, so it is turned around all of them:
    https://www.sqlite.org/lang_altertable.html#making_other_kinds_of_table_schema_changes
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    # The driver's own connection: to execute on SQLAlchemy's would begin a transaction.
    driver: Any = connection.connection.dbapi_connection
    driver.execute("PRAGMA foreign_keys=OFF")
    # Or no table could take the place of one that a view reads.
    driver.execute("PRAGMA legacy_alter_table=ON")
    try:
        yield
    finally:
        connection.rollback()
        driver.execute("PRAGMA legacy_alter_table=OFF")
        driver.execute("PRAGMA foreign_keys=ON")


def _check_references(ctx: MigrationContext, step: MigrationInfo, heads: object, run_args: object) -> None:
    """Refuse a revision that leaves rows without what they refer to; it is still in its transaction."""
    if ctx.connection is None or ctx.dialect.name != "sqlite":
        return
    broken = sorted({row[0] for row in ctx.connection.exec_driver_sql("PRAGMA foreign_key_check")})
    if broken:
        tables = ", ".join(broken)
        raise click.ClickException(
            f"Revision {step.up_revision_id} is undone: rows in {tables} would refer to nothing."
        )


def _run_online_or_say_why() -> None:
    try:
        run_migrations_online()
    except Exception as error:
        reason = why_unavailable(error)
        if reason is None:
            raise
        raise DatabaseAway(unavailable_line(reason)) from error


if context.is_offline_mode():
    run_migrations_offline()
else:
    _run_online_or_say_why()
