"""Putting back what a job wrote: values, history, what was changed since, and jobs that still work."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Text, insert, literal, select, update

from app.db.session import transaction
from app.db.sql import engine_name
from app.enrichment import queue
from app.enrichment.waterfall.erase import erase_entity
from app.entities.changes import Writing, write_changes
from app.entities.fields import table_of
from app.entities.merge import Change
from app.entities.read import get_entity, load_entities, load_for_update
from app.entities.undo import UndoCounts, undo_field, undo_job
from app.entities.upsert import upsert_entities
from app.errors import Conflict, EntityNotFound, Invalid, JobNotFound, JobStateConflict
from app.extensions import db
from app.models import EntityRevision
from app.models.attempt import AttemptStatus, attempts
from app.models.chunk import chunks
from app.models.types import new_id, utcnow
from tests.enrichment.helpers import claim, expire_leases

A = {"email": None, "job_title": "Boss"}


def upsert(*rows: dict[str, Any]) -> None:
    """Upsert people in a transaction of their own."""
    with transaction() as session:
        upsert_entities("person", rows, workspace_slug="default", session=session)


def fields_of(entity_id: str, *names: str) -> list[Any]:
    """Return values of a person as they stand."""
    db.session.rollback()
    fields = load_entities("person", [entity_id], workspace_slug="default")[entity_id]
    return [fields[name] for name in names]


def job_that_wrote(*writes: dict[str, dict[str, Any]], chunk_size: int = 50) -> str:
    """Return a complete job which wrote new values by entity and field, one attempt an entity and write."""
    ids = list(dict.fromkeys(entity_id for write in writes for entity_id in write))
    job_id = queue.enqueue_job("person", "prospeo", ids, chunk_size=chunk_size)
    queue.drain(None, job_id=job_id)
    for write in writes:
        write_as(job_id, write)
    return job_id


def write_as(job_id: str, values: dict[str, dict[str, Any]]) -> None:
    """Write values with an attempt of a job for each entity."""
    attempt_ids: dict[str, str | None] = {entity_id: new_id() for entity_id in values}
    with transaction() as session:
        stored = load_for_update("person", list(values), workspace_slug="default")
        changes = {
            entity_id: {name: Change(stored[entity_id][name], value) for name, value in fields.items()}
            for entity_id, fields in values.items()
        }
        for entity_id, attempt_id in attempt_ids.items():
            session.execute(insert(attempts).values(**attempt_row(job_id, entity_id, attempt_id)))
        writings = [Writing(one, fields, "prospeo", attempt_ids[one], job_id) for one, fields in changes.items()]
        write_changes(session, "person", "default", writings)


def attempt_row(job_id: str, entity_id: str, attempt_id: str | None) -> dict[str, Any]:
    """Return an attempt that succeeded."""
    return {
        "id": attempt_id,
        "job_id": job_id,
        "workspace_slug": "default",
        "entity_type": "person",
        "entity_id": entity_id,
        "provider": "prospeo",
        "status": AttemptStatus.SUCCESS,
        "outcome_class": "success",
        "started_at": utcnow(),
        "finished_at": utcnow(),
    }


def test_undo_puts_back_what_stood_there(context: Flask) -> None:
    """Every kind of value is back as it was, and who put it there is recorded."""
    before = {"email": None, "job_title": "Boss", "skills": ["a"], "provider_ids": {"x": {"y": 1}}}
    upsert({"id": "a", **before})
    job_id = job_that_wrote(
        {"a": {"email": "a@b.de", "job_title": "Chief", "skills": ["a", "b"], "provider_ids": {"x": {"y": 2}},
               "normalized_email_is_free": False}}
    )  # fmt: skip
    assert undo_job(job_id) == UndoCounts(restored=5, kept=0)
    assert fields_of("a", *before, "normalized_email_is_free") == [*before.values(), None]
    view = get_entity("person", "a", workspace_slug="default")
    assert (view.provenance["job_title"].provider, view.provenance["job_title"].old_value) == ("undo", "Chief")


def test_undo_restores_nothing_a_second_time(context: Flask) -> None:
    """It is idempotent: nothing is written, nothing is counted."""
    upsert({"id": "a", **A})
    job_id = job_that_wrote({"a": {"email": "a@b.de"}})
    undo_job(job_id)
    before = history()
    assert undo_job(job_id) == UndoCounts()
    assert history() == before
    assert fields_of("a", "email") == [None]


@pytest.mark.parametrize("edited", ["mine@b.de", None])
def test_undo_keeps_what_the_caller_changed_since(context: Flask, edited: str | None) -> None:
    """The other fields are put back; a second undo says the same of the kept one."""
    upsert({"id": "a", **A})
    job_id = job_that_wrote({"a": {"email": "a@b.de", "job_title": "Chief"}})
    upsert({"id": "a", "email": edited})
    assert undo_job(job_id) == UndoCounts(restored=1, kept=1)
    assert fields_of("a", "email", "job_title") == [edited, "Boss"]
    assert undo_job(job_id) == UndoCounts(restored=0, kept=1)


def test_undo_keeps_what_another_job_wrote_since(context: Flask) -> None:
    """Also where that is the value that stood there before the job."""
    upsert({"id": "a", **A})
    first = job_that_wrote({"a": {"job_title": "Chief"}})
    second = job_that_wrote({"a": {"job_title": "Boss"}})
    assert undo_job(first) == UndoCounts(kept=1)
    assert fields_of("a", "job_title") == ["Boss"]
    assert undo_job(second) == UndoCounts(restored=1)
    assert fields_of("a", "job_title") == ["Chief"]


def test_jobs_are_undone_one_after_another(context: Flask) -> None:
    """Once the latest is undone, the one before it can be."""
    upsert({"id": "a", **A})
    first = job_that_wrote({"a": {"job_title": "Chief"}}, {"a": {"job_title": "Head"}})
    second = job_that_wrote({"a": {"job_title": "Lead"}}, {"a": {"job_title": "Owner"}})
    assert undo_job(second) == UndoCounts(restored=1)
    assert fields_of("a", "job_title") == ["Head"]
    assert undo_job(first) == UndoCounts(restored=1)
    assert fields_of("a", "job_title") == ["Boss"]
    assert (undo_job(first), undo_job(second)) == (UndoCounts(), UndoCounts())
    third = job_that_wrote({"a": {"job_title": "Head"}})
    assert undo_job(third) == UndoCounts(restored=1)
    assert fields_of("a", "job_title") == ["Boss"]


def test_several_writes_of_one_job_are_undone_together(context: Flask) -> None:
    """The value before the first of its last writes in a row comes back."""
    upsert({"id": "a", **A})
    job_id = job_that_wrote({"a": {"job_title": "Chief"}})
    upsert({"id": "a", "job_title": "Mine"})
    for title in ("Head", "Lead"):
        write_as(job_id, {"a": {"job_title": title}})
    assert undo_job(job_id) == UndoCounts(restored=1)
    assert fields_of("a", "job_title") == ["Mine"]
    assert undo_job(job_id) == UndoCounts(kept=1)


def test_value_that_no_history_knows_is_kept(context: Flask) -> None:
    """What stands there now is not what the job wrote, whoever wrote it."""
    upsert({"id": "a", **A})
    job_id = job_that_wrote({"a": {"job_title": "Chief"}})
    with transaction() as session:
        table = table_of("person")
        session.execute(update(table).where(table.c.id == "a").values(job_title="Unknown"))
    assert undo_job(job_id) == UndoCounts(kept=1)
    assert fields_of("a", "job_title") == ["Unknown"]


def test_job_that_changed_nothing_in_the_end_is_undone_without_a_write(context: Flask) -> None:
    """A value that the job itself put back needs no undo."""
    upsert({"id": "a", **A})
    job_id = job_that_wrote({"a": {"job_title": "Chief"}}, {"a": {"job_title": "Boss"}})
    before = history()
    assert undo_job(job_id) == UndoCounts()
    assert history() == before


def test_undo_touches_neither_other_entities_nor_other_workspaces(context: Flask) -> None:
    """An id may be in another workspace too, and another job may have written beside this one."""
    upsert({"id": "a", **A}, {"id": "b", **A})
    with transaction() as session:
        upsert_entities("person", [{"id": "a", "email": "x@y.de"}], workspace_slug="north", session=session)
    job_id = job_that_wrote({"a": {"email": "a@b.de"}})
    job_that_wrote({"b": {"email": "a@b.de"}})
    assert undo_job(job_id) == UndoCounts(restored=1)
    assert fields_of("b", "email") == ["a@b.de"]
    assert load_entities("person", ["a"], workspace_slug="north")["a"]["email"] == "x@y.de"


def test_erased_entities_are_skipped(context: Flask) -> None:
    """Whoever was erased does not come back, and a chunk that cannot be read stops nothing."""
    upsert(*({"id": f"p{n}", **A} for n in range(6)))
    job_id = job_that_wrote({f"p{n}": {"email": "a@b.de"} for n in range(6)}, chunk_size=2)
    erase_entity("person", "p1", workspace_slug="default")
    with transaction() as session:
        second = (chunks.c.job_id == job_id) & (chunks.c.position == 1)
        # SQLite stores any text there.
        damaged = literal("[", Text) if engine_name() == "sqlite" else {"not": "ids"}
        session.execute(update(chunks).where(second).values(entity_ids=damaged))
    assert undo_job(job_id) == UndoCounts(restored=3)
    assert load_entities("person", ["p1"], workspace_slug="default") == {}


def test_long_jobs_are_undone_in_pages(context: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each entity once, some chunks a transaction, and the count goes on."""
    monkeypatch.setattr("app.entities.undo.SLICE_ROWS", 5)
    upsert(*({"id": f"p{n:02}", **A} for n in range(11)))
    job_id = job_that_wrote({f"p{n:02}": {"email": "a@b.de"} for n in range(11)}, chunk_size=2)
    seen: list[int] = []
    assert undo_job(job_id, on_progress=seen.append) == UndoCounts(restored=11)
    assert seen == [4, 8, 11]
    assert not db.session().in_transaction()


def test_undo_that_broke_off_goes_on_where_it_was(context: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is put back stays so, and the next undo does the rest."""
    monkeypatch.setattr("app.entities.undo.SLICE_ROWS", 2)
    upsert(*({"id": f"p{n}", **A} for n in range(4)))
    job_id = job_that_wrote({f"p{n}": {"email": "a@b.de"} for n in range(4)}, chunk_size=2)

    def stop(seen: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        undo_job(job_id, on_progress=stop)
    assert undo_job(job_id) == UndoCounts(restored=2)
    assert fields_of("p0", "email") == fields_of("p3", "email") == [None]


def test_job_is_not_undone_while_it_may_write(context: Flask) -> None:
    """Pending and running jobs are refused, and so is a paused one while its worker is not done."""
    upsert({"id": "a", **A}, {"id": "b", **A})
    job_id = queue.enqueue_job("person", "prospeo", ["a", "b"], chunk_size=1)
    assert_refused(job_id, "pending; pause or cancel it first")
    claim()
    assert_refused(job_id, "running; pause or cancel it first")
    queue.pause(job_id)
    assert_refused(job_id, "under way")
    expire_leases()
    assert undo_job(job_id) == UndoCounts()


def test_cancelling_job_is_not_undone(context: Flask) -> None:
    """Its worker stores what it has at its next checkpoint, unless it is gone."""
    job_id = queue.enqueue_job("person", "prospeo", ["a", "b"], chunk_size=1)
    claim()
    queue.cancel(job_id)
    assert queue.get_job(job_id).status == "cancelling"
    assert_refused(job_id, "under way")
    expire_leases()
    assert undo_job(job_id) == UndoCounts()


def test_job_that_is_resumed_meanwhile_is_undone_no_further(context: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes after the resume would race with the job's own writes."""
    monkeypatch.setattr("app.entities.undo.SLICE_ROWS", 1)
    upsert(*({"id": f"p{n}", **A} for n in range(3)))
    job_id = queue.enqueue_job("person", "prospeo", ["p0", "p1", "p2"], chunk_size=1)
    queue.drain(None, job_id=job_id, max_chunks=2)
    queue.pause(job_id)
    write_as(job_id, {"p0": {"email": "a@b.de"}, "p1": {"email": "a@b.de"}})
    resume: Callable[[int], Any] = lambda _: queue.resume(job_id)  # noqa: E731
    with pytest.raises(JobStateConflict, match="pending"):
        undo_job(job_id, on_progress=resume)
    assert (fields_of("p0", "email"), fields_of("p1", "email")) == ([None], ["a@b.de"])


def test_unknown_job_is_not_undone(context: Flask) -> None:
    """What is no id, an id of no job, and a job of another workspace are the same."""
    job_id = queue.enqueue_job("person", "prospeo", ["a"])
    for unknown in ("x", new_id()):
        with pytest.raises(JobNotFound):
            undo_job(unknown)
    with pytest.raises(JobNotFound):
        undo_job(job_id, workspace_slug="north")


# One field


def undo(field: str, entity_id: str = "a", **options: Any) -> tuple[Any, str]:
    """Undo a person's field; return the value that came back, and who gave the one that went."""
    undone = undo_field("person", entity_id, field, **{"workspace_slug": "default", **options})
    return undone.value, undone.provider


def test_a_field_gets_back_what_it_had_before_its_last_change_and_again(context: Flask) -> None:
    """Whoever made it, a job's changes in a row as one; an undo is undone too, and other fields stay."""
    upsert({"id": "a", **A})
    job_id = job_that_wrote({"a": {"job_title": "Chief", "email": "a@b.de"}}, {"a": {"job_title": "Head"}})
    upsert({"id": "a", "job_title": "Mine"})
    upsert({"id": "a", "job_title": "Ours"})
    assert undo("job_title") == ("Mine", "caller")
    assert undo("jobTitle") == ("Ours", "undo")
    assert undo("job_title") == ("Mine", "redo")
    upsert({"id": "a", "job_title": "Head"})
    assert undo("job_title") == ("Mine", "caller")
    assert fields_of("a", "job_title", "email") == ["Mine", "a@b.de"]
    other = job_that_wrote({"a": {"email": "b@b.de"}}, {"a": {"email": "c@b.de"}})
    assert undo("email") == ("a@b.de", "prospeo")
    assert undo("email") == ("c@b.de", "undo")
    view = get_entity("person", "a", workspace_slug="default").provenance["email"]
    assert (view.provider, view.old_value, view.attempt_id is not None) == ("redo", "a@b.de", True)
    assert undo_job(other) == UndoCounts(restored=1), "what was redone is the job's again"
    assert undo_job(job_id) == UndoCounts(restored=1, kept=1)
    assert fields_of("a", "job_title", "email") == ["Mine", None]


def test_undo_of_a_jobs_field_leaves_the_rest_of_the_job_to_its_undo(context: Flask) -> None:
    """And what the undo of a job put back can be had again field by field."""
    upsert({"id": "a", **A})
    job_id = job_that_wrote({"a": {"job_title": "Chief", "email": "a@b.de", "skills": ["x"]}})
    assert undo("skills") == (None, "prospeo")
    assert undo_job(job_id) == UndoCounts(restored=2)
    assert undo("email") == ("a@b.de", "undo")
    assert fields_of("a", "job_title", "email", "skills") == ["Boss", "a@b.de", None]


def test_a_dry_run_says_what_would_come_back_and_writes_nothing(context: Flask) -> None:
    """It is refused as the undo would be."""
    upsert({"id": "a", **A})
    job_that_wrote({"a": {"job_title": "Chief"}})
    before = history()
    assert undo("job_title", is_dry_run=True) == ("Boss", "prospeo")
    assert history() == before and fields_of("a", "job_title") == ["Chief"]
    with pytest.raises(Conflict, match="not been changed"):
        undo("email", is_dry_run=True)


def test_a_field_without_a_way_back_is_left_as_it_is(context: Flask) -> None:
    """Never changed, changed by a hand that left no history, put back by the job itself, unknown, or elsewhere."""
    upsert({"id": "a", **A})
    job_that_wrote({"a": {"job_title": "Chief", "email": "a@b.de"}}, {"a": {"email": None}})
    with transaction() as session:
        table = table_of("person")
        session.execute(update(table).where(table.c.id == "a").values(job_title="Unknown"))
    before = history()
    for field, reason in (("phone", "not been changed"), ("job_title", "does not know"), ("email", "as it was")):
        with pytest.raises(Conflict, match=reason):
            undo(field)
    with pytest.raises(Invalid, match="expected the name of a field"):
        undo("extra")
    for options in ({"entity_id": "b"}, {"workspace_slug": "north"}):
        with pytest.raises(EntityNotFound):
            undo("email", **options)
    assert history() == before and fields_of("a", "job_title", "email") == ["Unknown", None]


def assert_refused(job_id: str, words: str) -> None:
    """Assert that an undo is refused in certain words."""
    with pytest.raises(JobStateConflict, match=words):
        undo_job(job_id)


def history() -> list[tuple[Any, ...]]:
    """Return every change there is."""
    db.session.rollback()
    query = select(EntityRevision.id, EntityRevision.provider, EntityRevision.changes).order_by(EntityRevision.id)
    return [tuple(row) for row in db.session.execute(query)]
