"""What a job would cost, as a range, before it is enqueued: its entities are surveyed, and caps looked at."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select

from app.config import config
from app.db.session import end_read
from app.enrichment.money.reports import CapView, daily_caps, dollars
from app.enrichment.queue.child_jobs import Retry, RetryFilter
from app.enrichment.queue.entity_ids import some_unique_ids
from app.enrichment.queue.lease import JobInfo
from app.enrichment.queue.queries import JobView
from app.enrichment.waterfall.expectations import Likely
from app.enrichment.waterfall.options import DEFAULT_OPTIONS, JobOptions
from app.enrichment.waterfall.plan import insist_on_provider
from app.enrichment.waterfall.scaling import Scale, choose
from app.enrichment.waterfall.survey import StepEstimate, Survey, range_of
from app.entities.read import SLICE_ROWS
from app.errors import EmptyJob, JobStateConflict
from app.extensions import db
from app.models.types import new_id, utcnow
from app.providers.names import finder_of

MOST_SURVEYED: Final = 100
"""Entities that are looked at in a request, some 0.2 ms each."""
_WHOLE: Final = Scale(1.0)


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a job would cost in micro-dollars, from `low_micros` to `high_micros`, and which caps it would meet."""

    total: int
    """Entities, each once, those below included."""
    duplicates: int
    unknown: int
    """Ids of no entity."""
    excluded: int
    satisfied: int
    """Entities of which all that is wanted is there."""
    steps: list[StepEstimate]
    caps: list[CapView]
    """Caps with a limit: the job's own, and those of today."""
    likely: Likely | None = None
    """What it costs in nine cases of ten, by what its providers gave before; None: nobody has a history."""
    sampled: int | None = None
    """How many entities were looked at, for figures that are about those of all; None: all, so that they are exact."""
    has_more: bool = False
    """Whether it is about some who are searched for, and there may be more whom nobody has looked at."""

    @property
    def low_micros(self) -> int:
        """What it costs at least, if every call is answered."""
        return range_of(self.steps)[0]

    @property
    def high_micros(self) -> int:
        """What it costs at most."""
        return range_of(self.steps)[1]

    @property
    def warning(self) -> str | None:
        """The sentence that names the first cap in its way, or None."""
        tight = [cap for cap in self.caps if _under(cap, self.steps)[1] > _left(cap)]
        cap = min(tight, key=_left, default=None)
        if cap is None:
            return None
        left = _left(cap)
        verb = "costs" if _under(cap, self.steps)[0] > left else "may cost"
        end = "" if cap.scope == "job" else " until the next day (UTC)"
        return (
            f"The job {verb} more than {_cap_name(cap)} leaves: {dollars(left)} of {dollars(cap.cap_micros or 0)}."
            f" It would be paused there{end}."
        )


def estimate(
    entity_type: str,
    provider: str,
    entity_ids: Iterable[str],
    *,
    workspace_slug: str,
    options: JobOptions = DEFAULT_OPTIONS,
    shows_overall: bool = True,
    api_key_id: str | None = None,
    most: int | None = None,
    of_total: int | None = None,
) -> Estimate:
    """Return what a job of these entities would cost if it were enqueued now. Only reads.

    A list is handled in memory, any other iterable is spooled to disk, so its length does not matter. `shows_overall`
    says whether the cap of all workspaces together may be told, and `api_key_id` which key would make the job. Of more
    than `most` entities in a list, so many are looked at; `of_total` says that they are some of so many. Raises
    `EmptyJob`, `Invalid` and `ProviderNotAvailable`, as enqueueing does.
    """
    options = options.checked(entity_type, provider)
    insist_on_provider(entity_type, provider, options, workspace_slug)
    # The id is nobody's: no call can be on record for it.
    job = JobInfo(
        new_id(),
        entity_type,
        provider,
        workspace_slug,
        options.stored(),
        options.cap_micros(config()),
        api_key_id=api_key_id,
    )
    if most is None or not isinstance(entity_ids, Sequence):
        return _estimate(job, entity_ids, shows_overall=shows_overall)
    kept = list(dict.fromkeys(entity_ids))
    total, repeated = of_total or len(kept), len(entity_ids) - len(kept)
    looked_at = choose(kept, most)
    is_sample = total > len(looked_at)
    found = _estimate(job, looked_at, shows_overall=shows_overall, of_total=total if is_sample else None)
    return replace(found, duplicates=repeated)


def estimate_retry(
    job_id: str,
    chosen: RetryFilter,
    *,
    workspace_slug: str | None = None,
    shows_overall: bool = True,
    api_key_id: str | None = None,
    most: int | None = None,
) -> Estimate:
    """Return what a retry of a job would take and cost if it were made now. Only reads.

    Of more than `most` entities, so many are looked at, and all are as many as is kept of the job. Raises
    `JobNotFound`, `JobStateConflict` if there can be no such retry, and `ProviderNotAvailable`.
    """
    retry = Retry.of(job_id, chosen, workspace_slug=workspace_slug)
    about: dict[str, Any] = {"shows_overall": shows_overall, "api_key_id": api_key_id}
    about["retried_at"] = db.session.scalars(select(utcnow())).one()
    try:
        if most is not None and (total := retry.count()) > most:
            return estimate_like(retry.job, choose(retry.some_ids(most), most), of_total=total, **about)
        return estimate_like(retry.job, retry.entity_ids(), **about)
    except EmptyJob as exc:
        raise JobStateConflict(retry.why_nothing()) from exc


def estimate_like(
    job: JobView,
    entity_ids: Iterable[str],
    *,
    retried_at: datetime | None = None,
    shows_overall: bool = True,
    api_key_id: str | None = None,
    of_total: int | None = None,
) -> Estimate:
    """Return what a job of these entities would cost by the terms of another; `retried_at` says that it retries it.

    `of_total` says that they are a sample of so many. Raises `EmptyJob` and `ProviderNotAvailable`.
    """
    options = JobOptions.read(job.options)
    insist_on_provider(job.entity_type, job.provider, options, job.workspace_slug)
    about = (job.entity_type, job.provider, job.workspace_slug, options.stored(), job.cap_micros)
    parent = job.id if retried_at is not None else None
    like = JobInfo(new_id(), *about, parent, retried_at, api_key_id)
    return _estimate(like, entity_ids, shows_overall=shows_overall, of_total=of_total)


def _estimate(job: JobInfo, entity_ids: Iterable[str], *, shows_overall: bool, of_total: int | None = None) -> Estimate:
    survey, outlooks = Survey.of(job), []
    with some_unique_ids(entity_ids) as ids:
        for part in ids.slices(SLICE_ROWS):
            added = survey.add(part)
            end_read()
            if of_total is not None:
                outlooks += added
        total, duplicates = ids.kept, ids.repeated
    caps = _caps_of(job, survey, shows_overall=shows_overall)
    end_read()
    scale, sampled = _WHOLE, None
    if of_total is not None:
        scale, sampled = Scale.of(outlooks, of_total, survey.dearest_micros), total
    steps = scale.steps(survey.steps.values())
    return Estimate(
        of_total or total,
        duplicates,
        scale.count(survey.unknown),
        scale.count(survey.excluded),
        scale.count(survey.satisfied),
        steps,
        caps,
        _likely(survey, scale, steps),
        sampled,
    )


def _caps_of(job: JobInfo, survey: Survey, *, shows_overall: bool) -> list[CapView]:
    """Return the caps with a limit that a job falls under: its own, and those of whom it asks."""
    caps = [CapView("job", job.workspace_slug, job.cap_micros)]
    caps += daily_caps(job.workspace_slug, shows_overall=shows_overall, key_id=job.api_key_id)
    asked = {None, *(finder_of(step.provider.name) for step in survey.steps)}
    return [cap for cap in caps if cap.cap_micros is not None and cap.provider in asked]


def _likely(survey: Survey, scale: Scale, steps: Sequence[StepEstimate]) -> Likely | None:
    """Return what a job is likely to cost, within what is possible."""
    likely = survey.likely(scale.times)
    if likely is None:
        return None
    likely = scale.likely(likely)
    # What a model is asked about what was found is in nobody's history of a walk.
    model = sum(step.high_micros for step in steps if step.purpose == "normalize")
    least, most = range_of(steps)
    low = min(max(likely.low_micros, least), most)
    return Likely(likely.expected_micros, low, min(max(likely.high_micros + model, low), most))


def _under(cap: CapView, steps: Iterable[StepEstimate]) -> tuple[int, int]:
    """Return what of a job's cost falls under a cap, at least and at most."""
    return range_of(step for step in steps if cap.provider in {None, finder_of(step.provider)})


def _left(cap: CapView) -> int:
    """Return what may still be reserved under a cap with a limit."""
    return cap.remaining_micros or 0


def _cap_name(cap: CapView) -> str:
    if cap.scope in _CAP_NAMES:
        return _CAP_NAMES[cap.scope]
    whose = "the" if cap.workspace_slug is None else "the workspace's"
    return f"{whose} daily cap" + (f" for provider {cap.provider}" if cap.provider else "")


_CAP_NAMES: Final = {"job": "its cap", "key": "the API key's daily cap"}
