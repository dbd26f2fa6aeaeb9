"""What each part of the load test takes place on."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from flask import Flask, current_app

from app import hints
from app.celery_sender import EXPIRES_SECONDS, NUDGE, WIDTH
from tests.benchmarks.servers import Servers
from tests.brokers import empty
from tests.fakes.process import FakeServer
from tests.faults.world import World
from tests.fleet import Fleet

GIVE_UP_SECONDS = 3600.0


@dataclass(frozen=True)
class Scene:
    """The servers, and the broker's URL."""

    servers: Servers
    broker: str

    @contextmanager
    def fleet(self, server: Mapping[str, str | float], **settings: object) -> Iterator[Fleet]:
        """Give a fleet without nodes, on a new database, beside stand-ins; with an application's context."""
        empty(self.broker)
        folder = self.servers.new_file("fleet")
        folder.mkdir()
        texts = {name: str(value) for name, value in settings.items()}
        with ExitStack() as stack:
            stand_ins = stack.enter_context(FakeServer(folder / "ledger.jsonl", **server))
            url = self.servers.migrated("postgresql")
            world = World(url, stand_ins, {"CELERY_BROKER_URL": self.broker, **texts})
            stack.enter_context(world.app())
            fleet = Fleet(world, folder)
            try:
                yield fleet
            finally:
                said = fleet.end()
            assert "Traceback" not in said and "drain broke off" not in said, said[-5000:]


class Tenfold:
    """Sends each hint ten times, at once."""

    def __init__(self, fleet: Fleet) -> None:
        self._celery = fleet.celery

    def hint(self, chunks: int) -> None:
        """Send."""
        for _ in range(10 * min(chunks, WIDTH)):
            self._celery.send_task(NUDGE, expires=EXPIRES_SECONDS)

    def flush(self) -> None:
        """Do nothing."""


def send_tenfold(fleet: Fleet) -> None:
    """Have what the application hints at said ten times."""
    app: Flask = current_app
    app.extensions[hints.SENDER] = Tenfold(fleet)


def tell(part: str, **figures: object) -> None:
    """Print figures."""
    print(json.dumps({"part": part, **figures}), flush=True)


def wait_until(condition: Callable[[], bool]) -> None:
    """Poll, but so seldom that it costs those who are measured nothing."""
    deadline = time.monotonic() + GIVE_UP_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"waited {GIVE_UP_SECONDS:g} s in vain"
        time.sleep(0.1)
