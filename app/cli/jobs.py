"""The commands that look at jobs and steer them."""

import sys
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from uuid import UUID

import click
from rich.text import Text

from app.cli import output
from app.cli.group import enrich
from app.cli.options import Number, Slug, any_workspace_option, job_argument, json_option
from app.db.session import end_read
from app.enrichment import queue
from app.enrichment.money.reports import dollars
from app.enrichment.queue import Backlog, EntityErrorView, ErrorSummary, JobView, QueueHealth
from app.enrichment.queue.error_schemas import EntityErrorSchema, ErrorSummarySchema
from app.enrichment.queue.queries import held_ids
from app.enrichment.queue.schemas import BacklogSchema, JobListSchema, JobSchema
from app.enrichment.queue.stop_rules import StopRule
from app.entities.csv.writer import csv_lines
from app.entities.pages import all_rows
from app.models.job import ENDED, JobStatus

WAITING_SECONDS = 600
"""How long work may wait with nobody looking for it before `jobs` says so."""
ERRORS_A_PAGE = 1000
HELD_SHOWN = 20


@enrich.command("jobs")
@click.option("--status", type=click.Choice([*map(str, JobStatus)]), help="Only jobs with this status.")
@any_workspace_option
@click.option("--list", "list_id", type=click.UUID, metavar="ID", help="Only jobs of this list.")
@click.option("--limit", type=Number(1, 200), default=20, show_default=True, help="How many.")
@click.option("--cursor", help="The nextCursor of an earlier page.")
@json_option
def list_(
    status: str | None, workspace: str | None, list_id: UUID | None, limit: int, cursor: str | None, as_json: bool
) -> None:
    """List jobs, newest first."""
    wanted = None if list_id is None else str(list_id)
    page = queue.list_jobs(workspace_slug=workspace, status=status, list_id=wanted, cursor=cursor, limit=limit)
    warning = _neglect(queue.health())
    backlog = queue.backlog()
    end_read()
    value = {**JobListSchema().dump(page), "backlog": BacklogSchema().dump(backlog)}
    columns, row = _table()
    empty = "No such jobs." if any([status, workspace, list_id, cursor]) else _empty_state()
    rows, more = map(row, page.rows), "Older ones: --cursor {}"
    output.print_page(value, columns, rows, page.next_cursor, as_json=as_json, empty=empty, more=more)
    if backlog.workers_wanted:
        output.note(_waiting(backlog))
    if warning is not None:
        output.note(warning)


def _table() -> tuple[list[str], Callable[[JobView], list[object]]]:
    """Return the columns of the list, and what makes a job's row of them."""
    if output.is_terminal(sys.stdout):
        return ["job", "status", "progress", "errors", "age"], _drawn_row
    columns = ["id", "status", "provider", "type", "progress", "errors", "cost", "cap", "age", "reason"]
    return columns, _plain_row


def _plain_row(job: JobView) -> list[object]:
    progress = f"{job.processed}/{job.total}"
    money = [dollars(job.cost_micros), output.money(job.cap_micros)]
    about = [job.id, job.status, job.provider, job.entity_type]
    return [*about, progress, job.errors, *money, _age(job), _reason(job)]


def _drawn_row(job: JobView) -> list[object]:
    """Return a row of few columns and several lines, so that it fits a terminal of 80 characters."""
    cap = "" if job.cap_micros is None else f" of {dollars(job.cap_micros)}"
    about = output.with_details(
        job.id, f"{job.entity_type}, {job.provider}, {dollars(job.cost_micros)}{cap}", _reason(job)
    )
    progress = Text(f"{job.processed:,}/{job.total:,}\n{job.percent:g} %")
    return [about, job.status, progress, f"{job.errors:,}", _age(job)]


def _age(job: JobView) -> str:
    return output.duration(output.since(job.created_at))


def _reason(job: JobView) -> str:
    if job.stalled:
        return "stalled: its worker is gone"
    reason = job.pause_reason or ""
    return reason if job.resume_at is None else f"{reason} (until {output.clock(job.resume_at)})"


def _empty_state() -> str:
    enrich_command = output.enrich_command()
    return (
        "No jobs yet. To make one:\n"
        f"  {enrich_command} import company companies.csv\n"
        f"  {enrich_command} enqueue company --all\n"
        f"Or see it all at work on sample data: {enrich_command} demo"
    )


def _waiting(backlog: Backlog) -> str:
    if not backlog.claimable_chunks:
        return f"Exports or figures wait to be worked on; workers wanted: {backlog.workers_wanted}."
    chunks = output.count(backlog.claimable_chunks, "chunk")
    age = output.duration(backlog.oldest_age_seconds or 0)
    return f"Waiting in all: {chunks}, the oldest job for {age}; workers wanted: {backlog.workers_wanted}."


def _neglect(health: QueueHealth) -> str | None:
    """Say that nobody drives the queue, if work has been waiting and nothing has looked for it."""
    waited = health.oldest_job_age_seconds or 0
    silent = waited if health.last_drain_at is None else output.since(health.last_drain_at)
    if min(waited, silent) < WAITING_SECONDS:
        return None
    enrich_command = output.enrich_command()
    return (
        f"Nothing has called the processor for {output.duration(silent)}, and work is waiting:"
        f" run `{enrich_command} process`, by cron, or `{enrich_command} work` as a service."
    )


@enrich.command()
@job_argument
@json_option
def show(job_id: str, as_json: bool) -> None:
    """Show everything about one job."""
    job = queue.get_job(job_id)
    held = held_ids(job.id, limit=HELD_SHOWN) if job.held and not as_json else []
    end_read()
    if as_json:
        output.print_json(JobSchema().dump(job))
        return
    output.print_facts(_facts(job))
    for line in (*_held_lines(job, held), *_next_steps(job)):
        output.note(line)


def _held_lines(job: JobView, held: list[str]) -> Iterator[str]:
    """Say which entities are held, and what to do about them."""
    if not held:
        return
    more = f" and {job.held - len(held):,} more" if job.held > len(held) else ""
    yield f"Held, since it is unknown whether a call was paid: {', '.join(held)}{more}"
    when = "" if job.status in ENDED else ", once the job has ended"
    enrich_command = output.enrich_command()
    if job.held_accepted_at is not None:
        yield "It was accepted that they stay as they are."
        return
    yield f"Ask about them again, which may be paying again{when}: {enrich_command} retry {job.id} --held"
    yield f"Or accept that they stay as they are{when}: {enrich_command} accept-held {job.id}"


def _facts(job: JobView) -> list[tuple[str, object]]:
    rule = StopRule.read(job.stop_when)
    return [
        ("id", job.id),
        ("status", job.status + (" (stalled: its worker is gone; the next call takes over)" if job.stalled else "")),
        ("reason", job.pause_reason),
        ("resumes", output.clock(job.resume_at) or ("when resumed by hand" if job.paused_manually else "")),
        ("workspace", job.workspace_slug),
        ("entity type", job.entity_type),
        ("provider", job.provider),
        *_options(job),
        ("priority", job.priority),
        ("chunk size", job.chunk_size),
        ("progress", f"{job.processed:,} of {job.total:,} ({job.percent:g} %)"),
        ("success", f"{job.success:,}"),
        ("errors", f"{job.errors:,}"),
        ("skipped", f"{job.skipped:,}"),
        ("held", f"{job.held:,}"),
        ("cost", dollars(job.cost_micros)),
        ("cap", output.money(job.cap_micros)),
        ("stops", None if rule is None else rule.describe()),
        ("repeated ids", f"{job.duplicates:,}"),
        ("excluded", f"{job.excluded:,}" if job.excluded else None),
        ("ETA", None if job.eta_seconds is None else output.duration(job.eta_seconds)),
        ("of list", job.list_id),
        ("retries job", job.parent_job_id),
        ("retries", _retried(job)),
        ("created", output.clock(job.created_at)),
        ("started", output.clock(job.started_at)),
        ("finished", output.clock(job.finished_at)),
    ]


def _retried(job: JobView) -> str | None:
    """Return which entities of its parent a job retries; None: all that were left."""
    parts = job.retry_filter or {}
    return ", ".join(name if value is True else f"{name} {value}" for name, value in parts.items()) or None


def _options(job: JobView) -> list[tuple[str, object]]:
    """Return what the job's request said about its waterfall."""
    options = job.options or {}
    texts = {name: ", ".join(value) if isinstance(value, list) else value for name, value in options.items()}
    return [(name, texts.get(name)) for name in ("order", "until", "verifier")]


def _next_steps(job: JobView) -> Iterator[str]:
    """Say which commands make sense for a job now."""
    enrich_command = output.enrich_command()
    if job.errors:
        yield f"What failed: {enrich_command} errors {job.id} --summary"
        if job.status in ENDED:
            yield f"Try again what failed{' or is held' if job.held else ''}: {enrich_command} retry {job.id}"
    if job.status == JobStatus.PAUSED:
        yield f"Go on with it: {enrich_command} resume {job.id}"
    if job.status == JobStatus.PENDING:
        yield f"Work on it: {enrich_command} process --job {job.id}"


@enrich.command()
@job_argument
@click.option("--code", metavar="CODE", help="Only errors of this code.")
@click.option("--provider", type=Slug(), help="Only errors caused by this provider's answers.")
@click.option("--summary", "as_summary", is_flag=True, help="Count them by code and provider.")
@click.option("--limit", type=Number(1, 1_000_000), default=100, show_default=True, help="How many.")
@click.option("--csv", "as_csv", is_flag=True, help="Print all of them as CSV.")
@json_option
def errors(
    job_id: str,
    code: str | None,
    provider: str | None,
    as_summary: bool,
    limit: int,
    as_csv: bool,
    as_json: bool,
) -> None:
    """List what failed in one job, oldest first."""
    if as_csv and (as_json or as_summary):
        raise click.UsageError(f"Expected --csv or --{'json' if as_json else 'summary'}, not both.")
    rows = partial(queue.list_errors, job_id, code=code, provider=provider)
    if as_summary:
        if code or provider:
            raise click.UsageError("Expected --summary of all errors, without --code and --provider.")
        _print_summary(queue.summarize_errors(job_id), as_json=as_json)
    elif as_csv:
        for block in csv_lines(["entityId", *_ERROR_COLUMNS], map(_error_row, all_rows(rows, ERRORS_A_PAGE))):
            click.echo(block, nl=False)
    else:
        _print_errors([*islice(all_rows(rows, min(limit, ERRORS_A_PAGE)), limit)], limit, as_json=as_json)


def _print_summary(summary: ErrorSummary, *, as_json: bool) -> None:
    end_read()
    rows = [[kind.code, kind.provider, f"{kind.count:,}"] for kind in summary.kinds]
    if rows:
        rows.append(["total", "", f"{summary.total:,}"])
    value, columns = ErrorSummarySchema().dump(summary), ["code", "provider", "errors"]
    output.print_page(value, columns, rows, as_json=as_json, empty="No errors.")
    if summary.held and not as_json:
        output.note(f"Held, since it is unknown whether a call was paid: {summary.held:,}.")


def _print_errors(views: list[EntityErrorView], limit: int, *, as_json: bool) -> None:
    if as_json:
        output.print_json(EntityErrorSchema(many=True).dump(views))
        return
    output.print_page(None, ["entity", *_ERROR_COLUMNS], map(_error_row, views), empty="No errors.")
    if len(views) == limit:
        output.note("There may be more: --limit, or --csv for all of them.")


_ERROR_COLUMNS = ("code", "error", "at")


def _error_row(error: EntityErrorView) -> list[object]:
    return [error.entity_id, error.code, error.error, output.clock(error.at)]


def _add_move(name: str, move: Callable[[str], JobView], help_: str) -> None:
    """Add a command that changes where a job stands and prints what came of it."""

    @job_argument
    @json_option
    def command(job_id: str, as_json: bool) -> None:
        job = move(job_id)
        end_read()
        output.print_result(JobSchema().dump(job), f"Job {job.id} is {job.status}.", as_json=as_json)

    enrich.command(name, help=help_)(command)


_add_move("pause", queue.pause, "Stop a job until it is resumed.")
_add_move("resume", queue.resume, "Resume a paused job.")
_add_move("cancel", queue.cancel, "Cancel a job; everything decided so far is kept.")
