"""A world on SQLite and on PostgreSQL, with a server of fake providers of its own."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.fakes.process import FakeServer
from tests.faults.world import World

MakeWorld = Callable[..., World]


@pytest.fixture
def make_world(database_url: str, tmp_path: Path) -> Iterator[MakeWorld]:
    """Make the world: `make_world({"latency": 0.1}, ENRICH_LEASE_SECONDS=2)`; its application's context is pushed."""
    with ExitStack() as stack:

        def make(server: dict[str, str | float | list[str]] | None = None, **settings: object) -> World:
            started = stack.enter_context(FakeServer(tmp_path / "ledger.jsonl", **(server or {})))
            world = World(database_url, started, {name: str(value) for name, value in settings.items()})
            stack.enter_context(world.app())
            stack.callback(world.end_workers)
            return world

        yield make
