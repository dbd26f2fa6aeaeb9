"""When a job stops itself: too little is found, or a find is too dear, over its last entities.

What came of these is kept on the job's row, added up in parts of a tenth, so that it stays small however long the job
is, and nobody counts rows. Each checkpoint adds what it has decided, and pauses the job in its own transaction once a
limit is passed, so that every worker of the job sees that at its next checkpoint.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import structlog
from sqlalchemy import select, update

from app.db.session import WriteSession
from app.enrichment.queue import transitions
from app.enrichment.queue.lease import JobInfo
from app.errors import DamagedData, expect
from app.models.job import ACTIVE, JobStatus, jobs
from app.webhooks.events import EventType, announce_job

log = structlog.get_logger(__name__)

DEFAULT_LAST: Final = 100
LEAST_LAST: Final = 10
MOST_LAST: Final = 10_000
MAX_LIMIT_USD: Final = 1_000_000
_PARTS: Final = 10
"""The parts in which a window is kept, but for one that is being filled: it moves on by one of them at a time."""
_MICROS: Final = 1_000_000

Window = list[list[int]]
"""Entities that were asked about, finds and costs, by part, the oldest first."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What a checkpoint adds: entities decided about which somebody was asked, finds among them, and costs."""

    asked: int = 0
    finds: int = 0
    """Those that got a wanted field; if none is wanted in particular, any."""
    cost_micros: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to add."""
        return not self.asked and not self.cost_micros


@dataclass(frozen=True, slots=True)
class StopRule:
    """The limits past which a job stops itself, and over how many entities they are looked at.

    Entities count once they are decided, if somebody was asked about them.
    """

    last: int = DEFAULT_LAST
    hit_rate_under: float | None = None
    """The share of finds, from 0 to 1."""
    cost_per_find_over_micros: int | None = None

    def checked(self) -> "StopRule":
        """Return the rule. Raises `Invalid` for one that cannot be followed."""
        has_limit = self.hit_rate_under is not None or self.cost_per_find_over_micros is not None
        is_length = LEAST_LAST <= self.last <= MOST_LAST
        is_share = self.hit_rate_under is None or 0 < self.hit_rate_under <= 1
        is_amount = 0 <= (self.cost_per_find_over_micros or 0) <= MAX_LIMIT_USD * _MICROS
        expect(has_limit, "stopWhen", "expected hitRateUnder, costPerFindOverUsd, or both")
        expect(is_length, "stopWhen.last", f"expected a whole number from {LEAST_LAST} to {MOST_LAST}")
        expect(is_share, "stopWhen.hitRateUnder", "expected a share above 0, and at most 1")
        expect(is_amount, "stopWhen.costPerFindOverUsd", f"expected dollars from 0 to {MAX_LIMIT_USD}")
        return self

    @classmethod
    def read(cls, stored: Any) -> "StopRule | None":
        """Return the rule that a job's row keeps, if it has one. Raises `DamagedData`."""
        if stored is None:
            return None
        try:
            return cls(**stored)
        except TypeError as exc:
            raise DamagedData from exc

    def stored(self) -> dict[str, Any]:
        """Return what a job's row keeps of it."""
        return asdict(self)

    def describe(self) -> str:
        """Return the rule in words."""
        limits = []
        if self.hit_rate_under is not None:
            limits.append(f"under {self.hit_rate_under:.1%} are found")
        if self.cost_per_find_over_micros is not None:
            limits.append(f"a find costs more than {_dollars(self.cost_per_find_over_micros)}")
        return f"if of the last {self.last:,} {' or '.join(limits)}"

    def extend(self, window: Sequence[Sequence[int]], counts: Counts) -> Window:
        """Return a window with what a checkpoint adds, without the oldest parts that it can do without."""
        parts = [list(part) for part in window]
        if not parts or parts[-1][0] * _PARTS >= self.last:
            parts.append([0, 0, 0])
        added = (counts.asked, counts.finds, counts.cost_micros)
        parts[-1] = [before + more for before, more in zip(parts[-1], added, strict=True)]
        asked = sum(part[0] for part in parts)
        while asked - parts[0][0] >= self.last:
            asked -= parts.pop(0)[0]
        return parts

    def why_stop(self, window: Sequence[Sequence[int]]) -> str | None:
        """Return the sentence that says which limit is passed; None: none is, or the window is not full yet."""
        asked, finds, cost_micros = (sum(part[column] for part in window) for column in range(3))
        if asked < self.last:
            return None
        if self.hit_rate_under is not None and finds < self.hit_rate_under * asked:
            return (
                f"Of the last {asked:,} entities asked about, something was found for {finds:,} ({finds / asked:.1%}),"
                f" under the limit of {self.hit_rate_under:.1%}."
            )
        limit_micros = self.cost_per_find_over_micros
        if limit_micros is not None and cost_micros > limit_micros * max(1, finds):
            return (
                f"The last {asked:,} entities asked about cost {_dollars(cost_micros)}, with {finds:,} finds: more than"
                f" {_dollars(limit_micros)} for each."
            )
        return None


def add_counts(session: WriteSession, job: JobInfo, counts: Counts) -> bool:
    """Add what a checkpoint has decided to its job's window, and pause the job if a limit is passed.

    Returns whether the job has stopped: itself, now, or while this waited for its row. Part of the caller's
    transaction, and the last of it but for the job's own counts: it locks the job's row.
    """
    rule = StopRule.read(job.stop_when)
    if rule is None or counts.is_empty:
        return False
    is_job = jobs.c.id == job.id
    row = session.execute(select(jobs.c.status, jobs.c.stop_window).where(is_job).with_for_update(key_share=True)).one()
    if row.status not in ACTIVE:
        # What was under way when it stopped is no part of what comes when it goes on.
        return True
    window = rule.extend(row.stop_window or [], counts)
    session.execute(update(jobs).where(is_job).values(stop_window=window))
    reason = rule.why_stop(window)
    if reason is not None:
        session.execute(transitions.pause_job(job.id, reason, None))
        announce_job(session, job.id, JobStatus.PAUSED, EventType.JOB_STOPPED)
        log.warning("job stopped itself", job_id=job.id, reason=reason)
    return reason is not None


def _dollars(micros: int) -> str:
    return f"${micros / _MICROS:,.3f}"
