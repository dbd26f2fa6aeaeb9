"""The dedup gate: who has answered about whom, recently enough that asking again would be paying twice."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from sqlalchemy import ColumnElement, Float, Select, and_, bindparam, or_, select

from app.config import Config
from app.database import engine_name
from app.enrichment.leases import JobInfo
from app.enrichment.waterfall import IN_DOUBT, Earlier
from app.entities.merge import is_blank
from app.entities.store import has_any_given
from app.extensions import db
from app.models.attempt import attempts
from app.models.types import utcnow
from app.providers.base import OutcomeClass, Provider
from app.providers.registry import NORMALIZER

PARTIAL: Final = "partial"
"""The outcome class of an attempt that brought fields, but not all that was asked for: a second call of the provider
failed. It is no answer here, so that the rest is asked for another time."""
DAY_SECONDS: Final = 86_400


@dataclass(frozen=True, slots=True)
class Gate:
    """How long definite answers hold, in days, and for whom they are looked up."""

    job: JobInfo
    success_days: int
    not_found_days: int

    @classmethod
    def of(cls, job: JobInfo, config: Config) -> "Gate":
        """Return the gate that a job's questions go through."""
        return cls(job, config.ENRICH_SUCCESS_TTL_DAYS, config.ENRICH_NOT_FOUND_TTL_DAYS)

    def earlier(self, ids: Sequence[str], providers: Sequence[Provider]) -> dict[str, dict[str, Earlier]]:
        """Return the latest answers that still hold, by entity and provider's name; one query.

        A call of unknown end closes the gate for its own job alone: a retry
        is another job, and the way to ask again.
        """
        # The normaliser's answers follow from what stands there now; what they cost is spared by its cache.
        providers = [provider for provider in providers if provider.name != NORMALIZER]
        if not ids or not providers:
            return {}
        found: dict[str, dict[str, Earlier]] = {}
        given = {
            "of_job": self.job.id,
            "of_workspace": self.job.workspace_slug,
            "of_type": self.job.entity_type,
            "names": [provider.name for provider in providers],
            "success_age": -float(self.success_days * DAY_SECONDS),
            "not_found_age": -float(self.not_found_days * DAY_SECONDS),
            "ids": list(ids),
        }
        for row in db.session.connection().execute(_earlier_query(engine_name()), given):
            known = found.setdefault(row.entity_id, {})
            misses = known[row.provider].misses if row.provider in known else frozenset()
            if row.outcome_class == OutcomeClass.NOT_FOUND:
                misses |= {row.fingerprint}
            is_of_job = row.job_id == self.job.id
            known[row.provider] = Earlier(row.id, row.outcome_class, misses, row.withheld, row.is_rejected, is_of_job)
        return found


@cache
def _earlier_query(engine: str) -> Select[Any]:
    """Return the query for answers that hold. It is built once: that takes longer than it runs."""
    held = or_(
        _is_younger(OutcomeClass.SUCCESS, "success_age"),
        _is_younger(OutcomeClass.NOT_FOUND, "not_found_age"),
        and_(attempts.c.outcome_class == IN_DOUBT, attempts.c.job_id == bindparam("of_job")),
    )
    return (
        select(
            attempts.c.id,
            attempts.c.job_id,
            attempts.c.entity_id,
            attempts.c.provider,
            attempts.c.outcome_class,
            attempts.c.fingerprint,
            attempts.c.withheld,
            attempts.c.is_rejected,
        )
        .where(
            attempts.c.workspace_slug == bindparam("of_workspace"),
            attempts.c.entity_type == bindparam("of_type"),
            has_any_given(attempts.c.entity_id, engine),
            attempts.c.provider.in_(bindparam("names", expanding=True)),
            held,
        )
        # The latest comes last, and stays.
        .order_by(attempts.c.finished_at, attempts.c.id)
    )


def _is_younger(outcome_class: OutcomeClass, age: str) -> ColumnElement[bool]:
    is_recent = attempts.c.finished_at > utcnow(bindparam(age, type_=Float))
    return and_(attempts.c.outcome_class == outcome_class, is_recent)


def fingerprint(provider: Provider, entity_type: str, fields: Mapping[str, Any]) -> str:
    """Return a digest of what a question is made of."""
    names = sorted(provider.inputs.get(entity_type, ()))
    given = {name: fields[name] for name in names if not is_blank(fields.get(name))}
    return hashlib.sha256(json.dumps(given, sort_keys=True, default=str).encode()).hexdigest()[:32]


def is_closed(earlier: Earlier | None, question: str) -> bool:
    """Tell whether an earlier answer makes a question needless: a miss holds only for the same question."""
    if earlier is None:
        return False
    return earlier.outcome_class != OutcomeClass.NOT_FOUND or not earlier.misses.isdisjoint({None, question})
