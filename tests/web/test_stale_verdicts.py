"""Addresses that were verified too long ago are selected, and verified again without being bought."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from app.db.session import transaction
from app.enrichment.money import routes as money_routes
from app.entities import readiness
from app.entities.exports import export_entities
from app.entities.lists import NewList, create_list
from app.entities.readiness import find_stale, stale_ids
from app.entities.verdicts import store_verdicts
from app.models import Person
from app.models.address_verdict import address_verdicts
from app.models.attempt import attempts, entity_revisions
from app.providers.base import Answer, Lookup, OutcomeClass
from app.values.emails import email_address
from tests.cli.conftest import run
from tests.enrichment.scenes import PRICE, add, change, drain, paid, person, rows, spent, verdict
from tests.fakes.provider import FakeProvider, registry_of
from tests.web.conftest import client_with, make_key

JOB = {"entityType": "person", "provider": "leadmagic-verify", "staleVerdicts": True}
EMAIL = {"email": "Ada@example.com", "email_status": "valid"}
DATED = (
    Person.__table__.c.created_at,
    entity_revisions.c.created_at,
    address_verdicts.c.verified_at,
    attempts.c.started_at,
    attempts.c.finished_at,
)


def age(days: int) -> None:
    """Let everything that is stored have happened some days earlier."""
    with transaction() as session:
        for column in DATED:
            for (at,) in set(session.execute(column.table.select().with_only_columns(column))):
                session.execute(update(column.table).where(column == at).values({column: at - timedelta(days=days)}))


def ready() -> int:
    """Return how many people can be written to."""
    exported = b"".join(export_entities("person", "csv", workspace_slug="default", only_ready=True))
    return len(exported.decode().splitlines()) - 1


def check_of(app: Flask, answer: Answer) -> FakeProvider:
    """Let the service have a finder, and a verifier that says the same of every address."""
    check = paid("leadmagic-verify", default=answer, repeat_is_free=False, charges_misses=True)
    app.extensions["tranche.registry"] = registry_of(paid(), verifiers=[check])
    return check


def test_stale_addresses_are_verified_once_and_none_is_bought(context: Flask) -> None:
    """Of two people with one address; both are ready again, though nothing of them has changed."""
    client = client_with(context, make_key(context, "read", "write"))
    for slug in ("default", "other"):
        add(2, workspace_slug=slug, **EMAIL)
    age(91)
    change({"id": "fresh", **EMAIL, "email": "al@example.com"}, {"id": "never", "email": "x@example.com"})
    check = check_of(context, verdict("valid"))
    assert ready() == 1
    price = client.post("/api/enrichment/estimate", json=JOB).get_json()
    assert (price["total"], [step["questions"] for step in price["steps"]]) == (2, [2])
    accepted = client.post("/api/enrichment/jobs", json=JOB)
    assert (accepted.status_code, accepted.get_json()["total"]) == (201, 2)
    drain(paid(), verifiers=[check])
    job = client.get(accepted.headers["Location"]).get_json()
    assert (check.asked.total(), spent(), job["success"], job["skipped"]) == (1, PRICE, 1, 1)
    assert ready() == 3 and not rows(entity_revisions)
    assert client.post("/api/enrichment/estimate", json=JOB).status_code == 422, "nobody is left"
    said = client.get("/api/people/p1/receipt").get_json()["verdict"]
    assert (said["status"], said["verifier"], said["verifiedAt"] < said["expiresAt"]) == (
        "valid", "leadmagic-verify", True
    )  # fmt: skip
    assert client.get("/api/people/never/receipt").get_json()["verdict"] is None
    assert "Address: valid, said leadmagic-verify at" in run(context, "explain", "p1").stdout


def test_a_stale_address_that_is_rejected_stays_and_is_called_invalid(context: Flask) -> None:
    """By the command, of a list too; whoever has the address is not ready any more."""
    add(2, **EMAIL)
    age(91)
    check = check_of(context, verdict("invalid"))
    create_list(NewList("person", "default", "one", "a test"), ["p0"])
    arguments = ("enqueue", "person", "--stale-verdicts", "--provider", "leadmagic-verify")
    assert "Enqueued 1 entity" in run(context, *arguments, "--list", "one").stderr
    drain(paid(), verifiers=[check])
    assert (person()["email"], person()["email_status"]) == ("Ada@example.com", "invalid")
    change({"id": "p1", "email_status": "valid"})
    assert ready() == 0, "the verdict is about the address, whoever has it"
    assert "Nothing to enqueue" in run(context, *arguments).stderr
    age(91)
    assert "Enqueued 2 entities" in run(context, *arguments).stderr


def test_a_status_is_not_written_beside_an_address_that_came_meanwhile(context: Flask) -> None:
    """The verdict is about the one that was asked about."""
    add(1, **EMAIL)
    age(91)
    check = check_of(context, verdict("invalid"))

    async def lookup(question: Lookup, *, deadline: float) -> Answer:
        await asyncio.to_thread(replace_address)
        return await FakeProvider.lookup(check, question, deadline=deadline)

    def replace_address() -> None:
        with context.app_context():
            change({"id": "p0", "email": "other@example.com", "email_status": "valid"})

    check.lookup = lookup  # type: ignore[method-assign]
    assert run(context, "enqueue", "person", "--all", "--provider", "leadmagic-verify").exit_code == 0
    drain(paid(), verifiers=[check])
    assert (check.asked, person()["email"], person()["email_status"]) == ({"p0": 1}, "other@example.com", "valid")
    assert [row.address for row in rows(address_verdicts)] == ["ada@example.com"]


def test_a_verifier_that_fails_changes_nothing(context: Flask) -> None:
    """The person is an error of the job, and as stale as before."""
    add(1, **EMAIL)
    age(91)
    check = check_of(context, Answer(OutcomeClass.INVALID_REQUEST, error="The request is bad."))
    client = client_with(context, make_key(context, "read", "write"))
    for _ in range(2):
        accepted = client.post("/api/enrichment/jobs", json=JOB)
        drain(paid(), verifiers=[check])
        assert client.get(accepted.headers["Location"]).get_json()["errors"] == 1
    assert check.asked == {"p0": 2} and person()["email_status"] == "valid" and not rows(address_verdicts)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"provider": "waterfall"}, "provider"),
        ({"entityType": "company"}, "entityType"),
        ({"missing": "email"}, "staleVerdicts"),
        ({"entityIds": ["p0"]}, "staleVerdicts"),
        ({"staleVerdicts": 1}, "staleVerdicts"),
        ({"list": "no such"}, None),
    ],
)
def test_what_does_not_go_with_stale_verdicts_is_refused(context: Flask, changes: dict[str, Any], path: str) -> None:
    """With what was expected; the command asks for a verifier, too."""
    client = client_with(context, make_key(context, "read", "write"))
    for door in ("jobs", "estimate"):
        answer = client.post(f"/api/enrichment/{door}", json={**JOB, **changes})
        assert answer.status_code == (404 if path is None else 422)
        assert path is None or answer.get_json()["details"][0]["path"] == path
    for arguments in (("--missing", "email"), ("--provider", "findymail"), ()):
        assert run(context, "enqueue", "person", "--stale-verdicts", *arguments).exit_code == 2


def test_whoever_may_be_stale_is_judged_and_nobody_else_is(context: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """However an address is written, and whatever was said of it when; one workspace's alone, and some at a time."""
    addresses = {
        **{"plain": "ada@example.com", "capitals": "Bob@Example.com", "stop": "cyd@example.com."},
        **{"label": "Work: dan@example.com", "quote": "o'hara@example.com", "again": "eve@example.com"},
    }
    for slug in ("default", "other"):
        people = [{"id": name, "email": email} for name, email in addresses.items()]
        change(*people, {"id": "no-verdict", "email": "x@example.com"}, workspace_slug=slug)
    said = {"status": "valid", "verifier": "leadmagic-verify", "verified_at": datetime.now(UTC) - timedelta(days=91)}
    with transaction() as session:
        store_verdicts(session, "default", [{**said, "address": email_address(email)} for email in addresses.values()])
        fresh = {**said, "verified_at": datetime.now(UTC)}
        store_verdicts(session, "another", [{**fresh, "address": addresses["plain"]}])
    change({"id": "again", "email_status": "valid"})
    stale = {"plain", "capitals", "stop", "label", "quote"}
    assert set(stale_ids("person", workspace_slug="default")) == stale
    assert not list(stale_ids("person", workspace_slug="other"))
    found, cursor = [], None
    for _ in range(9):
        page = find_stale(workspace_slug="default", cursor=cursor, limit=2, looks_at=3)
        found, cursor = [*found, *page.rows], page.next_cursor
        if cursor is None:
            break
    assert found == sorted(stale), "in the order of their ids"
    monkeypatch.setattr(money_routes, "LOOKS_AT", 3)
    check_of(context, verdict("valid"))
    client = client_with(context, make_key(context, "read", "write"))
    price = client.post("/api/enrichment/estimate", json=JOB).get_json()
    assert (price["total"], price["hasMore"]) == (2, True), "capitals and label, of the first three by id"


def test_looking_at_few_first_finds_the_same(context: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The people of a page, and where it leads on, are those of one look, whatever the first look finds."""
    add(9, **EMAIL)
    age(91)
    change(*({"id": f"p{number}", "email": None, "email_status": None} for number in (1, 2, 5, 7)))
    list_id = create_list(NewList("person", "default", "most", "a test"), [f"p{number}" for number in range(1, 9)])[
        0
    ].id
    for of_list in (None, list_id):
        for limit in range(1, 7):
            for looks_at in range(1, 11):
                pages = []
                for first in (10, 1, 2, 4):
                    monkeypatch.setattr(readiness, "_LOOKS_FIRST_AT", first)
                    about = {"workspace_slug": "default", "list_id": of_list, "cursor": "p0"}
                    pages.append(find_stale(**about, limit=limit, looks_at=looks_at))
                assert pages == [pages[0]] * len(pages), (of_list, limit, looks_at)
        assert pages[0].rows == ["p3", "p4", "p6", "p8"]
