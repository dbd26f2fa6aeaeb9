"""What a waterfall would have found, and for how much, in another order or for other fields: at no cost.

The entities of a job, of a list or of a workspace walk once more, through the very code that leads and merges for real,
and each provider answers what it has answered before. Nobody is called and nothing is stored. A walk that comes to a
question that nobody has asked ends there, and is counted as unknown.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Final

from sqlalchemy import Text, select

from app.config import config
from app.db.session import end_read
from app.enrichment.limits.circuit_breaker import KnownStates
from app.enrichment.money.cost_log import LATENCIES
from app.enrichment.money.yields import YieldReport, make_report
from app.enrichment.queue.entity_ids import parse_ids
from app.enrichment.queue.in_hand import JobMustWait
from app.enrichment.queue.lease import JobInfo
from app.enrichment.queue.queries import JobView, get_job
from app.enrichment.waterfall.attempt_log import is_find
from app.enrichment.waterfall.batch import Attempt, AttemptResult
from app.enrichment.waterfall.entity_run import Decision, EntityRun, Plan, Purpose, Step
from app.enrichment.waterfall.options import JobOptions
from app.enrichment.waterfall.plan import make_plan
from app.enrichment.waterfall.results import ResultHandler
from app.enrichment.waterfall.stored_answers import OnRecord, StoredAnswer, read_answers
from app.enrichment.waterfall.workspace_registry import workspace_registry
from app.entities.lists import ListView, find_list
from app.entities.policies import MergePolicy
from app.entities.progress import OnProgress, tell_nobody
from app.entities.read import select_ids
from app.errors import ProviderNotAvailable, check_rules, detail
from app.extensions import db
from app.models.chunk import ERASED_ID, chunks
from app.models.job import jobs
from app.models.spending import LATENCY_BOUNDS
from app.models.types import new_id
from app.providers.base import DEFINITE, Answer, Lookup, OutcomeClass
from app.providers.names import WATERFALL
from app.values.entity_types import EntityType

MOST_ENTITIES: Final = 5_000
"""How many entities walk."""
PAGE_ENTITIES: Final = 500
_JOBS_OF_A_LIST: Final = 20
_IS_DOWN: Final = frozenset({OutcomeClass.CREDITS_EXHAUSTED, OutcomeClass.AUTH_FAILED})


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What would have come of a job, a list or a workspace. Amounts are micro-dollars."""

    job_id: str | None
    list_id: str | None
    order: list[str]
    until: list[str]
    entities: int
    """How many walked: the first of the job, else by id, without those that were erased."""
    of_entities: int | None
    """How many there are; None: those of a workspace are not counted."""
    found: int
    """Those that had all that is wanted in the end."""
    unknown: int
    """Those whose walk came to a question that nobody has asked. What they cost up to there is in the cost."""
    unknown_by_provider: dict[str, int]
    """Who would have been asked it."""
    cost_micros: int
    most_micros: int
    """The same if whoever is unknown cost as much as they can."""
    report: YieldReport
    """What each provider would have given."""
    as_of: datetime | None = None
    """When it was worked out, if it was kept; None: just now."""
    is_pending: bool = False
    """Whether a newer one, or one of more entities, is being worked out."""


@dataclass(frozen=True, slots=True)
class _Terms:
    """What answers are applied by. Nobody tries again: what all tries came to is on record."""

    job: JobInfo
    plan: Plan
    policies: Mapping[str, MergePolicy]
    retry_seconds: tuple[float, ...] = ()


def what_if(
    job_id: str,
    *,
    order: Sequence[str] | None = None,
    until: Sequence[str] | None = None,
    workspace_slug: str | None = None,
    most: int | None = None,
    on_progress: OnProgress = tell_nobody,
) -> WhatIf:
    """Return what a waterfall job would have found with another order, or for other fields; None: those of the job.

    Of at most its first `most` entities, `MOST_ENTITIES` by default. Raises `JobNotFound`, `Invalid` if it is no
    waterfall or for an order or fields that cannot be, and `ProviderNotAvailable` if none of the order can be used.
    """
    view = get_job(job_id, workspace_slug=workspace_slug)
    rule = "expected a job of the waterfall"
    check_rules(f"It asks {view.provider} alone: {rule}.", ("jobId", view.provider == WATERFALL, rule))
    about = (view.id, view.entity_type, WATERFALL, view.workspace_slug)
    job = JobInfo(*about, view.options, created_at=view.created_at)
    replay = _Replay(_terms(job, order, until), most, on_progress)
    replay.walk_all(_ids(view), view.started_at or view.created_at)
    return replay.told(view.total, job_id=view.id)


def what_if_of_list(
    reference: str,
    *,
    workspace_slug: str,
    order: Sequence[str] | None = None,
    until: Sequence[str] | None = None,
    most: int | None = None,
    on_progress: OnProgress = tell_nobody,
) -> WhatIf:
    """Return what a waterfall would have found of the members of a list, by its name or id.

    Each member is as it was before anybody was asked about it, and each provider answers what it answered last, to
    whatever job. None: the order and the fields of the last waterfall that was made of the list, else of the
    settings. Of at most the first `most` members by id. Raises `ListNotFound` and what `what_if` does.
    """
    view = find_list(reference, workspace_slug=workspace_slug)
    job = _nobodys_job(view.entity_type, workspace_slug, _options_of(view))
    replay = _Replay(_terms(job, order, until), most, on_progress)
    replay.walk_all(select_ids(view.entity_type, workspace_slug=workspace_slug, list_id=view.id))
    return replay.told(view.entity_count, list_id=view.id)


def what_if_of_workspace(
    entity_type: EntityType,
    *,
    workspace_slug: str,
    order: Sequence[str] | None = None,
    until: Sequence[str] | None = None,
    most: int | None = None,
    on_progress: OnProgress = tell_nobody,
) -> WhatIf:
    """Return what a waterfall would have found of a workspace's people or companies, as `what_if_of_list` does.

    None: the order and the fields of the settings. Raises what `what_if` does.
    """
    replay = _Replay(_terms(_nobodys_job(entity_type, workspace_slug), order, until), most, on_progress)
    replay.walk_all(select_ids(entity_type, workspace_slug=workspace_slug, all_=True))
    return replay.told()


def _nobodys_job(entity_type: str, workspace_slug: str, options: Mapping[str, Any] | None = None) -> JobInfo:
    """Return a job of whose own there is no answer."""
    return JobInfo(new_id(), entity_type, WATERFALL, workspace_slug, options)


def _options_of(view: ListView) -> Mapping[str, Any] | None:
    """Return the options of the last waterfall that was made of a list, among its last jobs."""
    is_of_it = (jobs.c.list_id == view.id, jobs.c.workspace_slug == view.workspace_slug)
    made = select(jobs.c.provider, jobs.c.options).where(*is_of_it).order_by(jobs.c.id.desc()).limit(_JOBS_OF_A_LIST)
    return next((job.options for job in db.session.execute(made) if job.provider == WATERFALL), None)


def _terms(job: JobInfo, order: Sequence[str] | None, until: Sequence[str] | None) -> _Terms:
    asked = JobOptions(tuple(order) if order else None, tuple(until) if until else None)
    checked = asked.checked(job.entity_type, WATERFALL)
    job = replace(job, options={**(job.options or {}), **(checked.stored() or {})})
    try:
        plan = make_plan(job, workspace_registry(job.workspace_slug), config())
    except JobMustWait as exc:
        raise ProviderNotAvailable(str(exc), details=[detail("order", str(exc))]) from None
    return _Terms(job, plan, config().merge_policies.get(job.entity_type, {}))


def _ids(view: JobView) -> Iterator[str]:
    """Give the ids of a job in their order, without those that were erased."""
    position = -1
    query = select(chunks.c.position, chunks.c.entity_ids.cast(Text).label("ids")).where(chunks.c.job_id == view.id)
    first = query.order_by(chunks.c.position).limit(1)
    while (row := db.session.execute(first.where(chunks.c.position > position)).first()) is not None:
        position = row.position
        yield from (one for one in parse_ids(row.ids, row.position) if one != ERASED_ID)


@dataclass(slots=True)
class _Replay:
    """Walks entities along a plan, and counts what comes of it."""

    terms: _Terms
    most: int | None = None
    """How many entities walk; None: `MOST_ENTITIES`."""
    on_progress: OnProgress = tell_nobody
    """Told how many have walked so far."""
    counters: defaultdict[tuple[str, int | None], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    entities: int = 0
    found: int = 0
    unknown: Counter[str] = field(default_factory=Counter)
    open_micros: int = 0
    """The most that the walks may cost which are not known to their end."""

    def walk_all(self, ids: Iterator[str], started_at: datetime | None = None) -> None:
        """Lead the first entities to the ends of their walks, page by page; they begin as `read_answers` says."""
        ids = islice(ids, MOST_ENTITIES if self.most is None else self.most)
        while page := list(islice(ids, PAGE_ENTITIES)):
            records = read_answers(self.terms.job, started_at, page)
            end_read()
            for entity_id, record in records.items():
                self.walk(entity_id, record)
            self.on_progress(self.entities)

    def walk(self, entity_id: str, record: OnRecord) -> None:
        """Lead one entity to the end of its walk, or to what nobody knows."""
        self.entities += 1
        run = EntityRun(0, entity_id, dict(record.fields), self.terms.plan)
        handler = ResultHandler(self.terms, KnownStates())
        while not isinstance(step := run.next_step(), Decision):
            if not self._take(run, step, record, handler):
                self.unknown[step.provider.name] += 1
                self.open_micros += self._most_from(run, step)
                return
        self.found += run.is_satisfied

    def told(self, of_entities: int | None = None, *, job_id: str | None = None, list_id: str | None = None) -> WhatIf:
        """Return what came of all walks."""
        report = make_report(self.counters, job_id=job_id, list_id=list_id)
        cost = report.total.cost_micros
        plan = self.terms.plan
        return WhatIf(
            job_id=job_id,
            list_id=list_id,
            order=[provider.name for provider in plan.steps],
            until=list(plan.until),
            entities=self.entities,
            of_entities=of_entities,
            found=self.found,
            unknown=self.unknown.total(),
            unknown_by_provider=dict(self.unknown),
            cost_micros=cost,
            most_micros=cost + self.open_micros,
            report=report,
        )

    def _take(self, run: EntityRun, step: Step, record: OnRecord, handler: ResultHandler) -> bool:
        """Take a step with the answer that is on record; False if there is none."""
        lookup = _lookup(run, self.terms.job.entity_type)
        reason = step.provider.why_insufficient(lookup)
        if reason is not None:
            handler.apply_local(run, step, lookup, Answer(OutcomeClass.SKIPPED_INSUFFICIENT_INPUT, error=reason))
            return True
        stored = _known(run, step, record)
        if stored is None or stored.answer.outcome_class is OutcomeClass.RATE_LIMITED:
            return False
        if stored.is_prior:
            run.advance()
            return True
        self._apply(run, Attempt(run, step, lookup, new_id(), is_local=False), stored, handler)
        if stored.answer.standing in _IS_DOWN and step.purpose is Purpose.STEP:
            run.skip_provider(stored.answer.error or step.provider.name)
        return True

    def _apply(self, run: EntityRun, attempt: Attempt, stored: StoredAnswer, handler: ResultHandler) -> None:
        before, offer = dict(run.fields), run.offer
        now = datetime.now(UTC)
        handler.apply(AttemptResult(attempt, stored.answer, now - timedelta(seconds=stored.seconds), now))
        if not stored.calls:
            return
        result = handler.unstored.results[-1]
        counted = self.counters[attempt.provider.name, self._place(attempt.provider.name)]
        counted.update(calls=stored.calls, cost_micros=stored.cost_micros)
        if stored.answer.outcome_class in DEFINITE:
            written = [name for name, value in run.fields.items() if value != before.get(name)]
            is_found = is_find(written, _offered(run), self.terms.plan.until)
            self._count_answer(counted, result, is_found, stored.seconds)
        if offer is not None and handler.unstored.verdicts and handler.unstored.verdicts[-1].is_rejected:
            self.counters[offer.provider, self._place(offer.provider)]["rejected"] += 1

    def _count_answer(self, counted: Counter[str], result: AttemptResult, is_found: bool, seconds: float) -> None:
        counted[LATENCIES[bisect_left(LATENCY_BOUNDS, seconds)]] += 1
        if result.attempt.step.purpose is not Purpose.STEP:
            return
        counted["finds"] += is_found
        counted["turn_answers"] += result.is_in_turn
        counted["turn_finds"] += result.is_in_turn and is_found
        counted["overlaps"] += result.is_overlap

    def _place(self, name: str) -> int | None:
        places = {provider.name: place for place, provider in enumerate(self.terms.plan.steps, 1)}
        return places.get(name)

    def _most_from(self, run: EntityRun, step: Step) -> int:
        """Return what a walk may cost from a step on: everybody who is left is asked, and every address verified."""
        left, verifier = self.terms.plan.steps[run.step_index :], self.terms.plan.verifier
        lookup = _lookup(run, self.terms.job.entity_type)
        asked = [provider for provider in left if provider.why_insufficient(lookup) is None]
        if verifier is not None:
            asked += [verifier] * (len(left) + (step.purpose is Purpose.VERIFY))
        return sum(provider.worst_price_micros(lookup) for provider in asked)


_BY_RULES: Final = StoredAnswer(Answer(OutcomeClass.NOT_FOUND), 0, 0, 0.0)
"""What the normaliser gives if its model has said nothing: rules cost nothing, and nobody asks for what they derive."""


def _known(run: EntityRun, step: Step, record: OnRecord) -> StoredAnswer | None:
    """Return what is on record of a step: while an address is offered, that is its verification."""
    if run.offer is not None:
        return record.verdicts.get(run.offer.provider)
    default = _BY_RULES if step.purpose is Purpose.NORMALIZE else None
    return record.answers.get(step.provider.name, default)


def _lookup(run: EntityRun, entity_type: str) -> Lookup:
    return Lookup(entity_type, run.entity_id, {**run.fields, **_offered(run)})


def _offered(run: EntityRun) -> Mapping[str, Any]:
    """Return the fields that wait for a verdict."""
    return run.offer.fields if run.offer is not None else {}
