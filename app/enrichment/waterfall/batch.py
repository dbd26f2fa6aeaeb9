"""What a checkpoint stores, as one value (`Batch`), and what comes of it, as another (`Admission`)."""

import time
from collections import ChainMap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import chain
from typing import Any, Final

from app.enrichment.limits.circuit_breaker import ProviderState
from app.enrichment.money.caps import Cap, Caps
from app.enrichment.queue.lease import JobInfo
from app.enrichment.waterfall.dedup import RecentAnswers
from app.enrichment.waterfall.entity_run import EntityRun, Plan, PriorAnswer, Step
from app.entities.policies import MergePolicy
from app.entities.verdicts import VerdictView
from app.providers.base import Answer, Lookup, Provider


@dataclass(frozen=True, slots=True)
class JobContext:
    """What all chunks of a job share in one worker's hands, as the settings, keys and caps stood when it began.

    Two are equal if a checkpoint stores alike what is of the one and of the other.
    """

    job: JobInfo
    plan: Plan
    recent: RecentAnswers
    caps: Caps
    policies: Mapping[str, MergePolicy]
    retry_seconds: tuple[float, ...]
    keeps_raw: bool
    own_accounts: Mapping[str, str]
    """By provider's name, the accounts that are the workspace's own."""
    accounts: set[tuple[str, date]] = field(default_factory=set, compare=False)
    """Rows of caps that are known to be there, by scope and day."""


@dataclass(frozen=True, slots=True, eq=False)
class Attempt:
    """One step of one entity that is to be asked."""

    run: EntityRun
    step: Step
    lookup: Lookup
    id: str
    price_micros: int = 0
    """The most that it can cost."""
    fingerprint: str | None = None
    is_local: bool = True
    """Whether it was answered here, without a provider being called."""
    address: str | None = None
    """The address that is verified, if it is a verifier that is asked."""
    provider: Provider = field(init=False)
    entity_id: str = field(init=False)
    request_id: str = field(init=False)
    """The name under which it is on record while it is under way."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "provider", self.step.provider)
        object.__setattr__(self, "entity_id", self.run.entity_id)
        object.__setattr__(self, "request_id", self.lookup.request_id)


@dataclass(frozen=True, slots=True)
class Call:
    """One call: one attempt, or several in bulk."""

    id: str
    provider: Provider
    attempts: tuple[Attempt, ...]
    patience: float
    """How long it may take, in seconds."""
    position: int
    """The chunk that it is of."""
    started_at: datetime | None = None
    start_at: float = 0.0
    """When it begins, on the monotonic clock."""


@dataclass(frozen=True, slots=True)
class AttemptResult:
    """An attempt with its answer."""

    attempt: Attempt
    answer: Answer
    started_at: datetime
    finished_at: datetime
    offered: Mapping[str, Any] = field(default_factory=dict)
    """The fields of the answer that may be written."""
    call_id: str | None = None
    """The call that it was part of; None: it came by itself."""
    is_in_turn: bool = False
    """Whether everybody ahead in the order had answered too, without giving all that is wanted."""
    is_overlap: bool = False
    """Whether it has something about an entity of which a provider ahead had something too."""
    is_overdue: bool = False
    """Whether the question was taken and paid for, and its callback never came."""
    instant: float = field(default_factory=time.monotonic)
    """When it came, by the monotonic clock. The entities of one call share it: whoever failed together becomes due
    together, and is asked about in one call again."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of an address that was withheld until a verifier had seen it."""

    entity_id: str
    attempt_id: str
    provider: str
    fields: Mapping[str, Any]
    is_rejected: bool
    verified_at: datetime | None = None
    """When it was given, of a verdict on the address that the entity has: what was said since is newer."""


@dataclass(frozen=True, slots=True)
class NotAsked:
    """A question that was not asked because another job's call with it is in doubt."""

    entity_id: str
    provider: str


@dataclass(frozen=True, slots=True)
class Spared:
    """A verification that was spared, because a verdict on the address stands."""

    entity_id: str
    attempt_id: str
    """Of the attempt that says so."""
    verdict: VerdictView


@dataclass(frozen=True, slots=True)
class Batch:
    """What one checkpoint stores, and the calls that are to start after it."""

    results: tuple[AttemptResult, ...] = ()
    pending: tuple[AttemptResult, ...] = ()
    """Questions that were taken; their answers come by callback."""
    verdicts: tuple[Verdict, ...] = ()
    released: tuple[Attempt, ...] = ()
    """Attempts that were not answered and not charged, to be made in another way."""
    replaced: tuple[Any, ...] = ()
    """Calls of a lost worker whose questions are asked again, for free."""
    lost: tuple[Any, ...] = ()
    """Calls of a lost worker that are given up: nobody knows whether they were paid."""
    not_asked: tuple[NotAsked, ...] = ()
    spared: tuple[Spared, ...] = ()
    calls: tuple[Call, ...] = ()
    """What is to start, as far as limits, other jobs and caps allow."""
    ended_calls: frozenset[str] = frozenset()
    """The calls that the results are of; they are under way no more."""
    states: Mapping[str, ProviderState] = field(default_factory=dict)
    """The providers' states as this worker knows them."""
    asked: int = 0
    """Entities decided about which somebody was asked."""
    finds: int = 0
    """Those of them that got a field which is wanted."""
    delay_seconds: float = 0.0
    """How long it lately took until calls that limits had allowed could start."""

    @property
    def has_money(self) -> bool:
        """Whether something in it was paid for, or is about to be."""
        is_paid = any(not result.attempt.is_local for result in self.results)
        return bool(self.calls or self.pending or self.lost or is_paid)

    @property
    def moves_calls(self) -> bool:
        """Whether calls are to be taken off the record, or put on it."""
        return bool(self.has_money or self.released or self.replaced)


_LISTS: Final = ("results", "pending", "verdicts", "released", "replaced", "lost", "not_asked", "spared", "calls")


def joined(batches: Sequence[Batch]) -> Batch:
    """Return what batches of one job's chunks store as one."""
    lists = {name: tuple(chain.from_iterable(getattr(batch, name) for batch in batches)) for name in _LISTS}
    return Batch(
        **lists,
        ended_calls=frozenset().union(*(batch.ended_calls for batch in batches)),
        states=dict(ChainMap(*(dict(batch.states) for batch in batches))),
        asked=sum(batch.asked for batch in batches),
        finds=sum(batch.finds for batch in batches),
        delay_seconds=max(batch.delay_seconds for batch in batches),
    )


@dataclass
class Unstored:
    """What has come back since the last checkpoint, gathered for the next one."""

    results: list[AttemptResult] = field(default_factory=list)
    pending: list[AttemptResult] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    released: list[Attempt] = field(default_factory=list)
    replaced: list[Any] = field(default_factory=list)
    lost: list[Any] = field(default_factory=list)
    not_asked: list[NotAsked] = field(default_factory=list)
    spared: list[Spared] = field(default_factory=list)
    ended_calls: set[str] = field(default_factory=set)
    asked: int = 0
    finds: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to store."""
        asked = (self.results, self.pending, self.released, self.replaced, self.lost)
        return not any((*asked, self.verdicts, self.not_asked, self.spared))

    @property
    def has_paid_result(self) -> bool:
        """Whether an answer is among it that a provider was called for."""
        return any(not result.attempt.is_local for result in self.results)

    def batch(self, calls: tuple[Call, ...], states: Mapping[str, ProviderState]) -> Batch:
        """Return what is to be stored now, with the calls that are to start."""
        return Batch(
            tuple(self.results),
            tuple(self.pending),
            tuple(self.verdicts),
            tuple(self.released),
            tuple(self.replaced),
            tuple(self.lost),
            tuple(self.not_asked),
            tuple(self.spared),
            calls,
            frozenset(self.ended_calls),
            states,
            self.asked,
            self.finds,
        )


@dataclass(frozen=True, slots=True)
class Granted:
    """The attempts of a call that may be sent, and when, on the monotonic clock."""

    attempts: tuple[Attempt, ...]
    start_at: float
    start_by: float
    """After which it would meet the calls that come next, and needs another instant."""
    allowed_at: float
    """When the provider's limits were asked."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an attempt may not start now, and in how many seconds to look again."""

    wait_seconds: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ReachedCap:
    """A cap that a call does not fit under, and the seconds until there is room again; None: never."""

    cap: Cap
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Admission:
    """What came of a batch: which calls start, why others do not, and what is known by now."""

    granted: Mapping[str, Granted] = field(default_factory=dict)
    """By call."""
    refused: Mapping[str, Refusal] = field(default_factory=dict)
    """By attempt."""
    prior: Mapping[str, Mapping[str, PriorAnswer]] = field(default_factory=dict)
    """What others have learned meanwhile, by entity and provider's name."""
    entities: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """The fields as they are now of entities about which others ask, or have asked, the same."""
    gone: frozenset[str] = frozenset()
    """Entities that were erased or excluded meanwhile."""
    reached: ReachedCap | None = None
    is_stopped: bool = False
    """Whether the job has stopped itself, in this checkpoint or in one that this one waited for."""
    states: Mapping[str, ProviderState] | None = None
    """The providers' states after it; None: they were not looked at."""
