"""Receipts: what each attempt gave and cost, by which rule, and why the walk ended; their sum is what was charged."""

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import insert, update

from app.config import Config
from app.db.session import transaction
from app.enrichment import queue
from app.enrichment.queue.queries import find_outcomes
from app.enrichment.waterfall.receipts import Receipt, ReceiptLine, make_receipt
from app.enrichment.waterfall.work_loop import Waterfall
from app.entities.upsert import upsert_entities
from app.models.in_flight_call import in_flight_calls
from app.models.spending import costs, spending
from app.models.types import new_id, utcnow
from tests.enrichment.helpers import claim
from tests.enrichment.scenes import (
    BAD,
    NOT_FOUND,
    PRICE,
    add,
    change,
    drain,
    enqueue,
    paid,
    rows,
)
from tests.fakes import charges
from tests.fakes.process import FakeServer
from tests.web.conftest import client_with, make_key

NOT_AT_FINDYMAIL = "x-findymail-not-found"
PEOPLE = {
    "found": "x-ok-{}.example",
    "missed": "x-not-found-{}.example",
    "doubtful": NOT_AT_FINDYMAIL + "-x-leadmagic-reset-{}.example",
    "rejected": "x-findymail-ok-x-leadmagic-email-status-3-{}.example",
    # The first answer about whoever has no marker is cut off.
    "repeated": "acorn-{}.example",
}
"""By id, the domains by which the stand-ins know what to do."""


def receipt(entity_id: str = "p0", **options: Any) -> Receipt:
    """Return the receipt of a person."""
    return make_receipt("person", entity_id, **{"workspace_slug": "default", **options})


def pages(entity_id: str) -> list[ReceiptLine]:
    """Return the lines of a receipt that is read two by two."""
    lines: list[ReceiptLine] = []
    cursor = None
    while True:
        page = receipt(entity_id, limit=2, cursor=cursor).page
        lines += page.rows
        cursor = page.next_cursor
        if cursor is None:
            return lines


def upsert(*rows_: dict[str, Any], entity_type: str = "person") -> None:
    """Upsert entities in a transaction of their own."""
    with transaction() as session:
        upsert_entities(entity_type, rows_, workspace_slug="default", session=session)


def told(line: ReceiptLine) -> tuple[str, str, str, int]:
    """Return what a line says of the money."""
    return line.provider, line.outcome_class, str(line.charge), line.cost_micros


def test_sum_of_receipts_is_what_the_books_and_the_providers_say(
    make_app: Callable[..., Flask], fake_server: FakeServer
) -> None:
    """Finds, misses, verdicts, a call in doubt and a free repeat: to the micro-dollar, page by page too."""
    with make_app(PROVIDERS=Config.from_env(fake_server.environment()).PROVIDERS).app_context():
        people = [
            {"id": name, "first_name": "Ada", "last_name": "Byron", "company_domain": domain.format(new_id()[-12:]),
             "job_title": f"Keeper of the {name}" if name == "found" else "CEO"}
            for name, domain in PEOPLE.items()
        ]  # fmt: skip
        upsert(*people)
        fake_server.order("findymail", "reset", times=1)
        before = len(fake_server.lines())
        options = {"order": ["findymail", "leadmagic"], "verifier": "leadmagic"}
        job_id = queue.enqueue_job("person", "waterfall", list(PEOPLE), options=options)
        queue.drain(work=Waterfall(retry_seconds=(0.01,)))
        job = queue.get_job(job_id)
        assert (job.status, job.success, job.held) == ("complete", 4, 1)

        receipts = {name: receipt(name, job_id=job_id) for name in PEOPLE}

        total = sum(one.total.cost_micros for one in receipts.values())
        assert total == sum(line.cost_micros for one in receipts.values() for line in one.page.rows)
        assert total == job.cost_micros == sum(row.cost_micros for row in rows(costs))
        assert total == sum(row.spent_micros for row in rows(spending, spending.c.scope == f"job:{job_id}"))
        assert total == charges.total(fake_server.lines(before))
        assert sum(one.total.in_doubt_micros for one in receipts.values()) == sum(
            row.in_doubt_micros for row in rows(costs)
        )
        assert {name: one.walks[0].outcome for name, one in receipts.items()} == {
            name: "held" if name == "doubtful" else "success" for name in PEOPLE
        }
        steps = {
            name: [told(line) for line in whole.page.rows if line.purpose != "normalize"]
            for name, whole in receipts.items()
        }
        found, verified = ("findymail", "success", "found", 20000), ("leadmagic-verify", "success", "every_call", 1250)
        missed = ("findymail", "not_found", "miss_is_free", 0)
        assert steps == {
            "found": [found, verified],
            "missed": [missed, ("leadmagic", "not_found", "miss_is_free", 0)],
            "doubtful": [missed, ("leadmagic", "in_doubt", "in_doubt", 5000)],
            "rejected": [found, verified, ("leadmagic", "not_found", "of_no_use", 5000)],
            "repeated": [
                ("findymail", "transient", "in_doubt", 20000),
                ("findymail", "success", "repeat_is_free", 0),
                verified,
            ],
        }
        lines = {name: whole.page.rows for name, whole in receipts.items()}
        verdicts = {name: (lines[name][0].verdict, lines[name][0].verifier) for name in ("found", "rejected")}
        assert verdicts == {"found": ("accepted", "leadmagic-verify"), "rejected": ("rejected", "leadmagic-verify")}
        assert (lines["rejected"][0].withheld, "email" in lines["found"][0].fields_standing) == (
            ["email", "email_status"],
            True,
        )
        assert {name: pages(name) for name in PEOPLE} == lines


def test_a_receipt_says_what_is_under_way_and_what_others_changed_since(context: Flask) -> None:
    """A call without an answer is in no total; a value that the caller replaced stands no more."""
    add(1)
    first = enqueue(1, "findymail")
    drain(paid())
    change({"id": "p0", "email": "mine@example.com"})
    second = enqueue(1, "prospeo")
    lease = claim()
    with transaction() as session:
        session.execute(insert(in_flight_calls).values(**CALL, job_id=second, deadline_at=utcnow(60)))
    whole = receipt()
    [line] = whole.page.rows
    assert (line.fields_written, line.fields_standing) == (["email", "email_status"], ["email_status"])
    assert [(call.job_id, call.provider, call.state, call.reserved_micros) for call in whole.open_calls] == [
        (second, "prospeo", "calling", PRICE)
    ]
    assert (whole.total.attempts, whole.total.cost_micros) == (1, PRICE)
    assert [(walk.job_id, walk.outcome, walk.reason) for walk in whole.walks] == [
        (first, "success", "The job asks findymail alone, which has answered."),
        (second, None, "It is not decided yet; the job is running."),
    ]
    assert [walk.job_id for walk in receipt(job_id=first).walks] == [first] and receipt(job_id=first).open_calls == []
    with transaction() as session:
        session.execute(update(in_flight_calls).values(deadline_at=utcnow(-1)))
    assert receipt().open_calls[0].state == "lost"
    with transaction() as session:
        session.execute(update(in_flight_calls).values(callback={}))
    assert receipt().open_calls[0].state == "waiting"
    assert lease.position == 0


CALL: dict[str, Any] = {
    "workspace_slug": "default",
    "entity_type": "person",
    "entity_id": "p0",
    "provider": "prospeo",
    "request_id": new_id(),
    "call_id": new_id(),
    "position": 0,
    "reserved_micros": PRICE,
    "reserved_on": date(2026, 1, 1),
}


def test_why_a_walk_ended_is_said_for_every_end(context: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """All found before, nothing to ask with, failed, cancelled before its turn, and in a job too long to look in."""
    add(2)
    change({"id": "p1", "email": "ada@example.com"})
    bad, needy = paid("prospeo", default=BAD), paid("leadmagic", needs="linkedin_url")
    ended = [enqueue(2, order=["prospeo"]), enqueue(2, order=["leadmagic"])]
    drain(bad, needy)
    ended.append(enqueue(1, "prospeo"))
    queue.cancel(ended[-1])
    reasons = [receipt(job_id=job_id).walks[0].reason for job_id in ended]
    assert reasons == [
        "The request is bad.",
        "Nobody could be asked. There is no linkedin_url.",
        "The job ended as cancelled before it was decided.",
    ]
    assert receipt("p1", job_id=ended[0]).walks[0].reason == "All that was wanted was there before: email."
    monkeypatch.setattr("app.enrichment.queue.queries.SEARCHED_ENTITIES", 3)
    assert find_outcomes("p0", {ended[0]: 2, ended[1]: 2}).keys() == {ended[0]}
    monkeypatch.setattr("app.enrichment.queue.queries.SEARCHED_ENTITIES", 1)
    long = receipt(job_id=ended[0]).walks[0]
    assert (long.outcome, long.reason) == (None, "The job has ended; it is too long to look up how.")


def run(app: Flask, *arguments: str) -> Result:
    """Run `flask enrich …` in this process."""
    return app.test_cli_runner().invoke(args=["enrich", *arguments])


def test_a_receipt_is_shown_by_http_and_by_command(app: Flask) -> None:
    """The same by both, of an id with a slash too; who is unknown, or elsewhere, is not found."""
    with app.app_context():
        upsert({"id": "a/b", "first_name": "Ada"})
        job_id = queue.enqueue_job("person", "findymail", ["a/b"])
        drain(paid(answers={"a/b": NOT_FOUND}))
    client = client_with(app, make_key(app, "read", workspace_slug="default"))
    shown = client.get(f"/api/people/a/b/receipt?jobId={job_id}")
    printed = run(app, "explain", "a/b", "--json")
    assert shown.status_code == 200 and shown.get_json() == json.loads(printed.stdout)
    assert shown.get_json()["total"] == {"attempts": 1, "charged": 0, "costUsd": 0.0, "inDoubtUsd": 0.0}
    text = run(app, "explain", "a/b", "--entity-type", "person").stdout
    assert "findymail" in text and "a miss is free" in text and "Total: $0.00 for 1 attempt, 0 of them charged." in text
    with app.app_context():
        elsewhere = queue.enqueue_job("person", "findymail", ["a/b"], workspace_slug="north")
    for query in (f"jobId={elsewhere}", f"jobId={new_id()}"):
        assert client.get(f"/api/people/a/b/receipt?{query}").status_code == 404
    assert client.get("/api/people/nobody/receipt").status_code == 404
    assert client.get("/api/companies/a/b/receipt").status_code == 404
    assert client.get("/api/people/a/b/receipt?cursor=x").status_code == 422
    assert run(app, "explain", "nobody").exit_code == 2
    with app.app_context():
        upsert({"id": "a/b"}, entity_type="company")
    assert "say --entity-type" in run(app, "explain", "a/b").stderr
    empty = run(app, "explain", "a/b", "--entity-type", "company")
    assert (empty.exit_code, empty.stderr) == (0, "Nobody has been asked.\n")
