"""The command that makes a job of a list of ids, or of a selection."""

import codecs
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import islice
from typing import IO

import click

from app.cli import output
from app.cli.group import enrich
from app.cli.money import Dollars, Names, print_estimate
from app.cli.options import InputFile, Number, Slug, entity_type_argument, json_option, workspace_option
from app.cli.progress import counting
from app.db.session import check_writable, end_read
from app.enrichment import queue
from app.enrichment.queue import Enqueued
from app.enrichment.queue.enqueue import MAX_CHUNK_SIZE
from app.enrichment.queue.schemas import AcceptedJobSchema
from app.enrichment.waterfall.estimates import Estimate
from app.enrichment.waterfall.estimates import estimate as estimate_job
from app.enrichment.waterfall.options import JobOptions
from app.enrichment.waterfall.plan import job_columns
from app.entities.read import existing_ids, select_ids
from app.errors import EmptyJob, Invalid
from app.providers.names import NAMES, VERIFIER_NAMES, WATERFALL
from app.values.identifiers import ENTITY_ID_RULE, is_entity_id

MAX_LINE_BYTES = 1024
IDS_A_LOOK = 1000
UNKNOWN_SHOWN = 5
_HEADING = re.compile(r"((person|people|company|contact|lead|account|entity|record)[ _-]?)?ids?", re.IGNORECASE)


def _known_provider(_ctx: click.Context, _option: click.Parameter, name: str) -> str:
    if name not in {*NAMES, WATERFALL}:
        raise click.BadParameter(f"there is no such provider; expected one of {', '.join([*NAMES, WATERFALL])}.")
    return name


def _idempotency_key(_ctx: click.Context, _option: click.Parameter, key: str | None) -> str | None:
    if key is not None and not (1 <= len(key) <= 255 and key.isascii() and key.isprintable() and " " not in key):
        raise click.BadParameter("expected 1 to 255 visible ASCII characters.")
    return key


@enrich.command()
@entity_type_argument
@click.option("--ids-file", type=InputFile(), help="Entity ids, one a line; - is standard input.")
@click.option("--missing", metavar="FIELD", help="Instead of a file: all that have no value in this field.")
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
@click.option("--estimate", is_flag=True, help="Say what the job would cost, and make none.")
@workspace_option
@click.option("--chunk-size", type=Number(1, MAX_CHUNK_SIZE), help="Entities a chunk.  [ENRICH_CHUNK_SIZE]")
@click.option("--priority", type=Number(-1000, 1000), default=0, show_default=True, help="Higher ones come first.")
@click.option("--idempotency-key", callback=_idempotency_key, help="The same key again makes no second job.")
@json_option
def enqueue(
    entity_type: str,
    ids_file: IO[bytes] | None,
    missing: str | None,
    all_: bool,
    provider: str,
    order: tuple[str, ...] | None,
    until: tuple[str, ...] | None,
    verifier: str | None,
    cap_usd: Decimal | None,
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
    if (ids_file is not None) + (missing is not None) + all_ != 1:
        raise click.UsageError("Expected one of --ids-file, --missing and --all.")
    options = JobOptions(order, until, verifier, cap_usd)
    outcome: Estimate | Enqueued | None = None
    if not estimate:
        check_writable()
    unknown = _Unknown(entity_type, workspace)
    if ids_file is None:
        ids = select_ids(entity_type, workspace_slug=workspace, missing=missing, all_=all_)
    else:
        ids = unknown.noted(_ids_in(ids_file, unknown))
    try:
        with counting("Reading ids", "ids", ids_file) as tell:
            ids = _counted(ids, tell)
            if estimate:
                outcome = estimate_job(entity_type, provider, ids, workspace_slug=workspace, options=options)
            else:
                outcome = queue.accept_job(
                    entity_type,
                    provider,
                    ids,
                    chunk_size=chunk_size,
                    workspace_slug=workspace,
                    priority=priority,
                    idempotency_key=idempotency_key,
                    **job_columns(entity_type, provider, options),
                )
    except EmptyJob:
        if ids_file is not None:
            raise
    if isinstance(outcome, Estimate):
        print_estimate(outcome, as_json=as_json)
    else:
        _print_accepted(outcome, as_json=as_json)
        unknown.tell()


class _Unknown:
    """The ids of a file under which there is no entity: spelt wrongly, or of another workspace or kind."""

    def __init__(self, entity_type: str, workspace: str) -> None:
        self._entity_type = entity_type
        self._workspace = workspace
        self._count = 0
        self._examples: list[str] = []

    def noted(self, ids: Iterator[str]) -> Iterator[str]:
        """Pass ids on, and keep account of those that are unknown."""
        while part := list(islice(ids, IDS_A_LOOK)):
            known = self.known(part)
            unknown = [entity_id for entity_id in part if entity_id not in known]
            self._count += len(unknown)
            self._examples = [*self._examples, *unknown][:UNKNOWN_SHOWN]
            yield from part

    def known(self, ids: list[str]) -> set[str]:
        """Return those of the ids under which there is an entity."""
        known = existing_ids(self._entity_type, ids, workspace_slug=self._workspace)
        end_read()
        return known

    def tell(self) -> None:
        """Say how many there were, and which."""
        if self._count:
            names = ", ".join(self._examples) + (", …" if self._count > len(self._examples) else "")
            ids = output.count(self._count, "id is", "ids are")
            output.note(f"{ids} unknown in workspace {self._workspace} and will end as errors: {names}")


def _ids_in(stream: IO[bytes], unknown: _Unknown) -> Iterator[str]:
    """Yield the ids of a file, one a line, as text editors and spreadsheets save them.

    A heading above them is passed over and said, unless there is an entity of that id. Raises
    `Invalid` with the number of a line that holds no id.
    """
    number = 0
    while line := stream.readline(MAX_LINE_BYTES):
        number += 1
        text = line.removeprefix(codecs.BOM_UTF8).decode("ascii", errors="replace").strip(" \t\r\n")
        if len(text) > 1 and text[0] == text[-1] == '"':
            text = text[1:-1].strip(" \t")
        if not text:
            continue
        if number == 1 and _HEADING.fullmatch(text) and not unknown.known([text]):
            output.note(f"Line 1 was read as a heading, since no entity is known by it: {text} is an unknown id.")
            continue
        if not is_entity_id(text):
            raise Invalid(f"Line {number} of the ids is not valid: expected {ENTITY_ID_RULE}.")
        yield text


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
    output.note(f"Next: {output.program()} enrich process --job {accepted.job_id}")
