"""The command that says what the providers gave for their money."""

from datetime import date

import click

from app.cli import output
from app.cli.group import enrich
from app.cli.money import Day
from app.cli.options import any_workspace_option, json_option
from app.cli.progress import counting
from app.db.session import end_read
from app.enrichment.money.reports import dollars
from app.enrichment.money.yield_schemas import YieldReportSchema
from app.enrichment.money.yields import Figures, YieldReport, job_yield, report_yield
from app.enrichment.waterfall.list_yields import list_yield
from app.web.auth import DEFAULT_WORKSPACE

COLUMNS = ("calls", "answers", "finds", "rate", "in turn", "rejected", "overlap", "cost", "per value", "p50", "p95")


@enrich.command(name="yield")
@click.option("--job", "job_id", metavar="JOB", help="The yield of one job.")
@click.option("--list", "list_name", metavar="LIST", help="The yield of a list's members, by its name or id.")
@click.option("--from", "first_day", type=Day(), help="The first day, UTC.  [30 days, the last one included]")
@click.option("--to", "last_day", type=Day(), help="The last day, UTC.  [today]")
@any_workspace_option
@json_option
def yield_(
    job_id: str | None,
    list_name: str | None,
    first_day: date | None,
    last_day: date | None,
    workspace: str | None,
    as_json: bool,
) -> None:
    """Show what each provider found, how often, how fast and at what cost: for a job, a list, or some days."""
    if sum(map(bool, (job_id, list_name, first_day or last_day))) > 1:
        raise click.UsageError("Say either --job, --list or days: figures of jobs and lists are those of all days.")
    if job_id is not None:
        report = job_yield(job_id, workspace_slug=workspace)
    elif list_name is not None:
        with counting("Reading", "members") as tell:
            report = list_yield(list_name, workspace_slug=workspace or DEFAULT_WORKSPACE, on_progress=tell)
    else:
        report = report_yield(first_day=first_day, last_day=last_day, workspace_slug=workspace)
    end_read()
    if as_json:
        output.print_json(YieldReportSchema().dump(report))
    else:
        _print(report)


def _print(report: YieldReport) -> None:
    if report.rows:
        print_figures(report)
    elif report.first_day is None:
        output.note(f"Nobody has been called for the {'list' if report.list_id else 'job'} yet.")
    else:
        output.note(f"Nobody was called from {report.first_day} to {report.last_day}.")
    if report.entities is not None and report.entities < (report.of_entities or 0):
        output.note(f"Of the first {report.entities:,} of {report.of_entities:,} members.")
    if report.calls_not_counted:
        calls = output.count(report.calls_not_counted, "call")
        output.note(f"Not in it: {calls} of an older release, which did not count what came of them.")


def print_figures(report: YieldReport) -> None:
    """Print the figures of each provider and step as a table, and their total."""
    rows = [
        [row.provider, output.optional("{}", step.step), *_cells(step.figures)]
        for row in report.rows
        for step in row.steps
    ]
    output.print_table(["provider", "step", *COLUMNS], [*rows, ["total", "", *_cells(report.total)]])


def _cells(figures: Figures) -> list[str]:
    return [
        f"{figures.calls:,}",
        f"{figures.answers:,}",
        f"{figures.finds:,}",
        output.optional("{:.1%}", figures.find_rate),
        output.optional("{:.1%}", figures.conditional_find_rate),
        f"{figures.rejected:,}",
        f"{figures.overlaps:,}",
        dollars(figures.cost_micros),
        output.money(figures.value_cost_micros),
        output.optional("{:.2f} s", figures.p50_seconds),
        output.optional("{:.2f} s", figures.p95_seconds),
    ]
