"""Exports of those who are ready: a verified address, in date, and verified as the address that it is now."""

import csv
import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from app.db.session import transaction
from app.entities import exclusions
from app.entities.exports import export_entities
from app.entities.upsert import upsert_entities
from app.errors import Invalid
from app.extensions import db
from app.models import Person
from app.models.attempt import entity_revisions
from tests.cli.conftest import run
from tests.web.conftest import client_with, make_key

DAY = timedelta(days=1)


def upsert(*rows: dict[str, Any], workspace_slug: str = "north") -> None:
    """Upsert people in a transaction of their own."""
    with transaction() as session:
        upsert_entities("person", rows, workspace_slug=workspace_slug, session=session)


def age(days: int) -> None:
    """Let everything that is stored have happened some days earlier."""
    with transaction() as session:
        for table in (Person.__table__, entity_revisions):
            column = table.c.created_at
            for (at,) in set(session.execute(db.select(column))):
                session.execute(update(table).where(column == at).values(created_at=at - days * DAY))


def ids_in(raw: bytes) -> list[str]:
    """Return the ids of an export."""
    return [row["id"] for row in csv.DictReader(io.StringIO(raw.decode("utf-8-sig")))]


def ready() -> list[str]:
    """Return who is exported as ready."""
    db.session.rollback()
    return ids_in(b"".join(export_entities("person", "csv", workspace_slug="north", only_ready=True)))


def test_ready_is_who_has_an_address_of_which_a_status_says_that_it_is_good(context: Flask) -> None:
    """In any spelling that providers and lists have for it; a catch-all or unknown one is not."""
    statuses = ["valid", "Verified", " DELIVERABLE ", "catch_all", "unknown", "invalid", "", None]
    upsert(*({"id": f"p{n}", "email": "a@corp.example", "email_status": text} for n, text in enumerate(statuses)))
    upsert({"id": "none", "email_status": "valid"}, {"id": "blank", "email": " ", "email_status": "valid"})
    assert ready() == ["p0", "p1", "p2"]
    exclusions.add(["corp.example"], "north")
    assert ready() == []


def test_status_is_in_date_for_as_long_as_no_provider_is_asked_again(context: Flask) -> None:
    """From when it was given, by whoever; what else changes does not make it younger."""
    upsert(*({"id": name, "email": "a@corp.example", "email_status": "valid"} for name in ("old", "renewed")))
    upsert({"id": "late", "email": "a@corp.example", "email_status": "unknown"})
    age(60)
    upsert(
        {"id": "late", "email_status": "valid"},
        {"id": "renewed", "email_status": "unknown"},
        {"id": "old", "headline": "x"},
    )
    assert ready() == ["late", "old"]
    upsert({"id": "renewed", "email_status": "valid"}, {"id": "old", "email_status": "valid"})
    upsert({"id": "late", "email_status": "invalid"}, workspace_slug="south")
    age(31)
    assert ready() == ["late", "renewed"]


def test_status_that_is_older_than_the_address_is_about_another_one(context: Flask) -> None:
    """Somebody replaced the address and said nothing of it."""
    upsert(*({"id": name, "email": "a@corp.example", "email_status": "valid"} for name in ("changed", "same")))
    age(1)
    upsert({"id": "changed", "email": "b@corp.example"}, {"id": "same", "email": "a@corp.example"})
    assert ready() == ["same"]


def test_doors_give_the_ready_alone(context: Flask, tmp_path: Path) -> None:
    """Over HTTP and by the command; companies have nothing to verify."""
    upsert({"id": "a", "email": "a@corp.example", "email_status": "valid"}, {"id": "b"}, workspace_slug="default")
    client = client_with(context, make_key(context, "read"))
    assert ids_in(client.get("/api/people/export.csv?ready=true").data) == ["a"]
    assert ids_in(client.get("/api/people/export.csv?ready=false").data) == ["a", "b"]
    assert client.get("/api/companies/export.csv?ready=true").status_code == 422
    path = tmp_path / "people.csv"
    assert run(context, "export", "person", "--ready", "-o", str(path)).exit_code == 0
    assert ids_in(path.read_bytes()) == ["a"]
    result = run(context, "export", "company", "--ready")
    assert (result.exit_code, "expected people" in result.stderr) == (2, True)
    with pytest.raises(Invalid):
        export_entities("company", "xlsx", workspace_slug="default", only_ready=True)
