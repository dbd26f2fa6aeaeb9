"""The service's own work: chunks through the provider or the waterfall that their jobs name.

One worker has as many chunks in hand as it needs to keep its calls going, and goes round them. With one at a time, the
last calls of each would be waited for with nothing else under way. Each chunk has its own lease and its own budget;
they share the calls that may be under way at once, the wait for them, and with others of their job the checkpoints.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from app.async_calls import measure_lag
from app.config import Config, config
from app.db.failures import is_unavailable
from app.enrichment.limits import rate_limits
from app.enrichment.money.caps import caps_of, scopes_of
from app.enrichment.money.scopes import limits_of
from app.enrichment.queue.in_hand import ChunksInHand
from app.enrichment.queue.lease import JobInfo, Lease
from app.enrichment.queue.work import CHECKPOINT_SECONDS
from app.enrichment.waterfall import recovery, retention, watchdog
from app.enrichment.waterfall.admission import SHARED_WAIT_SECONDS
from app.enrichment.waterfall.asked_figures import work_on_figures
from app.enrichment.waterfall.batch import Batch, JobContext
from app.enrichment.waterfall.calls_under_way import CallsUnderWay
from app.enrichment.waterfall.chunk_run import ChunkRun
from app.enrichment.waterfall.dedup import RecentAnswers
from app.enrichment.waterfall.entity_run import Plan
from app.enrichment.waterfall.plan import make_plan
from app.enrichment.waterfall.retries import RETRY_SECONDS
from app.enrichment.waterfall.saving import Part, save, save_together
from app.enrichment.waterfall.scheduler import PATIENCE_SHARE
from app.enrichment.waterfall.totals import count_ended_jobs
from app.enrichment.waterfall.worker_bounds import refresh_bounds
from app.enrichment.waterfall.workspace_registry import workspace_registry
from app.entities.export_work import work_on_exports
from app.entities.policies import MergePolicy
from app.instruments import LOOP_LAG, ROUND_TIME
from app.models.job import ACTIVE
from app.providers import answer_match
from app.providers.base import Provider
from app.providers.registry import Registry, current_registry
from app.tracing import span
from app.webhooks.deliveries import Outbox

LINGER_SECONDS: Final = 0.015
"""How long an answer waits at most for others to be stored with it; twice as long if no call waits to start."""
LINGER_SHARE: Final = 0.1
"""The share of the time that calls last for which it may wait if that is longer: slow calls come back one by one."""
LONGEST_LINGER_SECONDS: Final = 0.1
GAP_SECONDS: Final = 0.01
"""How long the last answers of a chunk wait for each next one."""
RENEW_SHARE: Final = 0.25
"""The share of a lease after which that of a chunk is renewed that waits for the others in hand."""
TAKEN_AT_ONCE: Final = 3
"""How many chunks are taken at most before the calls of the first are started."""
LOOK_SECONDS: Final = 1.0
"""How long after a look for another chunk that found none it is looked again, while others are in hand."""


class Waterfall:
    """Runs entities through the provider or the waterfall that their job names: the queue's `Work`."""

    def __init__(self, registry: Registry | None = None, *, retry_seconds: Sequence[float] = RETRY_SECONDS) -> None:
        self._registry = registry
        self._retry_seconds = tuple(retry_seconds)
        self._outbox = Outbox()

    def run(self, chunks: ChunksInHand, *, concurrency: int) -> None:
        """Take chunks until none is left, several at a time, and decide what the budget of each allows."""
        registry = self._registry or current_registry()
        try:
            WorkLoop(chunks, CallsUnderWay(concurrency), registry, config(), self._retry_seconds).run()
            if chunks.last is not None and chunks.last.status not in ACTIVE:
                # Nobody may come for a while, and the job's end is to be told.
                self._outbox.go_on()
        finally:
            self._outbox.finish()

    def least_seconds(self, whole_seconds: float) -> float:
        """Return the time that a paid call may take: with less left, none starts."""
        return PATIENCE_SHARE * whole_seconds

    def between_chunks(self) -> None:
        """Book what lost workers have left behind, count what has ended, forget what is old: a small batch of each.

        Webhooks are sent as well. Once a minute, also see whether the bounds of workers have changed, and whether
        somebody is to be told of trouble.
        """
        recovery.recover_lost_calls()
        # Before what is old goes.
        count_ended_jobs()
        retention.forget_what_is_old()
        refresh_bounds(self._registry or current_registry())
        watchdog.look()
        self._outbox.go_on()

    def go_on_beside(self, workspace_slug: str | None) -> bool:
        """Work out figures that somebody waits for, or write a part of an export; return whether there was any."""
        return work_on_figures(workspace_slug) or work_on_exports(workspace_slug)


@dataclass
class WorkLoop:
    """Goes round the chunks in hand, takes more if calls could be made that these do not need, and waits for calls."""

    chunks: ChunksInHand
    under_way: CallsUnderWay
    registry: Registry
    settings: Config
    retry_seconds: tuple[float, ...]
    _runs: list[ChunkRun] = field(default_factory=list)
    _aside: Lease | None = None
    """A chunk that has cost a worker: it waits in this one's hands until the others are done."""
    _renew_at: float = 0.0
    """When the lease of that chunk is renewed."""
    _look_at: float = 0.0
    """When another chunk is looked for at the earliest, on the monotonic clock."""
    _error: Exception | None = None
    """What broke one of the chunks; the others are brought to an end before it is raised."""

    def run(self) -> None:
        """Work until nothing is due, or the time is used up. Raises what broke a chunk."""
        # Read here: in its first use on the loop's thread it would hold up the calls that are due then.
        answer_match.load()
        while True:
            taken = 0
            while taken < TAKEN_AT_ONCE and self._needs_more() and self._take():
                taken += 1
            if not self._runs:
                break
            with ROUND_TIME.time(), span("round"):
                self._go_round(self._going())
            if self._runs and taken < TAKEN_AT_ONCE:
                self._wait()
            self._keep_aside()
        if self._aside is not None:
            self.chunks.close(self._aside)
        if self._error is not None:
            raise self._error

    # Chunks in and out

    def _take(self) -> bool:
        """Take a chunk and begin with it; return whether there was one that can be begun now."""
        has_begun = False
        aside, self._aside = self._aside, None
        try:
            while not has_begun and (lease := aside or self.chunks.take()) is not None:
                is_aside, aside = lease is aside, None
                if lease.crash_count and self._runs and not is_aside:
                    self._aside, self._look_at = lease, float("inf")
                    self._renew_at = time.monotonic() + lease.lease_seconds * RENEW_SHARE
                    return False
                has_begun = self._begin(lease)
        except Exception as exc:
            self._wind_down(exc)
        if not has_begun:
            self._look_at = time.monotonic() + LOOK_SECONDS
        return has_begun

    def _needs_more(self) -> bool:
        """Return whether what is in hand cannot fill the calls that may be under way, and there is time for others."""
        if self._error is not None:
            return False
        if not self._runs:
            return True
        if self._aside is not None and all(run.is_idle for run in self._runs):
            # What the others wait for may be what that chunk's lost worker had asked.
            return True
        return self._may_look() and self._has_free_calls()

    def _may_look(self) -> bool:
        """Return whether another chunk may be taken beside those in hand."""
        if any(run.is_cautious for run in self._runs):
            return False
        return time.monotonic() >= self._look_at and self.chunks.has_time

    def _has_free_calls(self) -> bool:
        """Return whether what is in hand leaves calls unused."""
        room = self.under_way.room()
        return room > 0 and not self._is_filled(room)

    def _is_filled(self, room: int) -> bool:
        """Return whether enough entities wait already, for a call or for the limits of a provider."""
        waiting = 0
        for run in self._runs:
            lines = run.lines()
            waiting += lines.total()
            if waiting >= room or run.router.waits_for_limit or _is_limited(lines, run.context.job.entity_type):
                return True
        return False

    def _going(self) -> list[ChunkRun]:
        """Return the chunks that go on now: one that may cost its worker alone, the others after it."""
        cautious = [run for run in self._runs if run.is_cautious]
        return cautious[:1] or list(self._runs)

    def _keep_aside(self) -> None:
        """Renew the lease of the chunk that waits for the others."""
        lease = self._aside
        if lease is None or time.monotonic() < self._renew_at:
            return
        self._renew_at = time.monotonic() + lease.lease_seconds * RENEW_SHARE
        try:
            with self.chunks.guarding(lease):
                lease.checkpoint()
        except Exception as exc:
            self._aside = None
            self._wind_down(exc)
            return
        if lease.is_closed:
            self._aside = None
            self.chunks.close(lease)

    def _begin(self, lease: Lease) -> bool:
        """Load a chunk's entities; return False if its job has to wait, so that it is closed at once."""
        with self.chunks.guarding(lease):
            run = self._new_run(lease)
            run.begin()
        if lease.is_closed:
            self.chunks.close(lease)
            return False
        self._runs.append(run)
        return True

    def _new_run(self, lease: Lease) -> ChunkRun:
        registry = workspace_registry(lease.job.workspace_slug, self.registry)
        plan = make_plan(lease.job, registry, self.settings)
        context = _context(lease.job, plan, registry, self.settings, self.retry_seconds)
        # One for all of the job's chunks, as long as nothing has changed: those are stored together.
        context = next((run.context for run in self._runs if run.context == context), context)
        return ChunkRun(context, lease, self.chunks.new_budget(), self.under_way, registry, self.settings)

    # A round

    def _go_round(self, runs: Sequence[ChunkRun]) -> None:
        """Let chunks take in what has come back, store that together, and let go of those that cannot go on."""
        self._save(runs, ChunkRun.go_on)
        self.under_way.forget_chosen()
        ending = []
        for run in runs:
            if run.lease.is_stopped:
                self._start_no_more(run.context.job.id)
            if run in self._runs and not run.can_go_on():
                ending.append(run)
        self._save(ending, ChunkRun.give_up)
        for run in ending:
            self._end(run)
        if not self._runs:
            self._look_at = 0.0

    def _save(self, runs: Iterable[ChunkRun], take: Callable[[ChunkRun], Batch | None]) -> None:
        """Store what chunks have to store, those of one job together."""
        parts: dict[int, list[Part]] = {}
        for run in runs:
            with self._guarding(run):
                if (batch := take(run)) is not None:
                    parts.setdefault(id(run.context), []).append(Part(run, batch))
        for of_job in parts.values():
            for part in save_together(of_job) if len(of_job) > 1 else of_job:
                with self._guarding(part.run):
                    save(part)

    def _end(self, run: ChunkRun) -> None:
        with self._guarding(run):
            run.end()
        if run in self._runs:
            self._runs.remove(run)
            with self._guarding(run):
                self.chunks.close(run.lease)

    @contextmanager
    def _guarding(self, run: ChunkRun) -> Iterator[None]:
        """Work on a chunk as under `ChunksInHand.guarding`; once one is broken, the others are brought to an end."""
        try:
            with self.chunks.guarding(run.lease):
                yield
        except Exception as exc:
            self._runs = [other for other in self._runs if other is not run]
            self._wind_down(exc)

    def _start_no_more(self, job_id: str) -> None:
        """Let the chunks of a job that has stopped start nothing, rather than see that at a checkpoint of their own."""
        for run in self._runs:
            run.is_winding_down |= run.context.job.id == job_id

    def _wind_down(self, error: Exception) -> None:
        """Let the chunks in hand end: their answers are waited for, and nothing else begins."""
        if self._error is not None and is_unavailable(error):
            # The database is away for more than one of them: nothing more can be stored.
            raise error
        self._error = self._error or error
        for run in self._runs:
            run.is_winding_down = True

    # What is waited for

    def _wait(self) -> None:
        """Wait for calls to end, or for something that is in no call to become possible."""
        seconds = max(0.0, min(run.seconds_to_next() for run in self._going()))
        if not self.under_way:
            time.sleep(min(seconds, SHARED_WAIT_SECONDS))
            return
        measure_lag(LOOP_LAG.observe)
        linger, gap = self._linger_seconds()
        self.under_way.collect(min(CHECKPOINT_SECONDS, seconds), linger_seconds=linger, gap_seconds=gap)

    def _linger_seconds(self) -> tuple[float, float]:
        """Return how long an answer waits for others to be stored with it, and how long for each next one.

        Longer rounds cost fewer commits; the calls that are granted ahead fill the time.
        """
        slow = min(LINGER_SHARE * self.under_way.shortest_seconds(), LONGEST_LINGER_SECONDS)
        if any(run.has_line for run in self._runs):
            linger = max(slow, min(LINGER_SECONDS, max(run.save_seconds for run in self._runs)))
            return linger, linger
        # Nothing waits to be granted, so that only the number of commits matters.
        return max(slow, 2 * LINGER_SECONDS), GAP_SECONDS


def _is_limited(lines: Counter[Provider], entity_type: str) -> bool:
    """Return whether so many wait for one provider that its limits, and not what is in hand, decide what starts."""
    for provider, count in lines.items():
        limits = provider.settings.limits_for(entity_type)
        most = rate_limits.most_lined_up(limits)
        if count >= (most if limits.at_once is None else min(most, limits.at_once)):
            return True
    return False


def _policies(entity_type: str, plan: Plan, settings: Config) -> Mapping[str, MergePolicy]:
    """Return how answers are merged. What a verifier says of an address that is there replaces what was said before."""
    policies = settings.merge_policies.get(entity_type, {})
    if plan.verifier is None and plan.verifiers:
        return {"email_status": MergePolicy.REPLACE, **policies, "email": MergePolicy.NEVER}
    return policies


def _context(
    job: JobInfo, plan: Plan, registry: Registry, settings: Config, retry_seconds: tuple[float, ...]
) -> JobContext:
    return JobContext(
        job,
        plan,
        RecentAnswers.of(job, settings),
        caps_of(settings, job, limits_of(scopes_of(job, registry.providers))),
        _policies(job.entity_type, plan, settings),
        retry_seconds,
        keeps_raw=settings.ENRICH_RAW_ANSWER_DAYS > 0,
        own_accounts=registry.own_accounts,
    )
