"""What waits for workers, as the view `tranche_backlog` says, which autoscalers read too."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import BigInteger, Float, column, select, table

from app.extensions import db


@dataclass(frozen=True, slots=True)
class Backlog:
    """Chunks that could be claimed now, and the workers that could be kept busy with them.

    What waits for a cap, for credits or for a provider's limits is not in it.
    """

    claimable_chunks: int
    oldest_age_seconds: float | None
    """The age of the oldest job that has one of them; None: there is none."""
    workers_wanted: int
    """A worker for each 20 chunks, but no more than the limits of the jobs' providers leave something to do for; and
    one while an export is to be written or figures are to be worked out."""


_VIEW: Final = table(
    "tranche_backlog",
    column("claimable_chunks", BigInteger),
    column("oldest_age_seconds", Float),
    column("workers_wanted", BigInteger),
)


def backlog() -> Backlog:
    """Return what waits to be claimed. It costs the same however many chunks that is: jobs have counted them."""
    return Backlog(*db.session.execute(select(_VIEW)).one())
