"""Fakes that hold the contracts of the real thing."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace
from decimal import Decimal
from io import BytesIO
from typing import Any

from app.providers.base import Answer, Capabilities, Lookup, OutcomeClass
from app.providers.names import NORMALIZER
from app.providers.registry import Registry
from app.providers.settings import ExhaustionPolicy, Limits, ProviderSettings


class FakeProvider:
    """A provider of people whose answers are set by entity id; it counts what it was asked."""

    entity_types = frozenset({"person", "company"})

    def __init__(
        self,
        answers: Mapping[str, Answer | Exception] | None = None,
        *,
        seconds: float = 0.0,
        name: str = "fake",
        price_micros: int = 0,
        repeat_is_free: bool = True,
        charges_misses: bool = False,
        bulk_size: int = 1,
        limits: Limits | None = None,
        on_exhausted: ExhaustionPolicy = ExhaustionPolicy.SKIP,
        default: Answer | None = None,
        inputs: frozenset[str] = frozenset({"first_name", "linkedin_url"}),
        needs: str | None = None,
    ) -> None:
        self.name = name
        self.answers = answers or {}
        self.seconds = seconds
        self.price_micros = price_micros
        self.repeat_is_free = repeat_is_free
        self.charges_misses = charges_misses
        self.bulk_sizes = {"person": bulk_size, "company": bulk_size} if bulk_size > 1 else {}
        self.inputs = {"person": inputs, "company": inputs}
        self.needs = needs
        self.default = default or Answer(OutcomeClass.SUCCESS, fields={"job_title": "CEO"}, raw={"title": "CEO"})
        self.answers_later = False
        self.settings = ProviderSettings(
            prefix="FAKE",
            base_url="",
            api_key="a-key",
            usd_per_credit=Decimal(1),
            credits={},
            limits={"": limits or Limits()},
            timeout_seconds=60.0,
            on_exhausted=on_exhausted,
        )
        self.asked: Counter[str] = Counter()
        self.calls: list[list[str]] = []
        self.seen: list[Lookup] = []
        self.spent_micros = 0
        self.at_once = self.most_at_once = 0

    @property
    def capabilities(self) -> Capabilities:
        """Return what the attributes say, and for the names of the normaliser and of verifiers what those can do."""
        is_normalizer = self.name == NORMALIZER
        return Capabilities(
            repeat_is_free=self.repeat_is_free,
            charges_misses=self.charges_misses,
            answers_later=self.answers_later,
            rules_first=is_normalizer,
            owns_fields=is_normalizer,
            bulk_sizes=self.bulk_sizes,
            verifies=self.name.removesuffix("-verify") if self.name.endswith("-verify") else None,
        )

    def with_settings(self, settings: ProviderSettings) -> "FakeProvider":
        """Return one that counts what it is asked in the same place, under other settings."""
        changed = copy(self)
        changed.settings = settings
        return changed

    def why_unusable(self) -> str | None:
        """Say that nothing is missing."""
        return None

    def why_insufficient(self, lookup: Lookup) -> str | None:
        """Say what is missing where something is needed."""
        return None if self.needs is None or lookup.fields.get(self.needs) else f"There is no {self.needs}."

    def worst_price_micros(self, lookup: Lookup) -> int:
        """Return the one price that there is."""
        return self.price_micros

    def local_answer(self, lookup: Lookup) -> Answer | None:
        """Answer at once what costs nothing, has no limits and takes no time; not if calls do more than answer."""
        is_plain = type(self).lookup is FakeProvider.lookup and not self.seconds
        if not is_plain or self.price_micros or self.settings.limits_for(lookup.entity_type) != Limits():
            return None
        self.calls.append([lookup.entity_id])
        return self._answer(lookup)

    def cache_keys(self, lookup: Lookup) -> Sequence[str]:
        """Ask the cache for nothing."""
        return ()

    def rules(self, lookup: Lookup) -> Answer:
        """Refuse: the fake has no rules."""
        raise NotImplementedError

    def read_callback(self, lookup: Lookup, payload: Any, kinds: Mapping[str, str]) -> Answer:
        """Refuse: the fake takes no callbacks, unless a test sets this."""
        raise NotImplementedError

    async def lookup(self, lookup: Lookup, *, deadline: float) -> Answer:
        """Give the set answer, or a title for everybody else."""
        self.calls.append([lookup.entity_id])
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(self.seconds)
        finally:
            self.at_once -= 1
        return self._answer(lookup)

    async def lookup_many(self, lookups: Sequence[Lookup], *, deadline: float) -> Sequence[Answer]:
        """Give all of the answers at once."""
        self.calls.append([lookup.entity_id for lookup in lookups])
        await asyncio.sleep(self.seconds)
        return [self._answer(lookup) for lookup in lookups]

    def _answer(self, lookup: Lookup) -> Answer:
        self.asked[lookup.entity_id] += 1
        self.seen.append(lookup)
        answer = self.answers.get(lookup.entity_id, self.default)
        if isinstance(answer, Exception):
            raise answer
        if answer.outcome_class is OutcomeClass.SUCCESS and self.price_micros and not answer.cost_micros:
            answer = replace(answer, cost_micros=self.price_micros)
        self.spent_micros += answer.cost_micros
        return answer


def registry_of(*providers: FakeProvider, verifiers: Sequence[FakeProvider] = ()) -> Registry:
    """Return a registry of fakes alone."""
    checks = {verifier.name.removesuffix("-verify"): verifier for verifier in verifiers}
    return Registry({provider.name: provider for provider in providers}, checks)


def csv_stream(text: str) -> BytesIO:
    """Return a CSV file as an upload or `open` would give it."""
    return BytesIO(text.encode())
