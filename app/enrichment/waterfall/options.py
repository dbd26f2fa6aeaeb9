"""The options of a job: the waterfall, the verifier, the cap, when it stops itself, and whether it takes a sample."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any, Final

from app.config import Config, micros
from app.enrichment.queue.stop_rules import StopRule
from app.entities.fields import RAW_FIELDS, field_named
from app.errors import DamagedData, expect
from app.providers.names import NAMES, VERIFIER_NAMES, WATERFALL

MAX_CAP_USD = 1_000_000
MAX_SAMPLE: Final = 1000
"""Entities of a pilot; a report looks at each."""


@dataclass(frozen=True, slots=True)
class Sample:
    """How many entities a pilot takes, and the seed that decides which."""

    size: int
    seed: int = 0


@dataclass(frozen=True, slots=True)
class JobOptions:
    """How a job is to be enriched. None: as the settings say. `verifier` may be `none`: nobody."""

    order: tuple[str, ...] | None = None
    until: tuple[str, ...] | None = None
    verifier: str | None = None
    cap_usd: Decimal | None = None
    stop_when: StopRule | None = None

    def checked(self, entity_type: str, provider: str) -> "JobOptions":
        """Return the options with fields in their own spelling. Raises `Invalid` for what cannot be followed."""
        is_walk = provider == WATERFALL or not self.stored()
        expect(is_walk, "waterfall", f"expected provider to be {WATERFALL}")
        order = _each_once("waterfall.order", self.order, _PROVIDERS.get, NAMES)
        fields = RAW_FIELDS[entity_type]
        until = _each_once("waterfall.until", self.until, partial(_raw_field, entity_type), list(fields)[:5])
        is_verifier = self.verifier in (None, *VERIFIER_NAMES, "none")
        expect(is_verifier, "waterfall.verifier", f"expected one of {', '.join(VERIFIER_NAMES)}, none")
        is_cap = self.cap_usd is None or 0 <= self.cap_usd <= MAX_CAP_USD
        expect(is_cap, "capUsd", f"expected dollars from 0 to {MAX_CAP_USD}")
        stop_when = None if self.stop_when is None else self.stop_when.checked()
        return JobOptions(order, until, self.verifier, self.cap_usd, stop_when)

    @classmethod
    def read(cls, stored: Any) -> "JobOptions":
        """Return what a job's row keeps of its options. Raises `DamagedData`."""
        kept = {} if stored is None else stored
        if not isinstance(kept, dict):
            raise DamagedData
        return cls(_texts(kept.get("order")), _texts(kept.get("until")), kept.get("verifier"))

    def stored(self) -> dict[str, Any] | None:
        """Return what a job's row keeps of it, apart from the cap and the rule to stop by."""
        walk = {"order": self.order, "until": self.until, "verifier": self.verifier}
        kept = {name: list(value) if isinstance(value, tuple) else value for name, value in walk.items() if value}
        return kept or None

    def shape(self) -> str:
        """Return what tells these options apart in the digest of a request; 0.3.0 stored digests with this text."""
        parts: dict[str, Any] = {"order": self.order, "until": self.until, "verifier": self.verifier}
        parts["cap_usd"] = self.cap_usd
        if self.stop_when is not None:
            parts["stop_when"] = self.stop_when
        return f"Terms({', '.join(f'{name}={value!r}' for name, value in parts.items())})"

    def columns(self, settings: Config) -> dict[str, Any]:
        """Return what a job's row keeps of it, by column."""
        stop_when = None if self.stop_when is None else self.stop_when.stored()
        return {"options": self.stored(), "cap_micros": self.cap_micros(settings), "stop_when": stop_when}

    def cap_micros(self, settings: Config) -> int | None:
        """Return the most that the job may spend."""
        return micros(settings.ENRICH_JOB_CAP_USD if self.cap_usd is None else self.cap_usd)


DEFAULT_OPTIONS = JobOptions()


_PROVIDERS: Final[Mapping[str, str]] = {name: name for name in NAMES}


def _raw_field(entity_type: str, name: str) -> str | None:
    field = field_named(entity_type, name)
    return field if field in RAW_FIELDS[entity_type] else None


def _each_once(
    path: str, words: tuple[str, ...] | None, read: Callable[[str], str | None], examples: Iterable[str]
) -> tuple[str, ...] | None:
    if words is None:
        return None
    known = tuple(filter(None, map(read, words)))
    are_known = bool(known) and len(set(known)) == len(words)
    expect(are_known, path, f"expected one or more, each once, of: {', '.join(examples)}")
    return known


def _texts(stored: Any) -> tuple[str, ...] | None:
    if stored is None:
        return None
    if not isinstance(stored, list) or not all(isinstance(text, str) for text in stored):
        raise DamagedData
    return tuple(stored)
