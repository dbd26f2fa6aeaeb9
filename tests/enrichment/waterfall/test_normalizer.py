"""The normaliser in the pipeline, with a model that is paid."""

from flask import Flask

from app.enrichment import queue
from app.providers.base import Answer, OutcomeClass
from tests.enrichment.scenes import add, drain, enqueue, paid, person, spent, tried
from tests.fakes.provider import FakeProvider
from tests.invariants import check_invariants


def normalizer(outcome_class: OutcomeClass, title: str | None) -> FakeProvider:
    """Make a normaliser that asked its model about a title."""
    answer = Answer(outcome_class, fields={"normalized_job_title": title}, cost_micros=500)
    return paid("ai-normalizer", default=answer, repeat_is_free=False)


def test_miss_of_the_normaliser_clears_what_was_derived_before(context: Flask) -> None:
    """Its model was asked and paid, and is certain of nothing: an answer, and no skip."""
    add(1)
    for outcome_class, title in ((OutcomeClass.SUCCESS, "CEO"), (OutcomeClass.NOT_FOUND, None)):
        job_id = enqueue(1, "ai-normalizer")
        drain(normalizer(outcome_class, title))
        assert person()["normalized_job_title"] == title
        assert queue.get_job(job_id).success == 1
    assert tried() == [("ai-normalizer", "success"), ("ai-normalizer", "not_found")]
    assert spent() == 2 * 500
    check_invariants(drained=True)


def test_miss_of_another_provider_writes_nothing(context: Flask) -> None:
    """Whatever stands beside a miss is not of the entity that was asked for."""
    add(1)
    enqueue(order=("prospeo",))
    drain(paid("prospeo", default=Answer(OutcomeClass.NOT_FOUND, fields={"job_title": "CEO"})))
    assert person()["job_title"] is None
