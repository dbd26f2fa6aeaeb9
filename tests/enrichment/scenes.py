"""People, providers and workers that many tests of paid enrichment set up."""

import threading
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any

from flask import Flask
from sqlalchemy import Table, select

from app.config import config
from app.db.session import transaction
from app.enrichment import queue
from app.enrichment.waterfall.options import JobOptions
from app.enrichment.waterfall.work_loop import Waterfall
from app.entities.read import load_entities
from app.entities.upsert import upsert_entities
from app.extensions import db
from app.models.attempt import attempts
from app.models.in_flight_call import in_flight_calls
from app.models.spending import costs, spending
from app.providers.base import Answer, OutcomeClass
from tests.enrichment.helpers import ids
from tests.fakes.provider import FakeProvider, registry_of
from tests.patience import PATIENCE_SECONDS

NOT_FOUND = Answer(OutcomeClass.NOT_FOUND)
AWAY = Answer(OutcomeClass.TRANSIENT, error="The provider is away.")
CUT_OFF = Answer(OutcomeClass.TRANSIENT, error="No answer came.", is_cost_known=False)
NO_CREDITS = Answer(OutcomeClass.CREDITS_EXHAUSTED, error="Credits are gone.")
REFUSED = Answer(OutcomeClass.AUTH_FAILED, error="The key is refused.")
BAD = Answer(OutcomeClass.INVALID_REQUEST, error="The request is bad.")
EMAIL = Answer(OutcomeClass.SUCCESS, fields={"email": "ada@example.com", "email_status": "unknown"})
PRICE = 20_000
"""Two cents, in micro-dollars."""


def verdict(status: str) -> Answer:
    """Return what a verifier answers."""
    return Answer(OutcomeClass.SUCCESS, fields={"email_status": status})


def paid(name: str = "findymail", answers: Any = None, **options: Any) -> FakeProvider:
    """Make a provider that costs two cents for an address, and finds one for everybody."""
    return FakeProvider(answers, name=name, **{"price_micros": PRICE, "default": EMAIL, **options})


def add(count: int, *, workspace_slug: str = "default", **fields: Any) -> None:
    """Add people p0, p1 and so on."""
    change(*({"id": one, "first_name": "Ada", **fields} for one in ids(count)), workspace_slug=workspace_slug)


def change(*people: dict[str, Any], workspace_slug: str = "default") -> None:
    """Add or change people as a caller would."""
    with transaction() as session:
        upsert_entities("person", people, workspace_slug=workspace_slug, session=session)


def person(entity_id: str = "p0", workspace_slug: str = "default") -> dict[str, Any]:
    """Return a person's fields as they are stored now."""
    db.session.rollback()
    return load_entities("person", [entity_id], workspace_slug=workspace_slug)[entity_id]


def enqueue(
    count: int = 1,
    provider: str = "waterfall",
    *,
    order: Sequence[str] | None = None,
    until: Sequence[str] | None = None,
    verifier: str | None = None,
    cap_micros: int | None = None,
    **arguments: Any,
) -> str:
    """Enqueue a job over the first people; return its id."""
    job_options = JobOptions(
        tuple(order) if order else None,
        tuple(until) if until else None,
        verifier,
        None if cap_micros is None else Decimal(cap_micros) / 1_000_000,
    )
    arguments = {"chunk_size": count, **arguments}
    return queue.enqueue_job("person", provider, ids(count), **job_options.columns(config()), **arguments)


def pipeline(*providers: FakeProvider, verifiers: Sequence[FakeProvider] = (), retries: int = 3) -> Waterfall:
    """Return a pipeline over fakes that hardly waits between tries."""
    return Waterfall(registry_of(*providers, verifiers=verifiers), retry_seconds=(0.01,) * retries)


def drain(*providers: FakeProvider, verifiers: Sequence[FakeProvider] = (), seconds: float = PATIENCE_SECONDS) -> None:
    """Work until nothing is due."""
    queue.drain(work=pipeline(*providers, verifiers=verifiers), time_budget=seconds)


def drain_in_turn(*providers: FakeProvider, verifiers: Sequence[FakeProvider] = ()) -> None:
    """Work until nothing is due, on one chunk after another: each knows what became of those before it."""
    work = pipeline(*providers, verifiers=verifiers)
    while queue.process_next_chunk(work=work) is not None:
        pass


def rows(table: Table, *conditions: Any) -> list[Any]:
    """Return a table's rows as they are stored now, in the order of their keys."""
    db.session.rollback()
    return list(db.session.execute(select(table).where(*conditions).order_by(*table.primary_key)).all())


def tried(entity_id: str = "p0") -> list[tuple[str, str]]:
    """Return provider and outcome class of an entity's attempts, in order."""
    db.session.rollback()
    query = select(attempts.c.provider, attempts.c.outcome_class).where(attempts.c.entity_id == entity_id)
    return [tuple(row) for row in db.session.execute(query.order_by(attempts.c.finished_at, attempts.c.id))]


def spent(scope: str = "overall") -> int:
    """Return what is booked under a cap, over all days."""
    return sum(row.spent_micros for row in rows(spending, spending.c.scope == scope))


def reserved(scope: str = "overall") -> int:
    """Return what is reserved under a cap, over all days."""
    return sum(row.reserved_micros for row in rows(spending, spending.c.scope == scope))


def cost_rows() -> dict[str, tuple[int, int, int, int]]:
    """Return calls, charged calls, costs and costs in doubt by provider."""
    return {row.provider: (row.calls, row.charged_calls, row.cost_micros, row.in_doubt_micros) for row in rows(costs)}


def flight_count() -> int:
    """Return how many questions are on record as under way."""
    return len(rows(in_flight_calls))


def in_threads(app: Flask, functions: Iterable[Callable[[], Any]]) -> None:
    """Run functions at the same time, each in a thread with a context of its own, and raise what one raises."""
    errors: list[BaseException] = []

    def run(function: Callable[[], Any]) -> None:
        try:
            with app.app_context():
                function()
        except BaseException as exc:
            errors.append(exc)

    threads = [threading.Thread(target=run, args=(function,)) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive()
    if errors:
        raise errors[0]
