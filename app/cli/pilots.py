"""The commands that say what came of a pilot, and go on with the rest of its list."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import click

from app.cli import output
from app.cli.group import enrich
from app.cli.money import Dollars, print_estimate, stop_options, stop_rule
from app.cli.options import job_argument, json_option
from app.config import micros
from app.db.session import end_read
from app.enrichment import queue
from app.enrichment.money.reports import dollars
from app.enrichment.queue.schemas import JobSchema
from app.enrichment.waterfall.pilot_schemas import PilotSchema
from app.enrichment.waterfall.pilots import PilotReport, estimate_rest, report_pilot
from app.enrichment.waterfall.projections import Interval


@enrich.command()
@job_argument
@json_option
def pilot(job_id: str, as_json: bool) -> None:
    """Show the result of a pilot, and the projection for the rest of its list."""
    report = report_pilot(job_id)
    if as_json:
        output.print_json(PilotSchema().dump(report))
        return
    output.print_facts(_facts(report))
    if report.why_none is not None:
        output.note(report.why_none)
    if report.pilot.continued_job_id is not None:
        output.note(f"Continued by job {report.pilot.continued_job_id}.")
    elif report.can_be_continued:
        output.note(f"Go on with the rest: {output.enrich_command()} continue {report.job.id}")


def _facts(report: PilotReport) -> list[tuple[str, object]]:
    verified = output.optional("{:,}", report.verified)
    unanswered = report.decided - report.answered
    failed = f", {unanswered:,} of them failed or held" if unanswered else ""
    return [
        ("decided", f"{report.decided:,} of {report.job.total:,}{failed}"),
        ("hits", f"{report.hits:,}{_share(report.hit_rate)}"),
        ("verified", verified + _share(report.verified_rate)),
        ("cost", dollars(report.job.cost_micros)),
        ("cost per hit", output.money(report.cost_per_hit_micros)),
        ("rest", f"{report.pilot.rest_count:,}, of which {report.pilot.idle_count:,} cost nothing"),
        ("rest costs", _between(report.rest_cost, _amount)),
        ("rest hits", _between(report.rest_hits, "{:,.0f}".format)),
        ("list costs", _between(report.total_cost, _amount)),
        ("list, per hit", _between(report.cost_per_hit, _amount)),
    ]


def _share(rate: float | None) -> str:
    return output.optional(" ({:.0%})", rate)


def _between(found: Interval | None, write: Callable[[float], str]) -> str | None:
    if found is None:
        return None
    expected, low, high = map(write, (found.expected, found.low, found.high))
    return f"{expected}, between {low} and {high} in nine cases of ten"


def _amount(micros: float) -> str:
    return dollars(round(micros))


@enrich.command("continue")
@job_argument
@click.option("--estimate", "is_estimate", is_flag=True, help="Show what the rest would cost without creating a job.")
@click.option("--cap-usd", type=Dollars(), help="The most that the job may spend.  [default: the pilot's cap]")
@stop_options
@json_option
def continue_(job_id: str, is_estimate: bool, cap_usd: Decimal | None, as_json: bool, **stop: Any) -> None:
    """Create a job for the rest of a pilot's list, with the same options."""
    if is_estimate:
        print_estimate(estimate_rest(job_id), as_json=as_json)
        return
    job = queue.continue_pilot(job_id, cap_micros=micros(cap_usd), stop_when=stop_rule(stop))
    end_read()
    line = f"Job {job.id} is {job.status}: it has the rest, {output.count(job.total, 'entity', 'entities')}."
    output.print_result(JobSchema().dump(job), line, as_json=as_json)
