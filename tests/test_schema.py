"""Migrations: up, down and nothing left over, on both databases, with rows in the tables."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
import pytest
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import check, downgrade, upgrade
from sqlalchemy import Column, MetaData, String, Table, func, insert, inspect, select, text, update
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex

from app.config import PROJECT_ROOT, shipped
from app.db.session import transaction
from app.db.sql import engine_name
from app.enrichment import queue
from app.enrichment.money import stored_caps
from app.enrichment.money.scopes import CapScope
from app.enrichment.queue.lease import Failure
from app.enrichment.waterfall import provider_keys
from app.enrichment.waterfall.kept_figures import Question, look_up
from app.enrichment.waterfall.pilots import Sample, enqueue_pilot
from app.enrichment.waterfall.totals import count_ended_jobs
from app.enrichment.waterfall.work_loop import Waterfall
from app.entities import exclusions
from app.entities.csv import imports
from app.entities.csv.opening import ImportOptions
from app.entities.export_files import NewExport, create_export
from app.entities.upsert import upsert_entities
from app.entities.verdicts import store_verdicts
from app.extensions import db
from app.models import User
from app.models.address_verdict import address_verdicts
from app.models.attempt import attempts, entity_revisions
from app.models.chunk import Outcome
from app.models.in_flight_call import in_flight_calls
from app.models.job import jobs
from app.models.kept_figures import FiguresKind
from app.models.provider_state import provider_paces, provider_states
from app.models.spending import costs, spending
from app.models.types import Id, Json, UtcDateTime, new_id
from app.models.webhook import webhook_deliveries
from app.providers.base import Answer, OutcomeClass
from app.web import api_keys, sessions, users
from app.webhooks import deliveries, endpoints
from tests.enrichment.helpers import claim
from tests.fakes.provider import FakeProvider, csv_stream, registry_of

REVISION = """
import sqlalchemy as sa
from alembic import op

revision = "next"
down_revision = "{head}"


def upgrade():
    {upgrade}


def downgrade():
    {downgrade}
"""
HEAD = ScriptDirectory(str(PROJECT_ROOT / "migrations")).get_current_head()
CHANGE = """with op.batch_alter_table("enrichment_jobs") as change:
        change.alter_column("priority", existing_type=sa.{before}(), type_=sa.{after}())"""


def with_revision(folder: Path, upgrade: str, downgrade: str = "pass") -> str:
    """Copy the migrations, add one more revision, and return the copy's folder."""
    copy = folder / "migrations"
    shutil.copytree(PROJECT_ROOT / "migrations", copy, ignore=shutil.ignore_patterns("__pycache__"))
    content = REVISION.format(head=HEAD, upgrade=upgrade, downgrade=downgrade)
    (copy / "versions" / "next.py").write_text(content, encoding="utf-8")
    return str(copy)


def counts() -> dict[str, int | None]:
    """Return how many rows each table has."""
    db.session.rollback()
    found = {
        table.name: db.session.scalar(select(func.count()).select_from(table)) for table in db.metadata.sorted_tables
    }
    db.session.rollback()
    return found


def fill() -> None:
    """Put at least one row into every table, through the services."""
    imports.import_csv(
        "company",
        csv_stream("Company Name,Website\nAcme Inc.,acme.example\n"),
        workspace_slug="default",
        options=ImportOptions(mapped={"Website": "domain"}),
    )
    with transaction() as session:
        upsert_entities("person", [{"id": "p0", "job_title": "CEO"}], workspace_slug="default", session=session)
    api_keys.create_key("key", ["read"])
    endpoints.create_endpoint("https://hooks.example.com/x", None, created_by="test")
    create_export(NewExport("company", "csv", "default", "test"))
    user, _ = users.create_user("ada", "viewer")
    sessions.begin_session(user)
    sessions.sign_in("ada", "wrong")
    queue.enqueue_job("person", "ai-normalizer", ["p0", "nobody"])
    enqueue_pilot("person", "ai-normalizer", ["p0", "nobody"], Sample(1))
    queue.drain(work=Waterfall())
    look_up(Question(FiguresKind.LIST_YIELD, "default", {"reference": new_id()}))
    exclusions.add(["elsewhere.example"], "default")
    provider_keys.set_key("findymail", "a-key-of-their-own", "north", set_by="ada")
    stored_caps.set_cap(CapScope("north"), Decimal(5), set_by="ada")
    # One call that fails, one that teaches something, and one whose answer is still to come.
    answers = {
        "p0": Answer(OutcomeClass.SUCCESS, pending_seconds=600),
        "p1": Answer(OutcomeClass.TRANSIENT, error="away"),
        "p2": Answer(OutcomeClass.SUCCESS, fields={"job_title": "CFO"}, cache_entries={"title": "CFO"}),
    }
    with transaction() as session:
        upsert_entities("person", [{"id": name} for name in answers], workspace_slug="default", session=session)
    with transaction() as session:
        verdict = {"address": "ada@corp.example", "status": "valid", "verifier": "leadmagic-verify"}
        store_verdicts(session, "default", [{**verdict, "verified_at": A_DAY}])
    queue.enqueue_job("person", "fake", list(answers))
    provider = FakeProvider(answers, price_micros=1000)
    queue.process_next_chunk(work=Waterfall(registry_of(provider), retry_seconds=()))
    count_ended_jobs()
    deliveries.hand_out()
    with transaction() as session:
        # Not to be sent.
        session.execute(update(webhook_deliveries).values(next_at=None))


def test_check_finds_nothing_left_over(context: Flask) -> None:
    """The models and the migrations say the same."""
    check()


def test_every_index_is_as_the_models_say(migrated_sqlite: Path) -> None:
    """Alembic compares neither directions nor conditions, and loses the directions where it makes a table anew."""
    with closing(sqlite3.connect(migrated_sqlite)) as connection:
        rows = connection.execute("SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
        found = {row[0] for row in rows}
    indexes = [index for table in db.metadata.sorted_tables for index in table.indexes]
    assert found == {str(CreateIndex(index).compile(dialect=sqlite.dialect())) for index in indexes}


def test_every_revision_works_both_ways_with_rows_in_the_tables(context: Flask) -> None:
    """Downgrading removes every table, upgrading makes the same ones again."""
    fill()
    tables = {table.name for table in db.metadata.sorted_tables}
    for table in db.metadata.sorted_tables:
        assert db.session.scalar(select(func.count()).select_from(table)), f"{table.name} is empty"
    db.session.rollback()
    downgrade(revision="base")
    assert set(inspect(db.engine).get_table_names()) == {"alembic_version"}
    upgrade()
    assert set(inspect(db.engine).get_table_names()) == tables | {"alembic_version"}
    fill()


def test_a_revision_that_makes_a_table_anew_loses_no_row(context: Flask, tmp_path: Path) -> None:
    """Rows that refer to a changed table stay, and what they refer to is watched again afterwards."""
    wider, narrower = (
        CHANGE.format(before="Integer", after="BigInteger"),
        CHANGE.format(before="BigInteger", after="Integer"),
    )
    directory = with_revision(tmp_path, wider, narrower)
    fill()
    before = counts()
    assert all(before.values())
    try:
        upgrade(directory=directory)
        assert counts() == before
        assert db.session.scalar(text("SELECT version_num FROM alembic_version")) == "next"
    finally:
        db.session.rollback()
        downgrade(directory=directory, revision=HEAD)
    assert counts() == before
    if db.engine.dialect.name == "sqlite":
        assert db.session.scalar(text("PRAGMA foreign_keys")) == 1


def test_a_revision_that_leaves_rows_without_their_job_is_undone(
    context: Flask, database_url: str, tmp_path: Path
) -> None:
    """SQLite does not watch references while a revision runs, so they are checked before it is kept."""
    if not database_url.startswith("sqlite"):
        pytest.skip("PostgreSQL refuses it by itself")
    directory = with_revision(tmp_path, 'op.execute("DELETE FROM enrichment_jobs")')
    fill()
    before = counts()
    with pytest.raises(click.ClickException, match=r"next is undone: rows in .*enrichment_chunks"):
        upgrade(directory=directory)
    assert counts() == before
    assert db.session.scalar(text("SELECT version_num FROM alembic_version")) == HEAD
    assert db.session.scalar(text("PRAGMA foreign_keys")) == 1


def test_every_instant_is_stored_with_its_zone_or_as_utc(context: Flask) -> None:
    """No column holds a time that would mean another instant on another host."""
    for table in db.metadata.sorted_tables:
        for column in table.columns:
            if column.name.endswith("_at") or column.name == "at":
                assert isinstance(column.type, UtcDateTime), f"{table.name}.{column.name}"


def test_history_of_fields_becomes_one_of_writes_and_back(context: Flask) -> None:
    """Who gave what and when, and what stood there before, is the same in either form."""
    job_id, first, second = new_id(), new_id(), new_id()
    downgrade(revision="0004")
    try:
        with transaction() as session:
            session.execute(insert(attempts), [_attempt(job_id, attempt_id) for attempt_id in (first, second)])
            session.execute(insert(OLD_HISTORY), list(_old_history(first, second)))
        before = sorted(map(repr, db.session.execute(select(OLD_HISTORY)).all()))
        db.session.rollback()
        upgrade()
        revisions = db.session.execute(select(entity_revisions).order_by(entity_revisions.c.id)).all()
        db.session.rollback()
        assert [(row.entity_id, row.provider, row.attempt_id, row.job_id, row.changes) for row in revisions] == [
            ("a", "prospeo", first, job_id, {"email": [None, "x@y.z"], "skills": [["a"], ["a", "b"]]}),
            ("a", "caller", None, None, {"email": ["x@y.z", None]}),
            ("a", "prospeo", first, job_id, {"phone": [None, "1"], "normalized_email_is_free": [False, True]}),
            ("b", "prospeo", second, job_id, {"extra": [{}, {"a": {"b": [1, 2.5, None, "ü"]}}]}),
            ("b", "prospeo", second, job_id, {"phone": ["1", "2"]}),
            ("b", "prospeo", second, job_id, {"phone": ["2", "3"]}),
        ]
        downgrade(revision="0004")
        assert sorted(map(repr, db.session.execute(select(OLD_HISTORY)).all())) == before
        db.session.rollback()
    finally:
        db.session.rollback()
        upgrade()


def test_jobs_forget_their_list_and_stay(context: Flask) -> None:
    """Back and forth, with a job of a list in the table."""
    job_id = queue.accept_job("person", "waterfall", ["a"], list_id=new_id()).job_id
    below = ScriptDirectory(str(shipped("migrations"))).get_revision("0017").down_revision
    downgrade(revision=below)
    try:
        assert [row.id for row in db.session.execute(select(jobs.c.id))] == [job_id]
        db.session.rollback()
    finally:
        upgrade()
    assert queue.get_job(job_id).list_id is None


def test_totals_begin_with_the_jobs_that_have_not_ended(context: Flask) -> None:
    """Those that ended before the upgrade are left alone, however many they are."""
    waiting, ended = (queue.enqueue_job("person", "prospeo", ["a"]) for _ in range(2))
    queue.cancel(ended)
    db.session.rollback()
    try:
        downgrade(revision=ScriptDirectory(str(shipped("migrations"))).get_revision("0022").down_revision)
    finally:
        upgrade()
    uncounted = db.session.execute(select(jobs.c.id, jobs.c.is_uncounted)).all()
    assert {tuple(row) for row in uncounted} == {(waiting, True), (ended, False)}


def test_users_of_an_identity_provider_stay_signed_in_without_it(context: Flask) -> None:
    """Back and forth, with one of them and their session in the tables."""
    user, _ = users.create_user("ada", "viewer")
    token = sessions.begin_session(user)
    with transaction() as session:
        session.execute(update(User).values(issuer="https://login.example", subject="s-1"))
    below = ScriptDirectory(str(shipped("migrations"))).get_revision("0023").down_revision
    downgrade(revision=below)
    upgrade()
    assert [(user.name, user.subject) for user in users.list_users()] == [("ada", None)]
    assert sessions.find_session(token) is not None


def test_the_backlog_counts_exports_and_is_read_by_whom_it_was(context: Flask) -> None:
    """Back and forth, with an export that waits. What a role may read is granted on the view itself."""
    create_export(NewExport("company", "csv", "default", "test"))
    backlog = select(text("workers_wanted")).select_from(text("tranche_backlog"))
    readers = select(text("relacl::text")).select_from(text("pg_class")).where(text("relname = 'tranche_backlog'"))
    is_postgresql = engine_name() == "postgresql"
    with transaction() as session:
        if is_postgresql:
            session.execute(text("GRANT SELECT ON tranche_backlog TO PUBLIC"))
    try:
        downgrade(revision=ScriptDirectory(str(shipped("migrations"))).get_revision("0025").down_revision)
        assert db.session.scalar(backlog) == 0
        db.session.rollback()
        upgrade()
        assert db.session.scalar(backlog) == 1
        assert not is_postgresql or "=r/" in db.session.scalar(readers)
        db.session.rollback()
    finally:
        upgrade()
        with transaction() as session:
            if is_postgresql:
                session.execute(text("REVOKE SELECT ON tranche_backlog FROM PUBLIC"))


def test_errors_get_their_provider_and_their_counts_and_give_them_up_again(context: Flask) -> None:
    """The provider is that of the last attempt that failed in the same way; of several retries the first stays one."""
    job_id = queue.enqueue_job("person", "waterfall", ["a", "b", "c"])
    lease = claim()
    for index, code in enumerate(("transient", "transient", "entity_not_found")):
        lease.decide(index, Outcome.ERROR, Failure(code, "no", "prospeo" if index < 2 else ""))
    lease.finish()
    rows = [{**_attempt(job_id, new_id()), "outcome_class": code, "provider": provider, "finished_at": A_DAY + at}
            for code, provider, at in (("transient", "findymail", timedelta(0)), ("not_found", "clay", timedelta(2)),
                                       ("transient", "prospeo", timedelta(1)))]  # fmt: skip
    with transaction() as session:
        session.execute(insert(attempts), rows)
    children = [
        queue.retry(job_id, chosen=queue.RetryFilter(code=code)).id for code in ("transient", "entity_not_found")
    ]
    db.session.rollback()
    try:
        downgrade(revision="0005")
        upgrade()
        kinds = {(kind.code, kind.provider): kind.count for kind in queue.summarize_errors(job_id).kinds}
        assert kinds == {("transient", "prospeo"): 1, ("transient", None): 1, ("entity_not_found", None): 1}
        assert [queue.get_job(child).parent_job_id for child in children] == [job_id, None]
    finally:
        db.session.rollback()
        upgrade()


def test_addresses_that_were_rejected_before_are_rejected_for_everybody(context: Flask) -> None:
    """By the verifier that was asked after the address had come; what is damaged is passed by."""
    said = {"outcome_class": "success", "provider": "leadmagic-verify"}
    offers = [{"withheld": {"email": "Ada@Corp.example"}, "provider": "findymail", "is_rejected": True},
              {**said, "finished_at": A_DAY + timedelta(1)},
              {"withheld": {"email": "al@corp.example"}, "provider": "prospeo", "is_rejected": False},
              {"withheld": ["?"], "provider": "clay", "is_rejected": True}]  # fmt: skip
    try:
        downgrade(revision="0009")
        with transaction() as session:
            for offer in offers:
                session.execute(insert(attempts).values({**_attempt(new_id(), new_id()), **offer}))
        upgrade()
        stored = db.session.execute(select(address_verdicts)).all()
        assert [tuple(row) for row in stored] == [
            ("default", "ada@corp.example", "invalid", "leadmagic-verify", A_DAY + timedelta(1))
        ]
    finally:
        db.session.rollback()
        upgrade()


def test_accounts_of_workspaces_go_with_the_revision_and_the_services_stays(context: Flask) -> None:
    """What is known of the service's own account is the same before and after; a workspace's is forgotten."""
    state, pace = (table.c for table in (provider_states, provider_paces))
    with transaction() as session:
        for account, failures in (("", 3), ("north", 4)):
            session.execute(insert(provider_states).values(provider="prospeo", account=account, failures=failures))
            session.execute(insert(provider_paces).values(name="prospeo", account=account, state={"used": failures}))
    try:
        downgrade(revision="0009")
        upgrade()
        assert [tuple(row) for row in db.session.execute(select(state.account, state.failures))] == [("", 3)]
        assert [tuple(row) for row in db.session.execute(select(pace.account, pace.state))] == [("", {"used": 3})]
    finally:
        db.session.rollback()
        upgrade()


def test_what_was_spent_is_added_up_by_provider(context: Flask) -> None:
    """So that a cap which is set after the upgrade counts the whole day; a verifier's calls are the finder's."""
    day, job_id = A_DAY.date(), new_id()
    about = {"entity_type": "person", "entity_id": "p0", "request_id": new_id(), "call_id": new_id(), "position": 0}
    about |= {"reserved_micros": 5, "reserved_on": day, "deadline_at": A_DAY}
    shared = {"job_id": job_id, "workspace_slug": "north"}
    try:
        downgrade(revision="0009")
        with transaction() as session:
            for provider, cost in (("leadmagic", 30), ("leadmagic-verify", 4), ("prospeo", 7)):
                row = {**shared, "provider": provider, "day": day, "cost_micros": cost, "calls": 1}
                session.execute(insert(OLD_COSTS).values(**row, charged_calls=1, in_doubt_micros=0))
            call = {"provider": "prospeo", "is_pending": False, "started_at": A_DAY, **shared, **about}
            session.execute(insert(OLD_CALLS).values(call))
        upgrade()
        found = {row.scope: (row.reserved_micros, row.spent_micros) for row in db.session.execute(select(spending))}
        of_each = {"leadmagic": (0, 34), "prospeo": (5, 7)}
        assert found == {f"provider:{name}{end}": sums for name, sums in of_each.items() for end in ("", "@north")}
        db.session.rollback()
        downgrade(revision="0009")
        assert db.session.execute(select(spending)).all() == []
    finally:
        db.session.rollback()
        upgrade()


A_DAY = datetime(2026, 1, 1, tzinfo=UTC)
OLD_COST_COLUMNS = ("job_id", "workspace_slug", "provider", "day", "calls", "charged_calls", "cost_micros",
                    "in_doubt_micros")  # fmt: skip
OLD_COSTS = Table("enrichment_costs", MetaData(), *(Column(name, costs.c[name].type) for name in OLD_COST_COLUMNS))
OLD_CALLS = Table(
    "enrichment_flights",
    MetaData(),
    *(Column(one.name, one.type) for one in in_flight_calls.c if one.name != "account"),
)
OLD_HISTORY = Table(
    "field_changes",
    MetaData(),
    *(Column(name, String) for name in ("workspace_slug", "entity_type", "entity_id", "provider", "field")),
    Column("attempt_id", Id),
    Column("created_at", UtcDateTime),
    Column("old_value", Json),
    Column("new_value", Json),
)


def _old_history(first: str, second: str) -> Iterator[dict[str, Any]]:
    """Give rows of the time before, the oldest first: two writes of one attempt, and a field changed twice in one."""
    early, late = (datetime(2026, 1, 1, 12, 0, 0, number, tzinfo=UTC) for number in (1000, 2000))
    for entity_id, provider, attempt_id, at, field, old_value, new_value in (
        ("a", "prospeo", first, early, "email", None, "x@y.z"),
        ("a", "prospeo", first, early, "skills", ["a"], ["a", "b"]),
        ("a", "caller", None, early, "email", "x@y.z", None),
        ("a", "prospeo", first, late, "phone", None, "1"),
        ("a", "prospeo", first, late, "normalized_email_is_free", False, True),
        ("b", "prospeo", second, late, "extra", {}, {"a": {"b": [1, 2.5, None, "ü"]}}),
        ("b", "prospeo", second, early, "phone", "1", "2"),
        ("b", "prospeo", second, early, "phone", "2", "3"),
    ):
        about = {"workspace_slug": "default", "entity_type": "person", "entity_id": entity_id, "provider": provider}
        change = {"field": field, "old_value": old_value, "new_value": new_value}
        yield {**about, "attempt_id": attempt_id, "created_at": at, **change}


def _attempt(job_id: str, attempt_id: str) -> dict[str, Any]:
    return {
        "id": attempt_id,
        "job_id": job_id,
        "workspace_slug": "default",
        "entity_type": "person",
        "entity_id": "a",
        "provider": "prospeo",
        "status": "success",
        "outcome_class": "success",
        "started_at": datetime(2026, 1, 1, tzinfo=UTC),
        "finished_at": datetime(2026, 1, 1, tzinfo=UTC),
    }
