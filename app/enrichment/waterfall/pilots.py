"""Pilots: a sample of a list is enqueued first, and what becomes of it says what the rest is worth."""

import hashlib
import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from itertools import chain, islice
from typing import Any, Final

from sqlalchemy import select

from app.config import config
from app.db.session import WriteSession, end_read
from app.enrichment.queue import Enqueued, JobView, accept_job, get_job
from app.enrichment.queue.enqueue import hold_entities
from app.enrichment.queue.entity_ids import UniqueIds, some_unique_ids
from app.enrichment.queue.lease import JobInfo
from app.enrichment.queue.pilots import NOTHING_LEFT, NewPilot, PilotRow, Rest, get_pilot, why_no_rest
from app.enrichment.queue.queries import outcomes_of
from app.enrichment.waterfall.estimates import Estimate, estimate_like
from app.enrichment.waterfall.options import DEFAULT_OPTIONS, JobOptions, Sample
from app.enrichment.waterfall.plan import insist_on_provider, job_columns, wanted_fields
from app.enrichment.waterfall.projections import LEAST_ANSWERED, Interval, Projection, Sampled, project
from app.enrichment.waterfall.sampling import Census, Draw, Stratum
from app.enrichment.waterfall.scaling import choose
from app.enrichment.waterfall.survey import Survey, range_of
from app.entities.read import SLICE_ROWS, load_columns
from app.errors import EmptyJob, JobStateConflict
from app.extensions import db
from app.models.attempt import attempts
from app.models.chunk import DECIDED, ERASED_ID, Outcome
from app.models.types import new_id
from app.providers.names import NORMALIZER, WATERFALL
from app.values.identifiers import is_entity_id

SLICES_SAMPLED: Final = 25
"""From how many slices of a rest, as it is stored, a sample of it is taken: fewer might miss a part of the list."""
_ANSWERED: Final = frozenset({Outcome.SUCCESS, Outcome.SKIPPED})
"""What becomes of an entity of which all there was to ask was answered."""


@dataclass(frozen=True, slots=True)
class PilotReport:
    """What came of a pilot, and what that says of the rest of its list. Amounts are micro-dollars."""

    job: JobView
    pilot: PilotRow
    decided: int
    answered: int
    """Those of the decided that neither failed nor are held: what becomes of the others says nothing of the rest."""
    hits: int
    """Those of them for which the job wrote a field that it is for: one of `until`, or any that its one provider
    gives."""
    verified: int | None
    """Those of them whose address is valid; None: it is not for addresses."""
    projection: Projection | None
    rest_cost: Interval | None = None
    """What the rest of the list costs; None, as of the next three: there is no projection."""
    rest_hits: Interval | None = None
    """Of how many of the rest something is found."""
    total_cost: Interval | None = None
    """What the whole list costs, the pilot included."""
    cost_per_hit: Interval | None = None
    """What a hit costs in the whole list; None also if nobody has been found."""

    @property
    def why_none(self) -> str | None:
        """Why there is no projection."""
        if self.projection is not None:
            return None
        if not self.pilot.rest_count:
            return "The pilot has taken the whole list; there is no rest."
        return f"Fewer than {LEAST_ANSWERED} entities are answered, so there is no projection."

    @property
    def can_be_continued(self) -> bool:
        """Whether a job can be made of the rest now."""
        return why_no_rest(self.job, self.pilot) is None

    @property
    def surveyed_micros(self) -> tuple[int, int]:
        """What the rest costs at least and at most, by the survey that the sample was drawn from."""
        return range_of(_strata_of(self.pilot))

    @property
    def hit_rate(self) -> float | None:
        """The share of hits among the answered."""
        return self.hits / self.answered if self.answered else None

    @property
    def verified_rate(self) -> float | None:
        """The share of verified addresses among the hits."""
        return None if self.verified is None or not self.hits else self.verified / self.hits

    @property
    def cost_per_hit_micros(self) -> int | None:
        """What a hit has cost in the pilot."""
        return round(self.job.cost_micros / self.hits) if self.hits else None


def enqueue_pilot(
    entity_type: str,
    provider: str,
    entity_ids: Iterable[str],
    sample: Sample,
    *,
    workspace_slug: str = "default",
    options: JobOptions = DEFAULT_OPTIONS,
    idempotency_key: str | None = None,
    request_hash: str | None = None,
    api_key_id: str | None = None,
    list_id: str | None = None,
    is_selection: bool = False,
    **terms: Any,
) -> Enqueued:
    """Enqueue a sample of some entities, and keep the others for `queue.continue_pilot`.

    `api_key_id` is the key that makes it, `list_id` the list that it is of, `is_selection` says that the ids are of
    stored entities, and `terms` are those of `accept_job`: `chunk_size`, `priority`. Raises what it raises, and what
    `job_columns` does.
    """
    columns = job_columns(entity_type, provider, options, workspace_slug)
    with some_unique_ids(entity_ids) as ids:
        if idempotency_key is not None and request_hash is None:
            request_hash = _hash(ids, [entity_type, provider, options.shape(), asdict(sample), sorted(terms.items())])
        job = JobInfo(new_id(), entity_type, provider, workspace_slug, options.stored())
        chosen, pilot = _prepare(job, ids, sample)

        def hold_all(_: WriteSession) -> None:
            hold_entities(entity_type, ids, workspace_slug)

        return accept_job(
            entity_type,
            provider,
            chosen,
            workspace_slug=workspace_slug,
            idempotency_key=idempotency_key,
            request_hash=request_hash,
            before=hold_all if is_selection else None,
            pilot=pilot,
            list_id=list_id,
            api_key_id=api_key_id,
            **columns,
            **terms,
        )


def estimate_rest(
    job_id: str,
    *,
    workspace_slug: str | None = None,
    shows_overall: bool = True,
    api_key_id: str | None = None,
    most: int | None = None,
) -> Estimate:
    """Return what the rest of a pilot's list would cost if it were enqueued now. Only reads.

    Of a rest of more than `most` entities, so many are looked at. Raises `JobNotFound`, `ProviderNotAvailable`, and
    `JobStateConflict` if there can be no such job.
    """
    rest = Rest.of(job_id, workspace_slug=workspace_slug)
    about: dict[str, Any] = {"shows_overall": shows_overall, "api_key_id": api_key_id}
    try:
        if most is not None and rest.pilot.rest_count > most:
            return estimate_like(rest.job, _some_of(rest, most), of_total=rest.pilot.rest_count, **about)
        return estimate_like(rest.job, rest.entity_ids(), **about)
    except EmptyJob as exc:
        raise JobStateConflict(NOTHING_LEFT) from exc


def _some_of(rest: Rest, count: int) -> list[str]:
    """Return so many ids of a rest, spread over it, without reading all: some of each of some slices."""
    positions = choose(rest.positions(), SLICES_SAMPLED)
    share = math.ceil(count / max(1, len(positions)))
    parts = zip(positions, rest.slices(positions), strict=False)
    ids = [entity_id for position, part in parts for entity_id in choose(part, share, seed=position)]
    return choose([entity_id for entity_id in ids if is_entity_id(entity_id)], count)


def insist_on_rest(report: PilotReport) -> None:
    """Raise `JobStateConflict` or `ProviderNotAvailable` if there can be no job of the rest now."""
    job, reason = report.job, why_no_rest(report.job, report.pilot)
    if reason is not None:
        raise JobStateConflict(reason)
    insist_on_provider(job.entity_type, job.provider, JobOptions.read(job.options), job.workspace_slug)


def report_pilot(job_id: str, *, workspace_slug: str | None = None) -> PilotReport:
    """Return what came of a pilot so far. Raises `JobNotFound`, and `JobStateConflict` if the job is none."""
    job = get_job(job_id, workspace_slug=workspace_slug)
    pilot = get_pilot(job)
    decided = _read_decided(job)
    answered = {place: entity_id for place, (entity_id, outcome) in decided.items() if outcome in _ANSWERED}
    spent, written = _read_attempts(job)
    hits = written.keys() & answered.values()
    sampled = [
        _sampled(pilot.sampled[place], spent[entity_id], is_hit=entity_id in hits)
        for place, entity_id in answered.items()
    ]
    projection = project(_strata_of(pilot), sampled) if pilot.rest_count else None
    verified = _count_verified(job, [entity_id for entity_id in hits if "email" in written[entity_id]])
    end_read()
    told = _intervals(projection, job.cost_micros)
    return PilotReport(job, pilot, len(decided), len(answered), len(hits), verified, projection, **told)


def _intervals(projection: Projection | None, spent_micros: int) -> dict[str, Interval | None]:
    """Return what a report says by a projection, the pilot's own cost added to the whole list's."""
    if projection is None:
        return {}
    return {
        "rest_cost": projection.cost_micros,
        "rest_hits": projection.hits,
        "total_cost": projection.cost_micros.plus(spent_micros),
        "cost_per_hit": projection.cost_per_hit_micros,
    }


def _prepare(job: JobInfo, ids: UniqueIds, sample: Sample) -> tuple[list[str], NewPilot]:
    """Survey a list and draw the sample; return the ids of the sample, and what is to be stored with its job."""
    census = Census()
    survey = Survey.of(job)
    for part in ids.slices(SLICE_ROWS):
        for outlook in survey.add(part):
            census.add(outlook)
        end_read()
    draw = census.draw(sample.size, sample.seed)
    chosen = [entity_id for position, entity_id in _in_order(ids) if position in draw.chosen]
    outlooks = Survey.of(job).add(chosen)
    end_read()
    sampled = []
    for number, outlook in zip(draw.chosen.values(), outlooks, strict=True):
        draw.strata[number].take_out(outlook)
        sampled.append([number, outlook.low_micros, outlook.high_micros])
    rest_count = ids.kept - len(chosen)
    row = PilotRow(
        sample.seed,
        rest_count,
        rest_count - sum(stratum.count for stratum in draw.strata),
        [asdict(stratum) for stratum in draw.strata],
        sampled,
    )
    return chosen, NewPilot(row, partial(_rest, ids, draw))


def _sampled(stored: list[int], cost_micros: int, *, is_hit: bool) -> Sampled:
    stratum, low_micros, high_micros = stored
    return Sampled(stratum, low_micros, high_micros, cost_micros, is_hit)


def _strata_of(pilot: PilotRow) -> list[Stratum]:
    """Return what the rest may cost, by stratum of the sample."""
    return [Stratum(**{**stratum, "route": (), "inputs": ()}) for stratum in pilot.strata]


def _in_order(ids: UniqueIds) -> Iterator[tuple[int, str]]:
    """Give each id of a list with its position."""
    return enumerate(chain.from_iterable(ids.slices(SLICE_ROWS)))


def _rest(ids: UniqueIds, draw: Draw) -> Iterator[list[str]]:
    """Give the ids that the sample does not take, in slices."""
    rest = (entity_id for position, entity_id in _in_order(ids) if position not in draw.chosen)
    while part := list(islice(rest, SLICE_ROWS)):
        yield part


def _hash(ids: UniqueIds, shape: list[Any]) -> str:
    digest = hashlib.sha256(json.dumps(shape).encode())
    for part in ids.slices(SLICE_ROWS):
        digest.update(json.dumps(part).encode())
    return digest.hexdigest()


def _read_decided(job: JobView) -> dict[int, tuple[str, str]]:
    """Return id and outcome of a pilot's decided entities by their place in it; those that were erased are left out."""
    return {
        number * job.chunk_size + place: (entity_id, outcome)
        for (number, place), entity_id, outcome in outcomes_of(job.id)
        if outcome in DECIDED and entity_id != ERASED_ID
    }


def _read_attempts(job: JobView) -> tuple[Counter[str], Mapping[str, set[str]]]:
    """Return what a pilot has spent on each entity, and the fields that it is for and has written, if there are any."""
    columns = (attempts.c.entity_id, attempts.c.provider, attempts.c.cost_micros, attempts.c.fields_written)
    spent: Counter[str] = Counter()
    written: dict[str, set[str]] = {}
    for row in db.session.execute(select(*columns).where(attempts.c.job_id == job.id)):
        spent[row.entity_id] += row.cost_micros
        names = _wanted_of(job, row.provider, row.fields_written)
        if names:
            written.setdefault(row.entity_id, set()).update(names)
    return spent, written


def _wanted_of(job: JobView, provider: str, fields_written: list[str]) -> set[str]:
    """Return which of the fields that a provider wrote a job is for."""
    if provider == NORMALIZER != job.provider:
        # What it derives of what was found is no find.
        return set()
    if job.provider != WATERFALL:
        return set(fields_written)
    return set(fields_written).intersection(wanted_fields(job.entity_type, job.options, config()))


def _count_verified(job: JobView, entity_ids: list[str]) -> int | None:
    """Return how many entities have a valid address, of those for which one was found; None: nobody looks for any."""
    if job.entity_type != "person" or job.provider == NORMALIZER:
        return None
    found = load_columns(job.entity_type, entity_ids, ["email_status"], workspace_slug=job.workspace_slug)
    return [fields["email_status"] for fields in found.values()].count("valid")
