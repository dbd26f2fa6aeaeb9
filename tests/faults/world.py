"""A service in miniature: a database, the fake providers as a process, and workers as processes that may be killed."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import select

from app import create_app
from app.config import Config, config
from app.db.session import end_read, transaction
from app.demo.stand_ins import invented
from app.enrichment import queue
from app.enrichment.queue.lease import MAX_CRASHES
from app.enrichment.waterfall.options import DEFAULT_OPTIONS, JobOptions
from app.entities.upsert import upsert_entities
from app.extensions import db
from app.models.chunk import progress
from app.models.in_flight_call import in_flight_calls
from app.models.job import ENDED, jobs
from tests.fakes.process import FakeServer
from tests.faults.forked import Forge, Worker
from tests.forks import Process
from tests.patience import PATIENCE_SECONDS

ROOT = Path(__file__).parents[2]

UNHINDERED: Mapping[str, str] = {
    "LOG_LEVEL": "WARNING",
    "ENRICH_DAILY_CAP_USD": "none",
    "FINDYMAIL_LIMITS": "1000 at once",
    "PROSPEO_LIMITS": "60000/min",
    "LEADMAGIC_LIMITS": "60000/min",
}
"""Settings of workers that neither a cap nor a limit holds back. By the minute: no call is late for its instant."""


@dataclass
class World:
    """One database and one server of fake providers, with the settings that workers get."""

    database_url: str
    server: FakeServer
    settings: Mapping[str, str] = field(default_factory=dict)
    started: "list[Process | Interpreter]" = field(default_factory=list)
    """The workers, for the end of a test that fails."""

    @property
    def environment(self) -> dict[str, str]:
        """What a worker process finds around it. Without a model, the normaliser goes by its rules."""
        providers = {
            name: value for name, value in self.server.environment().items() if not name.startswith("AI_NORMALIZER")
        }
        here = {"DATABASE_URL": self.database_url, "PYTHONPATH": str(ROOT)}
        return {**os.environ, **here, **providers, **UNHINDERED, **self.settings}

    @contextmanager
    def app(self) -> Iterator[Flask]:
        """Push the context of an application that is set up as the workers are."""
        app = create_app(Config.from_env(self.environment))
        with app.app_context():
            try:
                yield app
            finally:
                db.session.remove()
                db.engine.dispose()

    def start(self, *arguments: str, program: Sequence[str] = ("flask",)) -> "Process | Interpreter":
        """Start `flask enrich process`."""
        return self.run("process", *arguments, program=program)

    def run(self, *arguments: str, program: Sequence[str] = ("flask",)) -> "Process | Interpreter":
        """Start any command of `flask enrich`."""
        command = [*program, "enrich", *arguments]
        # What a folder of its own has is imported as Python starts, before anything of the service: see `clocks`.
        has_folder = "PYTHONPATH" in self.settings
        self.started.append((Interpreter if has_folder else Process)(command, self.environment))
        return self.started[-1]

    def end_workers(self) -> None:
        """Kill what still runs."""
        for worker in self.started:
            worker.end()


class Interpreter(subprocess.Popen[str]):
    """`python -m MODULE …` with a Python of its own; it takes seconds to start, where a `Process` is forked."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
        python = [sys.executable, "-m", *command]
        super().__init__(python, cwd=ROOT, env=environment, stdin=nothing, stdout=pipe, stderr=pipe, text=True)

    def end(self) -> None:
        """Kill it, if it still runs, and let go of what nobody has read."""
        self.kill()
        if self.stdout is not None and not self.stdout.closed:
            self.communicate()


def add_people(count: int, *, workspace_slug: str = "default", start: int = 0, marker: str = "") -> list[str]:
    """Store invented people whom every provider of the waterfall can be asked about; return their ids."""
    rows = [{"id": f"p{number}", **invented.known_fields(number, marker)} for number in range(start, start + count)]
    for place in range(0, count, 1000):
        with transaction() as session:
            upsert_entities("person", rows[place : place + 1000], workspace_slug=workspace_slug, session=session)
    return [row["id"] for row in rows]


def add_job(
    count: int,
    *,
    provider: str = "waterfall",
    chunk_size: int = 50,
    workspace_slug: str = "default",
    start: int = 0,
    options: JobOptions = DEFAULT_OPTIONS,
) -> str:
    """Store people and a job of them; return the job's id."""
    ids = add_people(count, workspace_slug=workspace_slug, start=start)
    return queue.enqueue_job(
        "person", provider, ids, chunk_size=chunk_size, workspace_slug=workspace_slug, **options.columns(config())
    )


@dataclass
class Kills:
    """What became of the kills so far."""

    count: int = 0
    in_flight: int = 0
    """Paid questions that were on record as under way, in the chunks of the killed workers, just after each kill."""


class Crew:
    """Workers that are started again when they end, and killed at random moments while they hold a chunk."""

    def __init__(self, world: World, folder: Path, size: int, seed: int) -> None:
        self.kills = Kills()
        self.errors: list[str] = []
        self.lost_leases = 0
        """How often a worker that lived found that another had taken over its chunk."""
        self._forge = Forge(world.environment, folder)
        self._size = size
        self._random = random.Random(seed)
        self._workers: list[Worker] = []

    def __enter__(self) -> "Crew":
        """Start them."""
        self.refill()
        return self

    def __exit__(self, *_: object) -> None:
        """Kill who is left."""
        for worker in self._workers:
            worker.kill()
            worker.wait()
        self._forge.close()

    def refill(self) -> None:
        """Start a worker for each that has ended."""
        for worker in [one for one in self._workers if one.poll() is not None]:
            self._bury(worker)
        while len(self._workers) < self._size:
            self._workers.append(self._forge.start())

    def kill_one(self) -> bool:
        """Kill one of the workers that hold a chunk, a random moment from now; False where nobody does."""
        busy = self._busy()
        if not busy:
            time.sleep(0.02)
            return False
        victim = self._random.choice(busy)
        time.sleep(self._random.uniform(0.0, 0.4))
        if victim.poll() is not None:
            return False
        victim.kill()
        victim.wait()
        self.kills.count += 1
        self.kills.in_flight += _paid_questions_of(victim.pid)
        return True

    def kill(self, count: int, *, while_: Callable[[], bool], seconds: float, pause_seconds: float = 0.0) -> None:
        """Kill so many, each followed by a new worker and a pause, as long as there is work."""
        deadline = time.monotonic() + seconds
        while self.kills.count < count and while_():
            assert time.monotonic() < deadline, f"only {self.kills.count} kills in {seconds:g} s"
            if self.kill_one():
                self.refill()
                time.sleep(pause_seconds * self._random.uniform(0.5, 1.5))
            self.refill()

    def wait(self, seconds: float) -> None:
        """Let the workers end by themselves, and keep what they said."""
        for worker in list(self._workers):
            worker.wait(seconds)
            self._bury(worker)

    def drain(self, *, while_: Callable[[], bool], seconds: float) -> float:
        """Let them work undisturbed as long as there is work; return how long that took."""
        started = time.monotonic()
        while while_():
            assert time.monotonic() - started < seconds, f"jobs have not ended after {seconds:g} s: {statuses()}"
            self.refill()
            time.sleep(0.05)
        return time.monotonic() - started

    def _bury(self, worker: Worker) -> None:
        self._workers.remove(worker)
        code, output = worker.wait(), worker.output()
        self.lost_leases += output.count('"lease lost"')
        if code not in (-signal.SIGKILL, 0, 5):
            self.errors.append(f"{code}: {output}")
        elif "Traceback" in output or '"error"' in output:
            self.errors.append(output)

    def _busy(self) -> list[Worker]:
        # A chunk that costs more workers than the service allows is given up, which is a rule of its own.
        holders = {_pid_of(row.worker) for row in _open_chunks() if row.crash_count < MAX_CRASHES - 2}
        return [worker for worker in self._workers if worker.pid in holders and worker.poll() is None]


def drain(world: World, *, seconds: float = PATIENCE_SECONDS) -> float:
    """Run one worker after the other until every job has ended; return how long that took.

    A worker ends where nothing is due, and what others had in their hands when they died is due only later.
    """
    started = time.monotonic()
    while not has_ended():
        assert time.monotonic() - started < seconds, f"jobs have not ended after {seconds:g} s: {statuses()}"
        worker = world.start()
        _, errors = worker.communicate(timeout=seconds)
        assert worker.returncode == 0, errors
        assert "Traceback" not in errors, errors
    return time.monotonic() - started


def statuses() -> list[str]:
    """Return the jobs' statuses, with the reasons of those that are paused."""
    rows = db.session.execute(select(jobs.c.status, jobs.c.pause_reason)).all()
    end_read()
    return [f"{row.status} {row.pause_reason or ''}".strip() for row in rows]


def has_ended(job_ids: Sequence[str] = ()) -> bool:
    """Tell whether all jobs, or these, have ended."""
    query = select(jobs.c.id).where(jobs.c.status.not_in(ENDED))
    found = db.session.scalars(query.where(jobs.c.id.in_(job_ids)) if job_ids else query).all()
    end_read()
    return not found


def wait_until(condition: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
    """Poll until a condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain: {statuses()}"
        time.sleep(0.02)


def _open_chunks() -> list[Any]:
    query = select(progress.c.job_id, progress.c.position, progress.c.worker, progress.c.crash_count)
    rows = list(db.session.execute(query.where(progress.c.worker.is_not(None), progress.c.finished_at.is_(None))).all())
    end_read()
    return rows


def _paid_questions_of(pid: int) -> int:
    places = {(row.job_id, row.position) for row in _open_chunks() if _pid_of(row.worker) == pid}
    rows = db.session.execute(select(in_flight_calls.c.job_id, in_flight_calls.c.position)).all()
    end_read()
    return sum((row.job_id, row.position) in places for row in rows)


def _pid_of(worker: str) -> int:
    return int(worker.split(":")[-2])
