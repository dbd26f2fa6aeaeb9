"""Both databases do the same, each by statements of its own."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import bindparam, select

from app.db.session import transaction
from app.db.sql import insert_missing, insert_rows, is_any_of, lock_or_create, select_json_keys, upsert
from app.entities.fields import table_of
from app.extensions import db
from app.models.cached_value import cached_values
from app.models.heartbeat import heartbeats
from app.models.provider_state import provider_paces
from app.models.spending import costs
from tests.patience import PATIENCE_SECONDS
from tests.statements import explained

COST = {"job_id": "0" * 32, "provider": "clay", "day": date(2026, 1, 2), "workspace_slug": "north"}
PACE = select(provider_paces).where(provider_paces.c.name == bindparam("name")).with_for_update()


def keep(*keys: str, value: Any = 1) -> set[Any]:
    """Insert values under the keys where there are none; return the keys that were not there."""
    with transaction() as session:
        return insert_missing(session, cached_values, [{"key": key, "value": value} for key in keys], "key")


def count(calls: int, cost_micros: int, **columns: Any) -> None:
    """Add to what a job has spent."""
    row = {**COST, "calls": calls, "charged_calls": 0, "cost_micros": cost_micros, "in_doubt_micros": 0, **columns}
    with transaction() as session:
        upsert(session, costs, [row], replaced=["workspace_slug"], added=["calls", "cost_micros"])


ODD_KEYS = ("it's", '"', "ü", "a,b", "{a}", "\\", "\\n", "a\nb", "NULL", "", " a")


@pytest.mark.parametrize("keys", [(), ("a",), ("b", "c", "a"), ("a" * 129,), ("it's", '"', "ü", "NULL"), ODD_KEYS])
def test_texts_are_looked_for_among_many(context: Flask, keys: Sequence[str]) -> None:
    """They are given at once or when the statement runs; one that is longer than the column is not cut to fit."""
    keep("a", "b", "a" * 128, *ODD_KEYS)
    wanted = {"a", "b", "a" * 128, *ODD_KEYS} & set(keys)
    query = select(cached_values.c.key)
    assert set(db.session.scalars(query.where(is_any_of(cached_values.c.key, keys)))) == wanted
    later = query.where(is_any_of(cached_values.c.key, bindparam("keys")))
    assert set(db.session.scalars(later, {"keys": list(keys)})) == wanted


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_texts_are_looked_for_in_the_index(context: Flask) -> None:
    """The condition is not compared with 1, as SQLite has it of a Boolean function."""
    with explained() as statements:
        db.session.execute(select(cached_values).where(is_any_of(cached_values.c.key, ["a"]))).all()
    assert "SEARCH cached_values USING INDEX" in statements[0].plan


def test_rows_that_are_there_are_passed_over(context: Flask) -> None:
    """Their values stay, and they are not among what was inserted; JSON comes as it is."""
    assert keep("a", "b", value={"x": [None, "ü"]}) == {"a", "b"}
    assert keep("c", "a", "d", value=2) == {"c", "d"}
    assert keep() == set()
    stored = {row.key: row.value for row in db.session.execute(select(cached_values))}
    assert stored == {"a": {"x": [None, "ü"]}, "b": {"x": [None, "ü"]}, "c": 2, "d": 2}


def test_rows_are_inserted_with_instants(context: Flask) -> None:
    """None of them may be there; no rows is nothing to do."""
    at = datetime(2026, 1, 2, 3, 4, 5, 678900, tzinfo=UTC)
    with transaction() as session:
        insert_rows(session, heartbeats, [])
        insert_rows(session, heartbeats, [{"name": name, "at": at} for name in ("cron", "drain")])
    assert list(db.session.scalars(select(heartbeats.c.at))) == [at, at]


def test_an_upsert_adds_and_replaces(context: Flask) -> None:
    """Other columns of a row that is there stay, and other rows too."""
    count(2, 10)
    count(1, 5, workspace_slug="south", charged_calls=1)
    count(7, 0, day=COST["day"] + timedelta(days=1))
    query = select(costs.c.calls, costs.c.cost_micros, costs.c.charged_calls, costs.c.workspace_slug)
    assert db.session.execute(query.order_by(costs.c.day)).all() == [(3, 15, 0, "south"), (7, 0, 0, "north")]


def test_a_missing_row_is_made_once(make_app: Callable[..., Flask]) -> None:
    """Who comes second waits for the first, and sees what that one wrote."""
    app = make_app()
    start = threading.Barrier(4)

    def add_one(_: int) -> None:
        with app.app_context():
            start.wait(PATIENCE_SECONDS)
            with transaction() as session:
                row = lock_or_create(session, PACE, provider_paces, {"name": "clay"}, {"state": {"used": 0}})
                used = row.state["used"] + 1
                session.execute(provider_paces.update().values(state={"used": used}))
            db.session.remove()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add_one, range(4)))
    with app.app_context():
        assert list(db.session.scalars(select(provider_paces.c.state))) == [{"used": 4}]


def test_keys_of_stored_objects_are_listed(context: Flask) -> None:
    """Rows without an object have none."""
    objects = [{"a": "1", "b": "2"}, {"b": "3"}, None]
    people = table_of("person")
    with transaction() as session:
        rows = [{"workspace_slug": "north", "id": str(index), "extra": extra} for index, extra in enumerate(objects)]
        session.execute(people.insert(), rows)
    assert sorted(db.session.scalars(select_json_keys(people, "extra"))) == ["a", "b", "b"]
