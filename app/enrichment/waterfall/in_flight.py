"""Calls in flight: each paid call is on record before it is sent, so that a crash leaves a trace of it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, bindparam, delete, or_, select, update

from app.db.session import WriteSession
from app.db.sql import insert_missing, is_any_of
from app.enrichment.queue.lease import JobInfo
from app.extensions import db
from app.models.in_flight_call import in_flight_calls
from app.models.types import utcnow


def of_chunk(job_id: str, position: int) -> dict[str, list[Row[Any]]]:
    """Return the calls that earlier holders of a chunk have left on record, by entity."""
    calls: dict[str, list[Row[Any]]] = {}
    for row in db.session.connection().execute(_OF_CHUNK, {"the_job": job_id, "the_position": position}):
        calls.setdefault(row.entity_id, []).append(row)
    return calls


_OF_CHUNK: Final = select(in_flight_calls, (in_flight_calls.c.deadline_at <= utcnow()).label("is_overdue")).where(
    in_flight_calls.c.job_id == bindparam("the_job"), in_flight_calls.c.position == bindparam("the_position")
)


def open_calls(session: WriteSession, rows: Sequence[Mapping[str, Any]]) -> set[str]:
    """Put calls on record, except those that others are making; return the request ids of the rest.

    Others make a call if they ask the provider about the entity, or have the address verified for whomever.
    """
    # In one order everywhere, since two jobs may be about to ask the same questions.
    ordered = sorted(rows, key=lambda row: (row["address"] or "", row["entity_id"], row["provider"]))
    return insert_missing(session, in_flight_calls, ordered, "request_id")


def close_calls(session: WriteSession, request_ids: Sequence[str]) -> dict[str, Any]:
    """Take calls off the record; return those that were still on it, by request id, with their reservations."""
    if not request_ids:
        return {}
    rows: Iterable[Any] = session.connection().execute(_CLOSE, {"request_ids": list(request_ids)})
    return {row.request_id: row for row in rows}


_CLOSE: Final = (
    delete(in_flight_calls)
    .where(in_flight_calls.c.request_id.in_(bindparam("request_ids", expanding=True)))
    .returning(
        in_flight_calls.c.request_id,
        in_flight_calls.c.provider,
        in_flight_calls.c.reserved_micros,
        in_flight_calls.c.reserved_on,
    )
)


def mark_pending(session: WriteSession, request_id: str, deadline_at: datetime) -> None:
    """Record that a question was accepted and that its answer comes by callback."""
    session.execute(
        update(in_flight_calls)
        .where(in_flight_calls.c.request_id == request_id)
        .values(is_pending=True, deadline_at=deadline_at)
    )


def unlikely_soon(
    session: WriteSession, job: JobInfo, ids: Sequence[str], addresses: Sequence[str] = ()
) -> set[tuple[str, str] | str | None]:
    """Return the questions that will not be answered soon: pairs of entity and provider, and addresses.

    They wait for a callback, or their worker is gone.
    """
    if not ids:
        return set()
    query = select(in_flight_calls.c.entity_id, in_flight_calls.c.provider, in_flight_calls.c.address).where(
        in_flight_calls.c.workspace_slug == job.workspace_slug,
        in_flight_calls.c.entity_type == job.entity_type,
        or_(in_flight_calls.c.is_pending, in_flight_calls.c.deadline_at <= utcnow()),
        or_(is_any_of(in_flight_calls.c.entity_id, ids), is_any_of(in_flight_calls.c.address, addresses)),
    )
    rows = session.execute(query).all()
    return {(row.entity_id, row.provider) for row in rows} | {row.address for row in rows if row.address is not None}
