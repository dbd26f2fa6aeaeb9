"""`flask enrich demo --providers`: sample lists through the default waterfalls, and what that costs.

The providers are played by the stand-ins, whose server is a process of its own on loopback and ends with
the demo. It bills as the real ones do, and its meter is compared with what the service has booked. The
rate limits are lifted, so that nobody waits for them here.
"""

import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

import click
from sqlalchemy import func, select

from app.cli import output
from app.cli.progress import DrainProgress
from app.config import config
from app.db.session import end_read
from app.demo.stand_ins import ledger
from app.demo.stand_ins.process import KEYS, ServerProcess
from app.enrichment import queue
from app.enrichment.money.reports import CostCounts, dollars, report_costs
from app.enrichment.waterfall.estimates import estimate
from app.enrichment.waterfall.plan import wanted_fields
from app.enrichment.waterfall.work_loop import Waterfall
from app.entities.fields import table_of
from app.entities.read import has_blank, select_ids
from app.extensions import db
from app.models.attempt import attempts
from app.providers.base import OutcomeClass
from app.providers.defaults import DEFAULTS
from app.providers.names import WATERFALL
from app.providers.settings import ProviderSettings
from app.values.entity_types import PLURALS, EntityType
from app.web.auth import DEFAULT_WORKSPACE

_PLAYED: Final = ("prospeo", "aiark", "leadmagic", "findymail", "firecrawl")
"""The providers of the default waterfalls."""
_HIT_RATES: Final = "findymail=0.4,prospeo=0.5,leadmagic=0.4,aiark=0.6,firecrawl=0.7"
"""How often each has something, so that every step of a waterfall has work."""


@contextmanager
def play_providers(latency: float = 0.0) -> Iterator[ServerProcess]:
    """Run the stand-ins' server for as long as the context is open; `latency` is in seconds.

    Raises `click.UsageError` if it does not start.
    """
    with tempfile.TemporaryDirectory(prefix="tranche-demo-") as folder:
        server = ServerProcess(Path(folder) / "meter.jsonl", is_quiet=True, hit_rates=_HIT_RATES, latency=latency)
        try:
            server.start()
        except ChildProcessError as exc:
            raise click.UsageError(str(exc)) from exc
        try:
            yield server
        finally:
            server.stop()


def settings_for(server: ServerProcess) -> Mapping[str, ProviderSettings]:
    """Return the settings of all providers, with the server in the place of those that it plays."""
    played = {
        name: replace(DEFAULTS[name], base_url=server.base_url(name), api_key=KEYS[name], limits=MappingProxyType({}))
        for name in _PLAYED
    }
    return MappingProxyType({**DEFAULTS, **played})


def enrich_twice(types: Sequence[EntityType], chunk_size: int, server: ServerProcess) -> list[str]:
    """Take what was imported through the waterfalls, show what that brought and cost, and do it once more.

    Returns the ids of the first jobs.
    """
    click.echo(f"\nProviders are played at {server.url} until this ends; their rate limits are lifted.")
    before = {entity_type: _filled(entity_type) for entity_type in types}
    jobs = []
    for entity_type in types:
        _tell_estimate(entity_type)
        jobs.append(_enqueue(entity_type, chunk_size))
    _drain()
    for job_id in jobs:
        _tell_job(job_id)
    _tell_gains(before)
    _tell_costs(server)
    _run_again(types, chunk_size)
    return jobs


def _ids(entity_type: EntityType) -> Iterator[str]:
    return select_ids(entity_type, workspace_slug=DEFAULT_WORKSPACE, all_=True)


def _tell_estimate(entity_type: EntityType) -> None:
    told = estimate(entity_type, WATERFALL, _ids(entity_type), workspace_slug=DEFAULT_WORKSPACE)
    asked = " → ".join(step.provider for step in told.steps)
    price = f"{dollars(told.low_micros)} to {dollars(told.high_micros)}"
    click.echo(f"Estimate for {told.total:,} {PLURALS[entity_type]} through {asked}: {price}.")


def _enqueue(entity_type: EntityType, chunk_size: int) -> str:
    return queue.enqueue_job(entity_type, WATERFALL, list(_ids(entity_type)), chunk_size=chunk_size)


def _drain() -> None:
    with DrainProgress(is_shown=output.is_terminal(sys.stderr)) as progress:
        queue.drain(work=Waterfall(), on_chunk=progress.on_chunk)


def _tell_job(job_id: str) -> None:
    job = queue.get_job(job_id)
    counts = (
        f"{job.success:,} success, {job.skipped:,} skipped (complete, or not enough to ask by), {job.errors:,} errors"
    )
    click.echo(f"Enriched {job.processed:,} {PLURALS[job.entity_type]}: {counts}. The job is {job.status}.")


def _filled(entity_type: EntityType) -> dict[str, int]:
    """Return how many entities have a value in each of the wanted fields."""
    everybody = select(func.count()).select_from(table_of(entity_type))
    filled = {
        name: db.session.scalar(everybody.where(~has_blank(entity_type, name))) or 0
        for name in wanted_fields(entity_type, None, config())
    }
    end_read()
    return filled


def _tell_gains(before: Mapping[EntityType, Mapping[str, int]]) -> None:
    rows = []
    for entity_type, counts in before.items():
        for name, after in _filled(entity_type).items():
            gained = f"+{after - counts[name]:,}"
            rows.append([f"{PLURALS[entity_type]} with {name}", f"{counts[name]:,}", f"{after:,}", gained])
    click.echo()
    output.print_table(["wanted", "before", "after", "gained"], rows)


def _tell_costs(server: ServerProcess) -> None:
    """Print what each provider was asked, found and cost, by our books and by its own meter."""
    report, finds, charged = report_costs(), _finds(), Counter(ledger.totals(ledger.read(server.ledger)))
    end_read()
    rows = [
        [row.key, f"{row.calls:,}", f"{finds[row.key]:,}", dollars(row.cost_micros), dollars(charged[row.key])]
        for row in report.page.rows
    ]
    click.echo()
    output.print_table(["provider", "calls", "found", "cost", "its own meter"], rows)
    booked, metered = report.total.cost_micros, charged.total()
    is_equal = all(row.cost_micros == charged[row.key] for row in report.page.rows) and booked == metered
    verdict = "the same to the micro-dollar" if is_equal else "NOT the same"
    click.echo(f"Total cost {dollars(booked)}; the providers have charged {dollars(metered)}, {verdict}.")


def _finds() -> Counter[str]:
    """Return how often each provider had something."""
    query = select(attempts.c.provider, func.count()).where(attempts.c.outcome_class == OutcomeClass.SUCCESS)
    return Counter(dict(db.session.execute(query.group_by(attempts.c.provider)).all()))


def _run_again(types: Sequence[EntityType], chunk_size: int) -> None:
    before = _total()
    for entity_type in types:
        _enqueue(entity_type, chunk_size)
    _drain()
    after = _total()
    calls, cost_micros = after.calls - before.calls, after.cost_micros - before.cost_micros
    click.echo(
        f"The same jobs once more: {calls:,} calls, {dollars(cost_micros)}; who has answered is not asked again."
    )


def _total() -> CostCounts:
    total = report_costs().total
    end_read()
    return total
