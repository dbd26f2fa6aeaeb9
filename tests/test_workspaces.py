"""Two workspaces hold entities with the same ids, and what is done in one neither changes the other nor goes by it."""

import csv
import io
from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import insert, select

from app.db.session import transaction
from app.enrichment.queue import claims
from app.enrichment.queue.claims import Scope
from app.enrichment.waterfall import in_flight, kept_figures
from app.enrichment.waterfall.erase import erase_entity
from app.enrichment.waterfall.kept_figures import Question
from app.enrichment.waterfall.list_yields import list_yield
from app.enrichment.waterfall.receipts import make_receipt
from app.enrichment.waterfall.what_if import what_if_of_workspace
from app.entities import export_files
from app.entities.coverage import count_coverage
from app.entities.csv.exports import export_csv
from app.entities.csv.headers import KEEP
from app.entities.csv.imports import import_csv
from app.entities.csv.mappings import remember_mapping, remembered_mapping
from app.entities.export_files import NewExport
from app.entities.export_work import work_on_exports
from app.entities.lists import NewList, create_list, get_list, open_list
from app.entities.read import get_entity, select_ids
from app.entities.undo import UndoCounts, undo_job
from app.errors import NotFound
from app.extensions import db
from app.models.address_verdict import address_verdicts
from app.models.attempt import attempts, entity_revisions
from app.models.cached_value import cached_values
from app.models.export import ExportStatus
from app.models.in_flight_call import in_flight_calls as flight_rows
from app.models.kept_figures import FiguresKind
from app.providers.base import Answer, Lookup, OutcomeClass
from app.providers.defaults import DEFAULTS
from app.web.api_keys import create_key, get_key, list_keys
from app.web.users import create_user, get_user, list_users
from tests.enrichment.helpers import claim, ids
from tests.enrichment.scenes import EMAIL, add, change, drain, enqueue, paid, person, rows, verdict
from tests.fakes.provider import FakeProvider, csv_stream, registry_of
from tests.invariants import check_invariants


@pytest.fixture
def twins(context: Flask) -> Flask:
    """Two people in each workspace, of the same ids."""
    for slug in ("default", "north"):
        add(2, workspace_slug=slug, job_title="Boss")
    return context


def test_a_change_leaves_the_twin_as_it_was(twins: Flask) -> None:
    """Also where a provider makes it."""
    change({"id": "p0", "job_title": "Chief"})
    enqueue(1, "findymail")
    drain(paid())
    mine, twin = person("p0"), person("p0", "north")
    assert (mine["job_title"], mine["email"]) == ("Chief", EMAIL.fields["email"])
    assert (twin["job_title"], twin["email"]) == ("Boss", None)
    check_invariants(drained=True)


def test_provenance_is_of_the_own_history(twins: Flask) -> None:
    """A later change of the twin is not the last change here."""
    change({"id": "p0", "job_title": "Chief"})
    change({"id": "p0", "job_title": "Clerk"}, workspace_slug="north")
    change({"id": "p0", "last_name": "Lovelace"}, workspace_slug="north")
    known = get_entity("person", "p0", workspace_slug="default").provenance
    assert known["job_title"].old_value == "Boss" and "last_name" not in known


def test_all_are_those_of_the_own_workspace(twins: Flask) -> None:
    """And so are those whose field is blank."""
    add(4, workspace_slug="north")
    for choice in ({"all_": True}, {"missing": "email"}):
        assert list(select_ids("person", workspace_slug="default", **choice)) == ids(2)


def test_a_lost_chunk_of_another_workspace_is_not_taken_over(twins: Flask) -> None:
    """Who works for one workspace leaves what is due of the others alone."""
    enqueue(1, "findymail", workspace_slug="north")
    claim().release()
    assert claims.claim("worker", lease_seconds=60, scope=Scope(None, "default")) is None
    assert claims.claim("worker", lease_seconds=60, scope=Scope(None, "north")) is not None


def test_a_question_about_the_twin_says_nothing_of_when_to_look_again(twins: Flask) -> None:
    """That its answer comes by callback, some time, is not so of the question here."""
    enqueue(1, "clay", workspace_slug="north")
    drain(paid("clay", default=Answer(OutcomeClass.SUCCESS, pending_seconds=600)))
    assert [(row.workspace_slug, row.is_pending) for row in rows(flight_rows)] == [("north", True)]
    enqueue(1, "clay")
    job = claim().job
    with transaction() as session:
        assert in_flight.unlikely_soon(session, job, ["p0"]) == set()
        assert in_flight.unlikely_soon(session, replace(job, workspace_slug="north"), ["p0"]) == {("p0", "clay")}


def test_a_change_of_the_twin_in_mid_call_does_not_keep_an_answer_out(make_app: Callable[..., Flask]) -> None:
    """A value that may be replaced is kept where it was changed after the question; here it was not."""
    app = make_app(ENRICH_MERGE_POLICIES="person.job_title=replace")

    class Meanwhile(FakeProvider):
        async def lookup(self, lookup: Lookup, *, deadline: float) -> Answer:
            with app.app_context():
                change({"id": "p0", "job_title": "Clerk"}, workspace_slug="north")
            return await super().lookup(lookup, deadline=deadline)

    with app.app_context():
        for slug in ("default", "north"):
            add(1, workspace_slug=slug, job_title="Boss")
        enqueue(1, "findymail")
        drain(Meanwhile(name="findymail", price_micros=1000))
        assert (person("p0")["job_title"], person("p0", "north")["job_title"]) == ("CEO", "Clerk")
        check_invariants(drained=True)


def test_an_erasure_leaves_what_is_known_of_the_twin(twins: Flask) -> None:
    """Its attempts, its history, its lists, and the call about it that is under way."""
    enqueue(2, "findymail", workspace_slug="north")
    drain(paid())
    enqueue(2, "clay", workspace_slug="north")
    drain(paid("clay", default=Answer(OutcomeClass.SUCCESS, pending_seconds=600)))
    theirs, _ = create_list(NewList("person", "north", "Theirs", "test"), ["p0"])
    tables = (attempts, entity_revisions, flight_rows)
    before = [rows(table) for table in tables]
    assert all(before)
    erase_entity("person", "p0", workspace_slug="default")
    assert [rows(table) for table in tables] == before
    assert get_list(theirs.id, workspace_slug="north").entity_count == 1
    assert list(select_ids("person", workspace_slug="north", list_id=theirs.id)) == ["p0"]


def test_a_verdict_on_the_twins_address_is_not_known_here(twins: Flask) -> None:
    """Neither while it stands nor when it is erased."""
    for slug, status in (("north", "invalid"), ("default", "valid")):
        check = paid("leadmagic-verify", default=verdict(status))
        enqueue(1, verifier="leadmagic", order=["findymail"], workspace_slug=slug)
        drain(paid(), verifiers=[check])
        assert check.asked == {"p0": 1}
    assert (person("p0")["email"], person("p0", "north")["email"]) == (EMAIL.fields["email"], None)
    erase_entity("person", "p0", workspace_slug="default")
    assert [(row.workspace_slug, row.status) for row in rows(address_verdicts)] == [("north", "invalid")]


def test_an_erasure_leaves_the_cache_of_the_twins_former_values(make_app: Callable[..., Flask]) -> None:
    """What the model made of them is kept for the workspace that still has them on record."""
    normalizer = replace(DEFAULTS["ai-normalizer"], api_key="a-key-that-is-never-used")
    app = make_app(PROVIDERS={**DEFAULTS, "ai-normalizer": normalizer})
    with app.app_context():
        for slug, former in (("default", "Keeper of Bees"), ("north", "Keeper of Owls")):
            add(1, workspace_slug=slug, job_title=former)
            change({"id": "p0", "job_title": "Boss"}, workspace_slug=slug)
        cache_keys = {title: _keys_of(app, title) for title in ("Keeper of Bees", "Keeper of Owls")}
        with transaction() as session:
            values = [{"key": key, "value": {}} for keys in cache_keys.values() for key in keys]
            session.execute(insert(cached_values), values)
        erase_entity("person", "p0", workspace_slug="default")
        db.session.rollback()
        assert set(db.session.scalars(select(cached_values.c.key))) == set(cache_keys["Keeper of Owls"])


def _keys_of(app: Flask, title: str) -> list[str]:
    normalizer = app.extensions["tranche.registry"].providers["ai-normalizer"]
    keys = list(normalizer.cache_keys(Lookup("person", "p0", {"first_name": "Ada", "job_title": title})))
    assert keys
    return keys


def test_an_undo_goes_by_the_own_history(twins: Flask) -> None:
    """A change of the twin after the job's is no change of what the job wrote."""
    job_id = enqueue(1, "findymail")
    drain(paid())
    change({"id": "p0", "email": "twin@example.com"}, workspace_slug="north")
    assert undo_job(job_id) == UndoCounts(restored=len(EMAIL.fields))
    assert (person("p0")["email"], person("p0", "north")["email"]) == (None, "twin@example.com")


def test_an_export_has_the_columns_of_the_own_files(twins: Flask) -> None:
    """A header that another workspace has imported is not shown here, and is recorded for both that have it."""
    import_csv("person", csv_stream("id,Their note\np0,secret\n"), workspace_slug="north")
    assert "Their note" not in _headers("default") and "Their note" in _headers("north")
    import_csv("person", csv_stream("id,Their note\np1,mine\n"), workspace_slug="default")
    assert _headers("default")[:2] == ["id", "Their note"]


def _headers(workspace_slug: str) -> list[str]:
    text = b"".join(export_csv("person", workspace_slug=workspace_slug)).decode("utf-8-sig")
    return next(csv.reader(io.StringIO(text)))


def test_figures_are_of_the_own_attempts(twins: Flask) -> None:
    """The receipt of a person, the yield of a list, and what might have been: nobody was asked about anybody here."""
    enqueue(1, "findymail", workspace_slug="north")
    drain(paid())
    twins.extensions["tranche.registry"] = registry_of(paid())
    receipts = {slug: make_receipt("person", "p0", workspace_slug=slug).page.rows for slug in ("default", "north")}
    assert (receipts["default"], len(receipts["north"])) == ([], 1)
    mine, _ = create_list(NewList("person", "default", "Mine", "test"), ["p0"])
    assert list_yield(mine.id, workspace_slug="default").rows == []
    replayed = {
        slug: what_if_of_workspace("person", workspace_slug=slug, order=["findymail"], until=["email"])
        for slug in ("default", "north")
    }
    assert (replayed["default"].found, replayed["default"].unknown) == (0, 2)
    assert (replayed["north"].found, replayed["north"].unknown) == (1, 1)


def test_coverage_and_columns_are_of_the_own_members(twins: Flask) -> None:
    """A twin is no member, and what only a twin has a value for is no column."""
    change({"id": "p0", "email": "twin@example.com"}, workspace_slug="north")
    mine, _ = create_list(NewList("person", "default", "Mine", "test"), ["p0"])
    coverage = count_coverage(mine.id, workspace_slug="default")
    filled = {field.field: field.filled for field in coverage.fields}
    assert (coverage.entities, filled["job_title"], filled["email"]) == (1, 1, 0)
    assert "email" not in _headers("default") and "email" in _headers("north")


def test_a_mapping_is_remembered_for_the_own_files(context: Flask) -> None:
    """Files with the same headers are another workspace's to map."""
    with transaction() as session:
        remember_mapping(session, "person", "north", ["Mail"], {"Mail": KEEP})
    assert remembered_mapping("person", "north", ["Mail"]) == {"Mail": KEEP}
    assert remembered_mapping("person", "default", ["Mail"]) == {}


def test_figures_are_worked_out_for_the_own_workspace(context: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many another one waits for; and who works for one leaves the others' alone."""
    monkeypatch.setattr(kept_figures, "MOST_WAITING", 1)
    north = Question(FiguresKind.LIST_YIELD, "north", {})
    kept_figures.look_up(north)
    assert kept_figures.claim("default") is None
    kept_figures.look_up(replace(north, workspace_slug="default"))
    held = kept_figures.claim("default")
    assert held is not None and held.question.workspace_slug == "default"


def test_export_files_are_of_the_own_people(twins: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another workspace's neither count here nor have more people for it, and are left as they are by an erasure."""
    monkeypatch.setattr(export_files, "MOST_KEPT", 1)
    add(4, workspace_slug="north")
    made = {
        slug: export_files.create_export(NewExport("person", "csv", slug, "test")).id for slug in ("north", "default")
    }
    while work_on_exports():
        pass
    theirs, mine = (export_files.get_export(made[slug], workspace_slug=slug) for slug in ("north", "default"))
    assert (theirs.entities_total, mine.entities_total) == (4, 2)
    erase_entity("person", "p0", workspace_slug="default")
    statuses = [export_files.get_export(made[slug], workspace_slug=slug).status for slug in ("north", "default")]
    assert statuses == [ExportStatus.READY, ExportStatus.EXPIRED]


def test_a_list_has_its_name_and_members_in_the_own_workspace(twins: Flask) -> None:
    """A name that is taken elsewhere is free here, and who is only there cannot be a member."""
    add(4, workspace_slug="north")
    mine, left_out = create_list(NewList("person", "default", "Mine", "test"), ids(4))
    assert (mine.entity_count, left_out) == (2, 2)
    with transaction() as session:
        names = [open_list(session, NewList("person", slug, "Spring", "test")).name for slug in ("north", "default")]
    assert names == ["Spring", "Spring"]


def test_keys_and_users_are_shown_by_workspace(context: Flask) -> None:
    """Who administers one workspace is shown its own."""
    for name, slug in {"everywhere": None, "here": "default", "there": "north"}.items():
        create_key(name, ["read"], slug)
        create_user(name, "viewer", slug)
    assert [key.name for key in list_keys("north")] == ["there"]
    assert [user.name for user in list_users("north")] == ["there"]
    for get, everyone in ((get_key, list_keys()), (get_user, list_users())):
        for one in everyone:
            if one.name == "there":
                assert get(one.id, workspace_slug="north") == one
            else:
                with pytest.raises(NotFound):
                    get(one.id, workspace_slug="north")
