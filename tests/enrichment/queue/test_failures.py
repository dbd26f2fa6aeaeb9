"""Errors by kind: counted with each write, summed up without a look at them, narrowed, and retried in parts."""

from collections import Counter
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.config import Config
from app.enrichment import queue
from app.enrichment.queue import RetryFilter
from app.enrichment.queue.child_jobs import ALL, Retry
from app.enrichment.queue.lease import Failure
from app.enrichment.waterfall.erase import erase_entity
from app.enrichment.waterfall.estimates import estimate_retry
from app.errors import Invalid, JobNotFound, JobStateConflict, ProviderNotAvailable
from app.extensions import db
from app.models.chunk import Outcome
from app.models.job import EnrichmentJob, jobs
from tests.enrichment.helpers import claim, ids
from tests.enrichment.scenes import AWAY, BAD, CUT_OFF, NOT_FOUND, PRICE, add, drain, enqueue, paid, spent
from tests.fakes.provider import registry_of
from tests.invariants import check_invariants
from tests.statements import statements

FAILURES = {
    "a": Failure("transient", "The provider is away.", "findymail"),
    "b": Failure("transient", "The provider is away.", "prospeo"),
    "c": Failure("invalid_request", "The request is bad.", "prospeo"),
    "d": Failure("entity_not_found", "There is nobody."),
}


def job_with_failures(*, held: tuple[str, ...] = ("h",), fine: tuple[str, ...] = ("f",)) -> str:
    """Return a complete job whose entities failed in several ways, are held, or went well."""
    names = [*FAILURES, *held, *fine]
    job_id = queue.enqueue_job("person", "findymail", names, chunk_size=4)
    for _ in range(-(-len(names) // 4)):
        lease = claim()
        for index, name in enumerate(lease.entity_ids):
            outcome = Outcome.HELD if name in held else Outcome.SUCCESS
            lease.decide(index, Outcome.ERROR if name in FAILURES else outcome, FAILURES.get(name))
            if index == 1:
                lease.checkpoint()
        lease.finish()
    return job_id


def kinds_of(job_id: str) -> dict[tuple[str, str | None], int]:
    """Return how many errors a job is said to have of each kind."""
    db.session.rollback()
    return {(kind.code, kind.provider): kind.count for kind in queue.summarize_errors(job_id).kinds}


def taken(job_id: str, **parts: Any) -> list[str]:
    """Retry a part of a job; return the entities of the child."""
    child = queue.retry(job_id, chosen=RetryFilter(**parts))
    assert (child.parent_job_id, child.retry_filter) == (job_id, RetryFilter(**parts).stored())
    return db.session.get_one(EnrichmentJob, child.id).entity_ids


# Counts


def test_errors_are_counted_by_code_and_provider_wherever_they_are_written(context: Flask) -> None:
    """At checkpoints and ends, of a chunk that broke, and less those of whoever is erased."""
    job_id = job_with_failures()
    assert kinds_of(job_id) == Counter((one.code, one.provider or None) for one in FAILURES.values())
    summary = queue.summarize_errors(job_id)
    assert (summary.total, summary.held, summary.held_accepted_at) == (4, 1, None)
    check_invariants(drained=True)
    with statements(context) as sent:
        kinds_of(job_id)
    assert not any("enrichment_errors" in one for one in sent), "nobody counts rows"
    erase_entity("person", "b", workspace_slug="default")
    assert ("transient", "prospeo") not in kinds_of(job_id) and queue.summarize_errors(job_id).total == 3
    broken = queue.enqueue_job("person", "findymail", ["x", "y"], chunk_size=1)
    lease = claim()
    lease.decide(0, Outcome.ERROR, FAILURES["a"])
    lease.release()
    claim().fail(Failure("chunk_broke", "a bug"))
    assert kinds_of(broken) == {("transient", "findymail"): 1, ("chunk_broke", None): 1}
    check_invariants()


def test_a_checkpoint_that_breaks_counts_nothing(context: Flask) -> None:
    """Counts stand and fall with their errors."""
    job_id = queue.enqueue_job("person", "findymail", ["a"])
    lease = claim()
    lease.decide(0, Outcome.ERROR, FAILURES["a"])

    def fail(_: Any) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        lease.checkpoint(fail)
    assert kinds_of(job_id) == {}
    check_invariants()


def test_errors_of_a_waterfall_name_the_provider_that_they_came_from(context: Flask) -> None:
    """The last that went wrong; and the list can be narrowed to it, page by page."""
    add(3)
    answers = {"p0": AWAY, "p1": BAD}
    job_id = enqueue(3, order=["findymail", "prospeo"])
    drain(paid(answers=answers, default=NOT_FOUND), paid("prospeo", answers={"p1": NOT_FOUND}, default=NOT_FOUND))
    assert kinds_of(job_id) == {("transient", "findymail"): 1, ("invalid_request", "findymail"): 1}
    [error] = queue.list_errors(job_id, code="transient", provider="findymail").rows
    assert error.entity_id == "p0"
    assert queue.list_errors(job_id, provider="prospeo").rows == []
    first = queue.list_errors(job_id, provider="findymail", limit=1)
    second = queue.list_errors(job_id, provider="findymail", limit=1, cursor=first.next_cursor)
    assert {one.entity_id for one in (*first.rows, *second.rows)} == {"p0", "p1"} and second.next_cursor is None


# Retries of a part


def test_each_entity_is_retried_once_whatever_the_filters(context: Flask) -> None:
    """Parts one after another, then the rest; what overlaps is left to the child that has it."""
    job_id = job_with_failures()
    assert taken(job_id, code="transient", provider="prospeo") == ["b"]
    assert taken(job_id, provider="prospeo") == ["c"]
    assert taken(job_id, code="transient") == ["a"]
    for parts in ({"code": "transient"}, {"provider": "prospeo"}, {"provider": "prospeo", "code": "transient"}):
        with pytest.raises(JobStateConflict, match="retried before"):
            queue.retry(job_id, chosen=RetryFilter(**parts))
    assert sorted(taken(job_id)) == ["d", "h"]
    for parts in ({}, {"is_held": True}, {"code": "transient"}):
        with pytest.raises(JobStateConflict, match="retried before"):
            queue.retry(job_id, chosen=RetryFilter(**parts))
    with pytest.raises(JobStateConflict, match="retried"):
        queue.accept_held(job_id)
    check_invariants()


def test_the_rest_of_a_cancelled_job_is_retried_after_a_part(context: Flask) -> None:
    """What it never reached is in it, and what broke the job is no entity."""
    job_id = queue.enqueue_job("person", "findymail", ids(6), chunk_size=2)
    first, second = claim(), claim()
    first.decide(0, Outcome.ERROR, FAILURES["a"])
    first.decide(1, Outcome.HELD)
    first.finish()
    second.decide(0, Outcome.SUCCESS)
    second.checkpoint()
    second.fail(Failure("chunk_broke", "a bug"))
    assert taken(job_id, code="transient") == ["p0"]
    with pytest.raises(JobStateConflict, match="retried before, or is not there"):
        queue.retry(job_id, chosen=RetryFilter(code="chunk_broke"))
    assert taken(job_id) == ["p1", "p3", "p4", "p5"]


def test_a_retry_that_comes_between_is_seen(context: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two retries at the same moment do not take the same entities, nor one that comes with an acceptance."""
    job_id, other_id = job_with_failures(), job_with_failures()
    late, late_too = Retry.of(job_id, ALL), Retry.of(other_id, ALL)
    assert taken(job_id, code="transient") == ["a", "b"]
    queue.accept_held(other_id)
    for seen in (late, late_too):
        # As if it had looked before the other was there.
        monkeypatch.setattr(Retry, "of", lambda *_, seen=seen, **__: seen)
        with pytest.raises(JobStateConflict, match="meanwhile"):
            queue.retry(seen.job.id)


def test_a_filter_that_fits_nobody_is_refused(context: Flask) -> None:
    """Also one that contradicts itself, one of a job that goes on, and of another workspace's."""
    job_id = job_with_failures(held=())
    with pytest.raises(JobStateConflict, match="no such entities"):
        queue.retry(job_id, chosen=RetryFilter(code="auth_failed"))
    with pytest.raises(JobStateConflict, match="no such entities"):
        queue.retry(job_id, chosen=RetryFilter(is_held=True))
    with pytest.raises(Invalid, match="either held"):
        RetryFilter(code="transient", is_held=True)
    with pytest.raises(JobNotFound):
        queue.retry(job_id, chosen=RetryFilter(code="transient"), workspace_slug="north")
    going = queue.enqueue_job("person", "findymail", ["a"])
    with pytest.raises(JobStateConflict, match="pending"):
        estimate_retry(going, RetryFilter(code="transient"))


# Held entities


def test_held_entities_are_asked_about_again_or_accepted(context: Flask) -> None:
    """Accepted, they are in no retry any more, and their costs stay; asked again, they may be paid for again."""
    add(2)
    provider = paid("leadmagic", default=CUT_OFF, repeat_is_free=False)
    first, second = (enqueue(1, "leadmagic"), queue.enqueue_job("person", "leadmagic", ["p1"]))
    drain(provider)
    assert [queue.get_job(one).held for one in (first, second)] == [1, 1] and spent() == 2 * PRICE
    accepted = queue.accept_held(first)
    assert accepted.held == 1 and accepted.held_accepted_at is not None
    assert queue.accept_held(first).held_accepted_at == accepted.held_accepted_at
    for parts in ({}, {"is_held": True}):
        with pytest.raises(JobStateConflict, match="accepted"):
            queue.retry(first, chosen=RetryFilter(**parts))
    assert taken(second, is_held=True) == ["p1"]
    drain(provider)
    assert provider.asked == {"p0": 1, "p1": 2} and spent() == 3 * PRICE
    with pytest.raises(JobStateConflict, match="retried"):
        queue.accept_held(second)
    with pytest.raises(JobStateConflict, match="no held"):
        queue.accept_held(job_with_failures(held=()))
    check_invariants()


def test_the_rest_of_a_job_whose_held_entities_are_accepted_is_retried_without_them(context: Flask) -> None:
    """An acceptance takes nothing else out."""
    job_id = job_with_failures()
    queue.accept_held(job_id)
    assert taken(job_id) == ["a", "b", "c", "d"]


# Prices


def test_a_retry_is_estimated_before_it_is_made(make_app: Any) -> None:
    """How many it takes and what they cost, a question in doubt included; nothing is made of it."""
    settings = Config.from_env({"LEADMAGIC_API_KEY": "key", "FINDYMAIL_API_KEY": "key"}).PROVIDERS
    with make_app(PROVIDERS=settings).app_context():
        add(3, last_name="Byron", company_domain="acme.example")
        answers = {"p0": BAD, "p1": CUT_OFF}
        job_id = enqueue(3, "leadmagic")
        drain(paid("leadmagic", answers=answers, repeat_is_free=False))
        before = [row.id for row in db.session.execute(select(jobs.c.id))]
        prices = {}
        for name, chosen in {"all": RetryFilter(), "failed": RetryFilter(code="invalid_request"),
                             "held": RetryFilter(is_held=True)}.items():  # fmt: skip
            estimate = estimate_retry(job_id, chosen)
            prices[name] = (estimate.total, estimate.steps[0].questions, estimate.high_micros)
        assert prices == {"all": (2, 2, 10_000), "failed": (1, 1, 5_000), "held": (1, 1, 5_000)}
        with pytest.raises(JobStateConflict, match="no such entities"):
            estimate_retry(job_id, RetryFilter(provider="findymail"))
        assert [row.id for row in db.session.execute(select(jobs.c.id))] == before


def test_the_retry_of_a_provider_that_is_not_set_has_no_price(context: Flask) -> None:
    """The estimate says what to set."""
    with pytest.raises(ProviderNotAvailable, match="FINDYMAIL_API_KEY"):
        estimate_retry(job_with_failures(), RetryFilter(code="transient"))


def test_the_price_of_a_large_retry_is_that_of_some_of_it(context: Flask) -> None:
    """As many of each kind as there are, by what is kept; what a part of them took before is left out."""
    provider = paid(answers={name: BAD for name in ids(30)}, default=NOT_FOUND)
    add(40)
    job_id = enqueue(40, "findymail")
    drain(provider)
    context.extensions["tranche.registry"] = registry_of(provider)
    whole = estimate_retry(job_id, ALL)
    some = estimate_retry(job_id, ALL, most=12)
    assert (whole.total, whole.sampled, some.total, some.sampled) == (30, None, 30, 12)
    assert some.high_micros >= whole.high_micros == 30 * PRICE
    [kind] = queue.summarize_errors(job_id).kinds
    assert estimate_retry(job_id, RetryFilter(code=kind.code), most=12).total == 30
    assert Retry.of(job_id, ALL).count() == 30
    assert set(Retry.of(job_id, ALL).some_ids(12)) <= set(ids(30))
    queue.retry(job_id, chosen=RetryFilter(code=kind.code))
    assert Retry.of(job_id, ALL).count() == 0
    with pytest.raises(JobStateConflict, match="retried before"):
        estimate_retry(job_id, ALL, most=12)


def test_held_and_unreached_entities_are_among_those_of_a_large_retry(context: Flask) -> None:
    """They are read from some of the chunks that have any."""
    job_id = job_with_failures(held=tuple(f"h{number}" for number in range(10)), fine=("f", "g"))
    retry = Retry.of(job_id, ALL)
    assert retry.count() == 14
    some = retry.some_ids(7)
    assert len({name for name in some if name in FAILURES}) == 2
    assert len({name for name in some if name.startswith("h")}) == len(some) - 2 >= 5
    assert Retry.of(job_id, RetryFilter(is_held=True)).count() == 10
    assert set(retry.entity_ids()) == {*FAILURES, *(f"h{number}" for number in range(10))}
    unreached = queue.enqueue_job("person", "findymail", ids(9), chunk_size=2)
    queue.cancel(unreached)
    retry = Retry.of(unreached, ALL)
    assert retry.count() == 9 and set(retry.some_ids(4)) <= set(ids(9)) and list(retry.entity_ids()) == ids(9)
