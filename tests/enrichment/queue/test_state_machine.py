"""The lifecycle of jobs and chunks beside a model of it: at random, and every operation in every state."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import select, update

from app.enrichment import queue
from app.enrichment.queue import claims
from app.enrichment.queue.claims import Scope
from app.enrichment.queue.lease import Failure, Lease
from app.enrichment.queue.rounds import finish_together
from app.enrichment.waterfall.erase import erase_entity
from app.errors import EntityNotFound, JobStateConflict, LeaseLost
from app.extensions import db
from app.models.chunk import ERASED_ID, Outcome, progress
from app.models.job import EnrichmentJob, JobStatus, jobs
from app.models.types import utcnow
from tests.databases import empty
from tests.enrichment.helpers import ids, job_row
from tests.invariants import Closed, check_invariants

LONG = 3600.0
"""A time that does not pass during a test: instants are moved by hand."""
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
GOING = ("pending", "running")
AS_IS = ("cancelling", "cancelled", "failed")
DECIDED = "sekh"


@dataclass(eq=False)
class ChunkModel:
    """What a chunk must be."""

    ids: list[str]
    outcomes: str = ""
    """As stored; nothing before the first claim."""
    attempt: int = 0
    is_held: bool = False
    """Whether a worker has it, dead or alive."""
    is_due: bool = False
    """Whether its lease has run out, or the time until its next try."""
    due_at_once: bool = False
    """Whether it is due as soon as its worker gives it back."""
    is_closed: bool = False

    @property
    def is_open(self) -> bool:
        """Whether it was claimed and is not closed."""
        return self.attempt > 0 and not self.is_closed

    @property
    def is_unheld(self) -> bool:
        """Whether it is open, and nobody can write it any more."""
        return self.is_open and (self.is_due or not self.is_held)

    def close(self) -> None:
        """Close it as it is stored."""
        self.is_closed, self.is_held, self.is_due = True, False, False


@dataclass(eq=False)
class JobModel:
    """What a job must be."""

    id: str
    workspace: str
    order: tuple[Any, ...]
    """Its place among the jobs that are claimed from."""
    size: int
    chunks: list[ChunkModel]
    status: str = "pending"
    pause: str | None = None
    """How a pause ends: `hand`, `time`, or `over` where its time has come."""
    reason: str | None = None
    """What a paused job says of its pause."""
    is_retried: bool = False

    @property
    def held(self) -> int:
        """How many chunks have a worker."""
        return sum(chunk.is_held for chunk in self.chunks)

    @property
    def claimed(self) -> int:
        """How many chunks were claimed."""
        return sum(chunk.attempt > 0 for chunk in self.chunks)

    @property
    def is_claimable(self) -> bool:
        """Whether chunks that nobody has claimed may be."""
        return self.status in GOING and self.claimed < len(self.chunks)

    def counts(self) -> tuple[int, ...]:
        """Return the outcomes of closed chunks: success, error, skipped, held."""
        closed = "".join(chunk.outcomes for chunk in self.chunks if chunk.is_closed)
        return tuple(closed.count(mark) for mark in DECIDED)

    def settle(self) -> None:
        """Take the status that follows when leases have ended."""
        total = sum(len(chunk.ids) for chunk in self.chunks)
        if sum(self.counts()) == total and self.status not in ("failed", "cancelled"):
            self.status, self.pause = "complete", None
        elif self.status == "cancelling" and not self.held:
            self.status = "cancelled"
        elif self.status in GOING:
            self.status = "running" if self.held else "pending"

    def advance(self) -> None:
        """Leave a pause."""
        self.status, self.pause = "running" if self.held else "pending", None

    def close_unheld(self) -> None:
        """Close what nobody can write any more."""
        found = [chunk for chunk in self.chunks if chunk.is_unheld]
        for chunk in found:
            chunk.close()
        if found:
            self.settle()

    def unsuccessful(self) -> list[str]:
        """Return who would be retried."""
        return [
            name
            for chunk in self.chunks
            for name, mark in zip(chunk.ids, chunk.outcomes or "." * len(chunk.ids), strict=True)
            if name != ERASED_ID and mark not in "sk"
        ]


@dataclass(eq=False)
class Hand:
    """A worker's lease, which may have been lost without its knowing."""

    lease: Lease
    job: JobModel
    chunk: ChunkModel
    is_gone: bool = False
    """Whether it gave the chunk back."""

    @property
    def owns(self) -> bool:
        """Whether what it writes must count."""
        chunk = self.chunk
        return not self.is_gone and chunk.is_held and not chunk.is_due and chunk.attempt == self.lease.fencing_token


class Lifecycle(RuleBasedStateMachine):
    """Jobs, workers and a clock; after every step the database is as the model says."""

    database_url = ""

    def __init__(self) -> None:
        super().__init__()
        db.session.remove()
        empty(self.database_url)
        self.jobs: dict[str, JobModel] = {}
        self.hands: list[Hand] = []
        self.closed: Closed = {}

    # Choosing

    def _job(self, pick: int, *, likely: Callable[[JobModel], bool] = lambda job: True) -> JobModel:
        """Choose a job, mostly one of those that are worth it."""
        found = [job for job in self.jobs.values() if pick == 0 or likely(job)] or list(self.jobs.values())
        return found[pick % len(found)]

    def _hand(self, pick: int) -> Hand:
        return self.hands[pick % len(self.hands)]

    def _remember(self, job_id: str) -> JobModel:
        # Jobs of one millisecond would be in an order that differs from run to run.
        age = NEW_YEAR + timedelta(seconds=len(self.jobs))
        db.session.execute(update(jobs).where(jobs.c.id == job_id).values(created_at=age))
        db.session.commit()
        row = job_row(job_id)
        stored = db.session.get_one(EnrichmentJob, job_id).entity_ids
        lists = [stored[place : place + row.chunk_size] for place in range(0, len(stored), row.chunk_size)]
        order = (-row.priority, row.created_at, row.id)
        job = JobModel(job_id, row.workspace_slug, order, row.chunk_size, [ChunkModel(one) for one in lists])
        self.jobs[job_id] = job
        return job

    def _settle_ending(self) -> None:
        for job in self.jobs.values():
            if job.status in AS_IS:
                job.close_unheld()

    # Steps

    @precondition(lambda self: len(self.jobs) < 4)
    @rule(
        count=st.integers(1, 5),
        size=st.integers(1, 3),
        priority=st.integers(0, 1),
        workspace=st.sampled_from(["a", "b"]),
    )
    def enqueue(self, count: int, size: int, priority: int, workspace: str) -> None:
        job_id = queue.enqueue_job(
            "person", "ai-normalizer", ids(count), chunk_size=size, priority=priority, workspace_slug=workspace
        )
        job = self._remember(job_id)
        assert [name for chunk in job.chunks for name in chunk.ids] == ids(count)

    @precondition(lambda self: self.jobs)
    @rule(scope=st.sampled_from([None, None, "job", "a", "b"]), pick=st.integers(0, 9))
    def claim(self, scope: str | None, pick: int) -> None:
        self._claim(scope, self._job(pick).id if scope == "job" else None)

    @precondition(lambda self: any(hand.owns for hand in self.hands))
    @rule(pick=st.integers(0, 99), late=st.sampled_from(["checkpoint", "finish", "release", None]))
    def take_over(self, pick: int, late: str | None) -> None:
        """A worker is held up past its lease, its job is asked for, and then it writes as if nothing had happened."""
        owners = [hand for hand in self.hands if hand.owns]
        hand = owners[pick % len(owners)]
        self._let_time_pass(hand.job, hand.chunk)
        self._claim("job", hand.job.id)
        if late is not None:
            self._decide(hand, "sss")
            self._write(hand, getattr(hand.lease, late))

    @precondition(lambda self: self.jobs)
    @rule(marks=st.text("sekh", min_size=3, max_size=3))
    def work(self, marks: str) -> None:
        """A worker does what workers mostly do."""
        hand = self._claim(None, None)
        if hand is not None:
            self._finish(hand, marks)
            self.hands.remove(hand)

    def _claim(self, scope: str | None, job_id: str | None) -> Hand | None:
        workspace = scope if scope in {"a", "b"} else None
        for job in self.jobs.values():
            if job.pause == "over":
                job.advance()
        self._settle_ending()
        within = [
            job
            for job in sorted(self.jobs.values(), key=lambda job: job.order)
            if job.status in GOING and job_id in {None, job.id} and workspace in {None, job.workspace}
        ]
        taken = [(job, chunk) for job in within for chunk in job.chunks if chunk.is_open and chunk.is_due]
        # What lost workers left comes first.
        taken.sort(key=lambda one: not one[1].is_held)
        fresh = [(job, job.chunks[job.claimed]) for job in within if job.is_claimable]
        lease = claims.claim("worker", lease_seconds=LONG, scope=Scope(job_id, workspace))
        if not taken and not fresh:
            assert lease is None, "nothing is due"
            return None
        job, chunk = (taken or fresh)[0]
        assert lease is not None, f"chunk {job.chunks.index(chunk)} of {job.id} is due"
        assert (lease.job.id, lease.position) == (job.id, job.chunks.index(chunk))
        chunk.attempt += 1
        assert lease.fencing_token == chunk.attempt
        chunk.outcomes = chunk.outcomes or "." * len(chunk.ids)
        chunk.is_held, chunk.is_due, chunk.due_at_once, job.status = True, False, False, "running"
        assert "".join(lease.outcomes) == chunk.outcomes, "what was decided stays so"
        lease.read_entity_ids()
        assert lease.entity_ids == chunk.ids
        self.hands.append(Hand(lease, job, chunk))
        return self.hands[-1]

    @precondition(lambda self: self.hands)
    @rule(pick=st.integers(0, 99), most=st.integers(1, 3))
    def claim_more(self, pick: int, most: int) -> None:
        """A worker takes further chunks of a job that it had one of."""
        hand = self._hand(pick)
        job = hand.job
        fresh = job.chunks[job.claimed :][:most] if job.is_claimable else []
        leases = claims.claim_more(hand.lease, "worker", most)
        assert [lease.position for lease in leases] == [job.chunks.index(chunk) for chunk in fresh]
        for lease, chunk in zip(leases, fresh, strict=True):
            chunk.attempt, chunk.outcomes, chunk.is_held, job.status = 1, "." * len(chunk.ids), True, "running"
            lease.read_entity_ids()
            assert lease.entity_ids == chunk.ids
            self.hands.append(Hand(lease, job, chunk))

    @precondition(lambda self: self.hands)
    @rule(pick=st.integers(0, 99), marks=st.text("skh", min_size=3, max_size=3))
    def finish_together(self, pick: int, marks: str) -> None:
        """Chunks of one job are closed in one write, all of them or none."""
        job = self._hand(pick).job
        hands = [hand for hand in self.hands if hand.job is job and not hand.is_gone]
        for hand in hands:
            self._decide(hand, marks)
        hands = [hand for hand in hands if hand.lease.is_plain]
        if hands:
            finish_together([hand.lease for hand in hands])
        owns_all = all(hand.owns for hand in hands)
        assert {hand.lease.is_closed for hand in hands} <= {owns_all}
        if hands and owns_all:
            for hand in hands:
                hand.is_gone, hand.chunk.outcomes = True, "".join(hand.lease.outcomes)
                hand.chunk.close()
            job.settle()
            assert {hand.lease.job_status for hand in hands} == {job.status}

    def _decide(self, hand: Hand, marks: str) -> None:
        for index, mark in zip(list(hand.lease.undecided), marks, strict=False):
            hand.lease.decide(index, Outcome(mark), Failure("no", "no") if mark == "e" else None)

    def _write(self, hand: Hand, write: Callable[[], None]) -> bool:
        """Let a worker write; whether that counted, which it must exactly if the chunk is its own."""
        if hand.owns:
            write()
            hand.chunk.outcomes = "".join(hand.lease.outcomes)
            return True
        with pytest.raises(LeaseLost):
            write()
        self.hands.remove(hand)
        return False

    @precondition(lambda self: self.hands)
    @rule(pick=st.integers(0, 99), marks=st.text("sekhri", max_size=3))
    def checkpoint(self, pick: int, marks: str) -> None:
        hand = self._hand(pick)
        self._decide(hand, marks)
        if self._write(hand, hand.lease.checkpoint):
            assert hand.lease.job_status == hand.job.status

    @precondition(lambda self: self.hands)
    @rule(pick=st.integers(0, 99), marks=st.text("sekh", min_size=3, max_size=3))
    def finish(self, pick: int, marks: str) -> None:
        self._finish(self._hand(pick), marks)

    def _finish(self, hand: Hand, marks: str) -> None:
        if hand.job.status not in AS_IS:
            self._decide(hand, marks)
        if self._write(hand, hand.lease.finish):
            hand.is_gone = True
            hand.chunk.close()
            hand.job.settle()
            assert hand.lease.job_status == hand.job.status

    @precondition(lambda self: self.hands)
    @rule(
        pick=st.integers(0, 99),
        marks=st.text("sekhri", max_size=3),
        waits=st.booleans(),
        pause=st.sampled_from([None, None, "time", "hand"]),
        only_if_idle=st.booleans(),
    )
    def release(self, pick: int, marks: str, waits: bool, pause: str | None, only_if_idle: bool) -> None:
        hand = self._hand(pick)
        job, chunk = hand.job, hand.chunk
        self._decide(hand, marks)
        hand.lease.retry_in_seconds = LONG if waits else 0.0
        reason, seconds = (None, None) if pause is None else (f"a reason, {pause}", LONG if pause == "time" else None)
        others = [one for one in job.chunks if one is not chunk and one.is_open]
        is_idle = not job.is_claimable and not any(one.is_held or one.is_due or waits for one in others)
        if self._write(
            hand,
            lambda: hand.lease.release(pause_reason=reason, pause_seconds=seconds, only_if_idle=only_if_idle),
        ):
            hand.is_gone = True
            chunk.is_held, chunk.is_due = False, chunk.due_at_once or not waits
            is_pausing = pause and not chunk.due_at_once
            if is_pausing and job.status in GOING and (is_idle or not only_if_idle):
                job.status, job.pause, job.reason = "paused", pause, reason
            job.settle()
            if job.status in AS_IS:
                self._settle_ending()

    @precondition(lambda self: len(self.hands) > 2)
    @rule(pick=st.integers(0, 99))
    def fail(self, pick: int) -> None:
        hand = self._hand(pick)
        stored = hand.chunk.outcomes
        if self._write(hand, lambda: hand.lease.fail(Failure("chunk_broke", "a bug"))):
            hand.is_gone = True
            hand.chunk.outcomes = stored
            hand.chunk.close()
            if hand.job.status in (*GOING, "paused"):
                hand.job.status, hand.job.pause = "failed", None
            hand.job.settle()

    def _move(self, action: Callable[[str], Any], job: JobModel, is_allowed: bool) -> bool:
        if is_allowed:
            action(job.id)
            return True
        with pytest.raises(JobStateConflict):
            action(job.id)
        return False

    @precondition(lambda self: self.jobs)
    @rule(pick=st.integers(0, 9))
    def pause(self, pick: int) -> None:
        job = self._job(pick, likely=lambda job: job.held > 0)
        if self._move(queue.pause, job, job.status in GOING or job.pause in {"time", "over"}):
            job.status, job.pause, job.reason = "paused", "hand", "paused by a user"

    @precondition(lambda self: self.jobs)
    @rule(pick=st.integers(0, 9))
    def resume(self, pick: int) -> None:
        job = self._job(pick, likely=lambda job: job.status == "paused")
        if self._move(queue.resume, job, job.status == "paused"):
            for chunk in filter(lambda one: one.is_open and not one.is_due, job.chunks):
                chunk.is_due, chunk.due_at_once = not chunk.is_held, chunk.is_held
            job.advance()

    @precondition(lambda self: len(self.jobs) > 1)
    @rule(pick=st.integers(0, 9))
    def cancel(self, pick: int) -> None:
        job = self._job(pick)
        if self._move(queue.cancel, job, job.status in (*GOING, "paused")):
            job.close_unheld()
            if job.status != "complete":
                job.status, job.pause = "cancelling" if job.held else "cancelled", None

    @precondition(lambda self: self.jobs)
    @rule(pick=st.integers(0, 9))
    def retry(self, pick: int) -> None:
        job = self._job(pick, likely=lambda job: job.status in ("complete", "cancelled", "failed"))
        self._settle_ending()
        has_ended = job.status in ("complete", "cancelled", "failed")
        is_allowed = has_ended and not any(one.is_open for one in job.chunks) and not job.is_retried
        if self._move(queue.retry, job, is_allowed and bool(job.unsuccessful())):
            job.is_retried = True
            db.session.rollback()
            child_id = db.session.scalars(select(jobs.c.id).where(jobs.c.parent_job_id == job.id)).one()
            child = self._remember(child_id)
            assert [name for chunk in child.chunks for name in chunk.ids] == job.unsuccessful()
            assert child.size == job.size and child.workspace == job.workspace

    def _open_chunks(self) -> list[tuple[JobModel, ChunkModel]]:
        return [
            (job, chunk) for job in self.jobs.values() for chunk in job.chunks if chunk.is_open and not chunk.is_due
        ]

    @precondition(lambda self: self._open_chunks())
    @rule(pick=st.integers(0, 9))
    def time_passes_for_a_chunk(self, pick: int) -> None:
        """A lease runs out, or the next try of a released chunk is due."""
        found = self._open_chunks()
        self._let_time_pass(*found[pick % len(found)])

    def _let_time_pass(self, job: JobModel, chunk: ChunkModel) -> None:
        here = (progress.c.job_id == job.id, progress.c.position == job.chunks.index(chunk))
        db.session.execute(update(progress).where(*here).values(lease_expires_at=utcnow(-1)))
        db.session.commit()
        chunk.is_due = True

    @precondition(lambda self: any(job.pause == "time" for job in self.jobs.values()))
    @rule()
    def time_passes_for_paused_jobs(self) -> None:
        """Every `resume_at` comes."""
        db.session.execute(update(jobs).where(jobs.c.resume_at.is_not(None)).values(resume_at=utcnow(-1)))
        db.session.commit()
        for job in self.jobs.values():
            job.pause = "over" if job.pause == "time" else job.pause

    @rule(number=st.integers(0, 4), workspace=st.sampled_from(["a", "b"]))
    def erase(self, number: int, workspace: str) -> None:
        name = f"p{number}"
        lists = [chunk.ids for job in self.jobs.values() if job.workspace == workspace for chunk in job.chunks]
        found = [one for one in lists if name in one]
        if not found:
            with pytest.raises(EntityNotFound):
                erase_entity("person", name, workspace_slug=workspace)
            return
        erase_entity("person", name, workspace_slug=workspace)
        for one in found:
            one[one.index(name)] = ERASED_ID

    # What must hold

    @invariant()
    def stored_as_the_model_says(self) -> None:
        db.session.rollback()
        rows = {row.id: row for row in db.session.execute(select(jobs))}
        chunk_rows = {(row.job_id, row.position): row for row in db.session.execute(select(progress))}
        assert rows.keys() == self.jobs.keys()
        for job in self.jobs.values():
            row = rows[job.id]
            assert row.status == job.status
            assert (row.in_flight, row.next_chunk, row.claimable) == (job.held, job.claimed, job.is_claimable)
            assert (row.success_count, row.error_count, row.skipped_count, row.held_count) == job.counts()
            assert row.paused_manually == (job.pause == "hand")
            assert (row.resume_at is not None) == (job.pause in {"time", "over"})
            # A job that goes on may say why a part of it waits.
            if job.status not in GOING:
                assert row.pause_reason == (job.reason if job.status == "paused" else None)
            for position, chunk in enumerate(job.chunks[: job.claimed]):
                stored = chunk_rows.pop((job.id, position))
                assert (stored.attempt, stored.outcomes) == (chunk.attempt, chunk.outcomes)
                assert (stored.worker is not None, stored.finished_at is not None) == (chunk.is_held, chunk.is_closed)
        assert not chunk_rows
        check_invariants(closed=self.closed, accepted=self.jobs)

    def teardown(self) -> None:
        """From every state some step leads to an end."""
        for job in self.jobs.values():
            if job.status == "paused":
                queue.resume(job.id)
        db.session.rollback()
        open_ones = progress.c.finished_at.is_(None)
        db.session.execute(update(progress).where(open_ones).values(lease_expires_at=utcnow(-1)))
        db.session.commit()
        queue.drain(None)
        check_invariants(drained=True, closed=self.closed, accepted=self.jobs)
        for hand in self.hands:
            with pytest.raises(LeaseLost):
                hand.lease.checkpoint()
        check_invariants(drained=True, closed=self.closed, accepted=self.jobs)


def run(database_url: str, *, examples: int, steps: int) -> None:
    """Run the machine on a database."""
    machine = type("Lifecycle", (Lifecycle,), {"database_url": database_url})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            print_blob=True,
            phases=tuple(set(Phase) - {Phase.explain}),
        ),
    )


# Every operation in every state: what becomes of the job, or how it is refused.

REFUSED, LOST, NOTHING = "refused", "lost", "nothing due"
OPERATIONS = ("pause", "resume", "cancel", "retry", "claim", "checkpoint", "finish", "release", "fail")
TABLE = {
    "waiting": ("paused", REFUSED, "cancelled", REFUSED, "running", LOST, LOST, LOST, LOST),
    "waiting for the next try": ("paused", REFUSED, "cancelled", REFUSED, "running", LOST, LOST, LOST, LOST),
    "running": ("paused", REFUSED, "cancelling", REFUSED, "running", "running", "pending", "pending", "failed"),
    "running, lease over": ("paused", REFUSED, "cancelled", REFUSED, "running", LOST, LOST, LOST, LOST),
    "running, taken over": ("paused", REFUSED, "cancelling", REFUSED, "running", LOST, LOST, LOST, LOST),
    "running, the last chunk": (
        "paused",
        REFUSED,
        "cancelling",
        REFUSED,
        NOTHING,
        "running",
        "complete",
        "pending",
        "failed",
    ),
    "paused by hand, the last chunk": (
        REFUSED,
        "running",
        "cancelling",
        REFUSED,
        NOTHING,
        "paused",
        "complete",
        "paused",
        "failed",
    ),
    "cancelling, the last chunk": (
        REFUSED,
        REFUSED,
        REFUSED,
        REFUSED,
        NOTHING,
        "cancelling",
        "complete",
        "cancelled",
        "cancelled",
    ),
    "paused by hand": (REFUSED, "running", "cancelling", REFUSED, NOTHING, "paused", "paused", "paused", "failed"),
    "paused for a time": ("paused", "pending", "cancelled", REFUSED, NOTHING, LOST, LOST, LOST, LOST),
    "pause over": ("paused", "pending", "cancelled", REFUSED, "running", LOST, LOST, LOST, LOST),
    "cancelling": (REFUSED, REFUSED, REFUSED, REFUSED, NOTHING, "cancelling", "cancelled", "cancelled", "cancelled"),
    "cancelled": (REFUSED, REFUSED, REFUSED, "pending", NOTHING, LOST, LOST, LOST, LOST),
    "complete": (REFUSED, REFUSED, REFUSED, REFUSED, NOTHING, LOST, LOST, LOST, LOST),
    "complete with one held": (REFUSED, REFUSED, REFUSED, "pending", NOTHING, LOST, LOST, LOST, LOST),
    "failed": (REFUSED, REFUSED, REFUSED, "pending", NOTHING, LOST, LOST, LOST, LOST),
    "failed, a chunk leased": (REFUSED, REFUSED, REFUSED, REFUSED, NOTHING, "failed", "failed", "failed", "failed"),
}
"""Of a job of three chunks, or one, of which the worker that writes has, or had, the first."""


def put(state: str) -> Lease:
    """Make a job that stands so, and return the lease of its first worker."""
    job_id = queue.enqueue_job("person", "ai-normalizer", ids(6), chunk_size=6 if "last" in state else 2)

    def take() -> Lease:
        lease = claims.claim("worker", lease_seconds=LONG, scope=Scope(job_id))
        assert lease is not None
        lease.read_entity_ids()
        return lease

    first = take()
    match state.split(",")[0]:
        case "waiting" | "waiting for the next try":
            first.retry_in_seconds = LONG if "next" in state else 0.0
            first.release()
        case "running" if "over" in state:
            _pass_time(job_id)
            if "taken" in state:
                take()
        case "paused by hand":
            queue.pause(job_id)
        case "paused for a time" | "pause over":
            first.release(pause_reason="a reason", pause_seconds=-1.0 if state == "pause over" else LONG)
        case "cancelling":
            queue.cancel(job_id)
        case "cancelled":
            _pass_time(job_id)
            queue.cancel(job_id)
        case "complete" | "complete with one held":
            marks = {"p3": Outcome.HELD} if "held" in state else {}
            for lease in (first, take(), take()):
                for index, name in enumerate(lease.entity_ids):
                    lease.decide(index, marks.get(name, Outcome.SUCCESS))
                lease.finish()
        case "failed":
            broken = take() if "leased" in state else first
            broken.fail(Failure("chunk_broke", "a bug"))
    return first


def _pass_time(job_id: str) -> None:
    db.session.execute(update(progress).where(progress.c.job_id == job_id).values(lease_expires_at=utcnow(-1)))
    db.session.commit()


def operate(operation: str, lease: Lease) -> str:
    """Do one operation; return the status that came of it, for `retry` the child's, or how it was refused."""
    job_id = lease.job.id
    try:
        match operation:
            case "pause" | "resume" | "cancel" | "retry":
                return {"pause": queue.pause, "resume": queue.resume, "cancel": queue.cancel, "retry": queue.retry}[
                    operation
                ](job_id).status
            case "claim":
                if claims.claim("other", lease_seconds=LONG, scope=Scope(job_id)) is None:
                    return NOTHING
            case "checkpoint":
                lease.checkpoint()
            case "finish":
                for index in [] if lease.is_closed else lease.undecided:
                    lease.decide(index, Outcome.SUCCESS)
                lease.finish()
            case "release":
                lease.release()
            case "fail":
                lease.fail(Failure("chunk_broke", "a bug"))
    except JobStateConflict:
        return REFUSED
    except LeaseLost:
        return LOST
    return str(job_row(job_id).status)


@pytest.mark.parametrize("state", TABLE)
def test_every_operation_does_what_the_table_says(context: Flask, state: str) -> None:
    """In every state each operation leads to the one status that it may, or is refused and changes nothing."""
    found = []
    for operation in OPERATIONS:
        lease = put(state)
        before = job_row(lease.job.id)
        found.append(operate(operation, lease))
        if found[-1] in {REFUSED, LOST, NOTHING}:
            assert job_row(lease.job.id) == before, operation
        check_invariants()
    assert dict(zip(OPERATIONS, found, strict=True)) == dict(zip(OPERATIONS, TABLE[state], strict=True))


def test_the_table_has_every_status() -> None:
    """No status is left out."""
    statuses = {state.split()[0].rstrip(",") for state in TABLE} | {"pending"}
    assert set(map(str, JobStatus)) <= statuses


@pytest.mark.fuzz
@pytest.mark.timeout(400)  # for what fails: making the example small takes its time
def test_no_sequence_of_steps_leads_astray(context: Flask, database_url: str) -> None:
    """Each step does what the model says, and from wherever they lead some step leads to an end."""
    run(database_url, examples=6, steps=20)


@pytest.mark.slow
@pytest.mark.timeout(6 * 3600)
def test_no_long_sequence_of_steps_leads_astray(context: Flask, database_url: str) -> None:
    """The same at length."""
    run(database_url, examples=1000, steps=50)
