"""One round of a chunk: what one transaction is to store, and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from app.enrichment.limits import circuit_breaker
from app.enrichment.money.caps import Cap
from app.enrichment.queue.lease import JobInfo, Lease
from app.enrichment.waterfall.dedup import RecentAnswers
from app.enrichment.waterfall.entity_run import EntityRun, PriorAnswer, Step
from app.entities.policies import MergePolicy
from app.providers.base import Answer, Lookup, Provider


@dataclass(frozen=True, slots=True, eq=False)
class Attempt:
    """One question about one entity."""

    run: EntityRun
    step: Step
    lookup: Lookup
    attempt_id: str
    price_micros: int = 0
    """The most that it can cost."""
    fingerprint: str | None = None
    is_local: bool = True
    """Whether it is answered here, without a provider being called."""


@dataclass(slots=True)
class Call:
    """One call: one question, or several in bulk."""

    id: str
    provider: Provider
    asked: list[Attempt]
    patience: float
    """How long it may take, in seconds."""
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    start_at: float = 0.0
    """When it begins, on the monotonic clock."""

    @property
    def is_local(self) -> bool:
        """Whether nobody is called, so that nothing needs to be on record before."""
        return all(one.is_local for one in self.asked)


@dataclass(frozen=True, slots=True)
class AttemptResult:
    """A question with its answer."""

    asked: Attempt
    answer: Answer
    started_at: datetime
    finished_at: datetime
    offered: Mapping[str, Any] = field(default_factory=dict)
    """The fields of the answer that may be written."""
    call_id: str | None = None
    """The call that it was part of; None: it came by itself."""
    is_overdue: bool = False
    """Whether the question was taken and paid for, and its callback never came."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of an address that was withheld until a verifier had seen it."""

    entity_id: str
    attempt_id: str
    provider: str
    fields: Mapping[str, Any]
    is_rejected: bool


@dataclass(frozen=True, slots=True)
class NotAsked:
    """A question that was not asked because another job's call with it is in doubt."""

    entity_id: str
    provider: str


@dataclass(frozen=True, slots=True)
class Granted:
    """The questions of a call that may be sent, and when, on the monotonic clock."""

    asked: list[Attempt]
    start_at: float


@dataclass
class Batch:
    """What one transaction is to store, and below, what came of it."""

    ended: list[AttemptResult] = field(default_factory=list)
    pending: list[AttemptResult] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    released: list[Attempt] = field(default_factory=list)
    """Questions that were not answered and not charged, to be asked in another way."""
    replaced: list[Any] = field(default_factory=list)
    """Flights of a lost worker whose questions are asked again, for free."""
    lost: list[Any] = field(default_factory=list)
    """Flights of a lost worker that are given up: nobody knows whether they were paid."""
    not_asked: list[NotAsked] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    """What is to start, as far as limits, flights and caps allow."""
    ended_calls: set[str] = field(default_factory=set)
    """The calls that the answers are of; they are under way no more."""
    states: Mapping[str, circuit_breaker.ProviderState] = field(default_factory=dict)

    granted: dict[str, Granted] = field(default_factory=dict)
    """By call."""
    waits: dict[str, float] = field(default_factory=dict)
    """By attempt that was not granted, the seconds until it is worth another try."""
    reasons: dict[str, str] = field(default_factory=dict)
    prior: dict[str, dict[str, PriorAnswer]] = field(default_factory=dict)
    """What others have learned meanwhile, by entity and provider's name."""
    entities: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The fields as they are now of entities about which others ask, or have asked, the same."""
    gone: set[str] = field(default_factory=set)
    """Entities that were erased or excluded meanwhile."""
    reached: Cap | None = None
    reached_seconds: float | None = None
    fresh_states: dict[str, circuit_breaker.ProviderState] | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to store."""
        answers = self.ended or self.pending or self.verdicts or self.not_asked
        return not (answers or self.released or self.replaced or self.lost)

    @property
    def has_money(self) -> bool:
        """Whether something in it was paid for, or is about to be."""
        return bool(self.calls or self.pending or self.lost or any(not one.asked.is_local for one in self.ended))

    def forget_results(self) -> None:
        """Take back what came of it, before it is stored once more."""
        self.granted, self.waits, self.reasons, self.prior, self.entities = {}, {}, {}, {}, {}
        self.gone = set()
        self.reached = self.reached_seconds = self.fresh_states = None


@dataclass(frozen=True, slots=True)
class ChunkContext:
    """What every round of a chunk is stored with."""

    lease: Lease
    gate: RecentAnswers
    caps: tuple[Cap, ...]
    policies: Mapping[str, MergePolicy]
    keeps_raw: bool
    accounts: set[tuple[str, date]] = field(default_factory=set)
    """Rows of caps that are known to be there, by scope and day."""

    @property
    def job(self) -> JobInfo:
        """The chunk's job."""
        return self.lease.job
