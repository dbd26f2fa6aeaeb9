"""Entities that are held: it is unknown whether a call about them was paid, so a person or a retry decides."""

from itertools import islice

from sqlalchemy import Text, select

from app.enrichment.queue.leases import ChunkUnreadable, parse_ids
from app.extensions import db
from app.models.chunk import ERASED_ID, Outcome, chunks, progress


def held_ids(job_id: str, *, limit: int) -> list[str]:
    """Return the ids of a job's held entities, in order, at most `limit`."""
    rows = db.session.execute(
        select(chunks.c.position, chunks.c.entity_ids.cast(Text).label("ids"), progress.c.outcomes)
        .join(progress, (progress.c.job_id == chunks.c.job_id) & (progress.c.position == chunks.c.position))
        .where(chunks.c.job_id == job_id, progress.c.outcomes.contains(Outcome.HELD, autoescape=True))
        .order_by(chunks.c.position)
        .limit(limit)
    )
    found = (entity_id for row in rows for entity_id in _held_of(row.position, row.ids, row.outcomes))
    return list(islice(found, limit))


def _held_of(position: int, ids: str, outcomes: str) -> list[str]:
    """Return the held ids of one chunk; a list that is damaged has none."""
    try:
        pairs = zip(parse_ids(ids, position), outcomes, strict=False)
    except ChunkUnreadable:
        return []
    return [entity_id for entity_id, outcome in pairs if outcome == Outcome.HELD and entity_id != ERASED_ID]
