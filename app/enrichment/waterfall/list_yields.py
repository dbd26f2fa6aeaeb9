"""What providers gave for the members of a list, told from the attempts about them.

Costs are counted by job, and a list is made of parts of jobs, so its members' attempts are read: of the first of them,
page by page.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import chain, islice
from typing import Any, Final

from sqlalchemy import Row, select

from app.config import config
from app.db.session import end_read
from app.enrichment.money.cost_log import LATENCIES
from app.enrichment.money.yields import YieldReport, make_report
from app.enrichment.waterfall.attempt_log import is_find
from app.enrichment.waterfall.dedup import PARTIAL
from app.enrichment.waterfall.plan import wanted_fields
from app.enrichment.waterfall.stored_attempts import attempts_about, names_in, was_sent
from app.entities.lists import find_list
from app.entities.progress import OnProgress, tell_nobody
from app.entities.read import select_ids
from app.extensions import db
from app.models.job import jobs
from app.models.spending import LATENCY_BOUNDS, costs
from app.providers.base import DEFINITE, OutcomeClass
from app.providers.names import WATERFALL

MOST_ENTITIES: Final = 10_000
"""How many members of a list are looked at."""
PAGE_ENTITIES: Final = 500
_ANSWERED: Final = frozenset({*DEFINITE, PARTIAL})
_GAVE: Final = frozenset({OutcomeClass.SUCCESS, PARTIAL})

_Counters = defaultdict[tuple[str, int | None], Counter[str]]


@dataclass(frozen=True, slots=True)
class _Terms:
    """What a job wanted, and the places of the providers that it asked."""

    wanted: Sequence[str]
    steps: Mapping[str, int | None]


def list_yield(
    reference: str, *, workspace_slug: str, most: int | None = None, on_progress: OnProgress = tell_nobody
) -> YieldReport:
    """Return what providers gave for the members of a list, in whatever job, by its name or id. Raises `ListNotFound`.

    Of at most `most` members, the first by id, `MOST_ENTITIES` by default; the report says how many there are.
    `on_progress` is told how many were looked at so far.
    """
    view = find_list(reference, workspace_slug=workspace_slug)
    members = select_ids(view.entity_type, workspace_slug=workspace_slug, list_id=view.id)
    ids = islice(members, MOST_ENTITIES if most is None else most)
    counters: _Counters = defaultdict(Counter)
    terms: dict[str, _Terms] = {}
    lifetimes, entities = _lifetimes(), 0
    while page := list(islice(ids, PAGE_ENTITIES)):
        entities += len(page)
        rows = attempts_about(view.entity_type, view.workspace_slug, page)
        terms |= _terms_of({row.job_id for row in chain.from_iterable(rows.values())} - terms.keys())
        end_read()
        for of_entity in rows.values():
            _EntityCount(counters, terms, lifetimes).add(of_entity)
        on_progress(entities)
    return make_report(counters, list_id=view.id, entities=entities, of_entities=view.entity_count)


@dataclass(slots=True)
class _EntityCount:
    """Counts the attempts about one entity, the oldest first, as `cost_log` counts answers when they come."""

    counters: _Counters
    terms: Mapping[str, _Terms]
    lifetimes: Mapping[str, timedelta]
    answered: dict[tuple[str, str], Any] = field(default_factory=dict)
    """By job and provider, when it was answered."""
    has_value: set[str] = field(default_factory=set)
    """The jobs in which somebody has given something."""

    def add(self, rows: Iterable[Row[Any]]) -> None:
        for row in filter(was_sent, rows):
            step = self.terms[row.job_id].steps.get(row.provider)
            counted = self.counters[row.provider, step]
            counted.update(calls=1, cost_micros=row.cost_micros, rejected=row.is_rejected)
            if row.outcome_class in _ANSWERED:
                self._add_answer(row, step, counted)

    def _add_answer(self, row: Row[Any], step: int | None, counted: Counter[str]) -> None:
        seconds = (row.finished_at - row.started_at).total_seconds()
        counted[LATENCIES[bisect_left(LATENCY_BOUNDS, seconds)]] += 1
        if step is None:
            return
        given, withheld = names_in(row.fields_written), names_in(row.withheld)
        finds = is_find(given, withheld, self.terms[row.job_id].wanted)
        gives = row.outcome_class in _GAVE
        counted["finds"] += finds
        if self._is_in_turn(row, step):
            counted.update(turn_answers=1, turn_finds=finds)
        self.answered[row.job_id, row.provider] = row
        if gives:
            counted["overlaps"] += row.job_id in self.has_value
            self.has_value.add(row.job_id)

    def _is_in_turn(self, row: Row[Any], step: int) -> bool:
        """Return whether everybody ahead had answered: in this job, or before, with an answer that still held."""
        steps = self.terms[row.job_id].steps
        ahead = {name for name, place in steps.items() if place is not None and place < step}
        return ahead <= {name for (_, name), answer in self.answered.items() if self._still_holds(answer, row)}

    def _still_holds(self, answer: Row[Any], row: Row[Any]) -> bool:
        """Return whether an answer spares a job the question: one of its own, or one that is recent enough."""
        lifetime = self.lifetimes.get(answer.outcome_class, timedelta(0))
        return bool(answer.job_id == row.job_id or answer.finished_at > row.started_at - lifetime)


def _lifetimes() -> dict[str, timedelta]:
    """Return for how long an answer spares another job the question, by its outcome class; others spare nothing."""
    settings = config()
    return {
        OutcomeClass.SUCCESS: timedelta(days=settings.ENRICH_SUCCESS_TTL_DAYS),
        OutcomeClass.NOT_FOUND: timedelta(days=settings.ENRICH_NOT_FOUND_TTL_DAYS),
    }


def _terms_of(job_ids: set[str]) -> dict[str, _Terms]:
    """Return the terms of some jobs."""
    steps: dict[str, dict[str, int | None]] = {job_id: {} for job_id in job_ids}
    asked = select(costs.c.job_id, costs.c.provider, costs.c.step).where(costs.c.job_id.in_(job_ids))
    for job_id, provider, step in db.session.execute(asked):
        steps[job_id][provider] = step
    # Only a waterfall wants fields in particular.
    columns = (jobs.c.id, jobs.c.entity_type, jobs.c.options)
    waterfalls = select(*columns).where(jobs.c.id.in_(job_ids), jobs.c.provider == WATERFALL)
    wanted = {row.id: wanted_fields(row.entity_type, row.options, config()) for row in db.session.execute(waterfalls)}
    return {job_id: _Terms(wanted.get(job_id, ()), steps[job_id]) for job_id in job_ids}
