"""Tranche: `… tranche enqueue|work|verify COUNT [FORM]`, with DATABASE_URL in the environment."""

import sys

from sqlalchemy import func, select, text

from app.enrichment import queue
from app.extensions import db
from app.models.chunk import progress
from app.models.job import jobs
from tests.benchmarks.contestants.ids import CHUNK_SIZE, entity_ids
from tests.benchmarks.stage import on_signal
from wsgi import app


def main(action: str, count: int) -> None:
    """Do one of the three."""
    with app.app_context():
        # A connection that is there already, as a worker has one after its first chunk.
        db.session.execute(select(1))
        db.session.rollback()
        if action == "enqueue":
            ids = entity_ids(count)
            for table in reversed(db.metadata.sorted_tables):
                db.session.execute(table.delete())
            db.session.commit()
            with on_signal():
                queue.enqueue_job("person", "ai-normalizer", ids, chunk_size=CHUNK_SIZE)
            # Here and of the peers' tables, as autovacuum does before long.
            db.session.execute(text("ANALYZE enrichment_jobs, enrichment_chunks, enrichment_chunk_progress"))
            db.session.commit()
        elif action == "work":
            with on_signal():
                queue.drain(None)
        else:
            job = db.session.execute(select(jobs)).one()
            assert (job.status, job.success_count) == ("complete", count), job
            # One character an entity, closed for good.
            outcomes = select(func.sum(func.length(progress.c.outcomes))).where(progress.c.finished_at.is_not(None))
            assert db.session.scalar(outcomes) == count


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
