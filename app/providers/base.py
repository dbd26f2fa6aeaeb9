"""What a provider is: the question it gets, the answer it gives.

Providers know nothing of Flask, jobs or the database. They are handed plain
dataclasses and hand plain dataclasses back.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Protocol


class OutcomeClass(StrEnum):
    """What one call of a provider came to."""

    SUCCESS = "success"
    """At least one field that belongs to the entity that was asked for."""
    NOT_FOUND = "not_found"
    """The provider answered, and has nothing. An answer, not an error."""
    SKIPPED_INSUFFICIENT_INPUT = "skipped_insufficient_input"
    """Refused before calling, for lack of input; asked again when the input grows."""
    RATE_LIMITED = "rate_limited"
    CREDITS_EXHAUSTED = "credits_exhausted"
    AUTH_FAILED = "auth_failed"
    INVALID_REQUEST = "invalid_request"
    """Our mistake, or a bad value; not tried again."""
    TRANSIENT = "transient"
    """Network, time-out, 5xx or an unreadable body; may be tried again."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """What is asked: one entity with the fields that are known of it."""

    entity_type: str
    entity_id: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: canonical fields, the provider's raw answer, and what it cost in micro-dollars."""

    outcome_class: OutcomeClass
    fields: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    raw: Any = None
    cost_micros: int = 0
    error: str | None = None
    """One sentence without personal data, where the class is not `success`."""


class Provider(Protocol):
    """One provider. Instances are shared by all calls of a process and hold no state of a call."""

    name: str
    entity_types: frozenset[str]
    repeat_is_free: bool
    """Whether asking again for the same entity costs nothing, so that a call cut off by a crash may be repeated."""

    async def lookup(self, lookup: Lookup) -> Answer:
        """Ask for one entity. What it raises is a bug and becomes that entity's error."""
        ...
