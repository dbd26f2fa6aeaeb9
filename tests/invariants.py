"""The queue's invariants, asserted on whatever is in the database."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Text, select

from app.config import config, micros
from app.extensions import db
from app.models.attempt import attempts
from app.models.chunk import DECIDED, ERASED_ID, chunks, entity_errors, progress
from app.models.flight import flights
from app.models.job import ENDED, JobStatus, jobs
from app.models.spending import costs, spending


def check_invariants(*, drained: bool = False) -> None:
    """Assert what always holds; with `drained` also that every job has ended.

    Counters agree with the chunks, leases agree with `in_flight`, no chunk
    stands outside the job's range, and the chunks hold exactly the job's ids.
    Money adds up, as `check_money` says.
    """
    check_money(drained=drained)
    for job in db.session.execute(select(jobs)).all():
        chunk_rows = db.session.execute(
            select(chunks.c.position, chunks.c.entity_ids.cast(Text)).where(chunks.c.job_id == job.id)
        ).all()
        ids = [entity_id for row in chunk_rows for entity_id in json.loads(row[1])]
        assert len(ids) == job.total_count
        kept = [entity_id for entity_id in ids if entity_id != ERASED_ID]
        assert len(kept) == len(set(kept))
        assert [row.position for row in sorted(chunk_rows)] == list(range(job.chunk_count))

        rows = db.session.execute(select(progress).where(progress.c.job_id == job.id)).all()
        assert {row.position for row in rows} == set(range(job.next_chunk)), "every claimed chunk has its progress row"
        closed = Counter("".join(row.outcomes for row in rows if row.finished_at))
        decided = {outcome: closed[outcome] for outcome in DECIDED}
        assert job.processed_count == sum(decided.values())
        assert (job.success_count, job.error_count, job.skipped_count, job.held_count) == tuple(
            decided[outcome] for outcome in "sekh"
        )
        assert job.in_flight == sum(row.finished_at is None and row.worker is not None for row in rows)
        assert job.claimable == (job.status in ("pending", "running") and job.next_chunk < job.chunk_count)

        errors = db.session.execute(select(entity_errors.c.entity_id).where(entity_errors.c.job_id == job.id)).all()
        failed = Counter("".join(row.outcomes for row in rows))["e"]
        assert ERASED_ID in ids or len([row for row in errors if row.entity_id != "system"]) == failed
        if job.status == JobStatus.COMPLETE:
            assert job.processed_count == job.total_count == len("".join(row.outcomes for row in rows))
        if drained:
            assert job.status in ENDED, f"job {job.id} is {job.status}"
    db.session.rollback()


def check_money(*, drained: bool = False) -> None:
    """Assert that money adds up; with `drained` also that no call is under way but those that wait for a callback.

    What is reserved under each cap is what its flights hold; what is spent is
    the sum of the costs, and those of the attempts, but for attempts that were
    erased; no cap is passed.
    """
    db.session.rollback()
    under_way = db.session.execute(select(flights)).all()
    charged = db.session.execute(select(costs)).all()
    accounts = db.session.execute(select(spending)).all()
    found, reserved, booked, spent = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for row in under_way:
        for scope in _scopes(row):
            reserved[scope] += row.reserved_micros
    for row in charged:
        for scope in _scopes(row):
            booked[scope] += row.cost_micros
    for row in accounts:
        found[row.scope] += row.reserved_micros
        spent[row.scope] += row.spent_micros
    assert +found == +reserved, "what is reserved is what calls under way hold"
    assert +spent == +booked, "what is spent is what calls have cost"
    _check_attempts(charged)
    _check_caps(accounts)
    if drained:
        assert [row.provider for row in under_way if not row.is_pending] == [], "no call is under way"
    db.session.rollback()


def _scopes(row: Any) -> tuple[str, str, str]:
    return "overall", f"workspace:{row.workspace_slug}", f"job:{row.job_id}"


def _check_attempts(charged: Sequence[Any]) -> None:
    """Assert that each job's costs are those of its attempts."""
    attempted, booked = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for row in db.session.execute(select(attempts.c.job_id, attempts.c.provider, attempts.c.cost_micros)):
        attempted[row.job_id, row.provider] += row.cost_micros
    for row in charged:
        booked[row.job_id, row.provider] += row.cost_micros
    lists = db.session.execute(select(chunks.c.job_id, chunks.c.entity_ids.cast(Text).label("ids"))).all()
    erased = {row.job_id for row in lists if ERASED_ID in row.ids}
    for key in attempted | booked:
        is_equal = attempted[key] == booked[key]
        assert is_equal or (key[0] in erased and attempted[key] < booked[key]), f"costs of {key[1]} add up"


def _check_caps(accounts: Sequence[Any]) -> None:
    """Assert that no cap is passed, neither by what is spent nor by that and what is reserved."""
    caps = {f"job:{row.id}": row.cap_micros for row in db.session.execute(select(jobs.c.id, jobs.c.cap_micros))}
    settings = config()
    for row in accounts:
        cap = caps.get(row.scope, micros(settings.ENRICH_WORKSPACE_DAILY_CAP_USD))
        cap = micros(settings.ENRICH_DAILY_CAP_USD) if row.scope == "overall" else cap
        assert cap is None or row.reserved_micros + row.spent_micros <= cap, f"the cap of {row.scope} is passed"
