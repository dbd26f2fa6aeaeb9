"""The command that makes a job of a list of ids, or of a selection."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import IO

import click
from click.core import ParameterSource

from app.cli import output
from app.cli.group import enrich
from app.cli.id_files import UnknownIds, ids_in
from app.cli.money import Dollars, Names, print_estimate
from app.cli.options import InputFile, Number, Slug, entity_type_argument, json_option, workspace_option
from app.cli.progress import counting
from app.config import config
from app.db.session import check_writable
from app.enrichment import queue
from app.enrichment.queue import Enqueued
from app.enrichment.queue.enqueue import MAX_CHUNK_SIZE
from app.enrichment.queue.schemas import AcceptedJobSchema
from app.enrichment.waterfall.estimates import Estimate
from app.enrichment.waterfall.estimates import estimate as estimate_job
from app.enrichment.waterfall.options import MAX_SAMPLE, JobOptions, Sample
from app.enrichment.waterfall.pilots import enqueue_pilot
from app.enrichment.waterfall.plan import job_columns
from app.entities.lists import ids_of_list
from app.entities.read import select_ids
from app.entities.readiness import stale_ids
from app.errors import EmptyJob
from app.providers.names import JOB_NAMES, VERIFIER_NAMES, VERIFIERS, finder_of


def _known_provider(_ctx: click.Context, _option: click.Parameter, name: str) -> str:
    if name not in JOB_NAMES:
        raise click.BadParameter(f"there is no such provider; expected one of {', '.join(JOB_NAMES)}.")
    return name


def _idempotency_key(_ctx: click.Context, _option: click.Parameter, key: str | None) -> str | None:
    if key is not None and not (1 <= len(key) <= 255 and key.isascii() and key.isprintable() and " " not in key):
        raise click.BadParameter("expected 1 to 255 visible ASCII characters.")
    return key


@enrich.command()
@entity_type_argument
@click.option("--ids-file", type=InputFile(), help="Entity ids, one a line; - is standard input.")
@click.option("--list", "list_name", metavar="LIST", help="Instead of a file: those of a list, by its name or id.")
@click.option("--missing", metavar="FIELD", help="Instead of a file, or of a list: those without this field.")
@click.option(
    "--stale-verdicts",
    is_flag=True,
    help="Instead of a file, or of a list: those whose address was verified too long ago, to verify it again.",
)
@click.option("--all", "all_", is_flag=True, help="Instead of a file: all of the workspace.")
@click.option(
    "--provider",
    type=Slug(),
    callback=_known_provider,
    default="ai-normalizer",
    show_default=True,
    help="Who is asked.",
)
@click.option("--order", type=Names(), help="Of a waterfall: whom to ask, in this order.")
@click.option("--until", type=Names(), help="Of a waterfall: the fields that end it once all have a value.")
@click.option("--verifier", type=click.Choice([*VERIFIER_NAMES, "none"]), help="Of a waterfall: who checks addresses.")
@click.option("--cap-usd", type=Dollars(), help="The most that the job may spend.")
@click.option("--pilot", type=Number(1, MAX_SAMPLE), help="Only a sample of so many; `continue` takes the rest.")
@click.option("--pilot-seed", type=Number(0, 2**31 - 1), default=0, help="Decides which ones are in the sample.")
@click.option("--estimate", is_flag=True, help="Say what the job would cost, and make none.")
@workspace_option
@click.option("--chunk-size", type=Number(1, MAX_CHUNK_SIZE), help="Entities a chunk.  [ENRICH_CHUNK_SIZE]")
@click.option("--priority", type=Number(-1000, 1000), default=0, show_default=True, help="Higher ones come first.")
@click.option("--idempotency-key", callback=_idempotency_key, help="The same key again makes no second job.")
@json_option
def enqueue(
    entity_type: str,
    ids_file: IO[bytes] | None,
    list_name: str | None,
    missing: str | None,
    stale_verdicts: bool,
    all_: bool,
    provider: str,
    order: tuple[str, ...] | None,
    until: tuple[str, ...] | None,
    verifier: str | None,
    cap_usd: Decimal | None,
    pilot: int | None,
    pilot_seed: int,
    estimate: bool,
    workspace: str,
    chunk_size: int | None,
    priority: int,
    idempotency_key: str | None,
    as_json: bool,
) -> None:
    """Make a job of a list of ids, or of a selection. Prints the job's id.

    A list may have millions of ids: it is read as a stream.
    """
    is_selected = list_name is not None or missing is not None or stale_verdicts
    if (ids_file is not None) + is_selected + all_ != 1 or (missing is not None and stale_verdicts):
        raise click.UsageError(
            "Expected one of --ids-file, --list, --missing, --stale-verdicts and --all,"
            " or --list with --missing or --stale-verdicts."
        )
    if stale_verdicts:
        provider = _verifier(provider)
    options = JobOptions(order, until, verifier, cap_usd)
    outcome: Estimate | Enqueued | None = None
    if not estimate:
        check_writable()
    unknown = UnknownIds(entity_type, workspace)
    if ids_file is None:
        ids = _selected(entity_type, workspace, list_name, missing, is_stale=stale_verdicts, is_all=all_)
    else:
        ids = unknown.noted(ids_in(ids_file, unknown))
    try:
        with counting("Reading ids", "ids", ids_file) as tell:
            ids = _counted(ids, tell)
            if estimate:
                outcome = estimate_job(entity_type, provider, ids, workspace_slug=workspace, options=options)
            elif pilot is not None:
                outcome = enqueue_pilot(
                    entity_type,
                    provider,
                    ids,
                    Sample(pilot, pilot_seed),
                    workspace_slug=workspace,
                    options=options,
                    idempotency_key=idempotency_key,
                    chunk_size=chunk_size,
                    priority=priority,
                )
            else:
                outcome = queue.accept_job(
                    entity_type,
                    provider,
                    ids,
                    chunk_size=chunk_size,
                    workspace_slug=workspace,
                    priority=priority,
                    idempotency_key=idempotency_key,
                    **job_columns(entity_type, provider, options, workspace),
                )
    except EmptyJob:
        if ids_file is not None:
            raise
    if isinstance(outcome, Estimate):
        print_estimate(outcome, as_json=as_json)
    else:
        _print_accepted(outcome, as_json=as_json)
        if pilot is not None and outcome is not None and not as_json:
            output.note(f"Then, what came of it: {output.enrich_command()} pilot {outcome.job_id}")
        unknown.tell()


def _selected(
    entity_type: str, workspace: str, list_name: str | None, missing: str | None, *, is_stale: bool, is_all: bool
) -> Iterator[str]:
    """Give the ids of a list, or of a selection."""
    if is_stale:
        return stale_ids(entity_type, workspace_slug=workspace, list_name=list_name)
    if list_name is not None:
        return ids_of_list(list_name, entity_type, workspace_slug=workspace, missing=missing)
    return select_ids(entity_type, workspace_slug=workspace, missing=missing, all_=is_all)


def _verifier(provider: str) -> str:
    """Return whom a job of stale addresses asks: the verifier that was named, else the one in the settings."""
    context = click.get_current_context()
    if context.get_parameter_source("provider") is ParameterSource.DEFAULT:
        provider = next((name for name in VERIFIERS if finder_of(name) == config().ENRICH_VERIFIER), provider)
    if provider not in VERIFIERS:
        raise click.UsageError(
            f"Expected --provider {' or '.join(VERIFIERS)} with --stale-verdicts, or ENRICH_VERIFIER in the settings:"
            " addresses are verified, none is bought."
        )
    return provider


def _counted(ids: Iterator[str], tell: Callable[[int], None]) -> Iterator[str]:
    count = 0
    for count, entity_id in enumerate(ids, 1):
        if count % 10_000 == 0:
            tell(count)
        yield entity_id
    tell(count)


def _print_accepted(accepted: Enqueued | None, *, as_json: bool) -> None:
    if accepted is None:
        if as_json:
            output.print_json({"jobId": None, "total": 0, "duplicates": 0, "status": None, "excluded": 0})
        else:
            output.note("Nothing to enqueue: no entity matches, or all that do are excluded.")
        return
    if as_json:
        output.print_json(AcceptedJobSchema().dump(accepted))
        return
    click.echo(accepted.job_id)
    again = " It was there already, by its idempotency key." if accepted.is_replay else ""
    left_out = [output.count(accepted.duplicates, "repeated id")] if accepted.duplicates else []
    left_out += [f"{accepted.excluded:,} excluded"] if accepted.excluded else []
    rest = f", {' and '.join(left_out)} left out" if left_out else ""
    output.note(f"Enqueued {output.count(accepted.total, 'entity', 'entities')}{rest}.{again}")
    output.note(f"Next: {output.enrich_command()} process --job {accepted.job_id}")
