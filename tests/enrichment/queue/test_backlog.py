"""What waits to be claimed, as the view says it."""

from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import insert, select, text, update

from app.config import Config, config
from app.db.session import transaction
from app.db.sql import engine_name
from app.enrichment import queue
from app.enrichment.money.reports import today
from app.enrichment.queue import Backlog
from app.enrichment.waterfall.asked_figures import work_on_figures
from app.enrichment.waterfall.kept_figures import Question, look_up
from app.enrichment.waterfall.worker_bounds import refresh_bounds
from app.entities.export_files import NewExport, create_export, get_export
from app.entities.export_work import work_on_exports
from app.extensions import db
from app.models.export import ExportStatus, exports
from app.models.job import jobs
from app.models.kept_figures import FiguresKind
from app.models.spending import costs
from app.models.types import new_id, utcnow
from app.models.worker_bound import worker_bounds
from app.providers.registry import make_registry
from tests.enrichment.helpers import add_history, claim, expire_leases, ids
from tests.statements import explained


def waiting() -> tuple[int, int]:
    """Return the chunks that can be claimed, and the workers that are wanted."""
    backlog = queue.backlog()
    db.session.rollback()
    assert (backlog.oldest_age_seconds is None) is (backlog.claimable_chunks == 0)
    return backlog.claimable_chunks, backlog.workers_wanted


def add_expired_exports(count: int) -> None:
    """Put exports that are over beside what is there, and let the planner know of them."""
    export = {"workspace_slug": "default", "entity_type": "person", "file_format": "csv", "created_by": "test"}
    with transaction() as session:
        expired = insert(exports).values(status=ExportStatus.EXPIRED, expires_at=utcnow())
        session.execute(expired, [export] * count)
        session.execute(text("ANALYZE exports"))


def test_backlog_follows_each_chunk(context: Flask) -> None:
    """New, claimed, given back, lost, paused, woken: what a claim would find is what is counted."""
    assert queue.backlog() == Backlog(0, None, 0)
    job_id = queue.enqueue_job("person", "prospeo", ids(41), chunk_size=1)
    assert waiting() == (41, 3)
    claim()
    assert waiting() == (40, 2)
    claim().release()
    assert waiting() == (40, 2)
    expire_leases()
    assert waiting() == (41, 3)
    queue.pause(job_id)
    assert waiting() == (0, 0)
    with transaction() as session:
        session.execute(update(jobs).values(paused_manually=False, resume_at=utcnow(600)))
    assert waiting() == (0, 0)
    with transaction() as session:
        session.execute(update(jobs).values(resume_at=utcnow(-1), created_at=utcnow(-60)))
    assert waiting() == (41, 3)
    assert 60 <= (queue.backlog().oldest_age_seconds or 0) < 600
    queue.cancel(job_id)
    assert waiting() == (0, 0)


def test_no_more_workers_are_wanted_than_limits_can_use(context: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of each provider as many as its rate keeps busy and one more; the rules alone know no limit."""
    monkeypatch.setitem(context.config, "TRANCHE", replace(config(), ENRICH_CONCURRENCY=10))
    settings = dict(Config().PROVIDERS)
    for name in ("leadmagic", "firecrawl", "findymail"):
        settings[name] = replace(settings[name], api_key="a-key")
    registry = make_registry(settings)
    for name in ("leadmagic", "firecrawl", "ai-normalizer", "prospeo"):
        queue.enqueue_job("company", name, ids(2000), chunk_size=10)
    assert waiting() == (800, 40)
    with transaction() as session:
        # Leadmagic's answers have taken up to 2.5 s each.
        counted = {"job_id": new_id(), "workspace_slug": "default", "day": today()}
        session.execute(insert(costs).values(provider="leadmagic", calls=4, took_5=4, **counted))
    refresh_bounds(registry)
    bounds = {row.provider: row.most_workers for row in db.session.execute(select(worker_bounds))}
    db.session.rollback()
    # 50 calls a second of 2.5 s are 125 at once, ten a worker; 5 at once; 30 at once.
    assert (bounds["leadmagic"], bounds["firecrawl"], bounds["findymail"]) == (14, 2, 4)
    assert (bounds["ai-normalizer"], bounds["prospeo"]) == (None, 1)
    # Findymail, Leadmagic and Firecrawl are in the waterfalls: 160 at once.
    assert bounds["waterfall"] == 17
    assert waiting() == (800, 10 + 2 + 10 + 1)


def test_an_export_wants_one_worker_if_nothing_else_wants_any(context: Flask) -> None:
    """Until it is written: between two parts nobody holds it."""
    export_id = create_export(NewExport("person", "csv", "default", "test")).id
    assert waiting() == (0, 1)
    queue.enqueue_job("person", "prospeo", ids(41), chunk_size=1)
    assert waiting() == (41, 3)
    work_on_exports()
    queue.cancel(queue.list_jobs().rows[0].id)
    assert get_export(export_id, workspace_slug=None).status == ExportStatus.READY
    assert waiting() == (0, 0)


def test_figures_want_one_worker_until_they_are_worked_out(context: Flask) -> None:
    """Of whoever asked last."""
    look_up(Question(FiguresKind.LIST_YIELD, "default", {"reference": "a list that there is not"}))
    assert waiting() == (0, 1)
    work_on_figures()
    assert waiting() == (0, 0)


def test_backlog_reads_only_small_indexes(context: Flask) -> None:
    """It is asked every few seconds, beside a history of any length."""
    add_history()
    add_expired_exports(1000)
    queue.enqueue_job("person", "prospeo", ids(2), chunk_size=1)
    claim()
    with explained() as statements:
        queue.backlog()
    plan = statements[-1].plan
    for index in ("claimable", "resume_at"):
        assert f"ix_enrichment_jobs_{index}" in plan
    assert "ix_exports_unfinished" in plan
    # PostgreSQL reads an empty table as it is.
    assert engine_name() == "postgresql" or "ix_kept_figures_is_due" in plan
    assert "ix_enrichment_chunk_progress_open" in plan
    assert "SCAN enrichment_jobs\n" not in f"{plan}\n"
