"""Entities of which nobody knows whether a call about them was paid."""

from flask import Flask

from app.db.session import transaction
from app.enrichment import queue
from app.enrichment.queue.queries import held_ids
from app.enrichment.waterfall.work_loop import Waterfall
from app.entities.upsert import upsert_entities
from app.providers.base import Answer, OutcomeClass
from tests.fakes.provider import FakeProvider, registry_of


def test_held_entities_are_listed_in_order(context: Flask) -> None:
    """Calls of unknown end, up to a limit; decided entities are not among them."""
    lost = Answer(OutcomeClass.TRANSIENT, error="No answer came.", is_cost_known=False)
    answers = {"p1": lost, "p3": lost, "p4": lost}
    provider = FakeProvider(answers, name="findymail", price_micros=10_000, repeat_is_free=False)
    context.extensions["tranche.registry"] = registry_of(provider)
    people = [{"id": f"p{number}", "first_name": "Ann"} for number in range(5)]
    with transaction() as session:
        upsert_entities("person", people, workspace_slug="default", session=session)
    job_id = queue.enqueue_job("person", "findymail", [one["id"] for one in people], chunk_size=2)
    queue.drain(work=Waterfall())
    assert queue.get_job(job_id).held == 3
    assert held_ids(job_id, limit=20) == ["p1", "p3", "p4"]
    assert held_ids(job_id, limit=2) == ["p1", "p3"]
