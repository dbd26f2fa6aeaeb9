"""Providers that answer badly, met by workers: each person ends as promised, and the books hold."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from app.db.session import end_read
from app.enrichment import queue
from app.enrichment.limits import circuit_breaker
from app.enrichment.waterfall.work_loop import Waterfall
from app.extensions import db
from app.models.attempt import attempts
from app.models.chunk import entity_errors
from app.models.job import JobStatus
from app.models.types import utcnow
from tests.faults.accounts import outcomes_of
from tests.faults.conftest import MakeWorld
from tests.faults.helpers import attempts_of_chunks, check_accounts, drain_here, end, tell, vary
from tests.faults.world import World, add_job, add_people
from tests.patience import PATIENCE_SECONDS

PATIENT = {"ENRICH_TIME_BUDGET": round(PATIENCE_SECONDS), "ENRICH_LEASE_SECONDS": round(PATIENCE_SECONDS)}
"""Settings of workers who hand no chunk on because the machine is slow."""
DAY_SECONDS = 86_400

SERVED = {
    "server_error": "e",
    "hang": "h",
    "drip": "h",
    "huge": "h",
    "gzip_bomb": "h",
    "garbage": "h",
    "garbage:1": "h",
    "redirect": "e",
    "reset": "h",
    "reset_before": "h",
    "bad_request": "e",
    "not_found": "s",
}
"""What LeadMagic does about one person, and how that person ends. A call that was sent and has no readable answer may
have been paid, and LeadMagic charges repeats."""
ERROR_CODES = {"server_error": "transient", "redirect": "invalid_request", "bad_request": "invalid_request"}
"""What those who end with an error have as its code."""
UNENDING = {"hang", "drip"}
"""Those of which nobody knows before the time of the call is up."""


def test_each_bad_answer_ends_one_person_as_promised_and_no_other(make_world: MakeWorld) -> None:
    """Every second person of a chunk meets another kind of bad answer; those in between are found."""
    world = make_world(ENRICH_CONCURRENCY=1, LEADMAGIC_TIMEOUT_SECONDS=60, **PATIENT)
    at_once = _meet(world, [scenario for scenario in SERVED if scenario not in UNENDING])
    _meet(vary(world, LEADMAGIC_TIMEOUT_SECONDS=_short_timeout()), sorted(UNENDING), start=len(at_once))
    check_accounts(world)
    codes = {at_once[scenario]: code for scenario, code in ERROR_CODES.items()}
    assert _error_codes() == codes
    assert world.server.stats()["followed_redirects"] == 0
    assert attempts_of_chunks() == [(1, 0), (1, 0)]


def test_lost_answers_are_asked_for_again_where_a_repeat_is_free(make_world: MakeWorld) -> None:
    """Findymail gives a repeat away: each person is found, the charge is booked, and so is the doubt."""
    world = make_world(FINDYMAIL_TIMEOUT_SECONDS=60, **PATIENT)
    _lose(world, "garbage", start=10)
    _lose(world, "reset", start=12)
    hasty = vary(world, FINDYMAIL_TIMEOUT_SECONDS=_short_timeout())
    with hasty.app():
        _lose(hasty, "hang", start=14)
    lines = check_accounts(world)
    assert [line.micros > 0 for line in lines if line.repeat] == [False] * 3
    tell(world, scenarios=3)


def _meet(world: World, scenarios: Sequence[str], *, start: int = 0) -> dict[str, str]:
    """Have a worker ask about a person for each kind of bad answer, each followed by one who is found.

    The people are numbered from twice `start`. Returns the ids of those with bad answers, by kind.
    """
    about = {}
    expected = {}
    for number, scenario in enumerate(scenarios, start):
        marker = f"x-leadmagic-{scenario.replace('_', '-').replace(':', '-')}"
        [about[scenario]] = add_people(1, start=2 * number, marker=marker)
        [neighbour] = add_people(1, start=2 * number + 1)
        expected |= {about[scenario]: SERVED[scenario], neighbour: "s"}
    job_id = queue.enqueue_job("person", "leadmagic", list(expected), chunk_size=len(expected))
    assert end(world.start()) == (0, "")
    assert outcomes_of(job_id) == expected
    return about


def _lose(world: World, scenario: str, *, start: int) -> None:
    """Find two people though Findymail's next answer is lost."""
    world.server.order("findymail", scenario, times=1)
    job_id = add_job(2, provider="findymail", start=start)
    drain_here()
    assert set(outcomes_of(job_id).values()) == {"s"}, scenario


def _short_timeout() -> int:
    """Return a time, in seconds, in which a provider surely answers, if at all: many times the longest so far."""
    rows = db.session.execute(select(attempts.c.started_at, attempts.c.finished_at)).all()
    end_read()
    longest = max((row.finished_at - row.started_at).total_seconds() for row in rows)
    return max(4, math.ceil(10 * longest))


@dataclass(frozen=True)
class Refusal:
    """A provider that says not now, and for how long its job is paused then."""

    provider: str
    scenario: str
    least_seconds: float
    most_seconds: float


REFUSALS = (
    Refusal("leadmagic", "rate_limited:0", 5, 7.5),
    Refusal("leadmagic", "rate_limited:2", 3, 8.5),
    Refusal("leadmagic", "rate_limited:3", 3500, DAY_SECONDS + 1),
    Refusal("leadmagic", "no_credits", 3500, 3601),
    Refusal("findymail", "no_credits:1", 3500, 3601),
    Refusal("leadmagic", "bad_key", 800, 901),
)
"""A 429 with Retry-After in seconds, as a date, and absurd; a 402; an error under a 200; a 401."""


def test_refusals_pause_their_job_with_a_time_and_cost_nothing(make_world: MakeWorld) -> None:
    """The job says who, why and until when; once the provider is reset and the job resumed, everybody is found."""
    world = make_world()
    for place, refusal in enumerate(REFUSALS):
        world.server.order(refusal.provider, refusal.scenario)
        job_id = add_job(3, provider=refusal.provider, chunk_size=3, start=10 + 3 * place)
        asked_at = _now()
        if place == 0:
            code, errors = end(world.start())
            assert code == 5 and job_id in errors and "Traceback" not in errors
        else:
            assert queue.drain(work=Waterfall()).processed_total == 0
        job, noticed_at = queue.get_job(job_id), _now()
        assert job.resume_at is not None
        assert (job.status, job.paused_manually) == (JobStatus.PAUSED, False), refusal
        assert job.pause_reason is not None and f"Provider {refusal.provider}" in job.pause_reason
        # However long the worker took: the pause began somewhere between these instants.
        assert (job.resume_at - asked_at).total_seconds() >= refusal.least_seconds, refusal
        assert (job.resume_at - noticed_at).total_seconds() <= refusal.most_seconds, refusal
        assert len(world.server.lines()) == 3 * place
        world.server.forget()
        circuit_breaker.reset(refusal.provider)
        queue.resume(job_id)
        drain_here()
        assert set(outcomes_of(job_id).values()) == {"s"}, refusal
    assert len(check_accounts(world)) == 3 * len(REFUSALS)
    tell(world, refusals=len(REFUSALS))


def test_refusal_without_a_time_is_waited_for_by_the_worker(make_world: MakeWorld) -> None:
    """A 429 that does not say for how long costs a second or two, and neither a try nor the job's status."""
    world = make_world()
    world.server.order("leadmagic", "rate_limited:1", times=2)
    job_id = add_job(3, provider="leadmagic", chunk_size=3)
    assert queue.drain(work=Waterfall()).processed_total == 3
    assert set(outcomes_of(job_id).values()) == {"s"}
    assert len(check_accounts(world)) == 3


def test_waterfall_goes_past_whom_it_cannot_ask(make_world: MakeWorld) -> None:
    """One provider without credits and one that refuses the key leave the work to the third."""
    world = make_world()
    world.server.order("findymail", "no_credits")
    world.server.order("prospeo", "bad_key")
    job_id = add_job(12, chunk_size=6)
    assert queue.drain(work=Waterfall()).processed_total == 12
    assert set(outcomes_of(job_id).values()) == {"s"}
    assert {line.provider for line in check_accounts(world)} == {"leadmagic"}


def _now() -> datetime:
    now = db.session.scalar(select(utcnow()))
    end_read()
    assert now is not None
    return now


def _error_codes() -> dict[str, str]:
    rows = db.session.execute(select(entity_errors.c.entity_id, entity_errors.c.code)).all()
    end_read()
    return {row.entity_id: row.code for row in rows}
