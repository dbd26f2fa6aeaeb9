"""Figures of many entities: those of the first few at once, and those of all when a drain has worked them out."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, update

from app.db.session import transaction
from app.enrichment import queue
from app.enrichment.money.yield_schemas import YieldReportSchema
from app.enrichment.waterfall import asked_figures, kept_figures, list_yields
from app.enrichment.waterfall import what_if as what_ifs
from app.enrichment.waterfall.asked_figures import work_on_figures
from app.enrichment.waterfall.kept_figures import FiguresFailed, Question, claim, forget_old_figures, look_up
from app.enrichment.waterfall.list_yields import list_yield
from app.enrichment.waterfall.what_if import what_if, what_if_of_list, what_if_of_workspace
from app.enrichment.waterfall.what_if_routes import WhatIfSchema
from app.enrichment.waterfall.work_loop import Waterfall
from app.entities.lists import NewList, create_list
from app.models.entity_list import entity_lists
from app.models.kept_figures import FiguresKind
from app.models.kept_figures import kept_figures as table
from app.models.types import utcnow
from tests.enrichment.scenes import rows
from tests.enrichment.waterfall.test_what_if import install
from tests.enrichment.waterfall.test_yields import people, run_twenty
from tests.web.conftest import client_with, make_key

KEPT = {"asOf", "pending"}


@pytest.fixture
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five are many."""
    monkeypatch.setattr(asked_figures, "MEMBERS_AT_ONCE", 5)
    monkeypatch.setattr(asked_figures, "WALKS_AT_ONCE", 5)


def some_question(**terms: Any) -> Question:
    """Return a question, which nobody can answer."""
    return Question(FiguresKind.LIST_YIELD, "default", terms or {"reference": "a list that there is not"})


def change_rows(**values: Any) -> None:
    """Change what is kept."""
    with transaction() as session:
        session.execute(update(table).values(**values))


@pytest.mark.usefixtures("few_at_once")
def test_many_are_told_when_a_drain_has_worked_them_out(app: Flask) -> None:
    """Until then those of the first few; afterwards what the command says, with the time; when old, both."""
    install(app)
    with app.app_context():
        job_id = run_twenty()
        view, _ = create_list(NewList("person", "default", "all", "test"), people(*range(20)))
        query = "order=leadmagic,prospeo,findymail&until=email"
        terms: dict[str, Any] = {
            "order": ["leadmagic", "prospeo", "findymail"],
            "until": ["email"],
            "workspace_slug": "default",
        }
        told = {
            "/yield?list=all": YieldReportSchema().dump(list_yield("all", workspace_slug="default")),
            f"/jobs/{job_id}/what-if?{query}": WhatIfSchema().dump(what_if(job_id, **terms)),
            f"/what-if?list={view.id}&{query}": WhatIfSchema().dump(what_if_of_list("all", **terms)),
            f"/what-if?entityType=person&{query}": WhatIfSchema().dump(what_if_of_workspace("person", **terms)),
        }
    reader = client_with(app, make_key(app, "read", workspace_slug="default"))
    for address, all_ in told.items():
        for _ in range(2):
            answer = reader.get(f"/api/enrichment{address}")
            body = answer.get_json()
            assert (answer.status_code, body["pending"], body["asOf"]) == (202, True, None), address
            assert int(answer.headers["Retry-After"]) > 0
            assert (body["entities"], body["ofEntities"]) == (5, all_["ofEntities"])
    with app.app_context():
        assert len(rows(table)) == 4
        queue.drain(work=Waterfall(), workspace_slug="north")
        assert all(row.is_due for row in rows(table))
        queue.drain(work=Waterfall())
    for address, all_ in told.items():
        answer = reader.get(f"/api/enrichment{address}")
        body = answer.get_json()
        assert (answer.status_code, body["pending"]) == (200, False) and body["asOf"] is not None
        assert {**body, "asOf": None} == all_, address
        assert reader.get(f"/api/enrichment{address}").get_json() == body
    address, all_ = next(iter(told.items()))
    with app.app_context():
        assert not any(row.is_due for row in rows(table))
        change_rows(as_of=utcnow(-kept_figures.FRESH_SECONDS - 1))
    old = reader.get(f"/api/enrichment{address}")
    assert (old.status_code, old.get_json()["entities"]) == (202, 20) and old.get_json()["asOf"] < body["asOf"]
    with app.app_context():
        assert work_on_figures("default") and not work_on_figures()
    new = reader.get(f"/api/enrichment{address}")
    assert (new.status_code, new.get_json()["pending"]) == (200, False) and new.get_json()["asOf"] > body["asOf"]


def test_whoever_waits_is_told_how_far_it_is(context: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Page by page, for a command's bar."""
    install(context)
    job_id = run_twenty()
    create_list(NewList("person", "default", "all", "test"), people(*range(20)))
    for module in (list_yields, what_ifs):
        monkeypatch.setattr(module, "PAGE_ENTITIES", 8)
    told: list[int] = []
    about: dict[str, Any] = {"workspace_slug": "default", "on_progress": told.append}
    for ask, subject in (
        (list_yield, "all"),
        (what_if, job_id),
        (what_if_of_list, "all"),
        (what_if_of_workspace, "person"),
    ):
        ask(subject, **about)
        assert told[:2] == [8, 16] and told[-1] >= 20
        told.clear()


def test_who_lost_a_question_stores_nothing(context: Flask) -> None:
    """Its lease has run out and another worker has it; the answer that is kept is that one's."""
    look_up(some_question())
    first = claim(None)
    assert first is not None and claim(None) is None
    change_rows(lease_expires_at=utcnow(-1))
    second = claim("default")
    assert second is not None
    kept_figures.store(first, {"by": "first"})
    assert look_up(some_question()).is_pending
    kept_figures.store(second, {"by": "second"})
    kept_figures.store(first, {"by": "first"})
    kept = look_up(some_question())
    assert (kept.answer, kept.as_of, kept.is_pending) == ({"by": "second"}, second.begun_at, False)


def test_a_question_that_loses_its_workers_fails_and_may_be_asked_later(context: Flask) -> None:
    """The fourth does not begin with it; some minutes later it is tried again. So is one that a bug breaks."""
    look_up(some_question())
    for _ in range(kept_figures.MOST_TRIES):
        assert claim(None) is not None
        change_rows(lease_expires_at=utcnow(-1))
    assert claim(None) is None and claim(None) is None
    with pytest.raises(FiguresFailed):
        look_up(some_question())
    change_rows(as_of=utcnow(-kept_figures.FRESH_SECONDS - 1))
    assert look_up(some_question()) == kept_figures.Kept(None, rows(table)[0].as_of, is_pending=True)
    change_rows(terms={"no": "such term"})
    assert work_on_figures()
    assert [(row.error, row.is_due) for row in rows(table)] == [("TypeError", False)]


def test_a_question_about_a_list_that_has_gone_is_dropped(context: Flask) -> None:
    """Whoever asks is told that there is none; nothing waits on."""
    look_up(some_question())
    assert work_on_figures()
    assert rows(table) == [] and not rows(entity_lists)


def test_questions_are_bounded_and_forgotten(context: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many of a workspace wait; what nobody has asked anew for a day goes, and what waits stays."""
    monkeypatch.setattr(kept_figures, "MOST_WAITING", 2)
    for name in "abc":
        assert look_up(some_question(reference=name)).is_pending
    assert look_up(Question(FiguresKind.LIST_YIELD, "north", {"reference": "a"})).is_pending
    assert sorted((row.workspace_slug, row.terms["reference"]) for row in rows(table)) == [
        ("default", "a"), ("default", "b"), ("north", "a"),
    ]  # fmt: skip
    held = claim("north")
    assert held is not None
    kept_figures.store(held, {})
    assert forget_old_figures() == 0
    change_rows(asked_at=utcnow(-kept_figures.KEPT_SECONDS - 1))
    assert (forget_old_figures(), len(rows(table))) == (1, 2)
    with transaction() as session:
        session.execute(delete(table))
