"""Transactions: one at a time, undone whole, and never in the way of others for ever."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.db.session import repeats_conflicts, single_query, transaction
from app.extensions import db
from app.web.api_keys import create_key, list_keys
from tests.patience import PATIENCE_SECONDS

_NAME = text("SELECT name FROM api_keys")


def test_a_unit_of_work_cannot_hold_another(context: Flask) -> None:
    """The inner one would end the outer one half-way."""
    with pytest.raises(RuntimeError), transaction(), transaction():
        pass
    with transaction():
        pass


def test_a_block_that_raises_leaves_nothing(context: Flask) -> None:
    """Also what was flushed is undone."""
    create_key("first", ["read"])
    with pytest.raises(KeyError), transaction() as session:
        session.execute(text("UPDATE api_keys SET name = 'other'"))
        raise KeyError
    assert [key.name for key in list_keys()] == ["first"]


def test_a_query_sees_what_its_unit_of_work_has_changed(context: Flask) -> None:
    """Alone it would see the row as it was, and on SQLite wait for a lock that its own thread holds."""
    create_key("first", ["read"])
    with transaction() as session:
        session.execute(text("UPDATE api_keys SET name = 'other'"))
        with single_query() as connection:
            assert connection.scalar(_NAME) == "other"
    with single_query() as connection:
        assert connection.scalar(_NAME) == "other"


def test_a_query_that_stands_alone_leaves_nothing_open(context: Flask) -> None:
    """Its snapshot would grow old, and its connection be missed by others."""
    create_key("first", ["read"])
    db.session.remove()
    with single_query() as connection:
        assert connection.scalar(_NAME) == "first"
    assert not db.session.registry.has()
    assert db.engine.pool.checkedout() == 0  # type: ignore[attr-defined]  # of a queue of connections
    with single_query() as connection, ThreadPoolExecutor(1) as threads:
        assert connection.scalar(_NAME) == "first"
        threads.submit(_rename, context).result()
        assert connection.scalar(_NAME) == "renamed"


def _rename(app: Flask) -> None:
    with app.app_context(), transaction() as session:
        session.execute(text("UPDATE api_keys SET name = 'renamed'"))


@pytest.mark.parametrize("state", ["40001", "40P01"])
def test_a_unit_of_work_that_was_undone_for_others_runs_again(monkeypatch: pytest.MonkeyPatch, state: str) -> None:
    """A deadlock or a broken order of transactions is nobody's fault; other errors come out at once."""
    monkeypatch.setattr("app.db.session.CONFLICT_TRIES", 3)
    errors = {code: psycopg.errors.lookup(code)() for code in (state, "23505")}
    tries: list[str] = []

    @repeats_conflicts
    def unit(*outcomes: str) -> str:
        outcome = outcomes[len(tries)]
        tries.append(outcome)
        if outcome in errors:
            raise DBAPIError("select 'secret'", {}, errors[outcome])
        return outcome

    assert unit(state, state, "done") == "done"
    for outcomes, count in (((state, state, state), 3), (("23505",), 1)):
        tries.clear()
        with pytest.raises(DBAPIError):
            unit(*outcomes)
        assert len(tries) == count


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_deadlock_is_ended_by_trying_again(make_app: Callable[..., Flask]) -> None:
    """Two units that take the same rows in opposite order both come to their end."""
    app = make_app()
    both_have_one = threading.Barrier(2)

    def rename(first: str, second: str) -> None:
        is_first_try = True

        @repeats_conflicts
        def unit() -> None:
            nonlocal is_first_try
            with transaction() as session:
                session.execute(text("UPDATE api_keys SET name = name WHERE name = :name"), {"name": first})
                if is_first_try:
                    is_first_try = False
                    both_have_one.wait(PATIENCE_SECONDS)
                session.execute(text("UPDATE api_keys SET name = name WHERE name = :name"), {"name": second})

        with app.app_context():
            unit()
            db.session.remove()

    with app.app_context():
        create_key("one", ["read"])
        create_key("two", ["read"])
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(rename, "one", "two"), pool.submit(rename, "two", "one")]:
            done.result(PATIENCE_SECONDS)
