"""What the pages are asked for before: 1,000,000 people, an attempt about each, and the 200 jobs that made them.

The large tables are filled by the database itself, from a series of numbers; jobs and what is kept of each, from here.
Ids are made of numbers, so that each table knows those of the others.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import insert, text

from app.config import config
from app.db.session import transaction
from app.enrichment import queue
from app.extensions import db
from app.models.audit_event import audit_events
from app.models.chunk import chunks, entity_errors, error_counts, progress
from app.models.entity_list import entity_lists
from app.models.job import jobs
from app.models.pilot import pilots, rest_chunks
from app.models.spending import costs
from app.models.types import new_id
from app.models.webhook import webhook_deliveries, webhook_endpoints, webhook_events
from app.web import api_keys
from tests.benchmarks.figures import Options

PEOPLE: Final = 1_000_000
JOBS: Final = 200
CHUNK: Final = 50
SLICE: Final = 1000
EVENTS: Final = 100_000
PROVIDERS: Final = ("findymail", "prospeo", "leadmagic")
CODES: Final = ("transient", "rate_limited", "invalid_request", "auth_failed")
ERRORS: Final = 10
"""Of each code in each job."""
SAMPLE: Final = 50
"""Entities of the pilot, which are people beside the others."""
NOW: Final = datetime.now(UTC)
_AT: Final = f"'{NOW:%Y-%m-%d %H:%M:%S}.000000'"
_NUMBERS: Final = "WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < :count)"
_ENTITY_ID: Final = "'p' || substr(CAST(10000000 + n AS text), 2)"
_JOB_IDS: Final = "0193000000007000"
_ATTEMPT_IDS: Final = "0193000100007000"

_Rows = dict[Any, list[dict[str, Any]]]


def furnish(options: Options) -> dict[str, list[str]]:
    """Store it all, with 100,000 events of the audit log and as many deliveries; return what addresses may name."""
    people, list_id, webhook_id = options.size(PEOPLE), new_id(), new_id()
    entities = people // JOBS
    pilot = _job(JOBS, SAMPLE, list_id)
    made = [*(_job(number, entities, list_id) for number in range(JOBS)), pilot]
    parts = [_of_list(list_id, people + SAMPLE), {jobs: made}]
    parts += [_of_job(number * entities, job) for number, job in enumerate(made)]
    parts += [_of_pilot(pilot["id"], people), _of_log(webhook_id, pilot["id"], options.size(EVENTS))]
    with transaction() as session:
        for statement in (_people(), _attempts(entities), _revisions(entities), _verdicts()):
            session.execute(text(statement), {"count": people + SAMPLE})
        for part in parts:
            for table, rows in part.items():
                session.execute(insert(table), rows)
        session.execute(text(_members(list_id)))
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        # As autovacuum would.
        connection.execute(text("ANALYZE" if config().is_sqlite else "VACUUM ANALYZE"))
    waiting = queue.enqueue_job("person", "ai-normalizer", _ids(0, entities))
    key, _ = api_keys.create_key("reports", ["read"])
    return {
        "job_id": [waiting, made[0]["id"], pilot["id"]],
        "list_id": [list_id],
        "entity_id": ["p0000001"],
        "key_id": [key.id],
        "webhook_id": [webhook_id],
    }


def _cast(value: str, kind: str) -> str:
    """Return a value as a column of a kind that SQLite has not takes it."""
    return value if config().is_sqlite else f"CAST({value} AS {kind})"


def _people() -> str:
    return f"""
    INSERT INTO people (workspace_slug, id, full_name, job_title, company, email, phone, extra, created_at, updated_at)
    {_NUMBERS}
    SELECT 'default', {_ENTITY_ID}, 'Ada Byron', 'CEO', 'Acme',
           CASE WHEN n % 2 = 1 THEN 'a' || n || '@acme.example' END, '+442079460000', '{{}}', {_AT}, {_AT} FROM numbers
    """


def _attempts(entities: int) -> str:
    """Return the statement of an attempt about each: every second one gave the address that is there."""
    fields = _cast("""CASE WHEN n % 2 = 1 THEN '["email"]' ELSE '[]' END""", "jsonb")
    return f"""
    INSERT INTO enrichment_attempts (id, job_id, workspace_slug, entity_type, entity_id, provider, status,
        outcome_class, fields_written, cost_micros, raw_answer, fingerprint, started_at, finished_at)
    {_NUMBERS}
    SELECT {_id(_ATTEMPT_IDS, "n")}, {_id(_JOB_IDS, f"n / {entities}")}, 'default', 'person', {_ENTITY_ID},
           'findymail', 'success', CASE WHEN n % 2 = 1 THEN 'success' ELSE 'not_found' END, {fields}, n % 2 * 9800,
           '{{"contact": null}}', '0123456789abcdef0123456789abcdef', {_AT}, {_AT} FROM numbers
    """


def _revisions(entities: int) -> str:
    changes = _cast("""'{"email": [null, "a' || n || '@acme.example"]}'""", "jsonb")
    return f"""
    INSERT INTO entity_revisions (workspace_slug, entity_type, entity_id, provider, attempt_id, job_id, changes,
        created_at)
    {_NUMBERS}
    SELECT 'default', 'person', {_ENTITY_ID}, 'findymail', {_id(_ATTEMPT_IDS, "n")},
           {_id(_JOB_IDS, f"n / {entities}")}, {changes}, {_AT} FROM numbers WHERE n % 2 = 1
    """


def _verdicts() -> str:
    """Return the statement of a verdict from long ago on the address of each tenth."""
    return f"""
    INSERT INTO address_verdicts (workspace_slug, address, status, verifier, verified_at)
    {_NUMBERS}
    SELECT 'default', 'a' || n || '@acme.example', 'valid', 'findymail-verify', '2020-01-01 00:00:00.000000'
    FROM numbers WHERE n % 10 = 1
    """


def _members(list_id: str) -> str:
    stored = _cast(f"'{list_id.replace('-', '')}'", "uuid")
    return f"INSERT INTO entity_list_members (list_id, entity_id) SELECT {stored}, id FROM people"


def _id(start: str, number: str) -> str:
    """Return an expression for the id that ends in a number."""
    return _cast(f"'{start}' || substr(CAST({10**16} + {number} AS text), 2)", "uuid")


def _of_list(list_id: str, people: int) -> _Rows:
    about = {"id": list_id, "workspace_slug": "default", "entity_type": "person", "name": "all", "made_by": "ada"}
    return {entity_lists: [{**about, "row_count": people, "entity_count": people}]}


def _job(number: int, entities: int, list_id: str) -> dict[str, Any]:
    chunk_count, error_count = entities // CHUNK, ERRORS * len(CODES)
    job_id = str(UUID(f"{_JOB_IDS}{number:016}"))
    return {
        **{"id": job_id, "workspace_slug": "default", "entity_type": "person", "provider": "waterfall"},
        **{"priority": 0, "status": "complete", "paused_manually": False, "claimable": False, "list_id": list_id},
        **{"chunk_size": CHUNK, "chunk_count": chunk_count, "next_chunk": chunk_count, "in_flight": 0},
        **{"total_count": entities, "processed_count": entities, "error_count": error_count},
        **{"success_count": entities - error_count, "created_at": NOW, "started_at": NOW, "finished_at": NOW},
    }


def _of_job(first: int, job: dict[str, Any]) -> _Rows:
    """Return the rows of a job's chunks, errors and costs, by table; `first` is the number of its first entity."""
    job_id, entities, positions = job["id"], job["total_count"], range(job["chunk_count"])
    kinds = [{"job_id": job_id, "code": code, "provider": "findymail"} for code in CODES]
    cost = {"job_id": job_id, "day": NOW.date() - timedelta(days=first % 29), "workspace_slug": "default"}
    counted = {"calls": entities, "took_1": entities}
    return {
        chunks: [
            {"job_id": job_id, "position": position, "entity_ids": _ids(first + position * CHUNK, CHUNK)}
            for position in positions
        ],
        progress: [
            {"job_id": job_id, "position": position, "outcomes": "s" * CHUNK, "finished_at": NOW}
            for position in positions
        ],
        entity_errors: [
            {**kind, "entity_id": entity_id, "message": "Away."} for kind in kinds for entity_id in _ids(first, ERRORS)
        ],
        error_counts: [{**kind, "error_count": ERRORS} for kind in kinds],
        costs: [{**cost, **counted, "provider": name, "step": step} for step, name in enumerate(PROVIDERS, start=1)],
    }


def _of_pilot(job_id: str, rest: int) -> _Rows:
    """Return the rows that make a job a pilot, whose rest is everybody else."""
    stratum = {"route": list(PROVIDERS), "inputs": ["full_name", "company"], "count": rest}
    prices = {"low_micros": 0, "high_micros": rest * 20_000, "foreseen": 0, "foreseen_micros": 0, "foreseen_hits": 0}
    row = {"job_id": job_id, "seed": 1, "rest_count": rest, "idle_count": 0, "strata": [{**stratum, **prices}]}
    return {
        pilots: [{**row, "sampled": [[0, 0, 20_000]] * SAMPLE}],
        rest_chunks: [
            {"job_id": job_id, "position": position, "entity_ids": _ids(position * SLICE, SLICE)}
            for position in range(rest // SLICE)
        ],
    }


def _of_log(webhook_id: str, job_id: str, count: int) -> _Rows:
    """Return events of the audit log, and events on their way to a webhook."""
    about = {"workspace_slug": "default", "actor_kind": "system", "subject_kind": "job", "subject_id": job_id}
    change = {"action": "job.pause", "before": {"status": "running"}, "after": {"status": "paused"}}
    endpoint = {"workspace_slug": None, "url": "https://hooks.example/", "encrypted_secret": "", "created_by": "ada"}
    event = {"workspace_slug": "default", "type": "job.completed", "job_id": job_id, "is_handed_out": True}
    ids = [new_id() for _ in range(count)]
    return {
        audit_events: [{**about, **change}] * count,
        webhook_endpoints: [{**endpoint, "id": webhook_id}],
        webhook_events: [{**event, "id": event_id} for event_id in ids],
        webhook_deliveries: [
            {"endpoint_id": webhook_id, "event_id": event_id, "tries": 1, "delivered_at": NOW, "last_status": 200}
            for event_id in ids
        ],
    }


def _ids(first: int, count: int) -> list[str]:
    return [f"p{number:07}" for number in range(first, first + count)]
