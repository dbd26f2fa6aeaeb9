"""Dedup: what providers have answered recently enough that asking again would be paying twice."""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final

from sqlalchemy import ColumnElement, Float, Select, and_, bindparam, exists, or_, select

from app.config import Config
from app.db.sql import is_any_of
from app.enrichment.queue.lease import JobInfo
from app.enrichment.waterfall.entity_run import IN_DOUBT, REPEATABLE, PriorAnswer
from app.entities.merge import is_blank
from app.extensions import db
from app.models.attempt import attempts
from app.models.types import lowest_id, made_at, utcnow
from app.providers.base import DEFINITE, OutcomeClass, Provider

NOT_ASKED: Final = "not_asked"
"""The outcome class of an attempt that was not made, because another job's call with the same question is in doubt."""
VERDICT_STANDS: Final = "verdict_stands"
"""The outcome class of an attempt that was not made, because a verdict on the address stands."""
PARTIAL: Final = "partial"
"""The outcome class of an attempt that brought fields, but not all that was asked for: a second call of the provider
failed. It is no answer here, so that the rest is asked for another time."""
DAY_SECONDS: Final = 86_400
CLOCKS_DIFFER: Final = timedelta(days=31)
"""How far the clocks of hosts, by which ids are made, may lie apart, and a question and its answer."""


@dataclass(frozen=True, slots=True)
class RecentAnswers:
    """Finds the answers that still hold for a job: for how many days, by class."""

    job: JobInfo
    success_days: int
    not_found_days: int

    @classmethod
    def of(cls, job: JobInfo, config: Config) -> "RecentAnswers":
        """Return the recent answers that count for a job."""
        return cls(job, config.ENRICH_SUCCESS_TTL_DAYS, config.ENRICH_NOT_FOUND_TTL_DAYS)

    def prior(self, ids: Sequence[str], providers: Iterable[Provider]) -> dict[str, dict[str, PriorAnswer]]:
        """Return the latest answers that still hold, by entity and provider's name; one query.

        Of verifiers only what is in doubt: a verdict is about an address, and kept with it.

        A call in doubt counts as an answer for every job of the workspace until its provider answers definitely, or for
        as long as a find holds. It does not count for a retry whose parent had asked, or was kept from asking, if it
        was made before the retry was enqueued.
        """
        # What owns its fields answers from what stands there now; what that costs is spared by its cache.
        by_name = {provider.name: provider for provider in providers if not provider.capabilities.owns_fields}
        if not ids or not by_name:
            return {}
        rows = db.session.connection().execute(_prior_query(), self._parameters(ids, by_name))
        verifiers = {name for name, provider in by_name.items() if provider.capabilities.verifies}
        useful = [row for row in rows if row.provider not in verifiers or row.outcome_class not in DEFINITE]
        return self._by_entity(useful, by_name)

    def _parameters(self, ids: Sequence[str], names: Iterable[str]) -> dict[str, Any]:
        return {
            "of_job": self.job.id,
            "of_parent": self.job.parent_job_id,
            "of_workspace": self.job.workspace_slug,
            "of_type": self.job.entity_type,
            "names": list(names),
            "success_age": -float(self.success_days * DAY_SECONDS),
            "not_found_age": -float(self.not_found_days * DAY_SECONDS),
            "ids": list(ids),
            "first_id": self._first_id(),
        }

    def _first_id(self) -> str:
        """Return a bound below which no answer holds, so that old partitions are not looked into."""
        days = max(self.success_days, self.not_found_days)
        recent = lowest_id(datetime.now(UTC), earlier=timedelta(days=days))
        # The job's own attempts, and its parent's, count whatever their age.
        first = min(recent, self.job.id, self.job.parent_job_id or recent)
        return lowest_id(made_at(first), earlier=CLOCKS_DIFFER)

    def _by_entity(self, rows: Sequence[Any], providers: Mapping[str, Provider]) -> dict[str, dict[str, PriorAnswer]]:
        noted = {_question_of(row) for row in rows if row.outcome_class == NOT_ASKED and row.job_id == self.job.id}
        reopened = {_question_of(row) for row in rows if row.job_id == self.job.parent_job_id}
        answers: dict[str, dict[str, PriorAnswer]] = {}
        for row in rows:
            outcome_class = _class_of(row, providers[row.provider])
            if outcome_class is None or (outcome_class == IN_DOUBT and self._is_reopened(row, reopened)):
                continue
            of_entity = answers.setdefault(row.entity_id, {})
            is_noted = _question_of(row) in noted
            of_entity[row.provider] = self._answer(row, outcome_class, of_entity.get(row.provider), is_noted=is_noted)
        return answers

    def _answer(self, row: Any, outcome_class: str, before: PriorAnswer | None, *, is_noted: bool) -> PriorAnswer:
        return PriorAnswer(
            row.id,
            outcome_class,
            _misses(row, outcome_class, before),
            row.withheld,
            row.is_rejected,
            is_of_job=row.job_id == self.job.id,
            is_lost=outcome_class == IN_DOUBT and row.fingerprint is None,
            is_noted=is_noted,
        )

    def _is_reopened(self, row: Any, retried: Collection[tuple[str, str]]) -> bool:
        """Return whether this job retries a question, and the call in doubt was made before it was enqueued."""
        if _question_of(row) not in retried or row.job_id == self.job.id or self.job.created_at is None:
            return False
        # Whatever the workers' clocks say, the job that is retried had ended before.
        return bool(row.job_id == self.job.parent_job_id or row.started_at < self.job.created_at)


def _misses(row: Any, outcome_class: str, before: PriorAnswer | None) -> frozenset[str | None]:
    """Return the fingerprints of the questions to which a provider had nothing, as of an attempt."""
    misses = before.misses if before is not None else frozenset()
    return misses | {row.fingerprint} if outcome_class == OutcomeClass.NOT_FOUND else misses


def _question_of(row: Any) -> tuple[str, str]:
    return row.entity_id, row.provider


def _class_of(row: Any, provider: Provider) -> str | None:
    """Return what an attempt means for the next question; None: nothing."""
    if row.outcome_class in DEFINITE:
        return str(row.outcome_class)
    is_in_doubt = row.outcome_class == IN_DOUBT
    if provider.capabilities.repeat_is_free:
        return REPEATABLE if is_in_doubt or _is_unanswered(row) else None
    return IN_DOUBT if is_in_doubt else None


def _is_unanswered(row: Any) -> bool:
    return bool(row.outcome_class == OutcomeClass.TRANSIENT and row.cost_micros > 0)


@cache
def _prior_query() -> Select[Any]:
    """Return the query for answers that hold. Cached: building it costs more than running it."""
    is_of_job = attempts.c.job_id == bindparam("of_job")
    # What was paid for the call, or may have been, is booked with it.
    is_in_doubt = or_(
        attempts.c.outcome_class == IN_DOUBT,
        and_(attempts.c.outcome_class == OutcomeClass.TRANSIENT, attempts.c.cost_micros > 0),
    )
    # As long as a find would hold: that is the most that can have been paid for.
    is_recent = attempts.c.finished_at > utcnow(bindparam("success_age", type_=Float))
    holds = or_(
        _is_younger(OutcomeClass.SUCCESS, "success_age"),
        _is_younger(OutcomeClass.NOT_FOUND, "not_found_age"),
        and_(is_in_doubt, or_(is_of_job, is_recent), ~_is_answered_since()),
        and_(attempts.c.outcome_class == NOT_ASKED, is_of_job),
        and_(attempts.c.job_id == bindparam("of_parent"), attempts.c.outcome_class.not_in(DEFINITE)),
    )
    return (
        select(
            attempts.c.id,
            attempts.c.job_id,
            attempts.c.entity_id,
            attempts.c.provider,
            attempts.c.outcome_class,
            attempts.c.cost_micros,
            attempts.c.fingerprint,
            attempts.c.withheld,
            attempts.c.is_rejected,
            attempts.c.started_at,
        )
        .where(
            attempts.c.workspace_slug == bindparam("of_workspace"),
            attempts.c.entity_type == bindparam("of_type"),
            is_any_of(attempts.c.entity_id, bindparam("ids")),
            attempts.c.provider.in_(bindparam("names", expanding=True)),
            attempts.c.id >= bindparam("first_id"),
            holds,
        )
        # What was asked last comes last, and stays. By the end, a lost call would be later than its repeat.
        .order_by(attempts.c.started_at, attempts.c.id)
    )


def _is_answered_since() -> ColumnElement[bool]:
    """Return the condition that a provider has answered definitely about an entity since it was asked."""
    later = attempts.alias()
    same = [attempts.c.workspace_slug, attempts.c.entity_type, attempts.c.entity_id, attempts.c.provider]
    return exists(
        select(later.c.id).where(
            *(later.c[column.name] == column for column in same),
            later.c.outcome_class.in_(DEFINITE),
            later.c.started_at > attempts.c.started_at,
            later.c.id >= bindparam("first_id"),
        )
    )


def _is_younger(outcome_class: OutcomeClass, age: str) -> ColumnElement[bool]:
    is_recent = attempts.c.finished_at > utcnow(bindparam(age, type_=Float))
    return and_(attempts.c.outcome_class == outcome_class, is_recent)


def fingerprint(provider: Provider, entity_type: str, fields: Mapping[str, Any]) -> str:
    """Return a digest of what a question is made of."""
    names = provider.inputs.get(entity_type, ())
    known = {name: fields[name] for name in names if not is_blank(fields.get(name))}
    return hashlib.sha256(_written(known).encode()).hexdigest()[:32]


_written: Final = json.JSONEncoder(sort_keys=True, default=str).encode


def is_answered(prior: PriorAnswer | None, question: str) -> bool:
    """Return whether a prior answer makes a question needless: a miss holds only for the same fingerprint."""
    if prior is None:
        return False
    return prior.outcome_class in _ANSWERING or not prior.misses.isdisjoint({None, question})


_ANSWERING: Final = frozenset({OutcomeClass.SUCCESS, IN_DOUBT})
"""What answers a question whatever it is made of."""
