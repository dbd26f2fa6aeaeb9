"""People and companies in the database: read, upsert, provenance, erase; on both databases."""

import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Text, cast, event, insert, select, text

from app.db.session import transaction
from app.db.sql import engine_name
from app.enrichment.waterfall.erase import erase_entity
from app.entities.changes import Writing, write_changes
from app.entities.fields import FIELDS, RAW_FIELDS
from app.entities.merge import Change, is_blank
from app.entities.read import EntityView, get_entity, list_entities, load_entities, load_for_update, select_ids
from app.entities.upsert import UpsertCounts, upsert_entities
from app.errors import EntityNotFound, Invalid
from app.extensions import db
from app.models import Attempt, ChunkProgress, EnrichmentJob, EntityError, EntityRevision, Person
from app.models.chunk import chunks
from app.models.types import new_id, utcnow
from tests.patience import PATIENCE_SECONDS

A_TIME = datetime(2026, 1, 31, 12, tzinfo=UTC)


def upsert(rows: Iterable[dict[str, Any]], entity_type: str = "person", workspace_slug: str = "north") -> UpsertCounts:
    """Upsert rows in a transaction of their own."""
    with transaction() as session:
        return upsert_entities(entity_type, rows, workspace_slug=workspace_slug, session=session)


def view(entity_id: str, entity_type: str = "person", workspace_slug: str = "north") -> EntityView:
    """Return an entity as it stands."""
    db.session.rollback()
    return get_entity(entity_type, entity_id, workspace_slug=workspace_slug)


def write(*writings: Writing) -> None:
    """Write what providers gave, with the rows locked."""
    with transaction() as session:
        load_for_update("person", [one.entity_id for one in writings], workspace_slug="north")
        write_changes(session, "person", "north", writings)


def changes_of(entity_id: str) -> list[tuple[Any, ...]]:
    """Return the history of an entity: field, old value, new value, provider; oldest first, those of one by name."""
    query = select(EntityRevision).where(EntityRevision.entity_id == entity_id).order_by(EntityRevision.id)
    return [
        (field, *pair, revision.provider)
        for revision in db.session.scalars(query)
        for field, pair in sorted(revision.changes.items())
    ]


# Upsert


def test_upsert_creates_entities_without_history(context: Flask) -> None:
    """What a caller gives at creation has no change row: it is the caller's for lack of one."""
    counts = upsert([{"id": "a", "email": "a@b.de", "skills": ["x"], "extra": {"Score": "7"}}, {"id": "b"}])
    assert counts == UpsertCounts(created=2)
    assert changes_of("a") == []
    assert view("a").fields["email"] == "a@b.de"
    assert view("a").fields["skills"] == ["x"]
    assert view("a").extra == {"Score": "7"}


def test_upsert_replaces_what_is_given_and_keeps_the_rest(context: Flask) -> None:
    """A given field replaces, None clears, a field that is not given stays, `extra` merges by key."""
    upsert([{"id": "a", "email": "old@b.de", "phone": "1", "job_title": "Boss", "extra": {"x": "1", "y": "1"}}])
    counts = upsert([{"id": "a", "email": "new@b.de", "phone": None, "extra": {"y": "2", "z": "3"}}])
    assert counts == UpsertCounts(updated=1)
    after = view("a")
    assert (after.fields["email"], after.fields["phone"], after.fields["job_title"]) == ("new@b.de", None, "Boss")
    assert after.extra == {"x": "1", "y": "2", "z": "3"}
    assert sorted(changes_of("a")) == [
        ("email", "old@b.de", "new@b.de", "caller"),
        ("extra", {"x": "1", "y": "1"}, {"x": "1", "y": "2", "z": "3"}, "caller"),
        ("phone", "1", None, "caller"),
    ]


def test_upsert_of_the_same_changes_nothing(context: Flask) -> None:
    """A repeated upsert leaves no history and does not move the time of the last change."""
    row = {"id": "a", "email": "a@b.de", "provider_ids": {"b": 1, "a": [1.5, None]}, "extra": {"k": "v"}}
    upsert([row])
    before = view("a")
    assert upsert([row, {"id": "a"}, {"id": "a", "extra": {}}]) == UpsertCounts(unchanged=3)
    assert view("a") == before
    assert changes_of("a") == []


def test_upsert_moves_updated_at_when_a_value_changes(context: Flask) -> None:
    """`updated_at` says when a value last changed, `created_at` stays."""
    upsert([{"id": "a", "email": "a@b.de"}])
    before = view("a")
    wait_for_clock(before.updated_at)
    upsert([{"id": "a", "email": "b@b.de"}])
    assert view("a").updated_at > before.updated_at
    assert view("a").created_at == before.created_at


def test_later_row_is_laid_over_the_former_when_an_id_repeats(context: Flask) -> None:
    """Rows of one call count as if they came one after the other."""
    rows = [
        {"id": "a", "email": "1", "phone": "1", "extra": {"x": "1"}},
        {"id": "b"},
        {"id": "a", "email": "2", "extra": {"y": "2"}},
        {"id": "a", "email": "2"},
    ]
    assert upsert(rows) == UpsertCounts(created=2, updated=1, unchanged=1)
    assert view("a").fields["email"] == "2"
    assert view("a").fields["phone"] == "1"
    assert view("a").extra == {"x": "1", "y": "2"}


def test_each_of_several_rows_of_an_entity_leaves_its_history(context: Flask) -> None:
    """A value that stood between two rows of one call is a change, also if the last row takes it back."""
    upsert([{"id": "a", "email": "1"}])
    rows = [{"id": "a", "email": "2"}, {"id": "b", "email": "1"}, {"id": "a", "email": "1"}, {"id": "b", "email": "2"}]
    assert upsert(rows) == UpsertCounts(created=1, updated=3)
    assert changes_of("a") == [("email", "1", "2", "caller"), ("email", "2", "1", "caller")]
    assert changes_of("b") == [("email", "1", "2", "caller")]
    assert view("a").fields["email"] == "1"


@pytest.mark.parametrize("name", ["normalized_email", "headcount", "workspace_slug", "created_at"])
def test_upsert_refuses_what_is_no_raw_field(context: Flask, name: str) -> None:
    """The normaliser's fields, unknown ones and the row's own columns are not a caller's to set."""
    with pytest.raises(ValueError, match=name):
        upsert([{"id": "a", name: "x"}])
    assert load_entities("person", ["a"], workspace_slug="north") == {}


@pytest.mark.parametrize("entity_type", ["person", "company"])
def test_every_raw_field_comes_back_as_it_was_given(context: Flask, entity_type: str) -> None:
    """Each kind of field is stored and read without loss, at creation and by an update."""
    first = {name: sample(kind, 1) for name, kind in RAW_FIELDS[entity_type].items()}
    second = {name: sample(kind, 2) for name, kind in RAW_FIELDS[entity_type].items()}
    for given in (first, second):
        upsert([{"id": "a", **given}], entity_type)
        fields = view("a", entity_type).fields
        assert {name: fields[name] for name in given} == given


def test_same_id_in_two_workspaces_is_two_entities(context: Flask) -> None:
    """A workspace neither sees nor changes another's entity."""
    upsert([{"id": "a", "email": "north"}])
    upsert([{"id": "a", "email": "south"}], workspace_slug="south")
    assert view("a").fields["email"] == "north"
    erase_entity("person", "a", workspace_slug="south")
    assert view("a").fields["email"] == "north"
    assert changes_of("a") == []


def test_upsert_is_undone_with_its_transaction(context: Flask) -> None:
    """The caller's transaction decides: an error after the upsert leaves nothing of it."""
    upsert([{"id": "a", "email": "old"}])
    with pytest.raises(RuntimeError), transaction() as session:
        upsert_entities("person", [{"id": "a", "email": "new"}, {"id": "b"}], workspace_slug="north", session=session)
        raise RuntimeError
    assert view("a").fields["email"] == "old"
    assert load_entities("person", ["b"], workspace_slug="north") == {}
    assert changes_of("a") == []


def test_upserts_in_opposite_orders_neither_deadlock_nor_lose_rows(app: Flask) -> None:
    """Two callers whose lists overlap, given in opposite orders, both get all of their rows stored."""
    # Enough rows for the statements of the two to meet half-way.
    rounds, width = 50, 300
    barrier = threading.Barrier(2)

    def work(turn: int) -> None:
        with app.app_context():
            for number in range(rounds):
                # Every second time half of the rows are new; the other times, all are there.
                first = number // 2 * width // 2
                ids = [f"e{first + place:05}" for place in range(width)]
                rows = [{"id": one, "email": f"{turn}-{number}"} for one in (ids if turn else reversed(ids))]
                barrier.wait(PATIENCE_SECONDS)
                assert sum_of(upsert(rows)) == width

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, range(2), timeout=PATIENCE_SECONDS))
    with app.app_context():
        ids = [f"e{place:05}" for place in range((rounds // 2 - 1) * width // 2 + width)]
        stored = load_entities("person", ids, workspace_slug="north")
        assert len(stored) == len(ids)
        assert_histories_are_chains({one: fields["email"] for one, fields in stored.items()})


def test_upserts_and_erasures_at_once_end_in_a_consistent_state(app: Flask) -> None:
    """An entity that is erased between the look and the lock is created again, not lost."""
    rounds = 40
    done = threading.Event()

    def erase_all_the_time() -> None:
        with app.app_context():
            while not done.is_set():
                with suppress(EntityNotFound):
                    erase_entity("person", "e1", workspace_slug="north")

    with ThreadPoolExecutor(1) as pool, app.app_context():
        erasing = pool.submit(erase_all_the_time)
        try:
            for number in range(rounds):
                assert sum_of(upsert([{"id": f"e{place}", "email": str(number)} for place in range(3)])) == 3
        finally:
            done.set()
        erasing.result(PATIENCE_SECONDS)
        assert len(load_entities("person", ["e0", "e2"], workspace_slug="north")) == 2


def assert_histories_are_chains(emails: dict[str, str]) -> None:
    """Assert that each change starts from where the one before ended, and the last ends at what is stored."""
    histories: dict[str, list[Any]] = {}
    for revision in db.session.scalars(select(EntityRevision).order_by(EntityRevision.id)):
        histories.setdefault(revision.entity_id, []).append(revision.changes["email"])
    assert histories
    for entity_id, history in histories.items():
        assert all(before[1] == after[0] for before, after in pairwise(history))
        assert history[-1][1] == emails[entity_id]


# What providers gave


def test_written_changes_stand_with_their_provenance(context: Flask) -> None:
    """Each changed field says who gave it, by which attempt, when, and what stood there before."""
    upsert([{"id": "a", "email": "a@b.de", "phone": " "}, {"id": "b"}])
    untouched = view("b")
    attempt_id = new_id()
    found = {"phone": Change(" ", "+49"), "normalized_email_is_free": Change(None, False)}
    write(Writing("a", found, "prospeo", attempt_id), Writing("b", {}, "prospeo"))
    after = view("a")
    assert after.fields["phone"] == "+49"
    assert after.fields["normalized_email_is_free"] is False
    phone = after.provenance["phone"]
    assert (phone.provider, phone.attempt_id, phone.old_value) == ("prospeo", attempt_id, " ")
    assert phone.at > after.created_at
    email = after.provenance["email"]
    assert (email.provider, email.attempt_id, email.at, email.old_value) == ("caller", None, after.created_at, None)
    assert after.provenance.keys() == {"email", "phone", "normalized_email_is_free"}
    assert view("b") == untouched


def test_provenance_is_that_of_the_newest_change(context: Flask) -> None:
    """Of several changes of a field the last counts, also where it cleared the field."""
    upsert([{"id": "a", "email": "1", "phone": "1"}])
    write(Writing("a", {"email": Change("1", "2"), "phone": Change("1", "2")}, "prospeo"))
    upsert([{"id": "a", "phone": None}])
    assert view("a").provenance["email"].provider == "prospeo"
    assert view("a").provenance["phone"].provider == "caller"
    assert view("a").provenance["phone"].old_value == "2"


def test_many_entities_may_each_change_fields_of_their_own(context: Flask) -> None:
    """A field that one entity of the checkpoint changes is left alone in the others."""
    upsert([{"id": f"e{n}", "email": "old", "skills": ["old"], "phone": "old"} for n in range(60)])
    names = ("email", "skills", "phone", "normalized_email")
    values = {"email": "new", "skills": ["new"], "phone": None, "normalized_email": "n"}
    changes = {
        f"e{n}": {name: Change("old", values[name]) for place, name in enumerate(names) if n >> place & 1}
        for n in range(60)
    }
    write(*(Writing(f"e{n}", changes[f"e{n}"], f"p{n % 2}") for n in range(60)))
    stored = load_entities("person", list(changes), workspace_slug="north")
    untouched = {"email": "old", "skills": ["old"], "phone": "old", "normalized_email": None}
    for entity_id, fields in changes.items():
        expected = {name: values[name] if name in fields else untouched[name] for name in names}
        assert {name: stored[entity_id][name] for name in names} == expected
        assert {row[0] for row in changes_of(entity_id)} == set(fields)
    assert changes_of("e1")[0][3] == "p1"


def test_writings_of_one_entity_are_laid_over_each_other(context: Flask) -> None:
    """The last value of each field stays; the history has every step, in order, with who made it."""
    upsert([{"id": "a", "phone": "1"}, {"id": "b"}])
    write(
        Writing("a", {"phone": Change("1", "2"), "email": Change(None, "x")}, "first"),
        Writing("b", {"email": Change(None, "y")}, "second"),
        Writing("a", {"phone": Change("2", None), "job_title": Change(None, "CEO")}, "third"),
    )
    after = view("a").fields
    assert (after["phone"], after["email"], after["job_title"]) == (None, "x", "CEO")
    assert changes_of("a") == [
        ("email", None, "x", "first"),
        ("phone", "1", "2", "first"),
        ("job_title", None, "CEO", "third"),
        ("phone", "2", None, "third"),
    ]
    assert view("b").fields["email"] == "y"


def test_changes_of_a_checkpoint_take_few_statements(context: Flask) -> None:
    """However many entities and fields, there is one update and one insert, on PostgreSQL in a single statement."""
    ids = [f"e{n}" for n in range(30)]
    upsert([{"id": one} for one in ids])
    found = [Writing(one, {"email": Change(None, one), "phone": Change(None, "1")}, "x") for one in ids[:15]]
    more = [Writing(one, {"email": Change(one, "2")}, "y") for one in ids[:5]]
    statements: list[str] = []
    with transaction() as session:
        event.listen(db.engine, "before_cursor_execute", lambda _c, _u, sql, *_: statements.append(sql.split()[0]))
        write_changes(session, "person", "north", [*found, *more])
    assert statements == (["UPDATE", "INSERT"] if engine_name() == "sqlite" else ["WITH"])


def test_load_returns_the_fields_of_those_that_exist(context: Flask) -> None:
    """One query gives all fields of many entities; an unknown id is left out."""
    upsert([{"id": "a", "email": "a@b.de"}, {"id": "b"}])
    loaded = load_entities("person", ["b", "a", "c"], workspace_slug="north")
    assert loaded.keys() == {"a", "b"}
    assert loaded["a"].keys() == FIELDS["person"].keys()
    assert loaded["a"]["email"] == "a@b.de"
    assert load_entities("person", [], workspace_slug="north") == {}


def test_locked_rows_wait_for_each_other(app: Flask) -> None:
    """A second transaction sees a locked entity only when the first has ended, with what it wrote."""
    with app.app_context():
        upsert([{"id": "a", "email": "0"}])
    barrier = threading.Barrier(2)

    def add_one(_: int) -> None:
        with app.app_context():
            barrier.wait(PATIENCE_SECONDS)
            for _turn in range(25):
                with transaction() as session:
                    old = load_for_update("person", ["a"], workspace_slug="north")["a"]["email"]
                    writing = Writing("a", {"email": Change(old, str(int(old) + 1))}, "x")
                    write_changes(session, "person", "north", [writing])

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(add_one, range(2), timeout=PATIENCE_SECONDS))
    with app.app_context():
        assert view("a").fields["email"] == "50"
        assert len(changes_of("a")) == 50


def test_rows_are_locked_in_the_order_of_their_ids(app: Flask) -> None:
    """Whoever waits for a row holds those before it and none after it, so no two wait for each other."""
    with app.app_context():
        if engine_name() == "sqlite":
            return  # One writer at a time: there are no row locks to take in any order.
        ids = [f"e{n}" for n in range(9)]
        for one in reversed(ids):
            upsert([{"id": one}])
        with ThreadPoolExecutor(1) as pool:
            with transaction():
                load_for_update("person", ids[4:5], workspace_slug="north")
                waiting = pool.submit(lock_all, app, ids)
                while not is_anyone_waiting():
                    assert not waiting.done()
                assert [is_locked(one) for one in ids] == [True] * 5 + [False] * 4
            waiting.result(PATIENCE_SECONDS)


def lock_all(app: Flask, ids: list[str]) -> None:
    """Lock entities in a transaction of their own."""
    with app.app_context(), transaction():
        load_for_update("person", ids[::-1], workspace_slug="north")


def is_locked(entity_id: str) -> bool:
    """Tell whether some transaction holds an entity's row (PostgreSQL)."""
    with db.engine.connect() as connection:
        query = select(Person.id).where(Person.id == entity_id).with_for_update(skip_locked=True)
        return connection.execute(query).first() is None


def is_anyone_waiting() -> bool:
    """Tell whether some transaction waits for another (PostgreSQL)."""
    query = (
        "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)"
        " WHERE NOT granted AND datname = current_database()"
    )
    with db.engine.connect() as connection:
        return bool(connection.scalar(text(query)))


# Lists


def test_list_is_paged_by_id_without_gaps_or_repeats(context: Flask) -> None:
    """Following the cursors shows each entity of the workspace once."""
    ids = {f"{n:03}-{kind}" for n in range(12) for kind in ("A", "a", "_", "/")}
    upsert([{"id": one} for one in ids])
    upsert([{"id": "elsewhere"}], workspace_slug="south")
    seen: list[str] = []
    cursor = None
    while True:
        page = list_entities("person", workspace_slug="north", cursor=cursor, limit=7)
        assert len(page.rows) <= 7
        seen += [row.id for row in page.rows]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert len(seen) == len(ids)
    assert set(seen) == ids


@pytest.mark.parametrize(
    ("name", "entity_type", "blanks", "full"),
    [
        ("email", "person", [None, "", " \t\n\u3000\u00a0"], [" x ", "\u200b"]),
        ("skills", "person", [None, []], [[None], [""]]),
        ("providerIds", "person", [None, {}], [{"a": None}]),
        ("it_spend", "company", [None], [0]),
    ],
)
def test_missing_finds_what_is_blank(
    context: Flask, name: str, entity_type: str, blanks: list[Any], full: list[Any]
) -> None:
    """The database and `is_blank` agree on what counts as missing, in lists and in selections."""
    field = {"providerIds": "provider_ids"}.get(name, name)
    rows = [{"id": f"e{place:02}", field: value} for place, value in enumerate([*blanks, *full])]
    upsert(rows, entity_type)
    expected = [row["id"] for row in rows if is_blank(row[field])]
    assert len(expected) == len(blanks)
    page = list_entities(entity_type, workspace_slug="north", missing=name)
    assert [row.id for row in page.rows] == expected
    assert list(select_ids(entity_type, workspace_slug="north", missing=name)) == expected


def test_list_keeps_those_updated_since(context: Flask) -> None:
    """`updated_since` takes in the instant itself."""
    upsert([{"id": "a"}])
    at = view("a").updated_at
    assert [row.id for row in list_entities("person", workspace_slug="north", updated_since=at).rows] == ["a"]
    later = at + timedelta(milliseconds=1)
    assert list_entities("person", workspace_slug="north", updated_since=later).rows == []


def test_selected_ids_may_be_read_inside_of_a_transaction(context: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ids are read by pages, so that another transaction may begin while they are taken."""
    monkeypatch.setattr("app.entities.read.SLICE_ROWS", 4)
    upsert([{"id": f"e{n:02}"} for n in range(9)])
    ids = select_ids("person", workspace_slug="north", all_=True)
    first = next(ids)
    with transaction():
        assert [first, *ids] == [f"e{n:02}" for n in range(9)]


@pytest.mark.parametrize("selection", [{}, {"missing": "email", "all_": True}, {"missing": "nonsense"}])
def test_selection_is_refused_when_it_is_not_clear(context: Flask, selection: dict[str, Any]) -> None:
    """Neither, both, or an unknown field: an error before the first id."""
    with pytest.raises(Invalid):
        select_ids("person", workspace_slug="north", **selection)


def test_unknown_entity_is_not_found(context: Flask) -> None:
    """Reading what is not there, or is another workspace's, says the same."""
    upsert([{"id": "a"}], workspace_slug="south")
    with pytest.raises(EntityNotFound):
        view("a")


# Erase


def test_erase_leaves_the_id_in_no_table(context: Flask) -> None:
    """After an erasure no column of any table holds the id, and what is about others is as before."""
    erased = "erase/me_-:@.1"
    job_id = a_job([["x", erased, "y"], ["z"], [erased]])
    fill_with_records(erased, job_id)
    fill_with_records("other", job_id)
    before = [row for row in every_row() if erased not in row]
    assert len({row.split()[0] for row in every_row() if erased in row}) == 5, "five tables hold ids"

    erase_entity("person", erased, workspace_slug="north")

    after = every_row()
    assert not [row for row in after if erased in row]
    assert [row for row in after if "(erased)" not in row] == before
    lists = db.session.scalars(select(chunks.c.entity_ids).order_by(chunks.c.position)).all()
    assert lists == [["x", "(erased)", "y"], ["z"], ["(erased)"]]


def test_erase_spares_records_of_others(context: Flask) -> None:
    """An id is another one in other letters, with more of them, of another type, or in another workspace."""
    lists = [["a", "A", "aa", "a/", "/a"]]
    a_job(lists)
    a_job(lists, entity_type="company")
    a_job(lists, workspace_slug="south")
    upsert([{"id": "a"}, {"id": "A"}])
    upsert([{"id": "a"}], "company")
    erase_entity("person", "a", workspace_slug="north")
    assert view("A").id == "A"
    assert view("a", "company").id == "a"
    stored = db.session.scalars(select(chunks.c.entity_ids)).all()
    assert sorted(stored) == [["(erased)", "A", "aa", "a/", "/a"], *lists, *lists]


def test_erase_reaches_an_id_that_is_only_in_a_job(context: Flask) -> None:
    """An id that was enqueued without an entity is erased from the job's list."""
    a_job([["ghost"]])
    erase_entity("person", "ghost", workspace_slug="north")
    assert db.session.scalars(select(chunks.c.entity_ids)).all() == [["(erased)"]]


def test_erase_of_an_unknown_id_is_refused(context: Flask) -> None:
    """What nothing is recorded about cannot be erased, nor can it be twice."""
    upsert([{"id": "a"}])
    a_job([["A", "aa"]])
    erase_entity("person", "a", workspace_slug="north")
    with pytest.raises(EntityNotFound):
        erase_entity("person", "a", workspace_slug="north")


def test_erasures_from_the_same_lists_at_once_all_hold(app: Flask) -> None:
    """Two erasures that edit the same lists neither deadlock nor undo each other."""
    ids = [f"e{n}" for n in range(20)]
    with app.app_context():
        upsert([{"id": one} for one in ids])
        for _ in range(3):
            a_job([ids[:10], ids[10:]])

    def erase(entity_id: str) -> None:
        with app.app_context():
            erase_entity("person", entity_id, workspace_slug="north")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(erase, ids, timeout=PATIENCE_SECONDS))
    with app.app_context():
        assert db.session.scalars(select(chunks.c.entity_ids)).all() == [["(erased)"] * 10] * 6


# Helpers


def sum_of(counts: UpsertCounts) -> int:
    """Return how many rows were counted."""
    return counts.created + counts.updated + counts.unchanged


def wait_for_clock(instant: datetime) -> None:
    """Return once the database's clock shows a later instant than the given one."""
    while db.session.scalar(select(utcnow())) <= instant:  # type: ignore[operator]
        pass
    db.session.rollback()


def sample(kind: str, number: int) -> Any:
    """Return a value of a kind of field."""
    return {
        "text": f"Größe – 'quoted' \"{number}\" %s :x\n\t\U0001f600",
        "list": [number, 1.5, None, True, "ü", {"a": [number]}],
        "dict": {"b": number, "a": {"c": [None, "\\u"]}},
        "integer": number * 2**40,
    }[kind]


def a_job(lists: list[list[str]], *, entity_type: str = "person", workspace_slug: str = "north") -> str:
    """Store a job with chunks, as the queue would."""
    job_id = new_id()
    total = sum(map(len, lists))
    with transaction() as session:
        job = {
            "id": job_id, "workspace_slug": workspace_slug, "entity_type": entity_type, "provider": "prospeo",
            "chunk_size": 3, "chunk_count": len(lists), "total_count": total, "claimable": True,
        }  # fmt: skip
        session.execute(insert(EnrichmentJob).values(job))
        rows = [{"job_id": job_id, "position": place, "entity_ids": ids} for place, ids in enumerate(lists)]
        session.connection().execute(insert(chunks), rows)
    return job_id


def fill_with_records(entity_id: str, job_id: str) -> None:
    """Record something about an entity wherever something can be recorded."""
    upsert([{"id": entity_id, "email": "1"}])
    upsert([{"id": entity_id, "email": "2"}])
    about = {"job_id": job_id, "entity_id": entity_id}
    with transaction() as session:
        attempt = {
            **about, "workspace_slug": "north", "entity_type": "person", "provider": "prospeo", "status": "success",
            "outcome_class": "success", "raw_answer": {"id": entity_id}, "started_at": A_TIME, "finished_at": A_TIME,
        }  # fmt: skip
        session.execute(insert(Attempt).values(attempt))
        session.execute(insert(EntityError).values(**about, code="transient", message=f"{entity_id} failed"))
        if session.get(ChunkProgress, (job_id, 0)) is None:
            session.execute(
                insert(ChunkProgress).values(job_id=job_id, position=0, outcomes="...", lease_expires_at=A_TIME)
            )


def every_row() -> list[str]:
    """Return every row of every table as text."""
    return sorted(
        f"{table.name} {tuple(row)}"
        for table in db.metadata.sorted_tables
        for row in db.session.execute(select(*(cast(column, Text) for column in table.columns)))
    )
