"""Why an entity's walk along the providers of a job ended where it did.

No column says so: it is told from the outcome, the attempts, the error and the fields that were wanted.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final

from sqlalchemy import Row, select

from app.config import config
from app.enrichment.queue.queries import find_outcomes, first_errors
from app.enrichment.waterfall.dedup import NOT_ASKED
from app.enrichment.waterfall.entity_run import IN_DOUBT
from app.enrichment.waterfall.plan import wanted_fields
from app.enrichment.waterfall.stored_attempts import names_in
from app.entities.fields import FIELDS
from app.entities.merge import is_blank
from app.entities.read import load_entities
from app.errors import DamagedData
from app.extensions import db
from app.models.attempt import attempts
from app.models.chunk import DECIDED, Outcome
from app.models.job import ENDED, jobs
from app.providers.base import OutcomeClass
from app.providers.names import WATERFALL
from app.values.groups import grouped

ATTEMPTS_SEEN: Final = 1000
"""How many of an entity's latest attempts are looked at for the reasons."""


@dataclass(frozen=True, slots=True)
class Walk:
    """What one job made of an entity."""

    job_id: str
    provider: str
    """The job's: a provider, or `waterfall`."""
    outcome: str | None
    """`success`, `error`, `skipped` or `held`; None: not decided yet, or the job is too long to look it up."""
    reason: str
    """Why nobody else was asked, in a sentence."""


@dataclass(frozen=True, slots=True)
class _Facts:
    """What is known of one walk."""

    job: Row[Any]
    outcome: Outcome | None
    error: str | None
    attempts: Sequence[Row[Any]]
    """Newest first."""
    wanted: Sequence[str]
    missing: Sequence[str]
    """What was wanted and is neither there nor was given by the job."""


def describe_walks(entity_type: str, entity_id: str, workspace_slug: str, job_ids: Sequence[str]) -> list[Walk]:
    """Return how an entity fared in some jobs of its workspace, in their order."""
    if not job_ids:
        return []
    found = db.session.execute(select(jobs).where(jobs.c.id.in_(job_ids)))
    known = sorted(found, key=lambda job: job_ids.index(job.id))
    outcomes = find_outcomes(entity_id, {job.id: job.total_count for job in known})
    errors = first_errors(entity_id, [job_id for job_id, outcome in outcomes.items() if outcome == Outcome.ERROR])
    tried = _attempts_by_job(entity_type, entity_id, workspace_slug, job_ids)
    fields = load_entities(entity_type, [entity_id], workspace_slug=workspace_slug).get(entity_id, {})
    walks = []
    for job in known:
        outcome, of_job, wanted = outcomes.get(job.id), tried.get(job.id, []), _wanted(job)
        missing = _missing(wanted, fields, of_job)
        facts = _Facts(job, outcome, errors.get(job.id), of_job, wanted, missing)
        walks.append(Walk(job.id, job.provider, _OUTCOME_NAMES.get(outcome), _reason(facts)))
    return walks


def _attempts_by_job(
    entity_type: str, entity_id: str, workspace_slug: str, job_ids: Sequence[str]
) -> dict[str, list[Row[Any]]]:
    wanted = ("job_id", "provider", "outcome_class", "fields_written", "error")
    query = (
        select(*(attempts.c[name] for name in wanted))
        .where(
            attempts.c.workspace_slug == workspace_slug,
            attempts.c.entity_type == entity_type,
            attempts.c.entity_id == entity_id,
            attempts.c.job_id.in_(job_ids),
        )
        .order_by(attempts.c.id.desc())
        .limit(ATTEMPTS_SEEN)
    )
    return grouped(db.session.execute(query), attrgetter("job_id"))


def _wanted(job: Row[Any]) -> list[str]:
    """Return the fields that ended the walks of a job once all had a value; none for a job of one provider."""
    if job.provider != WATERFALL:
        return []
    options = job.options if isinstance(job.options, dict) else {}
    if not isinstance(options.get("until", []), list):
        raise DamagedData
    names = names_in(list(wanted_fields(job.entity_type, options, config())))
    return sorted(FIELDS[job.entity_type].keys() & names)


def _missing(wanted: Iterable[str], fields: Mapping[str, Any], of_job: Iterable[Row[Any]]) -> list[str]:
    given = {name for row in of_job for name in names_in(row.fields_written)}
    return [name for name in wanted if name not in given and is_blank(fields.get(name))]


def _reason(facts: _Facts) -> str:
    if facts.outcome in DECIDED:
        return _REASONS[facts.outcome](facts)
    if facts.job.status not in ENDED:
        why = f": {facts.job.pause_reason}" if facts.job.pause_reason else "."
        return f"It is not decided yet; the job is {facts.job.status}{why}"
    if facts.outcome is None:
        return "The job has ended; it is too long to look up how."
    return f"The job ended as {facts.job.status} before it was decided."


def _why_success(facts: _Facts) -> str:
    if not facts.wanted:
        return f"The job asks {facts.job.provider} alone, which has answered."
    if facts.missing:
        return f"Nobody was left to ask; still missing: {', '.join(facts.missing)}."
    return f"All that was wanted is there: {', '.join(facts.wanted)}."


def _why_error(facts: _Facts) -> str:
    return facts.error or "It failed, and the reason is not on record."


def _why_skipped(facts: _Facts) -> str:
    lacking = [row.error for row in facts.attempts if row.outcome_class == OutcomeClass.SKIPPED_INSUFFICIENT_INPUT]
    if lacking:
        return f"Nobody could be asked. {lacking[0]}"
    if facts.wanted and not facts.missing:
        return f"All that was wanted was there before: {', '.join(facts.wanted)}."
    return "Nobody was asked: who could be had answered before, or it is excluded."


def _why_held(facts: _Facts) -> str:
    open_classes = {IN_DOUBT, NOT_ASKED, OutcomeClass.TRANSIENT}
    who = next((row.provider for row in facts.attempts if row.outcome_class in open_classes), "a provider")
    return f"Nobody knows whether {who} was paid for an answer that never came. A retry of the job asks again."


_OUTCOME_NAMES: Final[Mapping[Outcome | None, str]] = {outcome: outcome.name.lower() for outcome in DECIDED}
_REASONS: Final[Mapping[Outcome, Callable[[_Facts], str]]] = {
    Outcome.SUCCESS: _why_success,
    Outcome.ERROR: _why_error,
    Outcome.SKIPPED: _why_skipped,
    Outcome.HELD: _why_held,
}
