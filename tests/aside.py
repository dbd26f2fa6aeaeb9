"""Something done on a connection of its own, up to where it is done or waits for a lock."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from app.db.sql import engine_name
from app.extensions import db

Aside = Callable[[Callable[[], Any]], Future[Any]]
WAITS = text(
    "SELECT 1 FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND datname = current_database()"
)


@pytest.fixture
def aside(context: Flask) -> Iterator[Aside]:
    """Start something in a thread, and come back once it is done, or waits for another's lock.

    On SQLite nobody can see whether it waits, so it may have only begun.
    """
    with ThreadPoolExecutor(1) as pool:

        def run(function: Callable[[], Any]) -> None:
            with context.app_context():
                function()

        def start(function: Callable[[], Any]) -> Future[Any]:
            future = pool.submit(run, function)
            if engine_name() == "postgresql":
                with db.engine.connect() as connection:
                    while not future.done() and connection.scalar(WAITS) is None:
                        connection.rollback()
            return future

        yield start
