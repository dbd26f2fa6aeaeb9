"""One accepted request to enrich a list of entities."""

import json
from datetime import datetime
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import BigInteger, CheckConstraint, Index, String, Table, Text, UniqueConstraint, false, select, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base, db
from app.models.types import Id, Json, Slug, UtcDateTime, new_id, one_of, utcnow
from app.values.entity_types import ENTITY_TYPES


class JobStatus(StrEnum):
    """Where a job stands."""

    PENDING = "pending"
    """Entered at enqueue, on resume, and when a chunk ends and none is leased; left by a claim."""
    RUNNING = "running"
    """Entered by a claim; left when the last leased chunk ends, or by pause, cancel or failure."""
    PAUSED = "paused"
    """Entered by hand or by the pipeline; left at `resume_at`, by hand, or when the last entity is decided."""
    CANCELLING = "cancelling"
    """Entered by cancel while chunks are leased; left when the last of them ends."""
    CANCELLED = "cancelled"
    """Final."""
    COMPLETE = "complete"
    """Final: every entity is decided."""
    FAILED = "failed"
    """Final: a chunk broke as a whole."""


ENDED = (JobStatus.COMPLETE, JobStatus.CANCELLED, JobStatus.FAILED)
ACTIVE = (JobStatus.PENDING, JobStatus.RUNNING)
"""Statuses in which chunks may be claimed and taken over."""


class EnrichmentJob(Base):
    """A job: the request, its status and its counters.

    The counters are exact at chunk edges. `claimable` says that there are
    chunks nobody has claimed and that claiming is allowed; it is what the claim
    looks for, so that no other column needs an index that claims would have to
    keep up to date.
    """

    __tablename__ = "enrichment_jobs"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    workspace_slug: Mapped[str] = mapped_column(Slug)
    entity_type: Mapped[str] = mapped_column(String(16))
    provider: Mapped[str] = mapped_column(String(64))
    priority: Mapped[int] = mapped_column(default=0)
    status: Mapped[str] = mapped_column(String(16), default=JobStatus.PENDING)
    pause_reason: Mapped[str | None] = mapped_column(String(500))
    paused_manually: Mapped[bool] = mapped_column(default=False)
    resume_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    chunk_size: Mapped[int]
    chunk_count: Mapped[int]
    next_chunk: Mapped[int] = mapped_column(default=0)
    in_flight: Mapped[int] = mapped_column(default=0)
    claimable: Mapped[bool]
    total_count: Mapped[int]
    duplicate_count: Mapped[int] = mapped_column(default=0)
    processed_count: Mapped[int] = mapped_column(default=0)
    success_count: Mapped[int] = mapped_column(default=0)
    error_count: Mapped[int] = mapped_column(default=0)
    skipped_count: Mapped[int] = mapped_column(default=0)
    held_count: Mapped[int] = mapped_column(default=0)
    takeover_count: Mapped[int] = mapped_column(default=0, server_default="0")
    """How often a chunk was taken over because its worker was lost."""
    is_uncounted: Mapped[bool] = mapped_column(default=True, server_default=false())
    """Whether the totals for the metrics do not have it yet. Older releases did not count it."""
    options: Mapped[dict[str, Any] | None] = mapped_column(Json)
    """What the request said of its waterfall: `order`, `until`, `verifier`; what it left out is as in the settings."""
    cap_micros: Mapped[int | None] = mapped_column(BigInteger)
    """The most that this job may spend, in micro-dollars."""
    stop_when: Mapped[dict[str, Any] | None] = mapped_column(Json)
    """When it stops itself: `last`, `hit_rate_under`, `cost_per_find_over_micros`."""
    stop_window: Mapped[list[list[int]] | None] = mapped_column(Json)
    """What came of its last entities, added up in parts, for jobs that may stop themselves."""
    excluded_count: Mapped[int] = mapped_column(default=0, server_default="0")
    """Entities that were left out at enqueue because they are excluded."""
    api_key_id: Mapped[str | None] = mapped_column(Id)
    """The API key that made it, whose cap its calls fall under; None: no key did."""
    list_id: Mapped[str | None] = mapped_column(Id)
    """The list that it was made of, or the job that it retries; the list may be deleted since."""
    parent_job_id: Mapped[str | None] = mapped_column(Id, index=True)
    """The job that this one retries."""
    retry_filter: Mapped[dict[str, Any] | None] = mapped_column(Json)
    """Which of its entities, by `code`, `provider` or `held`; None: all that were left."""
    held_accepted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When somebody accepted that its held entities stay as they are."""
    idempotency_key: Mapped[str | None] = mapped_column(String(255))
    request_hash: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow())
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        one_of("status", JobStatus),
        one_of("entity_type", ENTITY_TYPES),
        CheckConstraint("status <> 'paused' OR paused_manually <> (resume_at IS NOT NULL)", name="paused_will_end"),
        CheckConstraint("status <> 'paused' OR pause_reason IS NOT NULL", name="paused_says_why"),
        CheckConstraint("status = 'paused' OR (resume_at IS NULL AND NOT paused_manually)", name="only_paused_resumes"),
        CheckConstraint("(status IN ('complete', 'cancelled', 'failed')) = (finished_at IS NOT NULL)", name="ended"),
        CheckConstraint("(started_at IS NOT NULL) = (next_chunk > 0)", name="started"),
        CheckConstraint("status NOT IN ('running', 'cancelling') OR in_flight > 0", name="running_has_lease"),
        CheckConstraint("status NOT IN ('pending', 'complete', 'cancelled') OR in_flight = 0", name="idle_has_none"),
        CheckConstraint("status <> 'complete' OR processed_count = total_count", name="complete_is_decided"),
        CheckConstraint(
            "processed_count < total_count OR status IN ('complete', 'cancelled', 'failed')", name="decided_has_ended"
        ),
        CheckConstraint("processed_count <= next_chunk * chunk_size", name="decided_was_claimed"),
        # Both ways: a job with work that is not claimable would never be found again.
        CheckConstraint(
            "claimable = (status IN ('pending', 'running') AND next_chunk < chunk_count)",
            name="claimable_has_work",
        ),
        CheckConstraint(
            "in_flight >= 0 AND in_flight <= next_chunk AND next_chunk <= chunk_count", name="chunks_add_up"
        ),
        CheckConstraint(
            "processed_count = success_count + error_count + skipped_count + held_count"
            " AND processed_count <= total_count",
            name="counts_add_up",
        ),
        CheckConstraint("total_count > 0 AND chunk_size > 0 AND chunk_count > 0", name="has_entities"),
        UniqueConstraint("workspace_slug", "idempotency_key"),
        Index("ix_enrichment_jobs_workspace_slug_id", "workspace_slug", "id"),
        Index("ix_enrichment_jobs_list_id_id", "list_id", "id"),
    )

    @property
    def entity_ids(self) -> list[str]:
        """Every id of the job in order, read from its chunks: as long as the job is."""
        from app.models.chunk import chunks

        rows = db.session.scalars(
            select(chunks.c.entity_ids.cast(Text)).where(chunks.c.job_id == self.id).order_by(chunks.c.position)
        )
        return [entity_id for row in rows for entity_id in json.loads(row)]

    @property
    def error_log(self) -> list[dict[str, str]]:
        """Every error of the job, oldest first: `[{"entityId": …, "error": …}]`."""
        from app.models.chunk import entity_errors

        rows = db.session.execute(
            select(entity_errors.c.entity_id, entity_errors.c.message)
            .where(entity_errors.c.job_id == self.id)
            .order_by(entity_errors.c.id)
        )
        return [{"entityId": row.entity_id, "error": row.message} for row in rows]


jobs = cast(Table, EnrichmentJob.__table__)

# The claim's order. Partial, so that it holds only jobs with work; the counters that every chunk
# writes are in no index, which lets PostgreSQL update the row in place.
Index(
    "ix_enrichment_jobs_claimable",
    jobs.c.priority.desc(),
    jobs.c.created_at,
    jobs.c.id,
    postgresql_where=jobs.c.claimable,
    # SQLite uses a partial index only for a query with this very term, as SQLAlchemy writes it there.
    sqlite_where=text("claimable = 1"),
)
# For the metrics: jobs by status, and what is held, without a look at those that have ended. What it holds of a job
# is written once and its conditions change once, so that claims leave it alone.
Index(
    "ix_enrichment_jobs_unfinished",
    jobs.c.created_at,
    postgresql_where=jobs.c.finished_at.is_(None),
    sqlite_where=jobs.c.finished_at.is_(None),
)
Index(
    "ix_enrichment_jobs_held",
    jobs.c.created_at,
    postgresql_where=text("held_count > 0 AND held_accepted_at IS NULL"),
    sqlite_where=text("held_count > 0 AND held_accepted_at IS NULL"),
)
# For the totals: the jobs that they do not have yet.
Index(
    "ix_enrichment_jobs_uncounted",
    jobs.c.id,
    postgresql_where=jobs.c.is_uncounted,
    sqlite_where=text("is_uncounted = 1"),
)
Index(
    "ix_enrichment_jobs_resume_at",
    jobs.c.resume_at,
    postgresql_where=jobs.c.resume_at.is_not(None),
    sqlite_where=jobs.c.resume_at.is_not(None),
)
