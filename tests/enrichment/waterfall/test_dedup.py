"""The dedup gate: nobody is asked twice about the same entity while an answer holds, whoever asks."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import update

from app.db.session import transaction
from app.enrichment import queue
from app.models.attempt import attempts
from app.providers.base import Answer, OutcomeClass
from tests.enrichment.scenes import (
    AWAY,
    BAD,
    EMAIL,
    NOT_FOUND,
    add,
    change,
    cost_rows,
    drain,
    enqueue,
    in_threads,
    paid,
    person,
    pipeline,
    rows,
    spent,
    tried,
)
from tests.invariants import check_invariants

ORDER = ("findymail", "prospeo")
TITLE = Answer(OutcomeClass.SUCCESS, fields={"job_title": "CEO"})


def age_attempts(days: float) -> None:
    """Move every attempt into the past."""
    for row in rows(attempts):
        with transaction() as session:
            at = row.finished_at - timedelta(days=days)
            session.execute(update(attempts).where(attempts.c.id == row.id).values(finished_at=at, started_at=at))


@pytest.mark.parametrize("answer", [EMAIL, NOT_FOUND, TITLE])
@pytest.mark.parametrize("provider", ["findymail", "waterfall"])
def test_the_same_job_twice_asks_nobody_the_second_time(context: Flask, answer: Answer, provider: str) -> None:
    """Definite answers hold, whether something was found or not; the second job costs nothing."""
    add(3)
    first = paid("findymail", default=answer)
    order = ["findymail"] if provider == "waterfall" else None
    jobs = []
    for _ in range(2):
        jobs.append(enqueue(3, provider, order=order))
        drain(first)
    assert first.asked == {"p0": 1, "p1": 1, "p2": 1}
    assert queue.get_job(jobs[1]).skipped == 3
    assert queue.get_job(jobs[1]).cost_micros == 0
    check_invariants(drained=True)


@pytest.mark.parametrize("answer", [AWAY, BAD])
def test_what_is_no_answer_is_asked_again(context: Flask, answer: Answer) -> None:
    """Only a definite answer closes the gate."""
    add(1)
    provider = paid(default=answer)
    enqueue(order=["findymail"])
    drain(provider)
    before = provider.asked["p0"]
    enqueue(order=["findymail"])
    drain(provider)
    assert provider.asked["p0"] > before


@pytest.mark.parametrize(("answer", "days"), [(NOT_FOUND, 30), (TITLE, 90)])
def test_an_answer_is_asked_for_again_after_its_time(context: Flask, answer: Answer, days: int) -> None:
    """Not an hour before, and at once when the time is over; a miss holds for less long than a find."""
    add(1)
    provider = paid(default=answer)
    enqueue(order=["findymail"])
    drain(provider)
    age_attempts(days - 0.04)
    enqueue(order=["findymail"])
    drain(provider)
    assert provider.asked == {"p0": 1}
    age_attempts(0.08)
    enqueue(order=["findymail"])
    drain(provider)
    assert provider.asked == {"p0": 2}
    check_invariants(drained=True)


def test_a_miss_is_asked_again_when_the_question_has_changed(context: Flask) -> None:
    """That is when one of the provider's inputs has; any other field changes nothing."""
    add(1)
    provider = paid(default=NOT_FOUND)
    for fields in ({}, {"job_title": "CTO", "company": "Example"}, {"first_name": "  "}, {"first_name": "Grace"}):
        change({"id": "p0", **fields})
        enqueue(order=["findymail"])
        drain(provider)
    assert [lookup.fields["first_name"] for lookup in provider.seen] == ["Ada", "  ", "Grace"]
    check_invariants(drained=True)


def test_a_miss_holds_for_a_question_that_was_asked_before_the_last_one(context: Flask) -> None:
    """A value that is changed and changed back costs nothing."""
    add(1)
    provider = paid(default=NOT_FOUND)
    for name in ("Ada", "Grace", "Ada"):
        change({"id": "p0", "first_name": name})
        enqueue(order=["findymail"])
        drain(provider)
    assert provider.asked == {"p0": 2}


def test_a_find_holds_whatever_changes(context: Flask) -> None:
    """It has been paid for."""
    add(1)
    provider = paid(default=TITLE)
    for name in ("Ada", "Grace"):
        change({"id": "p0", "first_name": name})
        enqueue(order=["findymail"])
        drain(provider)
    assert provider.asked == {"p0": 1}


def test_a_step_left_out_for_lack_of_input_is_asked_when_there_is_some(context: Flask) -> None:
    """It never was an answer."""
    add(1)
    provider = paid(needs="linkedin_url")
    for fields in ({}, {"linkedin_url": "linkedin.com/in/ada"}):
        change({"id": "p0", **fields})
        enqueue(order=["findymail"])
        drain(provider)
    assert provider.asked == {"p0": 1} and person()["email"] == "ada@example.com"
    assert tried() == [("findymail", "skipped_insufficient_input"), ("findymail", "success")]
    check_invariants(drained=True)


def test_answers_hold_for_their_own_workspace_alone(context: Flask) -> None:
    """Another workspace's entity of the same id is another entity."""
    add(1)
    add(1, workspace_slug="other")
    provider = paid()
    enqueue(order=["findymail"])
    enqueue(order=["findymail"], workspace_slug="other")
    drain(provider)
    assert provider.asked == {"p0": 2}
    assert person()["email"] == person(workspace_slug="other")["email"] == "ada@example.com"
    check_invariants(drained=True)


@pytest.mark.parametrize("answer", [EMAIL, NOT_FOUND])
def test_two_jobs_at_once_ask_about_each_entity_once(context: Flask, answer: Answer) -> None:
    """They share one flight, whichever of them is first, and both are complete."""
    add(12)
    provider = paid(default=answer, seconds=0.05)
    jobs = [enqueue(12, order=["findymail"], chunk_size=4) for _ in range(2)]
    in_threads(context, [lambda: drain(provider)] * 2)
    drain(provider)
    assert set(provider.asked.values()) == {1} and len(provider.asked) == 12
    assert [queue.get_job(job_id).status for job_id in jobs] == ["complete", "complete"]
    assert spent() == provider.spent_micros
    check_invariants(drained=True)


def test_two_jobs_at_once_that_find_something_do_not_go_on_to_the_next_provider(context: Flask) -> None:
    """What the one job found satisfies the other one too."""
    add(4)
    first, second = paid("findymail", seconds=0.3), paid("prospeo")
    for _ in range(2):
        enqueue(4, order=ORDER)
    in_threads(context, [lambda: drain(first, second)] * 2)
    drain(first, second)
    assert first.asked == {"p0": 1, "p1": 1, "p2": 1, "p3": 1}
    assert second.asked == {}
    check_invariants(drained=True)


def test_two_jobs_in_different_order_share_what_both_ask(context: Flask) -> None:
    """Nobody is asked twice, and nobody waits for ever."""
    add(6)
    first, second = paid("findymail", default=NOT_FOUND, seconds=0.05), paid("prospeo", default=NOT_FOUND, seconds=0.05)
    enqueue(6, order=ORDER)
    enqueue(6, order=ORDER[::-1])
    in_threads(context, [lambda: drain(first, second)] * 2)
    drain(first, second)
    assert set(first.asked.values()) == set(second.asked.values()) == {1}
    assert len(first.asked) == len(second.asked) == 6
    check_invariants(drained=True)


def test_jobs_of_the_same_entities_in_bulk_share_them_too(context: Flask) -> None:
    """Also where the slices overlap in part."""
    add(20)
    provider = paid(bulk_size=7, default=NOT_FOUND, seconds=0.05)
    enqueue(20, order=["findymail"], chunk_size=20)
    enqueue(20, order=["findymail"], chunk_size=6)
    in_threads(context, [lambda: drain(provider)] * 3)
    drain(provider)
    assert len(provider.asked) == 20 and set(provider.asked.values()) == {1}
    check_invariants(drained=True)


def test_a_worker_does_not_sit_with_a_question_that_waits_for_a_callback(
    context: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another job's callback may take an hour: who waits for it gives its chunk back, and says for when."""
    monkeypatch.setattr("app.enrichment.waterfall.routing.MAX_WAIT_SECONDS", 0.3)
    monkeypatch.setattr("app.enrichment.waterfall.results.PENDING_RETRY_SECONDS", 30.0)
    add(1)
    provider = paid("clay", default=Answer(OutcomeClass.SUCCESS, pending_seconds=600))
    enqueue(1, "clay")
    while not provider.calls:
        # A slow machine may have to give the call back before it is sent.
        queue.process_next_chunk(work=pipeline(provider), time_budget=1)
    second = enqueue(1, "clay")
    result = queue.drain(work=pipeline(provider), time_budget=100.0, job_id=second)
    assert provider.asked == {"p0": 1}
    assert result.chunks == 1, "it is not claimed over and over"
    assert cost_rows() == {} and spent() == 0
    assert rows(attempts) == []
