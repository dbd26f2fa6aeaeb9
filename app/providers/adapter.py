"""What the adapters of paid providers have in common: whom they ask about, and whose answers count.

An adapter writes `lacks`, `most_micros`, `ask` and, if it has bulk calls, `ask_many`. Around these stands here, once,
what each of them owes: fields that name nobody are not asked about, and an answer about somebody else is not found.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from app.providers.base import Answer, Capabilities, Lookup, OutcomeClass, Provider
from app.providers.identity import Match, judge
from app.providers.questions import Known, known_fields
from app.providers.settings import ProviderSettings
from app.values.emails import email_address

_ABOUT_ANOTHER: Mapping[str, str] = MappingProxyType(
    {
        "person": "The answer is about another person.",
        "company": "The answer is about another company.",
    }
)


class PaidProvider(Provider, ABC):
    """A provider that needs a key. By default only finds are charged, nothing is cached, and there is no bulk call."""

    capabilities = Capabilities()

    def __init__(self, settings: ProviderSettings) -> None:
        self.settings = settings

    # What an adapter writes; the fields are those that name somebody

    @abstractmethod
    def lacks(self, lookup: Lookup) -> str | None:
        """Return what the entity lacks for a call, as a sentence, or None if it can be asked about."""

    @abstractmethod
    def most_micros(self, lookup: Lookup) -> int:
        """Return the most that the question can cost, in micro-dollars."""

    @abstractmethod
    async def ask(self, lookup: Lookup, deadline: float) -> Answer:
        """Ask about one entity that lacks nothing."""

    async def ask_many(self, lookups: Sequence[Lookup], deadline: float) -> Sequence[Answer]:
        """Ask about several that lack nothing; one answer each, in their order."""
        return [await self.ask(lookup, deadline) for lookup in lookups]

    def known(self, lookup: Lookup) -> Known:
        """Return the fields that the entity can be asked about by."""
        return known_fields(lookup.entity_type, lookup.fields)

    def is_about_another(self, lookup: Lookup, answer: Answer) -> bool:
        """Return whether an answer is about somebody else than the entity."""
        said = {**answer.fields, **answer.about}
        return judge(lookup.entity_type, self.known(lookup).fields, said) is Match.ANOTHER

    # What the pipeline calls

    def why_unusable(self) -> str | None:
        """Return that the key is missing, or None."""
        if self.settings.api_key:
            return None
        return f"Provider {self.name} has no key; set {self.settings.prefix}_API_KEY."

    def why_insufficient(self, lookup: Lookup) -> str | None:
        """Return what the entity lacks for a call, and which of its values name nobody, or None."""
        known = self.known(lookup)
        lack = self.lacks(replace(lookup, fields=known.fields))
        return None if lack is None else " ".join([*known.remarks, lack])

    def worst_price_micros(self, lookup: Lookup) -> int:
        """Return the most that the question can cost, in micro-dollars."""
        return self.most_micros(self._askable(lookup))

    def cache_keys(self, lookup: Lookup) -> Sequence[str]:
        """Return nothing: answers about one entity say nothing about others."""
        return ()

    def is_local(self, lookup: Lookup) -> bool:
        """Return False: every question is a call, whatever it costs."""
        return False

    async def lookup(self, lookup: Lookup, *, deadline: float) -> Answer:
        """Ask about one entity."""
        if reason := self.why_insufficient(lookup):
            return Answer(OutcomeClass.SKIPPED_INSUFFICIENT_INPUT, error=reason)
        return self.about_asked(lookup, await self.ask(self._askable(lookup), deadline))

    async def lookup_many(self, lookups: Sequence[Lookup], *, deadline: float) -> Sequence[Answer]:
        """Ask about entities of one type; those that lack something are left out of the call."""
        reasons = [self.why_insufficient(lookup) for lookup in lookups]
        asked = [self._askable(lookup) for lookup, reason in zip(lookups, reasons, strict=True) if reason is None]
        answers = iter(await self.ask_many(asked, deadline) if asked else ())
        return [
            self.about_asked(lookup, next(answers))
            if reason is None
            else Answer(OutcomeClass.SKIPPED_INSUFFICIENT_INPUT, error=reason)
            for lookup, reason in zip(lookups, reasons, strict=True)
        ]

    def about_asked(self, lookup: Lookup, answer: Answer) -> Answer:
        """Return an answer, as not found if it is about somebody else; its cost and the raw answer stay."""
        if answer.outcome_class is not OutcomeClass.SUCCESS or answer.pending_seconds is not None:
            return answer
        if not self.is_about_another(lookup, answer):
            return answer
        return replace(
            answer,
            outcome_class=OutcomeClass.NOT_FOUND,
            fields={},
            error=_ABOUT_ANOTHER[lookup.entity_type],
            retry_after_seconds=None,
            trouble=None,
        )

    def _askable(self, lookup: Lookup) -> Lookup:
        return replace(lookup, fields=self.known(lookup).fields)


class PaidVerifier(PaidProvider):
    """A provider that says whether mail to a person's address arrives; whose address it is does not matter."""

    entity_types = frozenset({"person"})
    inputs: Mapping[str, frozenset[str]] = MappingProxyType({"person": frozenset({"email"})})

    def lacks(self, lookup: Lookup) -> str | None:
        """Return that there is no address, if there is none."""
        return None if email_address(lookup.fields.get("email")) else "There is no e-mail address to verify."

    def known(self, lookup: Lookup) -> Known:
        """Return the fields as they are."""
        return Known(lookup.fields)

    def is_about_another(self, lookup: Lookup, answer: Answer) -> bool:
        """Return whether the verdict is on another address."""
        judged: Any = email_address(answer.about.get("email"))
        return judged is not None and judged != email_address(lookup.fields.get("email"))
