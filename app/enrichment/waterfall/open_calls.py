"""The calls of a job that are under way, by provider, and the most that they may still cost."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, Integer, case, func, select

from app.extensions import db
from app.models.in_flight_call import in_flight_calls


@dataclass(frozen=True, slots=True)
class OpenCalls:
    """What one provider has been asked for a job and has not answered yet."""

    provider: str
    calls: int
    """A bulk call is one."""
    entities: int
    awaited: int
    """How many of these entities' answers come later, by callback."""
    reserved_micros: int
    """What they cost at most."""
    deadline_at: datetime
    """When the last of them is over."""


def open_calls(job_id: str) -> list[OpenCalls]:
    """Return a job's calls under way by provider; as many rows are read as calls of the job are under way."""
    flights = in_flight_calls.c
    query = (
        select(
            flights.provider,
            func.count(flights.call_id.distinct()),
            func.count(),
            func.sum(case((flights.is_pending, 1), else_=0)).cast(Integer),
            func.sum(flights.reserved_micros).cast(BigInteger),
            func.max(flights.deadline_at),
        )
        .where(flights.job_id == job_id)
        .group_by(flights.provider)
        .order_by(flights.provider)
    )
    return [OpenCalls(*row) for row in db.session.execute(query)]
