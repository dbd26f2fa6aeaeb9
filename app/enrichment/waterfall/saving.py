"""Checkpoints of the chunks in hand: what came back of those of one job is stored in one transaction.

Each stores the answers that have come, with values, attempts, charges and outcomes, and the reservations of the calls
that start next. Those start when it has committed.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.db.failures import is_unavailable
from app.db.session import WriteSession
from app.enrichment.queue.lease import Lease, checkpoint_all
from app.enrichment.waterfall.batch import Admission, Batch, joined
from app.enrichment.waterfall.checkpoint import store_batch
from app.enrichment.waterfall.chunk_run import ChunkRun
from app.instruments import CHECKPOINT_TIME
from app.tracing import span


@dataclass(frozen=True, slots=True)
class Part:
    """What is to be stored of one chunk."""

    run: ChunkRun
    batch: Batch

    @property
    def is_last(self) -> bool:
        """Whether nothing is left to be done with the chunk after it."""
        return not (self.batch.calls or self.run.calls.under_way or self.run.lease.undecided)

    @property
    def is_worth_insisting(self) -> bool:
        """Whether something is paid for: also answers that are on their way are given up with a lease that is lost."""
        return self.batch.has_money or bool(self.run.calls.under_way)


def save(part: Part) -> None:
    """Store a part, and start what may start. Raises `LeaseLost`, and what the database raises."""
    try:
        _save([part])
    except BaseException:
        _forget([part])
        raise


def save_together(parts: Sequence[Part]) -> Sequence[Part]:
    """Store parts of one job's chunks, and start what may start; return those that are to be stored by themselves.

    What is wrong with one must not cost the others their answers. Raises that the database is away.
    """
    try:
        return _save(parts)
    except BaseException as exc:
        if isinstance(exc, Exception) and not is_unavailable(exc):
            return parts
        _forget(parts)
        raise


def _save(parts: Sequence[Part]) -> list[Part]:
    """Store parts in one transaction; return those whose lease is lost. Raises `LeaseLost` if all are."""
    context = parts[0].run.context
    admission = Admission()

    def store(session: WriteSession, held: Sequence[Lease]) -> None:
        nonlocal admission
        batches = [part.batch for part in parts if part.run.lease in held]
        admission = store_batch(session, context, joined(batches))

    leases = [part.run.lease for part in parts]
    ending = {part.run.lease for part in parts if part.is_last}
    insist = any(part.is_worth_insisting for part in parts)
    started_at = time.monotonic()
    with span("finish" if len(ending) == len(parts) else "checkpoint", job_id=context.job.id, chunks=len(parts)):
        held = checkpoint_all(leases, store, ending=ending, insist=insist)
    seconds = time.monotonic() - started_at
    CHECKPOINT_TIME.observe(seconds)
    for part in parts:
        if part.run.lease in held:
            part.run.follow(part.batch.calls, admission, seconds)
    return [part for part in parts if part.run.lease not in held]


def _forget(parts: Iterable[Part]) -> None:
    """Take back what was decided: an outcome must not be stored later without what it stands for."""
    for part in parts:
        part.run.lease.forget_unstored()
