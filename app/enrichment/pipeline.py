"""The service's own work on a chunk: its entities through the job's provider, answers stored with the outcomes.

The entities are loaded in one query and handed out as plain dataclasses; the
calls run on the loop thread; the calling thread stores what comes back, one
transaction a checkpoint: attempts, changed fields and outcomes together. No
transaction is open while a provider is asked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog
from sqlalchemy import insert

from app.database import WriteSession, end_read
from app.enrichment.budget import Budget
from app.enrichment.leases import Failure, Lease
from app.enrichment.running import run_concurrently
from app.entities import store
from app.entities.fields import FIELDS
from app.entities.merge import merge_fields
from app.errors import describe
from app.models.attempt import AttemptStatus, attempts
from app.models.chunk import Outcome
from app.models.types import new_id
from app.providers.answers import checked
from app.providers.base import Answer, Lookup, OutcomeClass, Provider
from app.providers.registry import PROVIDERS, why_unavailable

log = structlog.get_logger(__name__)

_ENDS: Mapping[OutcomeClass, tuple[AttemptStatus, Outcome]] = {
    OutcomeClass.SUCCESS: (AttemptStatus.SUCCESS, Outcome.SUCCESS),
    # "Not found" is an answer: the entity is done, though nothing was written.
    OutcomeClass.NOT_FOUND: (AttemptStatus.SUCCESS, Outcome.SUCCESS),
    OutcomeClass.SKIPPED_INSUFFICIENT_INPUT: (AttemptStatus.SKIPPED, Outcome.SKIPPED),
}
_FAILED = (AttemptStatus.ERROR, Outcome.ERROR)


class ProviderUnavailable(Exception):
    """The job's provider cannot be used as things are set; the job waits."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """One attempt: what came back of it, and when."""

    index: int
    answer: Answer
    started_at: datetime
    finished_at: datetime


class Pipeline:
    """Runs a chunk's entities through the provider that the job names."""

    def __init__(self, providers: Mapping[str, Provider] = PROVIDERS) -> None:
        self._providers = providers

    def run(self, lease: Lease, budget: Budget, *, concurrency: int) -> None:
        """Decide as many of the chunk's entities as the budget allows.

        Raises `LeaseLost`, and `ProviderUnavailable` where the job has to wait.
        """
        job = lease.job
        reason = why_unavailable(job.provider, job.entity_type, self._providers)
        if reason is not None:
            raise ProviderUnavailable(reason)
        provider = self._providers[job.provider]
        ids = [lease.entity_ids[index] for index in lease.undecided]
        known = store.load(job.entity_type, ids, workspace_slug=job.workspace_slug)
        end_read()
        for index in lease.undecided:
            if lease.entity_ids[index] not in known:
                _decide_missing(lease, index)

        async def ask(index: int) -> _Asked:
            entity_id = lease.entity_ids[index]
            started_at = datetime.now(UTC)
            try:
                answer = await provider.lookup(Lookup(job.entity_type, entity_id, known[entity_id]))
                answer = checked(answer, FIELDS[job.entity_type])
            except Exception as exc:
                # The message may hold what the provider was asked about, so only its kind is logged.
                log.warning("provider raised", provider=provider.name, error_type=type(exc).__name__)
                answer = Answer(OutcomeClass.TRANSIENT, error=describe(exc))
            return _Asked(index, answer, started_at, datetime.now(UTC))

        run_concurrently(lease, ask, lambda finished: _store(lease, finished), budget, concurrency=concurrency)


def _store(lease: Lease, finished: Sequence[tuple[int, Any]]) -> None:
    """Checkpoint, or finish with the last of the chunk, and write what the attempts brought in the same transaction."""
    asked = [result if isinstance(result, _Asked) else _timed_out(index) for index, result in finished]
    try:
        for one in asked:
            _decide(lease, one)
        save = lease.checkpoint if lease.undecided else lease.finish
        save(lambda session: _write(session, lease, asked))
    except BaseException:
        # An outcome must not be stored later without what it stands for.
        lease.forget_unstored()
        raise


def _timed_out(index: int) -> _Asked:
    now = datetime.now(UTC)
    return _Asked(
        index, Answer(OutcomeClass.TRANSIENT, error="The provider took longer than the time budget."), now, now
    )


def _decide(lease: Lease, asked: _Asked) -> None:
    answer = asked.answer
    _, outcome = _ENDS.get(answer.outcome_class, _FAILED)
    failure = None
    if outcome is Outcome.ERROR:
        failure = Failure(answer.outcome_class, answer.error or "The provider gave no reason.")
    lease.decide(asked.index, outcome, failure)


def _decide_missing(lease: Lease, index: int) -> None:
    message = f"There is no {lease.job.entity_type} with this id in workspace {lease.job.workspace_slug}."
    lease.decide(index, Outcome.ERROR, Failure("entity_not_found", message))


def _write(session: WriteSession, lease: Lease, asked: Sequence[_Asked]) -> None:
    """Merge the answers into the entities as they are now, and record attempts and changes.

    Of an entity that was erased meanwhile neither value nor attempt is written.
    """
    if not asked:
        return
    job = lease.job
    ids = [lease.entity_ids[one.index] for one in asked]
    current = store.load_for_update(job.entity_type, ids, workspace_slug=job.workspace_slug)
    changes, attempt_ids, rows = {}, {}, []
    for one in asked:
        entity_id = lease.entity_ids[one.index]
        if entity_id not in current:
            continue
        changes[entity_id] = merge_fields(current[entity_id], one.answer.fields)
        attempt_ids[entity_id] = new_id()
        rows.append(_attempt_row(lease, one, attempt_ids[entity_id], sorted(changes[entity_id])))
    if rows:
        session.execute(insert(attempts), rows)
        store.write_changes(
            session, job.entity_type, job.workspace_slug, changes, provider=job.provider, attempt_ids=attempt_ids
        )


def _attempt_row(lease: Lease, asked: _Asked, attempt_id: str, fields_written: list[str]) -> dict[str, Any]:
    answer = asked.answer
    status, _ = _ENDS.get(answer.outcome_class, _FAILED)
    return {
        "id": attempt_id,
        "job_id": lease.job.id,
        "workspace_slug": lease.job.workspace_slug,
        "entity_type": lease.job.entity_type,
        "entity_id": lease.entity_ids[asked.index],
        "provider": lease.job.provider,
        "status": status,
        "outcome_class": answer.outcome_class,
        "fields_written": fields_written,
        "cost_micros": answer.cost_micros,
        "raw_answer": answer.raw,
        "error": answer.error,
        "started_at": asked.started_at,
        "finished_at": asked.finished_at,
    }
