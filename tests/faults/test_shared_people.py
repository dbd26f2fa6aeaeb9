"""Jobs that share people, workers that die in paid calls, providers that fail: the providers' ledger is the meter.

Nobody is charged for twice unless a retry asked for it, and nobody who was charged for is forgotten: the value is
there, or the person is held.
"""

import os
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select

from app.config import config
from app.db.session import end_read, transaction
from app.demo.stand_ins import ledger
from app.enrichment import queue
from app.enrichment.limits import circuit_breaker
from app.enrichment.limits.circuit_breaker import load_states
from app.enrichment.waterfall.options import JobOptions
from app.enrichment.waterfall.work_loop import Waterfall
from app.entities.upsert import upsert_entities
from app.extensions import db
from app.models.attempt import attempts
from app.models.job import JobStatus, jobs
from app.models.person import Person
from tests.fakes import charges
from tests.faults.accounts import lines_by_question, outcomes_of, read_books
from tests.faults.conftest import MakeWorld
from tests.faults.helpers import calls_arrived, drain_here, vary
from tests.faults.world import Crew, World, add_job, add_people, has_ended, wait_until
from tests.invariants import check_invariants
from tests.patience import PATIENCE_SECONDS

# Scenes


def test_a_person_of_two_jobs_is_charged_once_where_the_worker_dies_in_the_call(make_world: MakeWorld) -> None:
    """Both jobs hold the person; the retry of either pays a second time, because it was asked to."""
    world = make_world()
    job_ids = [
        add_job(1, provider="leadmagic"),
        add_job(1, provider="waterfall", options=JobOptions(order=("leadmagic",))),
    ]
    _die_in_call(world, "leadmagic")
    drain_here()
    assert [outcomes_of(job_id) for job_id in job_ids] == [{"p0": "h"}] * 2
    assert len(world.server.lines()) == 1
    child = queue.retry(job_ids[1]).id
    drain_here()
    assert outcomes_of(child) == {"p0": "s"} and _addresses() == {"p0"}
    assert [line.micros > 0 for line in world.server.lines()] == [True, True]
    check_invariants(drained=True)


def test_what_was_paid_for_is_fetched_when_credits_are_bought(make_world: MakeWorld) -> None:
    """The worker dies in a call that is charged, credits end before the next one comes, and nobody forgets the call.

    Once they are bought, the provider is reset and the job resumed, it goes on at once.
    """
    world = make_world()
    job_id = add_job(1, options=JobOptions(order=("findymail", "prospeo")))
    _die_in_call(world, "findymail")
    add_job(1, provider="findymail", start=1)
    world.server.order("findymail", "no_credits")
    _drain_until(lambda: not load_states()["findymail"].until or queue.get_job(job_id).status == JobStatus.PAUSED)
    assert calls_arrived(world, "prospeo") == 0 and queue.get_job(job_id).errors == 0
    world.server.forget()
    circuit_breaker.reset("findymail")
    _resume_paused()
    drain_here()
    assert outcomes_of(job_id) == {"p0": "s"} and "p0" in _addresses()
    assert [line.micros > 0 for line in lines_by_question(world.server.lines())["p0", "findymail"]] == [True, False]
    check_invariants(drained=True)


def test_a_charged_bulk_call_whose_answer_is_lost_is_repeated_at_once(make_world: MakeWorld) -> None:
    """Six people in one call of a provider that repeats for free: one failure, which opens no circuit."""
    world = make_world()
    job_id = add_job(6, provider="prospeo")
    world.server.order("prospeo", "reset", times=1)
    drain_here()
    assert outcomes_of(job_id) == dict.fromkeys((f"p{number}" for number in range(6)), "s")
    assert calls_arrived(world, "prospeo") == 2
    lines = world.server.lines()
    assert (len(lines), sum(line.micros > 0 for line in lines)) == (12, 6)
    assert charges.total(lines) == read_books().cost
    check_invariants(drained=True)


def test_an_address_of_two_people_is_charged_once_more_for_a_worker_that_dies(make_world: MakeWorld) -> None:
    """Whoever it died over is held; the other has the address verified, which holds for the retry of the first."""
    world = make_world()
    job_id = add_job(2, provider="leadmagic-verify")
    with transaction() as session:
        shared = [{"id": name, "email": "ada@shared.example"} for name in ("p0", "p1")]
        upsert_entities("person", shared, workspace_slug="default", session=session)
    _die_in_call(world, "leadmagic")
    drain_here()
    assert sorted(outcomes_of(job_id).values()) == ["h", "s"] and len(world.server.lines()) == 2
    child = queue.retry(job_id).id
    drain_here()
    assert list(outcomes_of(child).values()) == ["k"] and len(world.server.lines()) == 2
    check_invariants(drained=True)


def _die_in_call(world: World, provider: str) -> None:
    """Let a worker be killed while its first call hangs, which is charged; its lease is soon over, others' last."""
    world.server.order(provider, "hang", times=1)
    worker = vary(world, ENRICH_LEASE_SECONDS=1).start()
    wait_until(lambda: bool(world.server.lines()))
    worker.kill()
    worker.wait()
    world.server.forget()


def _drain_until(is_so: Callable[[], bool]) -> None:
    def works() -> bool:
        queue.drain(work=Waterfall())
        return is_so()

    wait_until(works)


# The meter


@dataclass(frozen=True)
class Storm:
    """How many people two jobs share, and how many workers die over them."""

    people: int
    kills: int
    chunk_size: int
    seconds: float
    latency: float = 0.15
    workers: int = 3
    seed: int = 20261129


SHORT = Storm(people=90, kills=6, chunk_size=15, seconds=PATIENCE_SECONDS)
LONG = Storm(
    people=int(os.environ.get("SHARED_PEOPLE", "1500")),
    kills=int(os.environ.get("SHARED_KILLS", "25")),
    chunk_size=50,
    seconds=1700,
    seed=int(os.environ.get("SHARED_SEED", "20261129")),
)
FREE_REPEATS = ("findymail", "prospeo")
TROUBLES = (
    ("leadmagic", "reset", 2),
    ("findymail", "reset", 2),
    ("prospeo", "reset", 1),
    ("findymail", "no_credits", 1),
    ("prospeo", "no_credits", 1),
    ("prospeo", "server_error", 6),
)
"""What providers do in between, and how often: answers lost that were charged, credits gone, failures."""


@pytest.mark.parametrize(
    "storm",
    [
        pytest.param(SHORT, id="short"),
        pytest.param(LONG, id="long", marks=[pytest.mark.slow, pytest.mark.timeout(3600)]),
    ],
)
def test_nobody_is_charged_twice_or_forgotten_where_jobs_share_people(
    make_world: MakeWorld, tmp_path: Path, storm: Storm
) -> None:
    """Two waterfalls and a job of one provider over the same people, all there from the start; then one retry."""
    server = {"latency": storm.latency, "hit_rates": "findymail=0.4,prospeo=0.5,leadmagic=0.6"}
    world = make_world(server, ENRICH_LEASE_SECONDS=2, ENRICH_CONCURRENCY=10)
    ids = add_people(storm.people)
    orders = (("leadmagic", "findymail"), ("prospeo", "leadmagic"))
    job_ids = [_enqueue(ids, "waterfall", storm, JobOptions(order=order)) for order in orders]
    job_ids.append(_enqueue(ids[::-1], "leadmagic", storm, JobOptions()))
    pick = random.Random(storm.seed)
    # However the others are struck, somebody is held, for the retry below.
    _die_in_call(world, "leadmagic")

    with Crew(world, tmp_path, storm.workers, storm.seed) as crew:
        for count in range(1, storm.kills + 1):
            provider, scenario, times = pick.choice(TROUBLES)
            world.server.order(provider, scenario, times=times)
            crew.kill(count, while_=_see_to_it, seconds=storm.seconds, pause_seconds=0.3)
        world.server.forget()
        crew.drain(while_=_see_to_it, seconds=storm.seconds)
        assert crew.errors == []
        lines = world.server.lines()
        report = _Report.of(job_ids, lines)
        print(f"\n{db.engine.dialect.name}, {storm.people} people, {crew.kills.count} kills, {report}")
        assert crew.kills.count == storm.kills
        assert charges.paid_repeats(lines) == []
        assert report.forgotten == []

        child = queue.retry(job_ids[0]).id
        crew.drain(while_=_see_to_it, seconds=storm.seconds)
    after = world.server.lines()
    repeats = lines_by_question(charges.paid_repeats(after))
    held = {entity_id for entity_id, outcome in outcomes_of(job_ids[0]).items() if outcome == "h"}
    print(f"retried {len(held)}, charged again {len(repeats)}")
    assert {entity_id for entity_id, _ in repeats} <= held and all(len(paid) == 1 for paid in repeats.values())
    assert _Report.of([child], [line for line in after if line.repeat]).forgotten == []
    books = read_books()
    assert (books.in_flight_calls, books.reserved) == (0, 0) and charges.total(after) <= books.cost
    check_invariants(drained=True)


@dataclass(frozen=True)
class _Report:
    """What the ledger and the outcomes say together."""

    charged: int
    held: int
    free_repeats: int
    forgotten: list[str]
    """Who was charged for, has no address, and is held by no job."""

    @classmethod
    def of(cls, job_ids: Iterable[str], lines: Sequence[ledger.Line]) -> "_Report":
        outcomes: dict[str, str] = {}
        for job_id in job_ids:
            for entity_id, outcome in outcomes_of(job_id).items():
                outcomes[entity_id] = outcomes.get(entity_id, "") + outcome
        charged = {entity_id for entity_id, _ in lines_by_question(line for line in lines if line.micros)}
        unseen = charged - _addresses()
        forgotten = [f"{one}: {outcomes[one]}, {_story(one)}" for one in sorted(unseen) if set(outcomes[one]) != {"h"}]
        held = sum("h" in outcome for outcome in outcomes.values())
        return cls(len(charged), held, sum(not line.micros for line in lines), forgotten)


def _story(entity_id: str) -> list[tuple[str, str, int, str | None]]:
    """Return what is on record of a person's attempts."""
    columns = (attempts.c.provider, attempts.c.outcome_class, attempts.c.cost_micros, attempts.c.error)
    query = select(*columns).where(attempts.c.entity_id == entity_id).order_by(attempts.c.started_at)
    found = [tuple(row) for row in db.session.execute(query)]
    end_read()
    return found


def _enqueue(ids: Sequence[str], provider: str, storm: Storm, options: JobOptions) -> str:
    return queue.enqueue_job("person", provider, ids, chunk_size=storm.chunk_size, **options.columns(config()))


def _see_to_it() -> bool:
    """Do what an operator does: reset who is left alone, resume what is paused; tell whether work is left."""
    for name, state in load_states().items():
        if state.condition != "available":
            end_read()
            circuit_breaker.reset(name)
    end_read()
    _resume_paused()
    return not has_ended()


def _resume_paused() -> None:
    paused = db.session.scalars(select(jobs.c.id).where(jobs.c.status == JobStatus.PAUSED)).all()
    end_read()
    for job_id in paused:
        queue.resume(job_id)


def _addresses() -> set[str]:
    """Return the people who have an address."""
    found = set(db.session.scalars(select(Person.id).where(Person.email.is_not(None))))
    end_read()
    return found
