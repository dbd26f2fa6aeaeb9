"""The commands that ask again about what a job left open, or accept that it stays so."""

from decimal import Decimal

import click

from app.cli import output
from app.cli.group import enrich
from app.cli.money import Dollars, print_estimate
from app.cli.options import Slug, job_argument, json_option
from app.config import micros
from app.db.session import end_read
from app.enrichment import queue
from app.enrichment.queue import RetryFilter
from app.enrichment.queue.schemas import JobSchema
from app.enrichment.waterfall.estimates import estimate_retry


@enrich.command()
@job_argument
@click.option("--code", metavar="CODE", help="Only entities that failed with this code.")
@click.option("--provider", type=Slug(), help="Only entities that failed because of this provider's answer.")
@click.option("--held", "is_held", is_flag=True, help="Only held entities: their calls may be charged again.")
@click.option(
    "--estimate",
    "is_estimate",
    is_flag=True,
    help="Show how many it would be and what it would cost, without creating a job.",
)
@click.option("--cap-usd", type=Dollars(), help="The most that the new job may spend.  [default: the job's cap]")
@json_option
def retry(
    job_id: str,
    code: str | None,
    provider: str | None,
    is_held: bool,
    is_estimate: bool,
    cap_usd: Decimal | None,
    as_json: bool,
) -> None:
    """Create a new job for the failed and held entities of a job, or some of them."""
    chosen = RetryFilter(code, provider, is_held)
    if is_estimate:
        print_estimate(estimate_retry(job_id, chosen), as_json=as_json)
        return
    job = queue.retry(job_id, chosen=chosen, cap_micros=micros(cap_usd))
    end_read()
    again = output.count(job.total, "entity", "entities")
    line = f"Job {job.id} is {job.status}: it tries {again} again."
    output.print_result(JobSchema().dump(job), line, as_json=as_json)


@enrich.command("accept-held")
@job_argument
@json_option
def accept_held(job_id: str, as_json: bool) -> None:
    """Accept the loss of a job's held entities, charged or not: no retry asks about them again."""
    job = queue.accept_held(job_id)
    end_read()
    line = f"{output.count(job.held, 'held entity', 'held entities')} of job {job.id} accepted as they are."
    output.print_result(JobSchema().dump(job), line, as_json=as_json)
