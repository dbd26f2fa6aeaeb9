"""What the entities of a job would ask, and whom: each led along the plan with everybody it asks finding nothing.

That is the longest way. `high` is its price; `low` is what is charged however the first call ends. Input that an
earlier step finds, and a later one then can be asked with, is not foreseen; nor is who cannot be asked just now.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

from app.config import config
from app.enrichment.money.history import History, Prospect, read_history
from app.enrichment.queue.lease import JobInfo
from app.enrichment.waterfall import model_cache
from app.enrichment.waterfall.dedup import RecentAnswers, fingerprint, is_answered
from app.enrichment.waterfall.entity_run import Decision, EntityRun, Plan, PriorAnswer, Purpose, Step
from app.enrichment.waterfall.expectations import Likely, Outlooks
from app.enrichment.waterfall.plan import make_plan
from app.enrichment.waterfall.workspace_registry import workspace_registry
from app.entities.exclusions import Exclusions, is_any_excluded
from app.entities.merge import is_blank
from app.entities.read import load_entities
from app.entities.verdicts import standing_verdicts
from app.providers.base import Answer, Lookup, OutcomeClass, Provider

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


class Ranged(Protocol):
    """What costs between two amounts."""

    low_micros: int
    high_micros: int


def range_of(parts: Iterable[Ranged]) -> tuple[int, int]:
    """Return what some parts cost in all, at least and at most."""
    low = high = 0
    for part in parts:
        low += part.low_micros
        high += part.high_micros
    return low, high


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
    history: History | None = None
    """What it gave before; None: it has not answered often enough, and is taken at its list price."""

    @property
    def basis(self) -> str:
        """By what it is taken to be likely to cost: `history`, or `list`."""
        return "list" if self.history is None else "history"

    @property
    def answers(self) -> int | None:
        """The answers in its history."""
        return None if self.history is None else self.history.answers

    @property
    def find_rate(self) -> float | None:
        """The share of these with a find."""
        return None if self.history is None else self.history.find_rate

    @property
    def price_micros(self) -> float:
        """What an answer costs by the list, in the mean."""
        return self.high_micros / self.questions if self.questions else 0.0


@dataclass(slots=True)
class Outlook:
    """What is known of one entity before anybody is asked: the way that it may go, and what it costs."""

    entity_id: str
    route: tuple[str, ...] = ()
    """The providers that it asks, in order; none: it costs nothing for certain."""
    inputs: tuple[str, ...] = ()
    """Of the fields that the first of them asks by, those that have a value."""
    low_micros: int = 0
    high_micros: int = 0
    is_excluded: bool = False
    prospect: Prospect | None = None
    """What its way has come to before; None: not all who are on it have answered often enough."""


@dataclass
class Survey:
    """The entities seen so far, added up, and what each would ask."""

    job: JobInfo
    plan: Plan
    recent: RecentAnswers
    outlooks: Outlooks
    has_exclusions: bool
    """Whether the workspace excludes anybody."""
    unknown: int = 0
    excluded: int = 0
    satisfied: int = 0
    steps: dict[Step, StepEstimate] = field(default_factory=dict)
    cached: Mapping[str, Any] = field(default_factory=dict)
    verdicts: Collection[str] = ()
    """The addresses of the slice at hand on which a verdict stands."""
    routes: Counter[tuple[str, ...]] = field(default_factory=Counter)
    """How many entities go which way, of those that ask somebody."""
    _prospects: dict[tuple[str, ...], Prospect | None] = field(default_factory=dict)
    _model: Provider | None = None
    """The normaliser, if a model is asked about what it does not know; without one it costs nothing."""
    _last_lookup: Lookup | None = None

    @classmethod
    def of(cls, job: JobInfo) -> "Survey":
        """Return a survey of a job's entities that has seen none yet. Raises `JobMustWait` if nobody can be asked."""
        settings = config()
        plan = make_plan(job, workspace_registry(job.workspace_slug), settings)
        about = (job.entity_type, job.provider, job.options)
        histories = read_history(*about, workspace_slug=job.workspace_slug)
        has_exclusions = is_any_excluded(job.workspace_slug)
        return cls(job, plan, RecentAnswers.of(job, settings), Outlooks(plan, histories), has_exclusions)

    def __post_init__(self) -> None:
        asked = [Step(Purpose.STEP, provider) for provider in self.plan.steps]
        if self.plan.verifier is not None:
            asked.append(Step(Purpose.VERIFY, self.plan.verifier))
        if self.plan.normalizer is not None and self.plan.normalizer.capabilities.charges_misses:
            self._model = self.plan.normalizer
            asked.append(Step(Purpose.NORMALIZE, self._model))
        histories = self.outlooks.histories
        self.steps = {
            step: StepEstimate(step.provider.name, step.purpose.name.lower(), history=histories.get(step.provider.name))
            for step in asked
        }

    def add(self, ids: Sequence[str]) -> list[Outlook]:
        """Take in a slice of the job's entities, and return what is known of each, in order."""
        job = self.job
        known = load_entities(job.entity_type, ids, workspace_slug=job.workspace_slug)
        excluded = Exclusions()
        if self.has_exclusions:
            excluded = Exclusions.load_for(job.entity_type, known.values(), job.workspace_slug)
        prior = self.recent.prior(ids, self.plan.steps)
        runs = [
            EntityRun(0, entity_id, fields, self.plan, prior=prior.get(entity_id, {}))
            for entity_id, fields in known.items()
        ]
        self.cached = self._load_cached(runs)
        self.verdicts = standing_verdicts(set().union(*(run.addresses for run in runs)), job.workspace_slug)
        self.unknown += len(ids) - len(known)
        outlooks = {entity_id: Outlook(entity_id) for entity_id in ids}
        for run in runs:
            if excluded.excludes(job.entity_type, run.fields):
                self.excluded += 1
                outlooks[run.entity_id].is_excluded = True
            elif run.is_satisfied:
                self.satisfied += 1
            else:
                self._follow(run, outlooks[run.entity_id])
                self._look_back(outlooks[run.entity_id])
        return list(outlooks.values())

    def _load_cached(self, runs: Sequence[EntityRun]) -> Mapping[str, Any]:
        """Return what a model has said before about the texts of some entities."""
        models = {step.provider for step in self.steps if step.provider.capabilities.rules_first}
        keys = {key for run in runs for model in models for key in model.cache_keys(self._lookup(run, model))}
        return model_cache.load(keys) if keys else {}

    def _follow(self, run: EntityRun, outlook: Outlook) -> None:
        """Lead an entity along the plan as the job would, with everybody it asks finding nothing."""
        is_first = True
        while not isinstance(next_step := run.next_step(), Decision):
            if self._is_judged(next_step, run) or self._is_left_out(next_step, run):
                continue
            self._ask(next_step, run, outlook, is_certain=is_first)
            if next_step.purpose is Purpose.STEP:
                self._note_step(next_step.provider, run, outlook)
                self._ask_verifier(run, outlook)
            is_first = False
            run.apply(next_step, _MISS, "", 0.0, ())
        if outlook.route and self._model is not None:
            self._ask_model(Step(Purpose.NORMALIZE, self._model), run, outlook)

    @property
    def dearest_micros(self) -> int:
        """The most that any one entity can cost."""
        return sum(self._dearest_micros(step) for step in self.steps)

    def _dearest_micros(self, step: Step) -> int:
        texts = dict.fromkeys(_MODEL_FIELDS[self.job.entity_type], _ANY_TEXT)
        is_model = step.provider.capabilities.rules_first
        lookup = Lookup(self.job.entity_type, "", texts if is_model else {})
        times = len(self.plan.steps) if step.purpose is Purpose.VERIFY else 1
        return times * step.provider.worst_price_micros(lookup)

    def likely(self, times: float = 1.0) -> Likely | None:
        """Return what so many times the entities seen so far cost; None: nobody whom they ask has a history."""
        prices = {step.provider: step.price_micros for step in self.steps.values()}
        routes = Counter({route: round(count * times) for route, count in self.routes.items()})
        return self.outlooks.likely(routes, prices.__getitem__)

    def _look_back(self, outlook: Outlook) -> None:
        """Note what an entity's way has come to before."""
        route = outlook.route
        if not route:
            return
        self.routes[route] += 1
        if route not in self._prospects:
            self._prospects[route] = self.outlooks.prospect(route)
        outlook.prospect = self._prospects[route]

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

    def _note_step(self, provider: Provider, run: EntityRun, outlook: Outlook) -> None:
        """Add a provider to the way that an entity goes."""
        if not outlook.route:
            names = provider.inputs.get(self.job.entity_type, ())
            outlook.inputs = tuple(sorted(name for name in names if not is_blank(run.fields.get(name))))
        outlook.route += (provider.name,)

    def _ask_verifier(self, run: EntityRun, outlook: Outlook) -> None:
        """Count a verdict on the address that a step may find; it may be invalid, so that the run goes on."""
        if self.plan.verifier is not None and is_blank(run.fields.get("email")):
            self._ask(Step(Purpose.VERIFY, self.plan.verifier), run, outlook)

    def _is_left_out(self, next_step: Step, run: EntityRun) -> bool:
        """Return whether a step's provider is not asked, because it has answered before or input is missing."""
        if next_step.purpose is not Purpose.STEP:
            return False
        step, provider = self.steps[next_step], next_step.provider
        prior = run.prior.get(provider.name)
        if prior is not None and is_answered(prior, fingerprint(provider, self.job.entity_type, run.fields)):
            step.answered_before += 1
            self._apply_prior(run, prior)
            return True
        reason = provider.why_insufficient(self._lookup(run, provider))
        if reason is not None:
            step.missing_input += 1
            run.advance()
        return reason is not None

    def _apply_prior(self, run: EntityRun, prior: PriorAnswer) -> None:
        run.apply_prior(prior)
        if run.offer is not None and self.plan.verifier is None:
            # What was withheld for a verifier is written if nobody is to verify it any more.
            run.fields.update(run.withdraw_offer().fields)
            self._last_lookup = None

    def _ask(self, next_step: Step, run: EntityRun, outlook: Outlook, *, is_certain: bool = False) -> None:
        step, provider = self.steps[next_step], next_step.provider
        price = provider.worst_price_micros(self._lookup(run, provider))
        step.questions += 1
        step.high_micros += price
        outlook.high_micros += price
        # What a text costs a model at least depends on how many share a request, and nobody can tell.
        if is_certain and provider.capabilities.charges_misses and not provider.capabilities.rules_first:
            step.low_micros += price
            outlook.low_micros += price

    def _ask_model(self, next_step: Step, run: EntityRun, outlook: Outlook) -> None:
        """Count what the normaliser's model may be asked about what stands there, or may be found."""
        blanks = [name for name in _MODEL_FIELDS[self.job.entity_type] if is_blank(run.fields.get(name))]
        lookup = self._lookup(run, next_step.provider)
        lookup = replace(lookup, fields={**lookup.fields, **dict.fromkeys(blanks, _ANY_TEXT)})
        price = next_step.provider.worst_price_micros(lookup)
        self.steps[next_step].questions += price > 0
        self.steps[next_step].high_micros += price
        outlook.high_micros += price

    def _lookup(self, run: EntityRun, provider: Provider) -> Lookup:
        """Return what a provider would be asked: the same for all that go by all fields, as long as these stay."""
        entity_type, fields = self.job.entity_type, run.fields
        if provider.capabilities.rules_first:
            fields = {name: fields.get(name) for name in _MODEL_INPUTS[entity_type]}
            return Lookup(entity_type, run.entity_id, fields, cached=self.cached)
        if self._last_lookup is None or self._last_lookup.fields is not fields:
            self._last_lookup = Lookup(entity_type, run.entity_id, fields, cached=self.cached)
        return self._last_lookup
