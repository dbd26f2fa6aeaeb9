"""The isolation that transactions have, whatever the database's default is."""

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from app import create_app
from app.config import Config
from app.db.session import single_statement, transaction
from app.extensions import db
from tests.faults.conftest import MakeWorld, make_world
from tests.faults.isolation import default_isolation, kill_workers
from tests.faults.proxy import Proxy

__all__ = ["make_world"]

on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
_SHOW = text("SELECT current_setting('transaction_isolation')")


@pytest.fixture(params=["serializable", "repeatable read"])
def other_isolation(request: pytest.FixtureRequest, database_url: str) -> Iterator[str]:
    """A default isolation of the database that is not ours."""
    with default_isolation(database_url, request.param):
        yield request.param


@on_postgresql
@pytest.mark.parametrize("is_pooler", [False, True], ids=["direct", "pooler"])
def test_everything_runs_at_read_committed(database_url: str, other_isolation: str, is_pooler: bool) -> None:
    """Reads, units of work and statements on their own; behind a pooler no session of somebody else is changed."""
    way: Any = Proxy(database_url, is_pooler=True) if is_pooler else nullcontext()
    with way as proxy:
        url = database_url if proxy is None else proxy.url
        app = create_app(Config(DATABASE_URL=url, TESTING=True, LOG_LEVEL="ERROR"))
        with app.app_context():
            for _ in range(2):
                assert db.session.scalar(_SHOW) == "read committed"
                with transaction() as session:
                    assert session.scalar(_SHOW) == "read committed"
                with single_statement() as connection:
                    assert connection.scalar(_SHOW) == "read committed"
            default = db.session.scalar(text("SELECT current_setting('default_transaction_isolation')"))
            assert default == (other_isolation if is_pooler else "read committed")
            db.session.remove()
            db.engine.dispose()


@pytest.mark.faults
@on_postgresql
def test_workers_that_die_pay_nothing_twice_at_another_default(
    make_world: MakeWorld,
    database_url: str,
    tmp_path: Path,
) -> None:
    """Four workers at once, with a kill, end as at any other default."""
    with default_isolation(database_url, "serializable"):
        kill_workers(make_world, tmp_path, people=40, kills=1)
