"""Jobs by the thousand and chunks by the million, put into the tables by the database itself.

Through `enqueue_job` and the workers that would take minutes. The rows are those that it and they leave behind, and
the tables' own constraints see to it that they could be.
"""

from typing import Any

from sqlalchemy import CTE, JSON, ColumnElement, Text, cast, func, insert, literal, select, text, true

from app.db.session import transaction
from app.db.sql import engine_name
from app.extensions import db
from app.models.chunk import Outcome, chunks, progress
from app.models.job import JobStatus, jobs
from app.models.types import new_id, utcnow


def add_backlog(*, waiting: int, finished_jobs: int, chunks_each: int, paused_chunks: int) -> None:
    """Store a paused job that is older than all, jobs that are done, and jobs that wait, of 20 chunks each."""
    add_jobs(1, paused_chunks, status=JobStatus.PAUSED, claimable=False, paused_manually=True, pause_reason="by hand")
    done = {"next_chunk": chunks_each, "processed_count": chunks_each, "success_count": chunks_each}
    finished = add_jobs(
        finished_jobs,
        chunks_each,
        chunk_size=1,
        status=JobStatus.COMPLETE,
        claimable=False,
        started_at=utcnow(),
        finished_at=utcnow(),
        **done,
    )
    if finished:
        _finish_chunks(chunks_each)
    add_jobs(waiting, 20)
    tidy()


def add_jobs(count: int, chunk_count: int, *, chunk_size: int = 50, **values: Any) -> list[str]:
    """Store jobs of so many chunks each; return their ids, oldest first."""
    common = {
        "workspace_slug": "default",
        "entity_type": "person",
        "provider": "ai-normalizer",
        "chunk_size": chunk_size,
        "chunk_count": chunk_count,
        "total_count": chunk_size * chunk_count,
        "claimable": True,
    }
    ids = [new_id() for _ in range(count)]
    if not ids:
        return ids
    with transaction() as session:
        session.execute(insert(jobs).values(**{**common, **values}), [{"id": job_id} for job_id in ids])
        # The jobs that have no chunks yet are the new ones.
        new = (
            select(jobs.c.id).where(jobs.c.id.not_in(select(chunks.c.job_id).where(chunks.c.position == 0))).subquery()
        )
        position = numbers(chunk_count)
        rows = select(new.c.id, position.c.number, _entity_ids(position.c.number, chunk_size)).join(position, true())
        session.execute(insert(chunks).from_select(["job_id", "position", "entity_ids"], rows))
    return ids


def numbers(count: int) -> CTE:
    """Return a table of the numbers from 0, for either database."""
    first = select(literal(0).label("number")).cte("numbers", recursive=True)
    return first.union_all(select(first.c.number + 1).where(first.c.number < count - 1))


def tidy() -> None:
    """Let the planner know what the tables hold, as autovacuum does before long."""
    db.session.remove()
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM (ANALYZE)" if engine_name() == "postgresql" else "ANALYZE"))


def _finish_chunks(chunk_count: int) -> None:
    position = numbers(chunk_count)
    columns = {
        "job_id": jobs.c.id,
        "position": position.c.number,
        "attempt": literal(1),
        "crash_count": literal(0),
        "outcomes": literal(str(Outcome.SUCCESS)),
        "finished_at": utcnow(),
    }
    done = select(*columns.values()).select_from(jobs).join(position, true()).where(jobs.c.status == JobStatus.COMPLETE)
    with transaction() as session:
        session.execute(insert(progress).from_select(list(columns), done))


def _entity_ids(position: ColumnElement[int], size: int) -> ColumnElement[Any]:
    """Return a chunk's array of ids, as long as usual ones."""
    template = "[" + ", ".join(f'"person-#-{number:04d}"' for number in range(size)) + "]"
    if engine_name() == "postgresql":
        padded = func.lpad(cast(position, Text), 7, "0")
        return cast(func.replace(template, "#", padded), JSON)
    return func.replace(template, "#", func.printf("%07d", position))
