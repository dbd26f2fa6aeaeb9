"""The queue's invariants, asserted on whatever is in the database."""

import json
from collections import Counter

from sqlalchemy import Text, select

from app.extensions import db
from app.models.chunk import DECIDED, ERASED_ID, chunks, entity_errors, progress
from app.models.job import ENDED, JobStatus, jobs


def check_invariants(*, drained: bool = False) -> None:
    """Assert what always holds; with `drained` also that every job has ended.

    Counters agree with the chunks, leases agree with `in_flight`, no chunk
    stands outside the job's range, and the chunks hold exactly the job's ids.
    """
    db.session.rollback()
    for job in db.session.execute(select(jobs)).all():
        chunk_rows = db.session.execute(
            select(chunks.c.position, chunks.c.entity_ids.cast(Text)).where(chunks.c.job_id == job.id)
        ).all()
        ids = [entity_id for row in chunk_rows for entity_id in json.loads(row[1])]
        assert len(ids) == job.total_count
        kept = [entity_id for entity_id in ids if entity_id != ERASED_ID]
        assert len(kept) == len(set(kept))
        assert [row.position for row in sorted(chunk_rows)] == list(range(job.chunk_count))

        rows = db.session.execute(select(progress).where(progress.c.job_id == job.id)).all()
        assert {row.position for row in rows} == set(range(job.next_chunk)), "every claimed chunk has its progress row"
        closed = Counter("".join(row.outcomes for row in rows if row.finished_at))
        decided = {outcome: closed[outcome] for outcome in DECIDED}
        assert job.processed_count == sum(decided.values())
        assert (job.success_count, job.error_count, job.skipped_count, job.held_count) == tuple(
            decided[outcome] for outcome in "sekh"
        )
        assert job.in_flight == sum(row.finished_at is None and row.worker is not None for row in rows)
        assert job.claimable == (job.status in ("pending", "running") and job.next_chunk < job.chunk_count)

        errors = db.session.execute(select(entity_errors.c.entity_id).where(entity_errors.c.job_id == job.id)).all()
        failed = Counter("".join(row.outcomes for row in rows))["e"]
        assert ERASED_ID in ids or len([row for row in errors if row.entity_id != "system"]) == failed
        if job.status == JobStatus.COMPLETE:
            assert job.processed_count == job.total_count == len("".join(row.outcomes for row in rows))
        if drained:
            assert job.status in ENDED, f"job {job.id} is {job.status}"
    db.session.rollback()
