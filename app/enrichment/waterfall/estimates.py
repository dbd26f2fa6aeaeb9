"""What a job would cost, as a range, before it is enqueued.

Every entity goes along the plan as it would in the job, with everybody it asks
finding nothing, which is the longest way. `high` is the price of that way;
`low` is what is charged however the first call of each entity ends.

Input that an earlier step finds, and a later one then can be asked with, is not
foreseen; nor is who cannot be asked just now.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from sqlalchemy import select

from app.config import config
from app.db.session import end_read
from app.enrichment.money.reports import CapView, daily_caps, dollars, key_caps
from app.enrichment.queue.child_jobs import Retry, RetryFilter
from app.enrichment.queue.entity_ids import unique_ids
from app.enrichment.queue.lease import JobInfo
from app.enrichment.waterfall import model_cache
from app.enrichment.waterfall.dedup import RecentAnswers, fingerprint, is_answered
from app.enrichment.waterfall.entity_run import Decision, EntityRun, Plan, PriorAnswer, Purpose, Step
from app.enrichment.waterfall.options import DEFAULT_OPTIONS, JobOptions
from app.enrichment.waterfall.plan import insist_on_provider, make_plan
from app.enrichment.waterfall.workspace_registry import workspace_registry
from app.entities.exclusions import Exclusions
from app.entities.merge import is_blank
from app.entities.read import SLICE_ROWS, load_entities
from app.entities.verdicts import standing_verdicts
from app.errors import EmptyJob, JobStateConflict, detail
from app.extensions import db
from app.models.types import new_id, utcnow
from app.providers.base import Answer, Lookup, OutcomeClass, Provider
from app.providers.names import finder_of

_MISS: Final = Answer(OutcomeClass.NOT_FOUND)
# What a step may write into a blank field: as long as a model is ever asked about, in the longest of characters.
_ANY_TEXT: Final = "\U00020000" * 200
_MODEL_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {"person": ("job_title",), "company": ("industry", "name")}
"""The fields whose text a model may be asked about."""
_MODEL_INPUTS: Final[Mapping[str, tuple[str, ...]]] = {
    "person": ("job_title", "company"),
    "company": ("industry", "industries", "name"),
}
"""The fields that decide whether it is; the rules for all others would take most of an estimate's time."""


@dataclass(slots=True)
class StepEstimate:
    """What one provider of the plan would be asked, and for how much.

    `purpose` is `step`, `verify` or `normalize`.
    """

    provider: str
    purpose: str
    questions: int = 0
    """How often it would be asked, if nobody before it finds anything; a verifier, of every address."""
    missing_input: int = 0
    """Entities that lack what it needs."""
    answered_before: int = 0
    """Entities about which it has answered recently enough."""
    low_micros: int = 0
    high_micros: int = 0


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

    @property
    def low_micros(self) -> int:
        """What it costs at least, if every call is answered."""
        return sum(step.low_micros for step in self.steps)

    @property
    def high_micros(self) -> int:
        """What it costs at most."""
        return sum(step.high_micros for step in self.steps)

    @property
    def warning(self) -> str | None:
        """The sentence that names the first cap in its way, or None."""
        tight = [cap for cap in self.caps if _under(cap, self.steps)[1] > (cap.remaining_micros or 0)]
        cap = min(tight, key=lambda status: status.remaining_micros or 0, default=None)
        if cap is None:
            return None
        left = cap.remaining_micros or 0
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
) -> Estimate:
    """Return what a job of these entities would cost if it were enqueued now. Only reads.

    A list is handled in memory, any other iterable is spooled to disk, so its
    length does not matter. `shows_overall` says whether the cap of all
    workspaces together may be told, and
    `api_key_id` the key that would make the job. Raises `EmptyJob`, `Invalid` and
    `ProviderNotAvailable`, as enqueueing does.
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
    return _estimate(job, entity_ids, shows_overall=shows_overall)


def estimate_retry(
    job_id: str,
    chosen: RetryFilter,
    *,
    workspace_slug: str | None = None,
    shows_overall: bool = True,
    api_key_id: str | None = None,
) -> Estimate:
    """Return what a retry of a job would take and cost if it were made now. Only reads.

    Raises `JobNotFound`, `JobStateConflict` if there can be no such retry, and `ProviderNotAvailable`.
    """
    retry = Retry.of(job_id, chosen, workspace_slug=workspace_slug)
    parent = retry.job
    options = JobOptions.read(parent.options)
    insist_on_provider(parent.entity_type, parent.provider, options, parent.workspace_slug)
    now = db.session.scalars(select(utcnow())).one()
    about = (parent.entity_type, parent.provider, parent.workspace_slug, options.stored(), parent.cap_micros)
    job = JobInfo(new_id(), *about, parent.id, now, api_key_id)
    try:
        return _estimate(job, retry.entity_ids(), shows_overall=shows_overall)
    except EmptyJob as exc:
        raise JobStateConflict(retry.why_nothing()) from exc


def _estimate(job: JobInfo, entity_ids: Iterable[str], *, shows_overall: bool) -> Estimate:
    settings = config()
    plan = make_plan(job, workspace_registry(job.workspace_slug), settings)
    survey = _Survey(job, plan, RecentAnswers.of(job, settings))
    with unique_ids(entity_ids) as ids:
        if ids.kept == 0:
            raise EmptyJob(details=[detail("entityIds", "expected at least one id")])
        for part in ids.slices(SLICE_ROWS):
            survey.add(part)
            end_read()
        total, duplicates = ids.kept, ids.repeated
    caps = [CapView("job", job.workspace_slug, job.cap_micros)]
    caps += [*daily_caps(job.workspace_slug, shows_overall=shows_overall), *key_caps(job.api_key_id)]
    asked = {None, *(finder_of(step.provider.name) for step in survey.steps)}
    end_read()
    return Estimate(
        total,
        duplicates,
        survey.unknown,
        survey.excluded,
        survey.satisfied,
        list(survey.steps.values()),
        [cap for cap in caps if cap.cap_micros is not None and cap.provider in asked],
    )


@dataclass
class _Survey:
    """The entities seen so far, and what each would ask."""

    job: JobInfo
    plan: Plan
    recent: RecentAnswers
    unknown: int = 0
    excluded: int = 0
    satisfied: int = 0
    steps: dict[Step, StepEstimate] = field(default_factory=dict)
    cached: Mapping[str, Any] = field(default_factory=dict)
    verdicts: Collection[str] = ()
    """The addresses of the slice at hand on which a verdict stands."""

    def __post_init__(self) -> None:
        asked = [Step(Purpose.STEP, provider) for provider in self.plan.steps]
        if self.plan.verifier is not None:
            asked.append(Step(Purpose.VERIFY, self.plan.verifier))
        # Without a model the normaliser asks nobody and costs nothing.
        if self.plan.normalizer is not None and self.plan.normalizer.capabilities.charges_misses:
            asked.append(Step(Purpose.NORMALIZE, self.plan.normalizer))
        self.steps = {step: StepEstimate(step.provider.name, step.purpose.name.lower()) for step in asked}

    def add(self, ids: Sequence[str]) -> None:
        """Take in a slice of the job's entities."""
        job = self.job
        known = load_entities(job.entity_type, ids, workspace_slug=job.workspace_slug)
        excluded = Exclusions.load_for(job.entity_type, known.values(), job.workspace_slug)
        prior = self.recent.prior(ids, self.plan.steps)
        runs = [
            EntityRun(0, entity_id, fields, self.plan, prior=prior.get(entity_id, {}))
            for entity_id, fields in known.items()
        ]
        self.cached = self._load_cached(runs)
        self.verdicts = standing_verdicts(set().union(*(run.addresses for run in runs)), job.workspace_slug)
        self.unknown += len(ids) - len(known)
        for run in runs:
            if excluded.excludes(job.entity_type, run.fields):
                self.excluded += 1
            elif run.is_satisfied:
                self.satisfied += 1
            else:
                self._follow(run)

    def _load_cached(self, runs: Sequence[EntityRun]) -> Mapping[str, Any]:
        """Return what a model has said before about the texts of some entities."""
        models = {step.provider for step in self.steps if step.provider.capabilities.rules_first}
        keys = {key for run in runs for model in models for key in model.cache_keys(self._lookup(run, model))}
        return model_cache.load(keys) if keys else {}

    def _follow(self, run: EntityRun) -> None:
        """Lead an entity along the plan as the job would, with everybody it asks finding nothing."""
        is_first, may_write = True, False
        while not isinstance(next_step := run.next_step(), Decision):
            is_step = next_step.purpose is Purpose.STEP
            if self._is_judged(next_step, run) or (is_step and self._is_left_out(next_step, run)):
                continue
            self._ask(next_step, run, is_certain=is_first)
            if is_step:
                self._ask_verifier(run)
                may_write = True
            is_first = False
            run.apply(next_step, _MISS, "", 0.0, ())
        normalizer = self.plan.normalizer
        if may_write and normalizer is not None and normalizer.capabilities.charges_misses:
            self._ask_model(Step(Purpose.NORMALIZE, normalizer), run)

    def _is_judged(self, next_step: Step, run: EntityRun) -> bool:
        """Return whether a verdict on the address stands that a step would have verified."""
        if run.address(next_step) not in self.verdicts:
            return False
        self.steps[next_step].answered_before += 1
        if next_step.purpose is Purpose.VERIFY:
            run.withdraw_offer()
        else:
            run.advance()
        return True

    def _ask_verifier(self, run: EntityRun) -> None:
        """Count a verdict on the address that a step may find; it may be invalid, so that the run goes on."""
        if self.plan.verifier is not None and is_blank(run.fields.get("email")):
            self._ask(Step(Purpose.VERIFY, self.plan.verifier), run)

    def _is_left_out(self, next_step: Step, run: EntityRun) -> bool:
        """Return whether a provider is not asked, because it has answered before or input is missing."""
        step, provider = self.steps[next_step], next_step.provider
        if self._is_answered(run, provider):
            step.answered_before += 1
            self._apply_prior(run, run.prior[provider.name])
            return True
        reason = provider.why_insufficient(self._lookup(run, provider))
        if reason is not None:
            step.missing_input += 1
            run.advance()
        return reason is not None

    def _is_answered(self, run: EntityRun, provider: Provider) -> bool:
        prior = run.prior.get(provider.name)
        return prior is not None and is_answered(prior, fingerprint(provider, self.job.entity_type, run.fields))

    def _apply_prior(self, run: EntityRun, prior: PriorAnswer) -> None:
        run.apply_prior(prior)
        if run.offer is not None and self.plan.verifier is None:
            # What was withheld for a verifier is written if nobody is to verify it any more.
            run.fields.update(run.withdraw_offer().fields)

    def _ask(self, next_step: Step, run: EntityRun, *, is_certain: bool = False) -> None:
        step, provider = self.steps[next_step], next_step.provider
        price = provider.worst_price_micros(self._lookup(run, provider))
        step.questions += 1
        step.high_micros += price
        # What a text costs a model at least depends on how many share a request, and nobody can tell.
        if is_certain and provider.capabilities.charges_misses and not provider.capabilities.rules_first:
            step.low_micros += price

    def _ask_model(self, next_step: Step, run: EntityRun) -> None:
        """Count what the normaliser's model may be asked about what stands there, or may be found."""
        blanks = [name for name in _MODEL_FIELDS[self.job.entity_type] if is_blank(run.fields.get(name))]
        lookup = self._lookup(run, next_step.provider)
        lookup = replace(lookup, fields={**lookup.fields, **dict.fromkeys(blanks, _ANY_TEXT)})
        price = next_step.provider.worst_price_micros(lookup)
        self.steps[next_step].questions += price > 0
        self.steps[next_step].high_micros += price

    def _lookup(self, run: EntityRun, provider: Provider) -> Lookup:
        entity_type, fields = self.job.entity_type, run.fields
        if provider.capabilities.rules_first:
            fields = {name: fields.get(name) for name in _MODEL_INPUTS[entity_type]}
        return Lookup(entity_type, run.entity_id, fields, cached=self.cached)


def _under(cap: CapView, steps: Iterable[StepEstimate]) -> tuple[int, int]:
    """Return what of a job's cost falls under a cap, at least and at most."""
    of_it = [step for step in steps if cap.provider in {None, finder_of(step.provider)}]
    return sum(step.low_micros for step in of_it), sum(step.high_micros for step in of_it)


def _cap_name(cap: CapView) -> str:
    if cap.scope in _CAP_NAMES:
        return _CAP_NAMES[cap.scope]
    whose = "the" if cap.workspace_slug is None else "the workspace's"
    return f"{whose} daily cap" + (f" for provider {cap.provider}" if cap.provider else "")


_CAP_NAMES: Final = {"job": "its cap", "key": "the API key's daily cap"}
