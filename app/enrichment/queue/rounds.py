"""Chunks that cost nothing, several of a job at a time: claimed in one transaction, and closed in one.

Work without a call takes less time than the two transactions around it. So a drain takes more chunks at once, as long
as the work on all of them takes next to no time. Each has a lease of its own all the same: one that is lost is left
out, and after a crash each counts the lost worker and is worked on alone.
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from app.db.failures import is_unavailable
from app.db.session import repeats_conflicts, transaction
from app.enrichment.queue import closing, transitions
from app.enrichment.queue.in_hand import ChunksInHand
from app.enrichment.queue.lease import Lease
from app.errors import LeaseLost

QUICK_SECONDS: Final = 0.1
"""A round that is worked on for less is followed by one of twice as many chunks, any other by one of half as many."""
MOST_CHUNKS: Final = 64


@dataclass
class Rounds:
    """Takes chunks in rounds, and closes them."""

    chunks: ChunksInHand
    _size: int = 1
    _waiting: deque[Lease] = field(default_factory=deque)
    """What of the round was not begun."""
    _begun: list[Lease] = field(default_factory=list)

    def run(self, work_on: Callable[[Lease], None]) -> None:
        """Work on chunks until none is left. Raises what breaks one of them, once the others are closed."""
        while (first := self.chunks.take()) is not None:
            self._waiting.extend([first, *self.chunks.take_more(first, self._size - 1)])
            # Without the transactions: the longer those take, the more there is to be gained by larger rounds.
            started_at = time.monotonic()
            self._work_through(work_on)
            self._adapt(time.monotonic() - started_at)
            self._close()

    def checkpoint(self, lease: Lease) -> None:
        """Store what is decided of a chunk so far. One that takes so long lets others have what was taken with it."""
        self._size = 1
        self._give_back_waiting()
        self._close()
        lease.checkpoint()

    def _work_through(self, work_on: Callable[[Lease], None]) -> None:
        try:
            while self._waiting:
                lease = self._waiting.popleft()
                with self.chunks.guarding(lease):
                    if not lease.entity_ids:
                        lease.read_entity_ids()
                    work_on(lease)
                self._begun.append(lease)
                if self.chunks.overall.is_used_up:
                    self._give_back_waiting()
        except Exception as exc:
            if not is_unavailable(exc):
                self._give_back_waiting()
                self._close()
            raise

    def _give_back_waiting(self) -> None:
        while self._waiting:
            self.chunks.give_back(self._waiting.popleft())

    def _close(self) -> None:
        """Close what was worked on, together as far as that takes nothing but outcomes."""
        begun, self._begun = self._begun, []
        plain = sorted((lease for lease in begun if lease.is_plain), key=lambda lease: lease.position)
        if len(plain) > 1:
            finish_together(plain)
        for lease in begun:
            self.chunks.close(lease)

    def _adapt(self, seconds: float) -> None:
        self._size = min(2 * self._size, MOST_CHUNKS) if seconds < QUICK_SECONDS else max(1, self._size // 2)


def finish_together(leases: list[Lease]) -> None:
    """Close decided chunks of one job in one transaction; if one of them is lost, none is closed."""
    try:
        status = _close_all(leases)
    except LeaseLost:
        # Closed one by one, each finds out by itself.
        return
    for lease in leases:
        lease.note_stored(status)
        lease.is_closed = True


@repeats_conflicts
def _close_all(leases: list[Lease]) -> str:
    rows = [{**lease.token, "the_outcomes": "".join(lease.outcomes)} for lease in leases]
    with transaction() as session:
        closed = session.connection().execute(transitions.CLOSE_DECIDED, rows).rowcount
        if closed < len(leases):
            raise LeaseLost
        outcomes = [lease.outcomes for lease in leases]
        return closing.add_counts(session, leases[0].job.id, outcomes, returned=closed)
