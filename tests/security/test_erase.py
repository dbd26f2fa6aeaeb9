"""An erasure leaves nothing of a person or company: not in a table, and on SQLite not in a file.

By design there remain: costs, counts and budgets, which name nobody; the digest of an enqueue request; a place
holder in the lists of jobs; and exclusions, until they are taken back. On PostgreSQL dead rows stay in the server's
files until they are vacuumed, and what was written stays in its write-ahead log until that is recycled; neither can
be reached from here, so there the tables are what is looked at.
"""

import os
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Table, literal_column, select, update

from app.config import Config
from app.db.session import end_read, transaction
from app.db.sql import engine_name
from app.enrichment.waterfall import model_cache
from app.enrichment.waterfall.callbacks import PATH, sign
from app.enrichment.waterfall.erase import erase_entity
from app.entities.fields import table_of
from app.entities.upsert import upsert_entities
from app.extensions import db
from app.models.attempt import attempts, entity_revisions
from app.models.cached_value import cached_values
from app.models.in_flight_call import in_flight_calls
from app.providers.base import Lookup
from app.providers.registry import current_registry
from tests.fakes.process import CALLBACK_SECRET, FakeServer
from tests.invariants import check_invariants
from tests.security.evidence import canary, every_row, sqlite_files, tables_with, texts_of, words_in
from tests.web.conftest import client_with, make_key

PROCESS = "/api/enrichment/jobs/process?maxSeconds=20"
SECRET_KEY = "a-signing-key-for-tests"
SPOOLED_BYTES = 600_000
"""A form's file above half a megabyte is spooled to the disk on its way in."""
RECORDS = frozenset(
    {
        "enrichment_attempts",
        "enrichment_chunks",
        "enrichment_errors",
        "enrichment_flights",
        "entity_list_members",
        "exclusions",
        "entity_revisions",
        "export_parts",
    }
)


@dataclass(frozen=True)
class Subject:
    """A person or company whose every value is like no other, and somebody else who goes the same way."""

    kind: str
    plural: str
    id: str
    fields: dict[str, str]
    later: dict[str, str]
    """Fields that are changed later, so that there is a history."""
    words: frozenset[str]
    orders: tuple[dict[str, Any], ...]
    """The jobs that it is in, one after the other."""
    elsewhere: frozenset[str] = RECORDS
    """The tables beside its own that something of it is in."""


def a_person() -> Subject:
    """Make up a person, whose id is an address."""
    name, family, domain, note, title, other_title, city, company = (canary() for _ in range(8))
    digits = str(secrets.randbelow(10**8) + 10**8)
    fields = {
        "first_name": name,
        "last_name": family,
        "full_name": f"{name} {family}",
        "company_domain": f"{domain}-x-no-callback.example",
        "linkedin_url": f"https://www.linkedin.com/in/{name}-{family}--{domain}-example",
        "job_title": f"Keeper of the {title}",
        "location_city": city,
        "company": company,
        "phone": f"+49 {digits}",
        "Their note": note,
    }
    words = {name, family, domain, note, title, other_title, city, company, digits}
    orders = (
        {"provider": "leadmagic", "scenario": "reset"},
        {"provider": "prospeo", "scenario": "bad_request"},
        {"provider": "waterfall", "waterfall": {"order": ["findymail"], "verifier": "leadmagic"}},
        {"provider": "ai-normalizer"},
        {"provider": "clay"},
    )
    later = {"jobTitle": f"Looking after the {other_title}"}
    # Of companies a model is asked for industries alone, which are one of a few words.
    elsewhere = RECORDS | {"cached_values", "address_verdicts"}
    return Subject("person", "people", f"{name}@{domain}.example", fields, later, frozenset(words), orders, elsewhere)


def a_company() -> Subject:
    """Make up a company."""
    name, other_name, domain, industry, note, street = (canary() for _ in range(6))
    fields = {
        "name": f"{name} Trading & Co",
        "domain": f"{domain}-x-no-callback.example",
        "industry": f"Makers of {industry}",
        "hq_address": f"{street} 7",
        "Their note": note,
    }
    orders = (
        {"provider": "firecrawl", "scenario": "reset"},
        {"provider": "prospeo", "scenario": "bad_request"},
        {"provider": "waterfall", "waterfall": {"order": ["aiark", "leadmagic"]}},
        {"provider": "ai-normalizer"},
        {"provider": "clay"},
    )
    words = {name, other_name, domain, industry, note, street}
    later = {"name": f"{other_name} Holding"}
    return Subject("company", "companies", f"c:{domain}", fields, later, frozenset(words), orders)


@pytest.fixture
def service(make_app: Callable[..., Flask], fake_server: FakeServer) -> Iterator[Flask]:
    """The service with every provider, and its context pushed, so that its connections stay open."""
    providers = Config.from_env(fake_server.environment()).PROVIDERS
    app = make_app(PROVIDERS=providers, SECRET_KEY=SECRET_KEY, PUBLIC_URL="http://127.0.0.1:9")
    with app.app_context():
        yield app


@pytest.mark.parametrize("make_subject", [a_person, a_company], ids=["person", "company"])
def test_erase_leaves_no_trace_of_a_whole_life(
    service: Flask, fake_server: FakeServer, database_url: str, make_subject: Callable[[], Subject]
) -> None:
    """Imported, changed, asked about, verified, failed, held, waited for, exported, excluded: then erased."""
    subject, other = make_subject(), make_subject()
    client = client_with(service, make_key(service, "read", "write", "process"))
    import_both(client, subject, other)
    live(service, client, fake_server, subject, other)
    traces = {*subject.words, subject.id, *values_only_about(subject, other)}
    assert len(traces) > len(subject.words) + 5, "what providers said is looked for too"
    places = tables_with(traces)
    assert places.keys() == {table_of(subject.kind).name, *subject.elsewhere}
    assert set().union(*places.values()) >= {word.lower() for word in traces}, "what is looked for can be found"
    if engine_name() == "sqlite":
        db.session.connection().exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)")
        end_read()
        assert {file.partition(".db")[2] for file, _ in words_in(sqlite_files(database_url), traces)} == {"", "-wal"}
    others = rows_without(traces)
    lists, events = others.pop("entity_lists"), others.pop("audit_events")

    assert client.delete(f"/api/{subject.plural}/{subject.id}").status_code == 204

    assert tables_with(traces).keys() == {"exclusions"}, "it must not come back by the next import"
    address = exclusion_of(subject)
    assert client.delete(f"/api/enrichment/exclusions/{address}").status_code == 204
    assert tables_with(traces) == {}
    if engine_name() == "sqlite":
        assert words_in(sqlite_files(database_url), traces) == set()
    left = rows_without(traces)
    assert left.pop("entity_lists") != lists, "the list that it was in has one member less"
    erasing = [row for row in left.pop("audit_events") if row not in events]
    assert len(erasing) == 2, "who erased it, and took the exclusion back, is on record"
    assert left == others, "nothing of anybody else has changed"
    assert client.get(f"/api/{other.plural}/{other.id}").status_code == 200
    check_invariants()


def import_both(client: FlaskClient, subject: Subject, other: Subject) -> None:
    """Import a file of many rows with the two in its midst, as a form, so that it is spooled."""
    filler = {name: "x" for name in subject.fields} | {"Their note": "y" * 2000}
    rows = [{"id": f"filler{number}", **filler} for number in range(SPOOLED_BYTES // 2000)]
    rows[100:100] = [{"id": one.id, **one.fields} for one in (subject, other)]
    lines = [",".join(rows[0]), *(",".join(f'"{cell}"' for cell in row.values()) for row in rows)]
    head = '--edge\r\nContent-Disposition: form-data; name="file"; filename="list.csv"\r\n\r\n'
    body = head + "\n".join(lines) + "\r\n--edge--\r\n"
    before = temporary_files()
    answer = client.post(
        f"/api/{subject.plural}/import", data=body.encode(), content_type="multipart/form-data; boundary=edge"
    )
    assert (answer.status_code, answer.get_json()["refused"]) == (200, 0), answer.text
    assert temporary_files() == before, "the upload is not kept"


def temporary_files() -> set[str]:
    """Return the open files of this process that have no name any more."""
    links = [os.readlink(f"/proc/self/fd/{number}") for number in os.listdir("/proc/self/fd") if is_open(number)]
    return {link for link in links if link.endswith("(deleted)")}


def is_open(number: str) -> bool:
    """Tell whether a file descriptor still is; the one of the listing is not."""
    return os.path.lexists(f"/proc/self/fd/{number}")


def live(service: Flask, client: FlaskClient, server: FakeServer, subject: Subject, other: Subject) -> None:
    """Take both through everything that leaves a record; at the end an answer waits to be taken in."""
    # The first drain writes it.
    assert client.post("/api/enrichment/exports", json={"entityType": subject.kind}).status_code == 202
    for place, order in enumerate(subject.orders):
        server.forget()
        body = dict(order)
        if scenario := body.pop("scenario", None):
            server.order(str(order["provider"]), scenario)
        about = [{"id": subject.id, **subject.later}, {"id": other.id, **other.later}]
        rows = {"entities": about} if place % 2 else {"entityIds": [subject.id, other.id]}
        headers = {"Idempotency-Key": f"request-{place}"}
        for _ in range(2):
            answer = client.post(
                "/api/enrichment/jobs", json={"entityType": subject.kind, **body, **rows}, headers=headers
            )
            assert answer.status_code == 201, answer.text
        assert client.get(PROCESS).status_code == 200
    # Normalised a second time, since it is called something else now.
    changed = {"id": subject.id, **{name: f"{value} again" for name, value in subject.later.items()}}
    assert client.post(f"/api/{subject.plural}", json={subject.plural: [changed]}).status_code == 200
    call_back(service, subject)
    assert client.get(f"/api/{subject.plural}/export.csv").status_code == 200
    excluded = {"values": [exclusion_of(subject)]}
    assert client.post("/api/enrichment/exclusions", json=excluded).get_json()["created"] == 1


def call_back(service: Flask, subject: Subject) -> None:
    """Send what Clay's table found, which stays with the flight until a worker takes it in."""
    query = select(in_flight_calls.c.request_id).where(
        in_flight_calls.c.entity_id == subject.id, in_flight_calls.c.provider == "clay"
    )
    request_id = db.session.scalars(query).one()
    end_read()
    answer = service.test_client().post(
        f"{PATH}/{request_id}/{sign(SECRET_KEY, request_id)}",
        json={subject.kind: {"linkedin_url": f"https://www.linkedin.com/in/{sorted(subject.words)[0]}"}},
        headers={"x-api-key": CALLBACK_SECRET},
    )
    assert answer.get_json() == {"received": True}


def exclusion_of(subject: Subject) -> str:
    """Return what is excluded of it: a person's address, a company's domain."""
    return subject.id if subject.kind == "person" else subject.fields["domain"]


def values_only_about(subject: Subject, other: Subject) -> set[str]:
    """Return the values about one that are no part of any about the other: two may live in one country."""
    said = "\n".join(values_about(other)).lower()
    return {text for text in values_about(subject) if text.lower() not in said}


def values_about(subject: Subject) -> set[str]:
    """Return every longer text that stands in a column of a row about it."""
    entities = table_of(subject.kind)
    rows = [dict(row) for table in (attempts, entity_revisions, in_flight_calls) for row in rows_about(table, subject)]
    rows += [dict(row) for row in db.session.execute(select(entities).where(entities.c.id == subject.id)).mappings()]
    rows += [dict(row) for row in db.session.execute(select(cached_values)).mappings()]
    end_read()
    skipped = {"error", "id", "job_id", "attempt_id", "call_id", "request_id", "fingerprint", "key"}
    skipped |= {"field", "fields_written"}  # Names of columns, which stand in every file.
    skipped |= {"provider", "outcome_class"}  # Who was asked, and how that ended, stands in tables about nobody.
    texts = {text for row in rows for name, value in row.items() if name not in skipped for text in texts_of(value)}
    # What a text means and not how JSON escapes it; what is in one of a few words says nothing of anybody.
    return {text for text in texts if len(text) >= 12 and text.isascii() and text.isprintable() and '"' not in text}


def rows_about(table: Table, subject: Subject) -> Any:
    return db.session.execute(select(table).where(table.c.entity_id == subject.id)).mappings()


def rows_without(words: set[str]) -> dict[str, list[str]]:
    """Return the rows that are about others. Rows that hold lists of ids, counts or times are passed by."""
    passed_by = {"alembic_version", "api_keys", "enrichment_chunks", "exclusions", "heartbeats", "enrichment_flights"}
    passed_by |= {"enrichment_error_counts", "exports"}
    lowered = {word.lower() for word in words}
    return {
        name: sorted(row for row in rows if not any(word in row.lower() for word in lowered))
        for name, rows in every_row().items()
        if name not in passed_by
    }


def test_erase_passes_by_what_is_damaged(make_app: Callable[..., Flask]) -> None:
    """History that cannot be read keeps nobody from being erased, and what can be read of it is used."""
    with make_app(PROVIDERS=Config.from_env({"AI_NORMALIZER_API_KEY": "key"}).PROVIDERS).app_context():
        damages = [
            "[]",
            "null",
            '{"job_title": "x"}',
            '{"gone": [1, 2]}',
            '{"job_title": [7, {"a": []}], "skills": [1]}',
        ]
        if engine_name() == "sqlite":
            damages.append("[")
        titles = [f"Keeper of the {canary()}" for _ in range(len(damages) + 2)]
        for title in titles:
            with transaction() as session:
                upsert_entities("person", [{"id": "p", "job_title": title}], workspace_slug="default", session=session)
        normalizer = current_registry().providers["ai-normalizer"]
        keys = {key for title in titles for key in normalizer.cache_keys(Lookup("person", "p", {"job_title": title}))}
        with transaction() as session:
            model_cache.save(session, dict.fromkeys([*keys, "other"], 1))
            ids = session.scalars(select(entity_revisions.c.id).order_by(entity_revisions.c.id)).all()
            for revision_id, damaged in zip(ids[1:], damages, strict=True):
                statement = update(entity_revisions).where(entity_revisions.c.id == revision_id)
                session.execute(statement.values(changes=literal_column(f"'{damaged}'")))
            if engine_name() == "sqlite":
                session.execute(update(table_of("person")).values(skills=literal_column("'['")))
        erase_entity("person", "p", workspace_slug="default")
        known = {key for title in (*titles[:2], titles[-1])
                 for key in normalizer.cache_keys(Lookup("person", "p", {"job_title": title}))}  # fmt: skip
        assert set(db.session.scalars(select(cached_values.c.key))) == {*keys - known, "other"} and len(known) == 3
        assert db.session.scalars(select(entity_revisions)).all() == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_erase_says_so_where_a_reader_keeps_the_log(
    context: Flask, database_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A long read keeps pages of before the erasure in the log; that is a warning, and the next erasure empties it."""
    monkeypatch.setattr("app.db.session.SCRUB_SECONDS", 0.05)
    words = [canary(), canary()]
    for word in words:
        with transaction() as session:
            upsert_entities("person", [{"id": word}], workspace_slug="default", session=session)
    with db.engine.connect() as reader:
        reader.exec_driver_sql("SELECT count(*) FROM people").all()
        erase_entity("person", words[0], workspace_slug="default")
        assert "write-ahead log in use" in caplog.text
        assert words_in(sqlite_files(database_url), words[:1])
    erase_entity("person", words[1], workspace_slug="default")
    assert words_in(sqlite_files(database_url), words) == set()
