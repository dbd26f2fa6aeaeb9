"""Transactions: one at a time, undone whole, and never in the way of others for ever."""

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app import create_app, database
from app.auth import create_key, list_keys
from app.config import Config
from app.database import transaction
from app.extensions import db
from tests.faults.proxy import Proxy


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


def test_locks_do_not_wait_for_ever_on_postgresql(context: Flask) -> None:
    """A frozen process gives its locks back, and who waits for one gets an error in time."""
    if db.engine.dialect.name == "sqlite":
        assert database.SQLITE_WAIT_SECONDS <= 30
        return
    for name, value in (("lock_timeout", "10s"), ("idle_in_transaction_session_timeout", "30s")):
        assert db.session.scalar(text(f"SHOW {name}")) == value
    db.session.execute(text("SET LOCAL lock_timeout = '50ms'"))
    with db.engine.begin() as other:
        other.execute(text("LOCK TABLE api_keys"))
        with pytest.raises(OperationalError) as raised:
            db.session.execute(text("LOCK TABLE api_keys"))
    assert database.why_unavailable(raised.value) == "it is locked"
    db.session.rollback()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    ("setting", "is_pooler", "is_prepared"),
    [("auto", False, True), ("auto", True, False), ("true", True, True), ("false", False, False)],
)
def test_statements_are_prepared_where_no_pooler_is_in_between(
    database_url: str, setting: str, is_pooler: bool, is_prepared: bool
) -> None:
    """Behind one, another server process may answer, which does not know them. The end of a read keeps them."""
    with Proxy(database_url, is_pooler=is_pooler) as proxy:
        app = create_app(Config(DATABASE_URL=proxy.url, DATABASE_PREPARED_STATEMENTS=setting, TESTING=True))
        with app.app_context():
            for _ in range(database.PREPARED_AFTER + 1):
                assert list_keys() == []
            assert bool(db.session.scalar(text("SELECT count(*) FROM pg_prepared_statements"))) is is_prepared
            db.session.remove()
            db.engine.dispose()


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("postgresql+psycopg://u:hunter2@127.0.0.1:1/d", "nothing listens at that address"),
        ("sqlite:////nowhere/at/all.db", "its file cannot be opened"),
        ("sqlite:////dev/null/x.db", "its file cannot be opened"),
    ],
)
def test_why_a_database_cannot_be_used_is_said_without_its_url(url: str, reason: str) -> None:
    """A fixed phrase for each cause."""
    from sqlalchemy import create_engine

    engine = create_engine(url)
    with pytest.raises(OperationalError) as raised:
        engine.connect()
    assert database.why_unavailable(raised.value) == reason
    engine.dispose()
