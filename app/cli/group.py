"""The group of all commands, and the one place where what a command raises becomes its exit code.

An error is one line on stderr. A bug is told by its kind and place alone, since its message may
hold somebody's data; `LOG_LEVEL=DEBUG` and `flask --debug enrich …` show the traceback.
"""

import errno
import gc
import getpass
import logging
import sqlite3
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from enum import IntEnum
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import click
from flask import Flask, current_app
from flask.cli import AppGroup, ScriptInfo
from flask.helpers import get_debug_flag
from sqlalchemy.exc import DBAPIError

from app import hints
from app.audit.events import Actor, acting_as
from app.cli import output
from app.config import PROJECT_ROOT, ConfigError, config
from app.db.failures import is_missing_table, why_unavailable
from app.error_reports import report
from app.errors import AppError, DamagedData, DatabaseUnavailable, NotMigrated, ProviderNotAvailable
from app.models.audit_event import ActorKind
from app.values.text import storable


class ExitCode(IntEnum):
    """How a command ended. A command stopped by a signal ends with 128 and the signal's number."""

    DONE = 0
    """Done, or there was nothing to do."""
    BUG = 1
    USAGE = 2
    """The command line, an input file, or what it names is not as documented."""
    CONFIGURATION = 3
    """A setting has to be made or changed first."""
    DATABASE = 4
    """The database is unreachable, locked, full, read-only or not migrated, or there is no room for the output."""
    PAUSED = 5
    """The work ran, and what is left of it is paused."""
    CONFLICT = 6
    """The work ran, and rows that contradict what is stored were left out."""
    INTERRUPTED = 130


class TerseCommand(click.Command):
    """A command whose stderr says only what matters to whoever typed it, or to cron's mail."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command with log lines from warnings up."""
        with _terse_logs():
            return super().invoke(ctx)


class EnrichGroup(AppGroup):
    """A group whose commands end with an `ExitCode` and one line on stderr."""

    command_class = TerseCommand
    group_class = type
    create_app: Callable[[], Flask] | None = None
    """Makes the application if neither `--app` nor FLASK_APP names one."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted(MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command by its name; only now its module is loaded."""
        if cmd_name in MODULES:
            import_module(MODULES[cmd_name])
            # What has been loaded stays for good, so the collector need not look through it again and again.
            gc.freeze()
        return super().get_command(ctx, cmd_name)

    def make_context(self, *args: Any, **options: Any) -> click.Context:
        """Read the command line, which also prints the help; output that has no room ends as with a command."""
        try:
            return super().make_context(*args, **options)
        except OSError as error:
            if error.errno not in output.FULL:
                raise
            raise SystemExit(_tell_failure(error)) from None

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command, and turn what it raises into the way it ends."""
        output.make_printable()
        try:
            app = self._load_app(ctx.ensure_object(ScriptInfo))
            if not current_app:
                # The `flask` program may have pushed one by now.
                ctx.with_resource(app.app_context())
            ctx.with_resource(acting_as(Actor(ActorKind.COMMAND, _account())))
            result = _flushed(super().invoke, ctx)
            hints.flush()
            return result
        except (click.exceptions.Exit, click.Abort, click.exceptions.NoArgsIsHelpError):
            raise
        except KeyboardInterrupt:
            output.complain("stopped.")
            ctx.exit(ExitCode.INTERRUPTED)
        except Exception as error:
            # A reader such as `head` that has seen enough; click ends quietly then.
            if isinstance(error, OSError) and error.errno == errno.EPIPE:
                raise
            ctx.exit(_tell_failure(error))

    def _load_app(self, info: ScriptInfo) -> Flask:
        if info.app_import_path is None and info.create_app is None:
            info.create_app = self.create_app
        return info.load_app()


MODULES: Final[Mapping[str, str]] = {
    "accept-held": "app.cli.retry",
    "audit": "app.cli.audit",
    "cancel": "app.cli.jobs",
    "caps": "app.cli.caps",
    "console": "app.cli.console",
    "continue": "app.cli.pilots",
    "costs": "app.cli.money",
    "demo": "app.cli.demo",
    "enqueue": "app.cli.enqueue",
    "errors": "app.cli.jobs",
    "exclude": "app.cli.exclusions",
    "exclusions": "app.cli.exclusions",
    "explain": "app.cli.explain",
    "export": "app.cli.lists",
    "exports": "app.cli.exports",
    "import": "app.cli.lists",
    "include": "app.cli.exclusions",
    "jobs": "app.cli.jobs",
    "keys": "app.cli.keys",
    "lists": "app.cli.entity_lists",
    "metrics": "app.cli.metrics",
    "partition": "app.cli.partition",
    "pause": "app.cli.jobs",
    "pilot": "app.cli.pilots",
    "preview": "app.cli.previews",
    "process": "app.cli.work",
    "provider-keys": "app.cli.provider_keys",
    "providers": "app.cli.money",
    "refused": "app.cli.previews",
    "resume": "app.cli.jobs",
    "retry": "app.cli.retry",
    "serve": "app.cli.service",
    "show": "app.cli.jobs",
    "undo": "app.cli.undo",
    "undo-field": "app.cli.undo",
    "upgrade": "app.cli.service",
    "users": "app.cli.users",
    "webhooks": "app.cli.webhooks",
    "what-if": "app.cli.what_if",
    "work": "app.cli.work",
    "yield": "app.cli.yields",
}
"""The commands and the modules that add them to the group. A module is loaded when one of its commands is asked for."""


@click.group("enrich", cls=EnrichGroup)
def enrich() -> None:
    """Enrich lists of people and companies.

    Exit codes: 0 done or nothing to do; 1 a bug; 2 usage; 3 configuration; 4 database unreachable, locked, full,
    read-only or not migrated, or no room for the output; 5 ran, but work is paused.
    """


def _tell_failure(error: Exception) -> ExitCode:
    """Print the line that says why a command failed, and return how it ends."""
    code, line = explain(error)
    if code is ExitCode.BUG:
        report(error)
        if _is_debugging():
            traceback.print_exception(error)
    with suppress(OSError):
        output.flush()
    output.complain(line)
    return code


def _flushed(invoke: Callable[[click.Context], Any], ctx: click.Context) -> Any:
    """Run a command up to the last byte of its output, also if it ends with an exit code of its own."""
    try:
        result = invoke(ctx)
    except click.exceptions.Exit:
        output.flush()
        raise
    output.flush()
    return result


def explain(error: Exception) -> tuple[ExitCode, str]:
    """Return the exit code that an exception ends a command with, and the line that says why."""
    if isinstance(error, click.ClickException):
        if isinstance(error.exit_code, ExitCode):
            # A migration says itself how it ends.
            return error.exit_code, error.message
        return ExitCode.USAGE, _usage_line(error)
    if isinstance(error, ConfigError):
        return ExitCode.CONFIGURATION, str(error)
    if isinstance(error, OSError) and error.errno in output.FULL:
        return ExitCode.DATABASE, _full_line(error)
    return _explain_database(error) or _explain_own(error)


def _full_line(error: OSError) -> str:
    where = output.clean(output.optional(" {}", error.filename))
    return f"The output{where} cannot be written: {error.strerror}."


def _explain_database(error: Exception) -> tuple[ExitCode, str] | None:
    """Return what to say of an exception that the database is the cause of; None: it is not."""
    if is_missing_table(error):
        return ExitCode.DATABASE, NotMigrated().message
    if isinstance(error, DamagedData):
        return ExitCode.BUG, error.message
    reason = why_unavailable(error)
    if reason is not None or _is_broken_database(error):
        return ExitCode.DATABASE, unavailable_line(reason)
    return None


def _explain_own(error: Exception) -> tuple[ExitCode, str]:
    if isinstance(error, AppError) and error.code != AppError.code:
        return _code_of(error), _with_details(error)
    hint = "" if _is_debugging() else " LOG_LEVEL=DEBUG shows the traceback."
    return ExitCode.BUG, f"this is a bug: {type(error).__name__} at {_place(error)}.{hint}"


def unavailable_line(reason: str | None) -> str:
    """Return the line that says that the database cannot be used and, if a phrase is given, why."""
    message = DatabaseUnavailable().message if reason is None else f"The database cannot be used: {reason}."
    return f"{message} DATABASE_URL says which one it is."


def _usage_line(error: click.ClickException) -> str:
    message = output.clean(error.format_message())
    context = getattr(error, "ctx", None)
    message = message if message.endswith((".", "?")) else f"{message}."
    return message if context is None else f"{message} See: {context.command_path} --help"


def _code_of(error: AppError) -> ExitCode:
    if isinstance(error, DatabaseUnavailable):
        return ExitCode.DATABASE
    return ExitCode.CONFIGURATION if isinstance(error, ProviderNotAvailable) else ExitCode.USAGE


def _with_details(error: AppError) -> str:
    """Return an error's message with the details that it does not say itself."""
    more = [f"{part['path']}: {part['message']}" for part in error.details if part["message"] not in error.message]
    return f"{error.message.rstrip('.')} ({'; '.join(more)})." if more else error.message


def _is_broken_database(error: BaseException) -> bool:
    """Return whether SQLite could not make sense of its file, or ran out of disk outside of SQLAlchemy's sight."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return isinstance(cause, sqlite3.OperationalError) or type(cause) is sqlite3.DatabaseError


def _place(error: BaseException) -> str:
    """Return the innermost place of ours that an exception came through, `app/enrichment/queue/worker.py:12`."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(PROJECT_ROOT / "app")]
    if not ours:
        return "an unknown place"
    return f"{Path(ours[-1].filename).relative_to(PROJECT_ROOT)}:{ours[-1].lineno}"


def _is_debugging() -> bool:
    return get_debug_flag() or config().LOG_LEVEL == "DEBUG"


def _account() -> str | None:
    """Return the system's account that the command runs under, if it has a name."""
    try:
        return storable(getpass.getuser())[:64] or None
    except (ImportError, KeyError, OSError):
        return None


@contextmanager
def _terse_logs() -> Iterator[None]:
    """Let only warnings and errors through, unless everything was asked for."""
    root = logging.getLogger()
    level = root.level
    if config().LOG_LEVEL != "DEBUG":
        root.setLevel(max(level, logging.WARNING))
    try:
        yield
    finally:
        root.setLevel(level)
