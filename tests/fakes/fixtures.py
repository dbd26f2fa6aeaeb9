"""Fixtures of the fake providers; a conftest imports what it wants."""

from collections.abc import Iterator

import pytest

from tests.fakes.process import FakeServer


@pytest.fixture(scope="session")
def shared_fake_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeServer]:
    """One server for all tests of a process, without latency and limits; take differences of what it counts."""
    with FakeServer(tmp_path_factory.mktemp("providers") / "ledger.jsonl") as server:
        yield server


@pytest.fixture
def fake_server(shared_fake_server: FakeServer) -> Iterator[FakeServer]:
    """The shared server, without the scenarios that were ordered during the test."""
    yield shared_fake_server
    shared_fake_server.forget()
