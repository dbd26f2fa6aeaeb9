"""The invariant checker: it finds nothing where nothing is wrong, and names what is."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, insert, select, text, update

from app import create_app
from app.config import Config, config
from app.db.session import transaction
from app.enrichment import queue
from app.enrichment.money.cost_log import LATENCIES
from app.enrichment.queue.lease import Failure
from app.enrichment.waterfall.options import JobOptions
from app.extensions import db
from app.models.attempt import attempts
from app.models.chunk import Outcome, chunks, entity_errors, error_counts, progress
from app.models.in_flight_call import in_flight_calls
from app.models.job import jobs
from app.models.spending import costs, spending
from app.models.types import new_id, utcnow
from app.providers.base import Answer, OutcomeClass
from tests.databases import empty
from tests.enrichment.helpers import claim, ids
from tests.enrichment.scenes import EMAIL, PRICE, add, paid, pipeline
from tests.invariants import Closed, Rule, check_invariants, check_money, violations


@dataclass(frozen=True)
class Scene:
    """A database in which nothing is wrong, and the jobs in it by what they are."""

    app: Flask
    done: str
    """Complete: two chunks of two and one of one; a success, an error, a skipped, a held one and a success."""
    going: str
    """Running: the first of three chunks is closed, the second leased."""
    waiting: str
    paused: str
    failed: str
    paid: str
    """Two of three people answered, the third to be answered by callback."""

    @contextmanager
    def spoilt(self) -> Iterator[None]:
        """Let rows be written that the constraints refuse, and take all of it back in the end."""
        with self.app.app_context():
            try:
                if db.engine.dialect.name == "sqlite":
                    db.session.execute(text("PRAGMA ignore_check_constraints = ON"))
                else:
                    _drop_checks()
                yield
            finally:
                db.session.rollback()
                db.engine.dispose()


def _drop_checks() -> None:
    names = db.session.execute(
        text("SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype = 'c' AND conrelid <> 0")
    ).all()
    tables = {table.name for table in db.metadata.sorted_tables}
    for table, name in names:
        if table in tables:
            db.session.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT {name}"))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """One scene a database for the whole module: every test takes back what it did."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("scene") / "scene.db"
        shutil.copy(request.getfixturevalue("migrated_sqlite"), path)
        url = f"sqlite:///{path}"
    else:
        url = request.getfixturevalue("migrated_postgresql")
        empty(url)
    app = create_app(Config(DATABASE_URL=url, TESTING=True, LOG_LEVEL="ERROR"))
    with app.app_context():
        try:
            return _play(app)
        finally:
            db.session.remove()
            db.engine.dispose()


def _play(app: Flask) -> Scene:
    done = _enqueue(5, idempotency_key="key")
    for marks in ("se", "kh", "s"):
        lease = claim()
        for index, mark in enumerate(marks):
            lease.decide(index, Outcome(mark), Failure("no", "no") if mark == "e" else None)
        lease.finish()
    failed = _enqueue(2)
    claim().fail(Failure("chunk_broke", "a bug"))
    add(3)
    options = JobOptions(("findymail",), None, None, Decimal(3 * PRICE) / 1_000_000)
    paying = queue.enqueue_job("person", "waterfall", ids(3), chunk_size=3, **options.columns(config()))
    later = Answer(OutcomeClass.SUCCESS, pending_seconds=600)
    queue.process_next_chunk(work=pipeline(paid(answers={"p0": EMAIL, "p1": EMAIL, "p2": later})), job_id=paying)
    paused = _enqueue(2)
    queue.pause(paused)
    going = _enqueue(6)
    lease = claim()
    lease.decide(0, Outcome.SUCCESS)
    lease.decide(1, Outcome.SUCCESS)
    lease.finish()
    claim()
    return Scene(app, done, going, _enqueue(2, workspace_slug="other"), paused, failed, paying)


def _enqueue(count: int, **options: Any) -> str:
    return queue.enqueue_job("person", "ai-normalizer", ids(count), chunk_size=2, **options)


def change_job(job_id: str, **values: Any) -> None:
    """Write to a job."""
    db.session.execute(update(jobs).where(jobs.c.id == job_id).values(**values))


def change_chunk(job_id: str, place: int, **values: Any) -> None:
    """Write to the progress of a chunk."""
    here = (progress.c.job_id == job_id, progress.c.position == place)
    db.session.execute(update(progress).where(*here).values(**values))


def change_ids(job_id: str, position: int, *entity_ids: str) -> None:
    """Write another list of entities to a chunk."""
    here = (chunks.c.job_id == job_id, chunks.c.position == position)
    db.session.execute(update(chunks).where(*here).values(entity_ids=list(entity_ids)))


def drop_chunk(job_id: str, position: int) -> None:
    """Take a chunk away."""
    db.session.execute(delete(chunks).where(chunks.c.job_id == job_id, chunks.c.position == position))


def change_money(table: Any, job_id: str, **values: Any) -> None:
    """Write to what is booked of a job."""
    mine = table.c.scope == f"job:{job_id}" if table is spending else table.c.job_id == job_id
    db.session.execute(update(table).where(mine).values(**values))


def repeat_attempt(**values: Any) -> None:
    """Store an attempt again under another id."""
    row = db.session.execute(select(attempts).limit(1)).one()._asdict()
    db.session.execute(insert(attempts).values({**row, "id": new_id(), "cost_micros": 0, **values}))


def add_call(job_id: str, entity_id: str, position: int = 0) -> None:
    """Put a call under way that reserves nothing."""
    row = db.session.execute(select(in_flight_calls)).one()._asdict()
    row |= {"request_id": new_id(), "job_id": job_id, "entity_id": entity_id, "position": position}
    db.session.execute(insert(in_flight_calls).values({**row, "reserved_micros": 0}))


def add_error(job_id: str, entity_id: str) -> None:
    """Store an error row."""
    row = {"job_id": job_id, "entity_id": entity_id, "code": "no", "message": "no"}
    db.session.execute(insert(entity_errors).values(row))


MORE_ERRORS = update(error_counts).values(error_count=error_counts.c.error_count + 1)


def start(job_id: str) -> None:
    """Let a job that nobody has claimed have started an hour ago, before those that are older."""
    change_job(job_id, started_at=utcnow(-3600))


Plant = Callable[[Scene], object]

PLANTED: list[tuple[Rule, str, Plant]] = [
    (Rule.NONE_LOST, "an entity is lost", lambda s: change_ids(s.done, 2)),
    (Rule.NONE_LOST, "an entity is added", lambda s: change_ids(s.going, 2, "p4", "p5", "p6")),
    (Rule.NONE_TWICE, "an entity is in two chunks", lambda s: change_ids(s.done, 1, "p0", "p3")),
    (Rule.NONE_TWICE, "an entity is twice in a chunk", lambda s: change_ids(s.done, 0, "p1", "p1")),
    (Rule.NUMBERED, "a chunk is missing", lambda s: drop_chunk(s.going, 2)),
    (
        Rule.NUMBERED,
        "a chunk is outside of the range",
        lambda s: db.session.execute(insert(chunks).values(job_id=s.done, position=9, entity_ids=["x"])),
    ),
    (Rule.FULL, "a chunk is short", lambda s: change_ids(s.going, 0, "p0")),
    (Rule.FULL, "a chunk is too long", lambda s: change_ids(s.done, 0, "p0", "p1", "p9")),
    (Rule.ALIGNED, "an outcome is missing", lambda s: change_chunk(s.done, 0, outcomes="s")),
    (Rule.ALIGNED, "an outcome is too many", lambda s: change_chunk(s.done, 2, outcomes="ss")),
    (Rule.KNOWN, "an outcome is unknown", lambda s: change_chunk(s.going, 1, outcomes=".x")),
    (Rule.CLOSED_DECIDED, "a closed chunk has an undecided one", lambda s: change_chunk(s.going, 0, outcomes="s.")),
    (
        Rule.COMPLETE,
        "a chunk is open after complete",
        lambda s: change_chunk(s.done, 2, finished_at=None, lease_expires_at=utcnow(60)),
    ),
    (
        Rule.COMPLETE,
        "a chunk was never claimed",
        lambda s: db.session.execute(delete(progress).where(progress.c.job_id == s.done, progress.c.position == 2)),
    ),
    (Rule.SUM, "processed is one off", lambda s: change_job(s.done, processed_count=4)),
    (Rule.COUNTERS, "a counter is one off", lambda s: change_job(s.going, success_count=1, processed_count=1)),
    (Rule.COUNTERS, "two counters are exchanged", lambda s: change_job(s.done, success_count=1, held_count=2)),
    (Rule.COUNTERS, "an outcome was changed after close", lambda s: change_chunk(s.done, 2, outcomes="k")),
    (Rule.ERROR_ROWS, "an error has no row", lambda s: db.session.execute(delete(entity_errors))),
    (Rule.ERROR_ROWS, "an error has two rows", lambda s: add_error(s.done, "p1")),
    (Rule.ERROR_ROWS, "a success has a row", lambda s: add_error(s.done, "p0")),
    (Rule.ERROR_ROWS, "two outcomes of a chunk are exchanged", lambda s: change_chunk(s.done, 0, outcomes="es")),
    (Rule.ERROR_COUNTS, "a count is one too many", lambda s: db.session.execute(MORE_ERRORS)),
    (
        Rule.BROKEN,
        "nothing says what broke",
        lambda s: db.session.execute(delete(entity_errors).where(entity_errors.c.job_id == s.failed)),
    ),
    (Rule.LEASE, "an open chunk has no end of its lease", lambda s: change_chunk(s.going, 1, lease_expires_at=None)),
    (Rule.LEASE, "a closed chunk has a worker", lambda s: change_chunk(s.done, 0, worker="w")),
    (Rule.LEASE, "a closed chunk has a lease", lambda s: change_chunk(s.done, 0, lease_expires_at=utcnow())),
    (Rule.TOKEN, "a chunk was never claimed", lambda s: change_chunk(s.done, 0, attempt=0)),
    (Rule.TOKEN, "it was lost as often as it was claimed", lambda s: change_chunk(s.done, 0, crash_count=1)),
    (Rule.TOKEN, "the writes are fewer than none", lambda s: change_chunk(s.done, 0, write_count=-1)),
    (Rule.IN_FLIGHT, "in_flight is one too many", lambda s: change_job(s.going, in_flight=2)),
    (Rule.IN_FLIGHT, "a worker is not counted", lambda s: change_job(s.paused, in_flight=1)),
    (Rule.IN_FLIGHT, "a leased chunk has no worker", lambda s: change_chunk(s.going, 1, worker=None)),
    (Rule.LEASED, "a job runs without a lease", lambda s: change_job(s.going, in_flight=0)),
    (Rule.LEASED, "a cancelling job has no lease", lambda s: change_job(s.waiting, status="cancelling")),
    (Rule.LEASED, "a job waits with a lease", lambda s: change_job(s.going, status="pending")),
    (Rule.FIRST, "a chunk was skipped", lambda s: change_job(s.going, next_chunk=3)),
    (Rule.FIRST, "a claimed chunk is not counted", lambda s: change_job(s.going, next_chunk=1)),
    (Rule.FIRST, "progress is outside of the range", lambda s: change_chunk(s.done, 2, position=7)),
    (Rule.CLAIMABLE, "a job with work cannot be claimed", lambda s: change_job(s.waiting, claimable=False)),
    (Rule.CLAIMABLE, "a paused job can be claimed", lambda s: change_job(s.paused, claimable=True)),
    (Rule.CLAIMABLE, "a job without work can be claimed", lambda s: change_job(s.done, claimable=True)),
    (
        Rule.ASKED_ONCE,
        "a question was answered twice",
        lambda s: repeat_attempt(),
    ),
    (Rule.CALL_DECIDED, "a call is under way about a decided entity", lambda s: add_call(s.paid, "p0")),
    (Rule.PLANNED, "an attempt is about somebody else", lambda s: repeat_attempt(entity_id="p99")),
    (Rule.PLANNED, "a call is about somebody else", lambda s: add_call(s.paid, "p99")),
    (Rule.PLANNED, "a call belongs to another chunk", lambda s: add_call(s.going, "p4", position=1)),
    (Rule.RESERVED, "a reservation has no call", lambda s: db.session.execute(delete(in_flight_calls))),
    (Rule.RESERVED, "a call has no reservation", lambda s: change_money(spending, s.paid, reserved_micros=0)),
    (
        Rule.RESERVED,
        "a reservation is of another day",
        lambda s: db.session.execute(
            update(in_flight_calls).values(reserved_on=in_flight_calls.c.reserved_on.type.python_type.min)
        ),
    ),
    (Rule.SPENT, "spending is not what costs say", lambda s: change_money(spending, s.paid, spent_micros=PRICE)),
    (Rule.SPENT, "a cost is on no account", lambda s: db.session.execute(delete(spending))),
    (Rule.ATTEMPTED, "a cost has no attempt", lambda s: db.session.execute(delete(attempts))),
    (Rule.ATTEMPTED, "an attempt has no cost", lambda s: repeat_attempt(cost_micros=PRICE, fingerprint=None)),
    (Rule.CHARGED, "a charge is counted twice", lambda s: change_money(costs, s.paid, charged_calls=3, calls=3)),
    (Rule.CHARGED, "two charges are for one question", lambda s: repeat_attempt(cost_micros=1)),
    (Rule.COUNTED, "an answer is not counted", lambda s: change_money(costs, s.paid, **dict.fromkeys(LATENCIES, 0))),
    (Rule.COUNTED, "a rejected address is not there", lambda s: change_money(costs, s.paid, rejected=1)),
    (Rule.CAP, "a job's cap is passed", lambda s: change_job(s.paid, cap_micros=3 * PRICE - 1)),
    (
        Rule.CAP,
        "the cap of everything is passed",
        lambda s: db.session.execute(update(spending).where(spending.c.scope == "overall").values(spent_micros=10**12)),
    ),
    (Rule.PAUSE_ENDS, "a pause has no end", lambda s: change_job(s.paused, paused_manually=False)),
    (Rule.PAUSE_ENDS, "a pause ends in two ways", lambda s: change_job(s.paused, resume_at=utcnow(60))),
    (Rule.PAUSE_ENDS, "a pause says not why", lambda s: change_job(s.paused, pause_reason=None)),
    (Rule.PAUSE_ENDS, "a running job resumes", lambda s: change_job(s.going, resume_at=utcnow(60))),
    (Rule.STARTED, "a running job has not started", lambda s: change_job(s.going, started_at=None)),
    (Rule.STARTED, "a waiting job has started", lambda s: start(s.waiting)),
    (Rule.ENDED, "a complete job has not ended", lambda s: change_job(s.done, finished_at=None)),
    (Rule.ENDED, "a waiting job has ended", lambda s: change_job(s.waiting, finished_at=utcnow())),
    (
        Rule.HAS_CHUNKS,
        "a job was accepted under a key without its chunks",
        lambda s: db.session.execute(delete(chunks).where(chunks.c.job_id == s.done)),
    ),
    (Rule.KEY, "a key stands for nothing", lambda s: change_job(s.done, request_hash=None)),
]
"""What is wrong, and what the checker is to call it."""

ASKED_FOR: list[tuple[Rule, dict[str, Any], Plant]] = [
    (Rule.ORDER, {"in_order": True}, lambda s: start(s.paused)),
    (Rule.DRAINED, {"drained": True}, lambda s: None),
    (Rule.NONE_OPEN, {"drained": True}, lambda s: None),
    (Rule.NO_CALL, {"drained": True}, lambda s: db.session.execute(update(in_flight_calls).values(is_pending=False))),
    (Rule.STALLED, {"stalled_seconds": 30}, lambda s: change_chunk(s.going, 1, lease_expires_at=utcnow(-31))),
    (Rule.ACCEPTED, {"accepted": ["0190a5c0-0000-7000-8000-000000000000"]}, lambda s: None),
]
"""The same of what is only looked for where the caller asks for it."""


def names(found: list[tuple[Rule, str]]) -> set[Rule]:
    """Return which rules are broken."""
    return {rule for rule, _ in found}


def test_a_whole_database_breaks_no_rule(scene: Scene) -> None:
    """Jobs in every state, money spent and reserved, and nothing to complain of."""
    with scene.app.app_context():
        closed: Closed = {}
        for _ in range(2):
            check_invariants(closed=closed, accepted=[scene.done, scene.going], stalled_seconds=30)
        assert len(closed) == 5
        check_money()
        db.engine.dispose()


@pytest.mark.parametrize(("rule", "plant"), [pytest.param(rule, plant, id=what) for rule, what, plant in PLANTED])
def test_what_is_wrong_is_named(scene: Scene, rule: Rule, plant: Plant) -> None:
    """Each planted violation is found, under the rule that it breaks."""
    with scene.spoilt():
        plant(scene)
        assert rule in names(violations())


@pytest.mark.parametrize(("rule", "options", "plant"), ASKED_FOR, ids=[rule.name for rule, _, _ in ASKED_FOR])
def test_what_is_wrong_is_named_where_it_is_asked_for(
    scene: Scene, rule: Rule, options: dict[str, Any], plant: Plant
) -> None:
    """Some rules hold only after some scenarios."""
    with scene.spoilt():
        plant(scene)
        assert rule in names(violations(**options))
        assert rule not in names(violations())


def test_an_outcome_that_changes_after_close_is_named(scene: Scene) -> None:
    """Also where the counters cannot tell: one check remembers for the next."""
    with scene.spoilt():
        closed: Closed = {}
        violations(closed=closed)
        change_chunk(scene.done, 1, outcomes="hk")
        assert names(violations(closed=closed)) == {Rule.UNCHANGED}


def test_every_rule_is_broken_by_a_test() -> None:
    """No assertion of the checker is without a violation that it finds."""
    planted = {rule for rule, _, _ in PLANTED} | {rule for rule, _, _ in ASKED_FOR} | {Rule.UNCHANGED}
    assert planted == set(Rule)


def test_a_check_fails_with_the_rule_and_the_place(scene: Scene) -> None:
    """Whoever reads the failure knows what is wrong where."""
    with scene.app.app_context():
        with pytest.raises(AssertionError, match=rf"I8 once nothing is due, every job .*{scene.going} is running"):
            check_invariants(drained=True)
        with pytest.raises(AssertionError, match=r"I10 .*nowhere"):
            check_invariants(accepted=["nowhere"])
        db.engine.dispose()


@pytest.mark.slow
def test_a_hundred_thousand_entities_are_checked_in_seconds(context: Flask) -> None:
    """In chunks of fifty, each entity with an attempt and every tenth with an error."""
    job_id = queue.enqueue_job("person", "ai-normalizer", ids(100_000), chunk_size=50)
    marks = ("s" * 9 + "e") * 5
    with transaction() as session:
        session.execute(
            update(jobs).values(
                status="complete",
                claimable=False,
                next_chunk=2000,
                started_at=utcnow(),
                finished_at=utcnow(),
                processed_count=100_000,
                success_count=90_000,
                error_count=10_000,
            )
        )
        done = {"job_id": job_id, "attempt": 1, "crash_count": 0, "outcomes": marks, "write_count": 1}
        session.execute(
            insert(progress).values(finished_at=utcnow()), [{**done, "position": place} for place in range(2000)]
        )
        now = session.scalar(select(utcnow()))
        assert now is not None
        row = {
            "job_id": job_id,
            "workspace_slug": "default",
            "entity_type": "person",
            "provider": "findymail",
            "status": "success",
            "outcome_class": "success",
            "fingerprint": "0" * 32,
            "started_at": now - timedelta(seconds=1),
            "finished_at": now,
        }
        session.execute(insert(attempts), [{**row, "id": new_id(), "entity_id": name} for name in ids(100_000)])
        failed = [{"job_id": job_id, "entity_id": name, "code": "no", "message": "no"} for name in ids(100_000)[9::10]]
        session.execute(insert(entity_errors), failed)
    started = time.perf_counter()
    check_invariants(drained=True)
    seconds = time.perf_counter() - started
    print(f"100,000 entities checked in {seconds:.2f} s")
    assert seconds < 10
