"""What a provider is: the question it gets, the answer it gives, what it costs and allows.

Providers know nothing of Flask, jobs or the database. They are handed plain
dataclasses and hand plain dataclasses back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Protocol, Self

from app.providers.settings import ProviderSettings


class OutcomeClass(StrEnum):
    """What one call of a provider came to."""

    SUCCESS = "success"
    """At least one field that belongs to the entity that was asked for."""
    NOT_FOUND = "not_found"
    """The provider answered, and has nothing, or answered about somebody else. An answer, not an error."""
    SKIPPED_INSUFFICIENT_INPUT = "skipped_insufficient_input"
    """Refused before calling, for lack of input; asked again when the input grows."""
    RATE_LIMITED = "rate_limited"
    """Slow down: the same provider is asked again after `retry_after_seconds`. Never a failure of the provider."""
    CREDITS_EXHAUSTED = "credits_exhausted"
    """Money or quota is gone; the provider is left alone for a while."""
    AUTH_FAILED = "auth_failed"
    """The key is refused; the provider is left alone until its settings change."""
    INVALID_REQUEST = "invalid_request"
    """Our mistake, or a bad value; not tried again."""
    TRANSIENT = "transient"
    """Network, time-out, 5xx or an unreadable body; may be tried again. Counts against the provider's health."""


DEFINITE = frozenset({OutcomeClass.SUCCESS, OutcomeClass.NOT_FOUND})
"""Classes that answer the question, so that it need not be asked again for a while."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """What is asked: one entity with the fields that are known of it.

    `cached` holds what is known of the keys that `cache_keys` gave.
    `request_id` names this one question, for answers that come later, by
    callback to `callback_url`.
    """

    entity_type: str
    entity_id: str
    fields: Mapping[str, Any]
    cached: Mapping[str, Any] = field(default_factory=dict)
    request_id: str = ""
    callback_url: str | None = None
    memo: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """What was made of its fields, for whoever looks at them again: at one provider's price, and at the next one."""

    def about(self, fields: Mapping[str, Any]) -> "Lookup":
        """Return the same with other fields. `replace` takes four times as long, and each price needs one."""
        return Lookup(self.entity_type, self.entity_id, fields, self.cached, self.request_id, self.callback_url)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: canonical fields, the provider's raw answer, and what it cost in micro-dollars."""

    outcome_class: OutcomeClass
    fields: Mapping[str, Any] = field(default_factory=dict)
    raw: Any = None
    cost_micros: int = 0
    error: str | None = None
    """One sentence without personal data, if the class is not `success` or there was trouble."""
    retry_after_seconds: float | None = None
    """How long to leave the provider alone, if it asked for that."""
    is_about_entity: bool = False
    """Whether a failure lies with what was asked about, such as a dead website, and says nothing of the provider."""
    is_cost_known: bool = True
    """False if the call was sent and no readable answer came: it may have been charged, up to the worst price.
    `cost_micros` is then what is known of it."""
    pending_seconds: float | None = None
    """Set if the question was taken and the answer comes by callback, within so many seconds."""
    cache_entries: Mapping[str, Any] = field(default_factory=dict)
    """New entries of the model cache, by key: they serve other entities too."""
    trouble: OutcomeClass | None = None
    """What became of a second call that this answer would have needed to be whole. The fields are paid for and are to
    be written; the question is still open."""
    about: Mapping[str, Any] = field(default_factory=dict)
    """What the answer says of whom it is about, as fields, if its own fields do not say it or repeat the question."""

    @property
    def standing(self) -> OutcomeClass:
        """What the answer says of the provider's health: the trouble, if there was any, else the class."""
        return self.trouble or self.outcome_class


@dataclass(frozen=True, slots=True)
class Capabilities:
    """How a provider charges and answers. Callers ask for these, never for its name."""

    repeat_is_free: bool = False
    """Whether asking again about the same entity costs nothing, so that a call cut off by a crash may be repeated."""
    charges_misses: bool = False
    """Whether a call is charged even if nothing is found, so that its price is certain before it is sent."""
    answers_later: bool = False
    """Whether its answers come by callback, which `read_callback` reads."""
    rules_first: bool = False
    """Whether rules of its own decide what they can before a call. `rules` returns what they say, and stands in for
    the call if that cannot be made, so the provider is never skipped."""
    owns_fields: bool = False
    """Whether it alone writes the fields of its answers, deriving them from the entity's other fields. Each answer
    replaces all of them, a miss empties them, and no earlier answer stands in for a new one."""
    bulk_sizes: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    """By entity type, how many entities `lookup_many` takes at once; types without a bulk call are missing."""
    verifies: str | None = None
    """Of a verifier, the provider whose account, and with it rate limits, it shares."""


class Provider(Protocol):
    """One provider. Instances are shared by all calls of a process and hold no state of a call."""

    name: str
    entity_types: frozenset[str]
    settings: ProviderSettings
    capabilities: Capabilities
    inputs: Mapping[str, frozenset[str]]
    """By entity type, the fields that a question is made of. Only when one of these changes is a miss asked again
    before its time."""

    def with_settings(self, settings: ProviderSettings) -> Self:
        """Return the same provider under other settings, such as with another key."""
        ...

    def why_unusable(self) -> str | None:
        """Return which setting is missing, as a sentence, or None if calls can be made."""
        ...

    def why_insufficient(self, lookup: Lookup) -> str | None:
        """Return what the entity lacks for a call, as a sentence, or None if it can be asked."""
        ...

    def worst_price_micros(self, lookup: Lookup) -> int:
        """Return the most that this question can cost, in micro-dollars. 0: it is free, and no call need be paid."""
        ...

    def cache_keys(self, lookup: Lookup) -> Sequence[str]:
        """Return what this question would like to know from earlier answers about other entities."""
        ...

    def local_answer(self, lookup: Lookup) -> Answer | None:
        """Return the answer if it takes no call; None: the question is a call, whatever that costs."""
        return None

    async def lookup(self, lookup: Lookup, *, deadline: float) -> Answer:
        """Ask for one entity, and be done by `deadline` (of the monotonic clock).

        What it raises is a bug and becomes that entity's error.
        """
        ...

    async def lookup_many(self, lookups: Sequence[Lookup], *, deadline: float) -> Sequence[Answer]:
        """Ask for entities of one type in one call; one answer each, in their order."""
        ...

    def rules(self, lookup: Lookup) -> Answer:
        """Return what the rules say without a call, of a provider with `rules_first`."""
        raise NotImplementedError(f"provider {self.name} has no rules")

    def read_callback(self, lookup: Lookup, payload: Any, kinds: Mapping[str, str]) -> Answer:
        """Return what a callback's payload answers, of a provider with `answers_later`.

        `kinds` gives for each field of the entity what it holds: text, list, dict, integer or boolean.
        """
        raise NotImplementedError(f"provider {self.name} takes no callbacks")
