"""The CHECK constraints: every combination of a job's and a chunk's columns is stored exactly if it may be."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Table, insert
from sqlalchemy.exc import IntegrityError

from app.enrichment import queue
from app.extensions import db
from app.models.chunk import progress
from app.models.job import JobStatus, jobs
from app.models.types import new_id
from tests.enrichment.helpers import ids

NOW = datetime(2026, 1, 1, tzinfo=UTC)

TWO_CHUNKS = {
    "workspace_slug": "default",
    "entity_type": "person",
    "provider": "ai-normalizer",
    "chunk_size": 2,
    "chunk_count": 2,
    "total_count": 4,
    "created_at": NOW,
}
JOB_CHOICES: Mapping[str, tuple[Any, ...]] = {
    "status": tuple(str(status) for status in JobStatus),
    "paused_manually": (False, True),
    "resume_at": (None, NOW),
    "pause_reason": (None, "why"),
    "claimable": (False, True),
    "next_chunk": (0, 1, 2),
    "in_flight": (0, 1),
    "processed_count": (0, 4),
    "started_at": (None, NOW),
    "finished_at": (None, NOW),
}
CHUNK_CHOICES: Mapping[str, tuple[Any, ...]] = {
    "attempt": (0, 1, 2),
    "crash_count": (-1, 0, 1),
    "worker": (None, "w"),
    "lease_expires_at": (None, NOW),
    "finished_at": (None, NOW),
}


def is_legal_job(row: Mapping[str, Any]) -> bool:
    """Say whether a job of two chunks of two may stand like this, by the lifecycle as it is described."""
    status = row["status"]
    is_paused, has_ended = status == "paused", status in {"complete", "cancelled", "failed"}
    is_all_decided = row["processed_count"] == 4
    leased = row["in_flight"]
    return all(
        (
            # A pause ends by time or by hand, and says why; nothing else has an end of a pause.
            not is_paused or row["paused_manually"] != (row["resume_at"] is not None),
            not is_paused or row["pause_reason"] is not None,
            is_paused or not (row["paused_manually"] or row["resume_at"]),
            # Work can be claimed from jobs that go on, as long as there is some.
            row["claimable"] == (status in {"pending", "running"} and row["next_chunk"] < 2),
            # A job runs, or is being cancelled, while a chunk is leased; one that failed may still have some.
            status not in {"running", "cancelling"} or leased > 0,
            status not in {"pending", "cancelled", "complete"} or leased == 0,
            leased <= row["next_chunk"],
            # Who was decided was claimed before; with the last entity the job has ended.
            row["processed_count"] <= 2 * row["next_chunk"],
            status != "complete" or is_all_decided,
            not is_all_decided or has_ended,
            # The two instants.
            (row["started_at"] is not None) == (row["next_chunk"] > 0),
            (row["finished_at"] is not None) == has_ended,
        )
    )


def is_legal_chunk(row: Mapping[str, Any]) -> bool:
    """Say whether the progress of a chunk may stand like this."""
    is_closed = row["finished_at"] is not None
    return (
        row["attempt"] >= 1
        and row["crash_count"] >= 0
        and is_closed == (row["lease_expires_at"] is None)
        and not (is_closed and row["worker"])
    )


def combinations(choices: Mapping[str, tuple[Any, ...]]) -> Iterator[dict[str, Any]]:
    """Give every combination of what the columns may hold."""
    return (dict(zip(choices, values, strict=True)) for values in product(*choices.values()))


def assert_only_legal(
    table: Table, rows: list[dict[str, Any]], shown: Mapping[str, Any], is_legal: Callable[[Mapping[str, Any]], bool]
) -> None:
    """Store what is legal in one go, and every other row by itself, which must be refused."""
    legal = [row for row in rows if is_legal(row)]
    illegal = [row for row in rows if not is_legal(row)]
    assert legal and illegal
    db.session.execute(insert(table), legal)
    db.session.rollback()
    statement = insert(table)
    accepted = []
    # A transaction for each is begun and ended by the database, in one round trip.
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for row in illegal:
            try:
                connection.execute(statement, row)
            except IntegrityError as exc:
                assert "CHECK" in str(exc.orig).upper(), exc
            else:
                accepted.append({name: row[name] for name in shown})
    assert accepted == []


def test_a_job_is_stored_exactly_in_legal_states(context: Flask) -> None:
    """Every combination of status, pause, leases, counts and instants."""
    rows = [
        {**TWO_CHUNKS, **row, "id": new_id(), "success_count": row["processed_count"]}
        for row in combinations(JOB_CHOICES)
    ]
    assert_only_legal(jobs, rows, JOB_CHOICES, is_legal_job)


@pytest.mark.parametrize(
    "wrong",
    [
        {"processed_count": 5, "success_count": 5},
        {"processed_count": 1},
        {"success_count": 2},
        {"in_flight": -1},
        {"next_chunk": 3},
        {"total_count": 0},
        {"chunk_size": 0},
        {"chunk_count": 0},
        {"status": "dancing"},
        {"entity_type": "robot"},
    ],
    ids=str,
)
def test_a_job_whose_numbers_do_not_add_up_is_refused(context: Flask, wrong: dict[str, Any]) -> None:
    """Counters, chunks and names outside of what they may be."""
    whole = {**TWO_CHUNKS, "claimable": True, "next_chunk": 1, "started_at": NOW}
    db.session.execute(insert(jobs).values({**whole, "id": new_id()}))
    with pytest.raises(IntegrityError, match=r"(?i)check"):
        db.session.execute(insert(jobs).values({**whole, "id": new_id(), **wrong}))
    db.session.rollback()


def test_a_chunks_progress_is_stored_exactly_in_legal_states(context: Flask) -> None:
    """An open chunk has an end of its lease, a closed one has neither lease nor worker."""
    job_id = queue.enqueue_job("person", "ai-normalizer", ids(2))
    rows = [
        {"job_id": job_id, "position": position, "outcomes": "..", **row}
        for position, row in enumerate(combinations(CHUNK_CHOICES))
    ]
    assert_only_legal(progress, rows, CHUNK_CHOICES, is_legal_chunk)
