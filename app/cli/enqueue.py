"""The command that makes a job of a list of ids, or of a selection."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import IO, Any, Final, TypeVar

import click
from click.core import ParameterSource

from app.cli import output
from app.cli.group import enrich
from app.cli.id_files import UnknownIds, ids_in
from app.cli.money import Dollars, Names, print_estimate, stop_options, stop_rule
from app.cli.options import InputFile, Number, Slug, entity_type_argument, json_option, workspace_option
from app.cli.progress import counting
from app.config import config
from app.db.session import check_writable
from app.enrichment import queue
from app.enrichment.queue import Enqueued
from app.enrichment.queue.enqueue import MAX_CHUNK_SIZE
from app.enrichment.queue.schemas import AcceptedJobSchema
from app.enrichment.waterfall.estimates import estimate as estimate_job
from app.enrichment.waterfall.options import MAX_SAMPLE, JobOptions, Sample
from app.enrichment.waterfall.pilots import enqueue_pilot
from app.enrichment.waterfall.plan import job_columns
from app.entities.lists import ids_of_list, list_id_of
from app.entities.read import select_ids
from app.entities.readiness import stale_ids
from app.errors import EmptyJob
from app.providers.names import JOB_NAMES, VERIFIER_NAMES, VERIFIERS, finder_of

_Made = TypeVar("_Made")


def _known_provider(_ctx: click.Context, _option: click.Parameter, name: str) -> str:
    if name not in JOB_NAMES:
        raise click.BadParameter(f"there is no such provider; expected one of {', '.join(JOB_NAMES)}.")
    return name


def _idempotency_key(_ctx: click.Context, _option: click.Parameter, key: str | None) -> str | None:
    if key is not None and not re.fullmatch(r"[!-~]{1,255}", key):
        raise click.BadParameter("expected 1 to 255 visible ASCII characters.")
    return key


@enrich.command()
@entity_type_argument
@click.option("--ids-file", type=InputFile(), help="Entity ids, one per line; - is standard input.")
@click.option("--list", "list_name", metavar="LIST", help="Instead of a file: the members of a list, by name or id.")
@click.option("--missing", metavar="FIELD", help="Instead of a file, or within a list: those missing this field.")
@click.option(
    "--stale-verdicts",
    is_flag=True,
    help="Instead of a file, or within a list: those whose verification has expired, to verify them again.",
)
@click.option("--all", "all_", is_flag=True, help="Instead of a file: everyone in the workspace.")
@click.option(
    "--provider",
    type=Slug(),
    callback=_known_provider,
    default="ai-normalizer",
    show_default=True,
    help="The provider to ask, or waterfall.",
)
@click.option("--order", type=Names(), help="For a waterfall: the providers to ask, in order.")
@click.option("--until", type=Names(), help="For a waterfall: stop once all of these fields have a value.")
@click.option(
    "--verifier", type=click.Choice([*VERIFIER_NAMES, "none"]), help="For a waterfall: the verifier of addresses."
)
@click.option("--cap-usd", type=Dollars(), help="The most that the job may spend.")
@stop_options
@click.option("--pilot", type=Number(1, MAX_SAMPLE), help="Only a sample of this size; `continue` takes the rest.")
@click.option("--pilot-seed", type=Number(0, 2**31 - 1), default=0, help="Seed of the sample.")
@click.option("--estimate", is_flag=True, help="Show what the job would cost without creating it.")
@workspace_option
@click.option("--chunk-size", type=Number(1, MAX_CHUNK_SIZE), help="Entities per chunk.  [ENRICH_CHUNK_SIZE]")
@click.option("--priority", type=Number(-1000, 1000), default=0, show_default=True, help="Higher ones come first.")
@click.option("--idempotency-key", callback=_idempotency_key, help="A repeated key creates no second job.")
@json_option
def enqueue(
    entity_type: str,
    workspace: str,
    provider: str,
    order: tuple[str, ...] | None,
    until: tuple[str, ...] | None,
    verifier: str | None,
    cap_usd: Decimal | None,
    pilot: int | None,
    pilot_seed: int,
    estimate: bool,
    as_json: bool,
    **others: Any,
) -> None:
    """Make a job of a list of ids, or of a selection. Prints the job's id.

    A list may have millions of ids: it is read as a stream.
    """
    selection = _Selection(entity_type, workspace, **{name: others.pop(name) for name in _SELECTING})
    if selection.stale_verdicts:
        provider = _verifier(provider)
    options = JobOptions(order, until, verifier, cap_usd, stop_rule(others))
    if estimate:
        price = partial(estimate_job, entity_type, provider, workspace_slug=workspace, options=options)
        print_estimate(selection.hand_to(price, as_json=as_json), as_json=as_json)
        return
    check_writable()
    sample = None if pilot is None else Sample(pilot, pilot_seed)
    list_id = list_id_of(selection.list_name, workspace_slug=workspace, entity_type=entity_type)
    terms = {"workspace_slug": workspace, "list_id": list_id, "is_selection": selection.ids_file is None, **others}
    accept = partial(_accept, entity_type, provider, options, sample, terms)
    accepted = selection.hand_to(accept, as_json=as_json)
    steps = [f"Next: {output.enrich_command()} process --job {accepted.job_id}"]
    if sample is not None:
        steps.append(f"Then, what came of it: {output.enrich_command()} pilot {accepted.job_id}")
    value = AcceptedJobSchema().dump(accepted)
    output.print_result(value, accepted.job_id, _describe(accepted), *steps, as_json=as_json)
    selection.unknown.tell()


def _accept(
    entity_type: str,
    provider: str,
    options: JobOptions,
    sample: Sample | None,
    terms: Mapping[str, Any],
    ids: Iterator[str],
) -> Enqueued:
    """Enqueue ids, or a sample of them."""
    if sample is not None:
        return enqueue_pilot(entity_type, provider, ids, sample, options=options, **terms)
    columns = job_columns(entity_type, provider, options, terms["workspace_slug"])
    return queue.accept_job(entity_type, provider, ids, **columns, **terms)


@dataclass
class _Selection:
    """Where ids are read from: a file, a list, or a workspace. Raises `click.UsageError` unless it is one of them."""

    entity_type: str
    workspace: str
    ids_file: IO[bytes] | None
    list_name: str | None
    missing: str | None
    stale_verdicts: bool
    all_: bool
    unknown: UnknownIds = field(init=False)

    def __post_init__(self) -> None:
        is_selected = self.list_name is not None or self.missing is not None or self.stale_verdicts
        is_one = (self.ids_file is not None) + is_selected + self.all_ == 1
        if not is_one or (self.missing is not None and self.stale_verdicts):
            raise click.UsageError(
                "Expected one of --ids-file, --list, --missing, --stale-verdicts and --all,"
                " or --list with --missing or --stale-verdicts."
            )
        self.unknown = UnknownIds(self.entity_type, self.workspace)

    def hand_to(self, make: Callable[[Iterator[str]], _Made], *, as_json: bool) -> _Made:
        """Return what is made of the ids. If nobody is selected, the command says so and ends.

        Raises `EmptyJob` for a file without ids.
        """
        try:
            with counting("Reading ids", "ids", self.ids_file) as tell:
                return make(_counted(self._ids(), tell))
        except EmptyJob:
            if self.ids_file is not None:
                raise
        if as_json:
            output.print_json({"jobId": None, "total": 0, "duplicates": 0, "status": None, "excluded": 0})
        else:
            output.note("Nothing to enqueue: no entity matches, or all that do are excluded.")
        raise click.exceptions.Exit

    def _ids(self) -> Iterator[str]:
        entity_type, workspace = self.entity_type, self.workspace
        if self.ids_file is not None:
            return self.unknown.noted(ids_in(self.ids_file, self.unknown))
        if self.stale_verdicts:
            return stale_ids(entity_type, workspace_slug=workspace, list_name=self.list_name)
        if self.list_name is not None:
            return ids_of_list(self.list_name, entity_type, workspace_slug=workspace, missing=self.missing)
        return select_ids(entity_type, workspace_slug=workspace, missing=self.missing, all_=self.all_)


_SELECTING: Final = ("ids_file", "list_name", "missing", "stale_verdicts", "all_")
"""The options that say whose ids are read."""


def _verifier(provider: str) -> str:
    """Return the verifier that a job of stale addresses asks: the one that was named, else the one in the settings."""
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


def _describe(accepted: Enqueued) -> str:
    """Return how many entities a job has, and who was left out."""
    again = " It was there already, by its idempotency key." if accepted.is_replay else ""
    left_out = [output.count(accepted.duplicates, "repeated id")] if accepted.duplicates else []
    left_out += [f"{accepted.excluded:,} excluded"] if accepted.excluded else []
    rest = f", {' and '.join(left_out)} left out" if left_out else ""
    return f"Enqueued {output.count(accepted.total, 'entity', 'entities')}{rest}.{again}"
