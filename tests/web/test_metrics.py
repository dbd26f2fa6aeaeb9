"""The metrics: what they say, who may ask, and what the files for Prometheus and Grafana say of them."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from flask import Flask, current_app
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import delete, insert

from app.config import PROJECT_ROOT
from app.db.session import transaction
from app.enrichment import queue
from app.enrichment.money.reports import today
from app.enrichment.waterfall.metrics import all_metrics, fleet_metrics
from app.enrichment.waterfall.totals import count_ended_jobs
from app.extensions import db
from app.models.chunk import Outcome
from app.models.heartbeat import heartbeats
from app.models.job import jobs
from app.models.provider_state import provider_states
from app.models.spending import CallOutcome, costs, spending
from app.models.types import new_id, utcnow
from app.providers.base import Answer, OutcomeClass
from tests.cli.conftest import run
from tests.enrichment.helpers import add_history, claim, expire_leases, ids
from tests.enrichment.scenes import BAD, EMAIL, NOT_FOUND, add, drain, enqueue, paid
from tests.statements import explained, statements
from tests.web.conftest import Login

DEPLOY = PROJECT_ROOT / "docs" / "deploy"


def values(metrics: str) -> dict[str, float]:
    """Return the samples of a text: `name` or `name:label,label`, and the value of each."""
    found = {}
    for family in text_string_to_metric_families(metrics):
        for sample in family.samples:
            labels = ",".join(value for _, value in sorted(sample.labels.items()))
            found[f"{sample.name}:{labels}" if labels else sample.name] = sample.value
    return found


def read() -> dict[str, float]:
    """Return the metrics of the whole service as they are now."""
    db.session.rollback()
    current_app.extensions.pop("tranche.fleet", None)
    return values(fleet_metrics())


def test_the_queue_is_told_chunk_by_chunk(context: Flask) -> None:
    """Jobs that have not ended by status, their chunks, workers and entities, and what is held of any job."""
    assert read()["tranche_last_drain_age_seconds"] == float("inf")
    first = queue.enqueue_job("person", "prospeo", ids(6), chunk_size=2)
    lease = claim("one")
    lease.decide(0, Outcome.SUCCESS)
    lease.decide(1, Outcome.HELD)
    lease.finish()
    claim("two")
    expire_leases()
    queue.pause(queue.enqueue_job("person", "ai-normalizer", ["b"]))
    done = queue.enqueue_job("person", "ai-normalizer", ["c"])
    queue.cancel(done)
    with transaction() as session:
        session.execute(insert(heartbeats).values(name="drain", at=utcnow(-40)))
    found = read()
    assert (found["tranche_jobs:running"], found["tranche_jobs:paused"]) == (1, 1)
    assert "tranche_jobs:cancelled" not in found
    assert (found["tranche_entities_left"], found["tranche_held_entities"]) == (5, 1)
    assert (found["tranche_queue_claimable_chunks"], found["tranche_workers_wanted"]) == (2, 1)
    assert (found["tranche_open_chunks:stalled"], found["tranche_open_chunks:leased"]) == (1, 0)
    assert claim("three").job.id == first
    found = read()
    assert (found["tranche_workers"], found["tranche_open_chunks:leased"]) == (1, 1)
    assert found["tranche_queue_oldest_seconds"] > 0
    assert 40 <= found["tranche_last_drain_age_seconds"] < 600
    queue.cancel(first)
    expire_leases()
    queue.process_next_chunk()
    assert queue.get_job(first).status == "cancelled"
    queue.accept_held(first)
    assert read()["tranche_held_entities"] == 0


def test_money_and_providers_are_told(make_app: Any) -> None:
    """Today's figures by provider, caps of all workspaces together, and providers that can be asked."""
    with make_app().app_context():
        day = today()
        with transaction() as session:
            counted = {"job_id": new_id(), "day": day, "workspace_slug": "north"}
            money = {"cost_micros": 2_500_000, "in_doubt_micros": 500_000}
            session.execute(insert(costs).values(provider="prospeo", calls=5, took_1=3, finds=2, **money, **counted))
            row = {"scope": "overall", "day": day, "spent_micros": 2_500_000, "reserved_micros": 1_000_000}
            session.execute(insert(spending).values(row))
            state = {"provider": "ai-normalizer", "condition": "circuit_open", "failures": 5, "until": utcnow(600)}
            session.execute(insert(provider_states).values(state))
        found = read()
    assert [found[f"tranche_{name}_today:prospeo"] for name in ("calls", "answers", "finds")] == [5, 3, 2]
    assert (found["tranche_spent_today_usd:prospeo"], found["tranche_in_doubt_today_usd:prospeo"]) == (2.5, 0.5)
    assert (found["tranche_cap_usd:overall"], found["tranche_cap_used_ratio:overall"]) == (10, 0.35)
    assert found["tranche_provider_available:ai-normalizer"] == 0
    assert found["tranche_provider_condition:circuit_open,ai-normalizer"] == 1
    # Without a key it is nobody's trouble that it cannot be asked.
    assert "tranche_provider_available:prospeo" not in found
    assert "north" not in "".join(found)


def test_calls_and_checkpoints_are_counted_as_they_end(context: Flask) -> None:
    """By provider and outcome, with the time that they took."""
    before = values(all_metrics())
    add(2)
    enqueue(2, "findymail")
    drain(paid())
    after = values(all_metrics())

    def more(name: str) -> float:
        return after[name] - before.get(name, 0)

    assert more("tranche_provider_calls_total:success,findymail") == 2
    assert more("tranche_provider_call_seconds_count:findymail") == 2
    for timed in ("checkpoint", "claim", "round", "loop_lag"):
        assert more(f"tranche_{timed}_seconds_count") >= 1


def test_counters_say_the_same_when_jobs_are_counted_and_when_they_are_gone(context: Flask) -> None:
    """Jobs, entities, and questions by what came of them; what is not over yet is read from the job itself."""
    add(4)
    enqueue(4, "findymail")
    answers = {"p0": EMAIL, "p1": NOT_FOUND, "p2": BAD}
    drain(paid(answers=answers, default=Answer(OutcomeClass.RATE_LIMITED, error="slow down", retry_after_seconds=600)))
    enqueue(1, "prospeo")
    claim("one")
    expire_leases()
    lease = claim("two")
    before = counters()
    outcomes = {name: before[f"tranche_questions_total:{name},findymail"] for name in CallOutcome}
    assert outcomes == {"found": 1, "not_found": 1, "errors": 1, "rate_limited": 1}
    assert (before["tranche_answers_total:findymail"], before["tranche_spent_usd_total:findymail"]) == (2, 0.02)
    assert (before["tranche_entities_total:success"], before["tranche_lease_takeovers_total"]) == (0, 1)
    assert before["tranche_jobs_ended_total:complete"] == 0
    assert count_ended_jobs() == 0
    lease.decide(0, Outcome.SUCCESS)
    lease.finish()
    ended = counters()
    assert (ended["tranche_jobs_ended_total:complete"], ended["tranche_entities_total:success"]) == (1, 1)
    assert count_ended_jobs() == 1 and count_ended_jobs() == 0
    assert counters() == ended
    with transaction() as session:
        session.execute(delete(jobs).where(jobs.c.id == lease.job.id))
    assert counters() == ended


def test_a_job_is_counted_once_nothing_of_it_can_change(context: Flask) -> None:
    """One that was cancelled still gets the outcomes of the chunks that workers have in their hands."""
    job_id = queue.enqueue_job("person", "prospeo", ids(2), chunk_size=1)
    first, second = claim("one"), claim("two")
    queue.cancel(job_id)
    first.decide(0, Outcome.ERROR)
    first.finish()
    assert count_ended_jobs() == 0
    second.decide(0, Outcome.SKIPPED)
    second.finish()
    found = counters()
    assert count_ended_jobs(limit=1) == 1
    assert (found["tranche_entities_total:error"], found["tranche_entities_total:skipped"]) == (1, 1)
    assert counters() == found


def counters() -> dict[str, float]:
    """Return the counters of the whole service."""
    return {name: value for name, value in read().items() if "_total" in name}


def test_a_scrape_reads_small_indexes_and_what_was_read_just_now(context: Flask) -> None:
    """It must not get slower with the years, nor by the number of those who scrape."""
    add_history()
    with explained() as plans:
        fleet_metrics()
    plan = "\n".join(statement.plan for statement in plans)
    assert "ix_enrichment_jobs_unfinished" in plan and "ix_enrichment_jobs_held" in plan
    assert "ix_enrichment_jobs_uncounted" in plan
    assert not [table for table in ("attempts", "people", "enrichment_chunks") if re.search(rf"\b{table}\b", plan)]
    with statements(context) as sent:
        fleet_metrics()
    assert sent == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_prometheus_and_grafana_are_given_metrics_that_exist(app: Flask, login: Login) -> None:
    """Each that an alert or a panel names is in an answer, of the type that it is used as."""
    client = login("read")
    client.get("/healthz")
    response = client.get("/metrics")
    assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    families = list(text_string_to_metric_families(response.text))
    names = {f"{family.name}{end}" for family in families for end in endings(family.type)}
    alerts = yaml.safe_load((DEPLOY / "prometheus-alerts.yaml").read_text(encoding="utf-8"))
    dashboard = json.loads((DEPLOY / "grafana-dashboard.json").read_text(encoding="utf-8"))
    rules = [rule["expr"] for group in alerts["groups"] for rule in group["rules"]]
    panels = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    used = {name for expression in (*rules, *panels) for name in re.findall(r"\btranche_\w+", expression)}
    assert len(rules) >= 10 and len(panels) >= 20
    assert used <= names
    # And the other way round: what nobody looks at is not worth reading.
    assert {family.name for family in families} <= {re.sub(r"_(total|bucket)$", "", name) for name in used}


def endings(kind: str) -> Iterator[str]:
    """Give what the names of a metric's samples end with, by its type."""
    yield from {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}.get(kind, [""])


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_command_prints_what_is_of_the_whole_service(app: Flask) -> None:
    """The same text, without what one process has counted."""
    printed = values(run(app, "metrics").stdout)
    assert "tranche_queue_claimable_chunks" in printed
    assert not [name for name in printed if "http" in name]
