"""What is set up on connections, whatever the database's own settings are."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import psycopg
import pytest
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import make_url, text
from sqlalchemy.exc import OperationalError

from app import create_app
from app.config import Config
from app.db.engines import PREPARED_AFTER, SQLITE_WAIT_SECONDS
from app.db.failures import why_unavailable
from app.extensions import db
from app.web.api_keys import create_key, list_keys
from tests.faults.proxy import Proxy


def test_locks_do_not_wait_for_ever_on_postgresql(context: Flask) -> None:
    """A frozen process gives its locks back, and who waits for one gets an error in time."""
    if db.engine.dialect.name == "sqlite":
        assert SQLITE_WAIT_SECONDS <= 30
        return
    for name, value in (("lock_timeout", "10s"), ("idle_in_transaction_session_timeout", "30s")):
        assert db.session.scalar(text(f"SHOW {name}")) == value
    db.session.execute(text("SET LOCAL lock_timeout = '50ms'"))
    with db.engine.begin() as other:
        other.execute(text("LOCK TABLE api_keys"))
        with pytest.raises(OperationalError) as raised:
            db.session.execute(text("LOCK TABLE api_keys"))
    assert why_unavailable(raised.value) == "it is locked"
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
            for _ in range(PREPARED_AFTER + 1):
                assert list_keys() == []
            assert bool(db.session.scalar(text("SELECT count(*) FROM pg_prepared_statements"))) is is_prepared
            db.session.remove()
            db.engine.dispose()


@pytest.fixture
def other_database(migrated_postgresql: str) -> Iterator[Callable[[str], str]]:
    """Make databases beside the test's own: `other_database("ENCODING 'LATIN1' …")` returns the URL."""
    made = []
    with psycopg.connect(migrated_postgresql, autocommit=True) as connection:

        def make(options: str) -> str:
            made.append(f"other_{len(made)}")
            connection.execute(f"DROP DATABASE IF EXISTS {made[-1]} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {made[-1]} {options}")
            return make_url(migrated_postgresql).set(database=made[-1]).render_as_string(hide_password=False)

        yield make
        for name in made:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_a_database_in_another_encoding_is_refused(other_database: Callable[[str], str], encoding: str) -> None:
    """Every door says so, and what to do: half of the world's names could not be stored."""
    url = other_database(f"ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
    app = create_app(Config(DATABASE_URL=url, TESTING=True, LOG_LEVEL="ERROR"))
    result = app.test_cli_runner().invoke(args=["enrich", "jobs"])
    assert result.exit_code == 4
    assert f"its encoding is {encoding}" in result.stderr and "ENCODING 'UTF8'" in result.stderr
    response = app.test_client().get("/readyz")
    assert (response.status_code, response.get_json()["code"]) == (503, "database_unavailable")
    assert "ENCODING 'UTF8'" in response.get_json()["error"]


def test_defaults_of_a_database_do_not_matter(other_database: Callable[[str], str]) -> None:
    """Its style of dates, its time zone, its encoding for clients and its spelling of texts are not ours."""
    settings = {
        "datestyle": "'German'",
        "timezone": "'Asia/Kathmandu'",
        "client_encoding": "'LATIN1'",
        "standard_conforming_strings": "off",
        "bytea_output": "'escape'",
    }
    url = other_database("ENCODING 'UTF8' TEMPLATE template0")
    name = make_url(url).database
    with psycopg.connect(url, autocommit=True) as connection:
        for setting, value in settings.items():
            connection.execute(f"ALTER DATABASE {name} SET {setting} TO {value}")
    app = create_app(Config(DATABASE_URL=url, TESTING=True, LOG_LEVEL="ERROR"))
    with app.app_context():
        upgrade()
        view, _ = create_key("Łukasz \\ Žižek", ["read"])
        assert [(key.name, key.created_at) for key in list_keys()] == [(view.name, view.created_at)]
        assert abs((datetime.now(UTC) - view.created_at).total_seconds()) < 3600
        db.session.remove()
        db.engine.dispose()
