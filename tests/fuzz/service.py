"""The service under fuzz: an application with data of every kind in its database, and a key that may do anything."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert

from app import create_app
from app.config import Config
from app.db.session import transaction
from app.demo.stand_ins import invented
from app.enrichment import queue
from app.enrichment.queue import claims, lease
from app.enrichment.queue.lease import Failure
from app.entities import exclusions, lists
from app.entities.lists import NewList
from app.entities.upsert import upsert_entities
from app.extensions import db
from app.models.spending import costs
from app.models.types import utcnow
from app.web import api_keys
from tests.fakes.process import FakeServer
from tests.faults.world import World

MAX_SECONDS = 3600
"""The largest `maxSeconds` that the OpenAPI document allows; a service with a lower limit refuses more."""

SETTINGS: Mapping[str, str] = {
    "LOG_LEVEL": "ERROR",
    "ENRICH_MAX_SECONDS": str(MAX_SECONDS),
    "AIARK_LIMITS": "1000/s",
    "FIRECRAWL_LIMITS": "1000/s",
    "CLAY_LIMITS": "1000/s",
    "PUBLIC_URL": "http://127.0.0.1:9",
    "SECRET_KEY": "a-secret-key-for-the-fuzz-tier",
    "CRON_SECRET": "a-cron-secret-for-tests",
}


SPARED: Final = ("pause", "resume")


@dataclass(frozen=True, slots=True)
class Service:
    """One application and what its database was given."""

    app: Flask
    token: str
    jobs: Mapping[str, str]
    """A job's id by its status."""
    spare: Mapping[str, Sequence[str]]
    """By action, jobs that are for it alone: another could have ended the others before."""

    lists: Sequence[str]

    def client(self) -> FlaskClient:
        """Return a client with the key of all scopes."""
        client = self.app.test_client()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {self.token}"
        return client


@contextmanager
def serve(database_url: str, folder: Path, **settings: str) -> Iterator[Service]:
    """Start a service with the fake providers behind it, and fill its database."""
    with FakeServer(folder / "ledger.jsonl") as server:
        # No context stays pushed: requests would share what is theirs alone.
        app = create_app(Config.from_env(World(database_url, server, {**SETTINGS, **settings}).environment))
        with app.app_context():
            service = Service(app, api_keys.create_key("fuzz", ["admin"])[1], _seed(), _spare_jobs(), _lists())
        try:
            yield service
        finally:
            with app.app_context():
                db.session.remove()
                db.engine.dispose()


def _lists() -> list[str]:
    """Make some lists, of which a few are deleted on the way."""
    new = [NewList("person", "default", f"List {number}", "fuzz") for number in range(40)]
    return [lists.create_list(each, ["p1", "p2"])[0].id for each in new]


def _seed() -> dict[str, str]:
    people = [{"id": f"p{number}", **invented.known_fields(number)} for number in range(30)]
    companies = [
        {"id": f"c{number}", "name": f"Company {number}", "domain": f"c{number}.example"} for number in range(5)
    ]
    with transaction() as session:
        upsert_entities("person", people, workspace_slug="default", session=session)
        upsert_entities("company", companies, workspace_slug="default", session=session)
    exclusions.add(["excluded.example", "nobody@other.example"], "default")
    jobs = _jobs([row["id"] for row in people])
    _add_costs(jobs["complete"])
    return jobs


def _jobs(ids: list[str]) -> dict[str, str]:
    """Make a job in every status; the later ones have the higher priority while they are worked on."""

    def enqueue(**options: Any) -> str:
        return queue.enqueue_job("person", "ai-normalizer", ids, **{"chunk_size": 10, **options})

    def held(job_id: str) -> lease.Lease:
        lease = claims.claim("fuzz", lease_seconds=3600, scope=claims.Scope(job_id, None))
        assert lease is not None
        lease.read_entity_ids()
        return lease

    def fail_some(entity_id: str, _job: object) -> None:
        if entity_id in ids[::3]:
            raise ValueError("on purpose")

    jobs = {"complete": enqueue(chunk_size=30)}
    queue.drain(fail_some, job_id=jobs["complete"])
    jobs["failed"] = enqueue()
    held(jobs["failed"]).fail(Failure("chunk_broke", "on purpose"))
    jobs["cancelling"] = enqueue()
    held(jobs["cancelling"])
    queue.cancel(jobs["cancelling"])
    jobs["cancelled"] = enqueue()
    queue.cancel(jobs["cancelled"])
    jobs["running"] = enqueue()
    held(jobs["running"])
    jobs["paused"] = enqueue()
    queue.pause(jobs["paused"])
    jobs["pending"] = enqueue(workspace_slug="north")
    for status, job_id in jobs.items():
        assert queue.get_job(job_id).status == status
    return jobs


def _spare_jobs() -> dict[str, list[str]]:
    jobs = {action: [queue.enqueue_job("person", "ai-normalizer", ["p0"]) for _ in range(3)] for action in SPARED}
    for job_id in jobs["resume"]:
        queue.pause(job_id)
    return jobs


def _add_costs(job_id: str) -> None:
    row = {"workspace_slug": "default", "job_id": job_id, "day": db.session.scalar(db.select(utcnow())).date()}
    money = {"calls": 2, "charged_calls": 1, "cost_micros": 20_000, "in_doubt_micros": 5_000}
    with transaction() as session:
        session.execute(insert(costs).values(provider="findymail", **row, **money))
