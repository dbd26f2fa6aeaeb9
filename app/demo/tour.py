"""`flask enrich demo`: sample lists through the whole service, on a database of its own."""

import secrets
import shlex
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import click
from flask import Flask, current_app
from rich.text import Text
from sqlalchemy import select

from app import demo as samples
from app import logs
from app.cli import output
from app.cli.console import serve
from app.cli.lists import describe_remarks, describe_report, write_atomically
from app.cli.progress import DrainProgress
from app.config import PROJECT_ROOT, Config, config
from app.db.migrations import upgrade
from app.db.session import end_read
from app.demo import waterfalls
from app.enrichment import queue
from app.enrichment.queue import JobView
from app.enrichment.waterfall.work_loop import Waterfall
from app.entities.csv.exports import export_csv
from app.entities.csv.import_report import ImportReport
from app.entities.csv.imports import import_csv
from app.entities.fields import Fields
from app.entities.pages import all_rows
from app.entities.read import list_entities, select_ids
from app.extensions import db
from app.models.attempt import entity_revisions
from app.providers.names import WATERFALL
from app.values.entity_types import PLURALS, EntityType
from app.web.auth import DEFAULT_WORKSPACE

MARK: Final = 0x7472616E
"""SQLite's application id of a demo's database, by which it is known as one that may be deleted."""
CHUNK_SIZE: Final = 20
PROVIDER_SECONDS: Final = 0.8
"""How long a played provider thinks about a call while somebody watches."""
CONSOLE_CALLS: Final = 2
"""How many it is asked at once then: a run lasts a few minutes."""
ROWS_SHOWN: Final = 6
REFUSALS_SHOWN: Final = 5
MAX_CELL_CHARS: Final = 32

CreateApp = Callable[[Config], Flask]
Sight = dict[str, tuple[str, str]]
"""One entity by column: as given, and normalised."""


def run(create_app: CreateApp, database: Path | None, *, with_providers: bool) -> None:
    """Take the sample lists through the service, in an application and a database of the demo's own.

    `database` is the SQLite file to make anew, by default one in the instance folder. It stays.
    """
    with waterfalls.play_providers() if with_providers else nullcontext() as server:
        path = _make_database(database)
        settings = {"PROVIDERS": waterfalls.settings_for(server)} if server else {}
        with _application(create_app, path, **settings):
            for entity_type in _TYPES:
                _bring_in(entity_type)
            jobs = waterfalls.enrich_twice(_TYPES, CHUNK_SIZE, server) if server else _normalize()
            _tell_changes()
            files = [_export(entity_type, path) for entity_type in _TYPES]
            end_read()
    more = ["costs"] if with_providers else ["enqueue person --all", "process --verbose"]
    _tell_next(path, jobs[0], files, more=more)


def serve_console(create_app: CreateApp, database: Path | None, port: int) -> None:
    """Serve the console with jobs of the sample lists under way, in an application and a database of the demo's own.

    The providers are played, and take their time, so that there is something to watch.
    """
    with waterfalls.play_providers(latency=PROVIDER_SECONDS) as server:
        path = _make_database(database)
        settings = {"PROVIDERS": waterfalls.settings_for(server), "SECRET_KEY": secrets.token_urlsafe(32)}
        with _application(create_app, path, **settings, ENRICH_CONCURRENCY=CONSOLE_CALLS) as app:
            for entity_type in _TYPES:
                _bring_in(entity_type)
                _enqueue(entity_type, provider=WATERFALL)
            serve(app, port)


def _normalize() -> list[str]:
    """Normalise what was imported, show what that changed and return the jobs' ids."""
    jobs = [*map(_enqueue, _TYPES)]
    with DrainProgress(is_shown=output.is_terminal(sys.stderr)) as progress:
        queue.drain(work=Waterfall(), on_chunk=progress.on_chunk)
    for job_id in jobs:
        _show(queue.get_job(job_id))
    return jobs


def _bring_in(entity_type: EntityType) -> None:
    """Import a sample list."""
    sample = Path(samples.__file__).with_name(f"{PLURALS[entity_type]}.csv")
    with sample.open("rb") as stream:
        report = import_csv(entity_type, stream, workspace_slug=DEFAULT_WORKSPACE)
    click.echo(f"Imported {sample.relative_to(PROJECT_ROOT)}: {describe_report(report, entity_type)}")
    for line in describe_remarks(report):
        click.echo(f"  {line}")
    _tell_refusals(report)


def _enqueue(entity_type: EntityType, provider: str = "ai-normalizer") -> str:
    """Make a job of what was imported and return its id."""
    ids = select_ids(entity_type, workspace_slug=DEFAULT_WORKSPACE, all_=True)
    accepted = queue.accept_job(entity_type, provider, ids, chunk_size=CHUNK_SIZE)
    click.echo(f"Enqueued the {PLURALS[entity_type]} as job {accepted.job_id}, in chunks of {CHUNK_SIZE}.")
    return accepted.job_id


def _tell_refusals(report: ImportReport) -> None:
    for refusal in report.refusals[:REFUSALS_SHOWN]:
        click.echo(f"  line {refusal.line} refused: {output.clean(refusal.reason)}")
    if report.refused > REFUSALS_SHOWN:
        click.echo(f"  … and {report.refused - REFUSALS_SHOWN} more")


def _show(job: JobView) -> None:
    """Print what became of a job's entities, and the most telling of them before and after."""
    kind = PLURALS[job.entity_type]
    counts = f"{job.success:,} success, {job.skipped:,} skipped (nothing to go by), {job.errors:,} errors"
    click.echo(f"\nNormalised {job.processed:,} {kind}: {counts}. The job is {job.status}.")
    see = _SIGHTS[job.entity_type]
    views = all_rows(partial(list_entities, job.entity_type, workspace_slug=DEFAULT_WORKSPACE))
    sights = _telling([see(view.fields) for view in views], key=_VARIETY[job.entity_type])
    columns = list(see({}))
    rows = [row for sight in sights for row in _before_and_after(sight)]
    output.print_table(["", *columns], rows)


def _before_and_after(sight: Sight) -> Iterator[list[object]]:
    yield ["before", *(Text(_short(before), style="dim") for before, _ in sight.values())]
    yield ["after", *(_short(after) for _, after in sight.values())]


def _short(text: str) -> str:
    text = output.clean(text)
    return text if len(text) <= MAX_CELL_CHARS else text[: MAX_CELL_CHARS - 1] + "…"


def _telling(sights: list[Sight], *, key: str) -> list[Sight]:
    """Return the entities of which most was changed, one of a kind by the column `key`."""
    ranked = sorted(sights, key=_changed_and_filled)
    best = {sight[key][1]: sight for sight in ranked}
    return [sight for sight in reversed(ranked) if best[sight[key][1]] is sight][:ROWS_SHOWN]


def _changed_and_filled(sight: Sight) -> tuple[int, int]:
    """Return how many cells of an entity were changed, and how many have a value now."""
    filled = [(before, after) for before, after in sight.values() if after]
    return sum(bool(before) and before != after for before, after in filled), len(filled)


def _person(fields: Fields) -> Sight:
    value = _Values(fields)
    parts = f"{value('first_name')} {value('last_name')}".strip()
    return {
        "name": (value("full_name") or parts, value("normalized_full_name")),
        "job title": (value("job_title"), value("normalized_job_title")),
        "seniority": (value("seniority"), value("normalized_seniority")),
        "country": (value("location_country") or value("location"), value("normalized_country_code")),
        "phone": (value("phone") or value("mobile_phone"), value("normalized_phone")),
    }


def _company(fields: Fields) -> Sight:
    value = _Values(fields)
    lowest, highest = value("normalized_headcount_min"), value("normalized_headcount_max")
    headcount = lowest if lowest == highest else f"{lowest}-{highest}" if highest else f"{lowest}+"
    return {
        "name": (value("name"), value("normalized_name")),
        "industry": (value("industry"), value("normalized_industry")),
        "headcount": (value("headcount"), headcount),
        "country": (value("hq_country") or value("location"), value("normalized_country_code")),
        "founded": (value("year_founded"), value("normalized_year_founded")),
    }


@dataclass(frozen=True, slots=True)
class _Values:
    """An entity's fields as text, blank if there is none."""

    fields: Fields

    def __call__(self, name: str) -> str:
        value = self.fields.get(name)
        return "" if value is None else str(value)


_TYPES: Final[tuple[EntityType, ...]] = ("company", "person")
_SIGHTS: Final[dict[str, Callable[[Fields], Sight]]] = {"person": _person, "company": _company}
_VARIETY: Final = {"person": "seniority", "company": "industry"}


def _tell_changes() -> None:
    changes = sum(len(changes) for changes in db.session.scalars(select(entity_revisions.c.changes)))
    end_read()
    click.echo(f"\n{changes:,} values were written; each is on record with its provider, time and former value.")


def _export(entity_type: EntityType, database: Path) -> Path:
    path = database.with_name(f"{database.stem}-{PLURALS[entity_type]}.csv")
    write_atomically(path, export_csv(entity_type, workspace_slug=DEFAULT_WORKSPACE))
    return path


def _tell_next(path: Path, job_id: str, files: list[Path], *, more: list[str]) -> None:
    enrich_command = output.enrich_command()
    there = f"DATABASE_URL={shlex.quote(f'sqlite:///{path}')} {enrich_command}"
    click.echo(f"Exported to {' and '.join(map(str, files))}.")
    click.echo("\nTo look around in the demo's database:")
    for command in ("jobs", f"show {job_id}", *more):
        click.echo(f"  {there} {command}")
    click.echo("\nTo begin with your own lists:")
    for command in (
        "upgrade",
        "import company companies.csv",
        "enqueue company --all",
        "process",
        "export company -o companies-enriched.csv",
    ):
        click.echo(f"  {enrich_command} {command}")


def _make_wanted(wanted: Path) -> Path:
    path = wanted.absolute()
    try:
        if path.exists() and not _is_demo(path):
            raise click.UsageError("The file of --database is there already and was not made by a demo.")
        _make_file(path)
    except (OSError, sqlite3.Error) as exc:
        raise click.FileError(str(wanted), hint="expected a place to make a file in") from exc
    return path


def _make_database(wanted: Path | None) -> Path:
    """Make an empty database file and return its path; an earlier demo's is deleted, any other file is not."""
    if wanted is not None:
        return _make_wanted(wanted)
    path = Path(current_app.instance_path) / "demo.db"
    try:
        if not path.exists() or _is_demo(path):
            _make_file(path)
            return path
    except (OSError, sqlite3.Error):
        pass
    # The folder cannot be written to, or the name is taken by somebody's own database.
    path = Path(tempfile.mkdtemp(prefix="tranche-demo-")) / "demo.db"
    _make_file(path)
    return path


def _is_demo(path: Path) -> bool:
    """Tell by its header (https://www.sqlite.org/fileformat.html, byte 68) whether a demo made a file."""
    with path.open("rb") as file:
        header = file.read(100)
    return header.startswith(b"SQLite format 3\0") and header[68:72] == MARK.to_bytes(4, "big")


def _make_file(path: Path) -> None:
    if "?" in str(path):
        # In a database URL the path would end there, at another file.
        raise OSError("expected a path without a question mark")
    path.parent.mkdir(parents=True, exist_ok=True)
    for suffix in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA application_id = {MARK}")


@contextmanager
def _application(create_app: CreateApp, path: Path, **settings: Any) -> Iterator[Flask]:
    """Push an application on the demo's database, migrated, with these settings and defaults for the rest."""
    app = create_app(Config(DATABASE_URL=f"sqlite:///{path}", LOG_LEVEL="WARNING", **settings))
    try:
        with app.app_context():
            upgrade()
            yield app
            db.session.remove()
            db.engine.dispose()
    finally:
        logs.configure(config())
