"""A verdict on an address holds for everybody in its workspace until it expires."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert, update

from app.db.session import transaction
from app.enrichment import queue
from app.enrichment.waterfall.erase import erase_entity
from app.enrichment.waterfall.receipts import make_receipt
from app.models.address_verdict import address_verdicts
from app.models.attempt import attempts
from app.models.types import new_id, utcnow
from app.providers.base import Answer, OutcomeClass
from tests.enrichment.scenes import (
    AWAY,
    EMAIL,
    PRICE,
    add,
    cost_rows,
    drain,
    enqueue,
    flight_count,
    in_threads,
    paid,
    person,
    rows,
    spent,
    verdict,
)
from tests.fakes.provider import FakeProvider
from tests.invariants import check_invariants

ADDRESS = EMAIL.fields["email"]
FIVE = ("findymail", "prospeo", "leadmagic", "aiark", "firecrawl")


def verifier(status: str = "invalid", **options: Any) -> FakeProvider:
    """Return a verifier that says the same of every address."""
    return paid("leadmagic-verify", default=verdict(status), repeat_is_free=False, charges_misses=True, **options)


def verdicts() -> list[tuple[str, str, str, str]]:
    """Return the verdicts that are stored."""
    return [(row.workspace_slug, row.address, row.status, row.verifier) for row in rows(address_verdicts)]


def age(days: int) -> None:
    """Let verdicts and answers have been given some days earlier."""
    with transaction() as session:
        for column in (address_verdicts.c.verified_at, attempts.c.finished_at, attempts.c.started_at):
            for (at,) in set(session.execute(column.table.select().with_only_columns(column))):
                session.execute(update(column.table).where(column == at).values({column: at - timedelta(days=days)}))


def test_five_providers_with_one_rejected_address_cause_one_verification(context: Flask) -> None:
    """Each is paid for what it gave; the verdict is seen on each, with who gave it when, and costs nothing again."""
    add(1)
    finders, check = [paid(name) for name in FIVE], verifier()
    enqueue(order=FIVE, verifier="leadmagic")
    drain(*finders, verifiers=[check])
    assert (check.asked, person()["email"], flight_count()) == ({"p0": 1}, None, 0)
    assert (spent(), cost_rows()["leadmagic-verify"][:3]) == (6 * PRICE, (1, 1, PRICE))
    assert verdicts() == [("default", ADDRESS, "invalid", "leadmagic-verify")]
    receipt = make_receipt("person", "p0", workspace_slug="default")
    offers = [line for line in receipt.page.rows if line.purpose == "step"]
    assert {line.provider: (line.verdict, line.verifier) for line in offers} == dict.fromkeys(
        FIVE, ("rejected", "leadmagic-verify")
    )
    spared = [line for line in receipt.page.rows if line.outcome_class == "verdict_stands"]
    (row,) = rows(address_verdicts)
    assert len(spared) == 4 and receipt.total.cost_micros == 6 * PRICE
    assert {(line.provider, line.cost_micros, line.charge, line.seconds) for line in spared} == {
        ("leadmagic-verify", 0, "not_called", None)
    }
    assert f"invalid on {row.verified_at:%Y-%m-%d}" in (spared[0].error or "")
    check_invariants(drained=True)


@pytest.mark.parametrize(("chunk_size", "jobs"), [(4, 1), (1, 1), (2, 2)], ids=["chunk", "chunks", "workers"])
def test_one_address_of_several_people_is_verified_once(context: Flask, chunk_size: int, jobs: int) -> None:
    """In one chunk, in several in hand at once, and by two workers: who comes second waits for the verdict."""
    add(4)
    finder, check = paid(seconds=0.02), verifier(seconds=0.1)
    for _ in range(jobs):
        enqueue(4, order=["findymail"], verifier="leadmagic", chunk_size=chunk_size)
    in_threads(context, [lambda: drain(finder, verifiers=[check])] * jobs)
    drain(finder, verifiers=[check])
    assert sum(check.asked.values()) == 1 and sum(finder.asked.values()) == 4
    assert all(row.is_rejected for row in rows(attempts, attempts.c.provider == "findymail"))
    assert len(rows(attempts, attempts.c.outcome_class == "verdict_stands")) >= 3
    check_invariants(drained=True)


def test_a_verdict_counts_that_is_stored_with_the_next_call(context: Flask) -> None:
    """Two finders have answered before: the second offer comes up while the verdict on the first is not stored yet."""
    add(1)
    for name in ("findymail", "prospeo"):
        about = {"job_id": new_id(), "workspace_slug": "default", "entity_type": "person", "entity_id": "p0"}
        answered = {"provider": name, "status": "success", "outcome_class": "success", "withheld": dict(EMAIL.fields)}
        at = {"started_at": utcnow(-60), "finished_at": utcnow(-60)}
        with transaction() as session:
            session.execute(insert(attempts).values(**about, **answered, **at))
    check = verifier()
    enqueue(order=["findymail", "prospeo"], verifier="leadmagic")
    drain(paid(), paid("prospeo"), verifiers=[check])
    assert check.asked == {"p0": 1} and spent() == PRICE
    assert all(row.is_rejected for row in rows(attempts, attempts.c.withheld.is_not(None)))


def test_a_verdict_is_its_workspaces_own(context: Flask) -> None:
    """What a verifier said for one is not known in another."""
    for slug in ("north", "south"):
        add(1, workspace_slug=slug)
        check = verifier("invalid" if slug == "north" else "valid")
        enqueue(order=["findymail"], verifier="leadmagic", workspace_slug=slug)
        drain(paid(), verifiers=[check])
        assert check.asked == {"p0": 1}
    assert [(slug, status) for slug, _, status, _ in verdicts()] == [("north", "invalid"), ("south", "valid")]
    assert (person(workspace_slug="north")["email"], person(workspace_slug="south")["email"]) == (None, ADDRESS)


def test_a_verdict_that_has_expired_is_given_anew(context: Flask) -> None:
    """Of each address the last one stands."""
    add(2)
    enqueue(1, order=["findymail"], verifier="leadmagic")
    drain(paid(), verifiers=[verifier()])
    age(91)
    check = verifier("valid")
    enqueue(2, order=["findymail"], verifier="leadmagic", chunk_size=1)
    drain(paid(), verifiers=[check])
    assert sum(check.asked.values()) == 1 and verdicts() == [("default", ADDRESS, "valid", "leadmagic-verify")]
    assert [person(name)["email_status"] for name in ("p0", "p1")] == ["valid", "valid"]


@pytest.mark.parametrize("status", ["valid", "unknown"])
def test_an_accepted_address_is_written_for_others_with_its_verdict(context: Flask, status: str) -> None:
    """Another verifier's counts too; that nobody can tell would be paid for again."""
    add(2)
    enqueue(1, order=["findymail"], verifier="leadmagic")
    drain(paid(), verifiers=[verifier(status)])
    check = paid("findymail-verify", default=verdict(status))
    queue.enqueue_job("person", "waterfall", ["p1"], options={"order": ["findymail"], "verifier": "findymail"})
    drain(paid(), verifiers=[check])
    assert not check.asked
    assert (person("p1")["email"], person("p1")["email_status"]) == (ADDRESS, status)
    check_invariants(drained=True)


def test_a_rejected_address_is_not_written_while_the_verifier_is_away(context: Flask) -> None:
    """Without a verdict it would be; what is known already needs no verifier."""
    add(2)
    other = Answer(OutcomeClass.SUCCESS, fields={"email": "al@example.com"})
    enqueue(1, order=["findymail"], verifier="leadmagic")
    drain(paid(), verifiers=[verifier()])
    enqueue(2, order=["findymail", "prospeo"], verifier="leadmagic")
    check = paid("leadmagic-verify", default=AWAY)
    drain(paid(), paid("prospeo", default=other), verifiers=[check])
    assert person("p1")["email"] == "al@example.com"


def test_erasing_a_person_erases_the_verdicts_on_its_addresses(context: Flask) -> None:
    """Present, former and rejected ones, also if somebody else has one of them; other addresses' stay."""
    add(3)
    answers = {
        "p1": Answer(OutcomeClass.SUCCESS, fields={"email": "al@example.com"}),
        "p2": Answer(OutcomeClass.SUCCESS, fields={"email": "Info@Example.com"}),
    }
    said = {"p0": verdict("invalid"), "p1": verdict("valid"), "p2": verdict("valid")}
    enqueue(3, order=["findymail"], verifier="leadmagic")
    drain(paid(answers=answers), verifiers=[paid("leadmagic-verify", said)])
    assert [address for _, address, _, _ in verdicts()] == [ADDRESS, "al@example.com", "info@example.com"]
    for gone, left in (("p0", ["al@example.com", "info@example.com"]), ("p2", ["al@example.com"])):
        erase_entity("person", gone, workspace_slug="default")
        assert [address for _, address, _, _ in verdicts()] == left
