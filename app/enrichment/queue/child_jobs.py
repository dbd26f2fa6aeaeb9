"""Which entities of a job a retry takes, each at most once: by code and provider of their error, or what is held.

A job may be retried in parts. What an earlier retry of it took belongs to the job that came of it, and is retried
from there.
"""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final

from sqlalchemy import ColumnElement, Table, and_, false, func, not_, or_, select, true

from app.db.session import WriteSession
from app.db.spread import every_nth, spread_keys
from app.enrichment.queue.queries import (
    TO_RETRY,
    UNDECIDED,
    JobView,
    count_erased_in,
    get_job,
    ids_with,
    some_ids_with,
)
from app.entities.keep_days import insist_on_kept
from app.errors import JobStateConflict, check_rules
from app.extensions import db
from app.models.chunk import Outcome, entity_errors, error_counts, progress
from app.models.job import ENDED, jobs
from app.models.types import matching

_SYSTEM_CODES: Final = ("chunk_broke", "job_broke")
"""The codes of errors that are no entity's."""
ERRORS_LOOKED_AT: Final = 20_000
"""Among how many errors a sample is taken."""


@dataclass(frozen=True, slots=True)
class RetryFilter:
    """Which entities to retry: failed ones by code and provider, or held ones; without any, all that are left.

    Raises `Invalid` if both are asked for.
    """

    code: str | None = None
    provider: str | None = None
    is_held: bool = False

    def __post_init__(self) -> None:
        rule = "expected either held, or a code and a provider of errors"
        check_rules(f"The filter is not valid: {rule}.", ("held", not (self.is_held and self.is_of_kind), rule))

    @property
    def is_of_kind(self) -> bool:
        """Whether it names a code or a provider."""
        return self.code is not None or self.provider is not None

    @property
    def is_narrow(self) -> bool:
        """Whether it leaves anything out."""
        return self.is_held or self.is_of_kind

    def stored(self) -> dict[str, Any] | None:
        """Return what the child's row keeps of it; None: it takes all."""
        parts = {"code": self.code, "provider": self.provider, "held": self.is_held}
        return {name: value for name, value in parts.items() if value} or None

    @classmethod
    def read(cls, stored: Any) -> "RetryFilter":
        """Return the filter that a child's row keeps."""
        parts = stored if isinstance(stored, dict) else {}
        return cls(parts.get("code"), parts.get("provider"), parts.get("held") is True)

    def takes(self, table: Table = entity_errors) -> ColumnElement[bool]:
        """Return the condition for the errors whose entities it takes, or for the counts of errors."""
        if self.is_held:
            return false()
        return and_(true(), *matching(table.c.code, self.code), *matching(table.c.provider, self.provider))


ALL: Final = RetryFilter()


@dataclass(slots=True)
class Retry:
    """A retry that may be made: of which job, by which filter, beside which earlier ones."""

    job: JobView
    chosen: RetryFilter
    earlier: Sequence[RetryFilter] = field(default_factory=tuple)
    erased: int = 0
    """Places in the job whose entity had been erased when the ids were read."""

    @classmethod
    def of(cls, job_id: str, chosen: RetryFilter, *, workspace_slug: str | None = None) -> "Retry":
        """Return a retry. Raises `JobNotFound`, and `JobStateConflict` if there can be none."""
        job = get_job(job_id, workspace_slug=workspace_slug)
        if job.status not in ENDED:
            raise JobStateConflict(f"The job is {job.status}; only jobs that have ended can be retried.")
        insist_on_kept(job.finished_at, "ENRICH_JOB_KEEP_DAYS")
        if _has_open_chunks(job.id):
            raise JobStateConflict("The job still has chunks under way; try again when their leases have ended.")
        earlier = earlier_retries(job.id)
        if not all(one.is_narrow for one in earlier):
            raise JobStateConflict("The job was retried before; retry the job that came of it.")
        return cls(job, chosen, earlier)

    def entity_ids(self) -> Iterator[str]:
        """Give the ids that it takes, in the order of the job if it takes all that are left."""
        self.erased = count_erased_in(self.job.id, TO_RETRY)
        is_part = self.chosen.is_narrow or bool(self.earlier)
        if self._takes_held and not is_part:
            return ids_with(self.job.id, TO_RETRY)
        return chain(self._failed_ids(), *(ids_with(self.job.id, outcomes) for outcomes in self._outcomes()))

    def count(self) -> int:
        """Return how many entities it takes, by what is kept of the job: who was erased may still count."""
        held = self.job.held if self._takes_held else 0
        untouched = 0 if self.chosen.is_narrow else self.job.total - self.job.processed
        return self._count_failed() + held + untouched

    def some_ids(self, count: int) -> list[str]:
        """Return about `count` of the ids that it takes, spread over them, with as many failed ones as there are."""
        failed = round(count * self._count_failed() / max(1, self.count()))
        ids = self._some_failed_ids(failed) if failed else []
        wanted = frozenset[Outcome]().union(*self._outcomes())
        others = some_ids_with(self.job.id, wanted) if wanted and len(ids) < count else []
        return [*ids, *every_nth(others, count - len(ids))]

    def _outcomes(self) -> list[Set[Outcome]]:
        """Return the outcomes, beside errors, of which entities are taken."""
        held: list[Set[Outcome]] = [{Outcome.HELD}] if self._takes_held else []
        return held if self.chosen.is_narrow else [*held, UNDECIDED]

    @property
    def _takes_held(self) -> bool:
        """Whether held entities are in it, if there are any."""
        is_taken = self.chosen.is_of_kind or any(one.is_held for one in self.earlier)
        return self.job.held_accepted_at is None and not is_taken

    def why_nothing(self) -> str:
        """Return the sentence that says why it takes no entity."""
        if self.earlier:
            return "What it asks for was retried before, or is not there; retry the jobs that came of it."
        if self.job.held_accepted_at is not None and not self.chosen.is_of_kind:
            return "It was accepted that the held entities stay as they are, so there is nothing to retry."
        if self.chosen.is_narrow:
            return "The job has no such entities, so there is nothing to retry."
        return "The job has no failed or held entities, so there is nothing to retry."

    def check(self, session: WriteSession) -> None:
        """Hold the job and its lists of ids until the caller's transaction ends; insist that nothing came in between.

        An entity that was erased since the ids were read would come back. An erasure that comes later waits for the
        lists, and finds its entity in the new job as well. Raises `JobStateConflict`.
        """
        query = select(jobs.c.held_accepted_at).where(jobs.c.id == self.job.id).with_for_update(key_share=True)
        held_accepted_at = session.scalar(query)
        if held_accepted_at != self.job.held_accepted_at or earlier_retries(self.job.id) != self.earlier:
            raise JobStateConflict("The job was retried, or what it holds accepted, meanwhile; try again.")
        if count_erased_in(self.job.id, TO_RETRY, is_locking=True) != self.erased:
            raise JobStateConflict("Entities of the job were erased meanwhile; try again.")

    def _failed_ids(self) -> Iterator[str]:
        query = select(entity_errors.c.entity_id).where(*self._failed()).order_by(entity_errors.c.id)
        query = query.execution_options(yield_per=1000)
        with db.session.scalars(query) as ids:
            yield from ids

    def _some_failed_ids(self, count: int) -> list[str]:
        numbers, _ = spread_keys(entity_errors.c.id, self._failed(), count, within=ERRORS_LOOKED_AT)
        query = select(entity_errors.c.entity_id).where(entity_errors.c.id.in_(every_nth(numbers, count)))
        return list(db.session.scalars(query.order_by(entity_errors.c.id)))

    def _failed(self) -> list[ColumnElement[bool]]:
        """Return the conditions for the errors of the entities that it takes."""
        is_of_entity = or_(entity_errors.c.entity_id != "system", entity_errors.c.code.not_in(_SYSTEM_CODES))
        return [*self._takes_of(entity_errors), is_of_entity]

    def _count_failed(self) -> int:
        is_counted = (*self._takes_of(error_counts), error_counts.c.code.not_in(_SYSTEM_CODES))
        return int(db.session.scalar(select(func.sum(error_counts.c.error_count)).where(*is_counted)) or 0)

    def _takes_of(self, table: Table) -> tuple[ColumnElement[bool], ...]:
        """Return the conditions for the errors that it takes and no earlier retry did, or for their counts."""
        is_taken_before = or_(false(), *(earlier.takes(table) for earlier in self.earlier))
        return table.c.job_id == self.job.id, self.chosen.takes(table), not_(is_taken_before)


def earlier_retries(job_id: str) -> tuple[RetryFilter, ...]:
    """Return the filters of the retries that were made of a job."""
    query = select(jobs.c.retry_filter).where(jobs.c.parent_job_id == job_id).order_by(jobs.c.id)
    return tuple(RetryFilter.read(stored) for stored in db.session.scalars(query))


def _has_open_chunks(job_id: str) -> bool:
    query = select(progress.c.job_id).where(progress.c.job_id == job_id, progress.c.finished_at.is_(None)).limit(1)
    return db.session.scalar(query) is not None
