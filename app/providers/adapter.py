"""What the adapters of paid providers have in common: whom they ask about, and whose answers count.

An adapter writes `lacks`, `operation` or `most_micros`, `ask` and, if it has bulk calls, `ask_many`. What each of them
owes stands here, once: fields that name nobody are not asked about, and an answer about somebody else is not found.
How calls fail is in `ApiClient`.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, ClassVar, Final

from app.providers.answer_match import Match, judge
from app.providers.api_client import ApiClient
from app.providers.base import DEFINITE, Answer, Capabilities, Lookup, OutcomeClass, Provider
from app.providers.http.reply import Reply
from app.providers.questions import Known, known_fields
from app.values.emails import email_address

_KNOWN: Final = "known"
_ABOUT_ANOTHER: Mapping[str, str] = MappingProxyType(
    {
        "person": "The answer is about another person.",
        "company": "The answer is about another company.",
    }
)


class PaidProvider(ApiClient, Provider):
    """A provider that needs a key. By default only finds are charged, nothing is cached, and there is no bulk call.

    `lookup` and `lookup_many` hand `ask` and `ask_many` questions: lookups whose fields all name somebody.
    """

    capabilities = Capabilities()
    operation: ClassVar[str]
    """What a question costs at most: one operation of this name, unless `most_micros` says otherwise."""

    # What an adapter writes

    @abstractmethod
    def lacks(self, question: Lookup) -> str | None:
        """Return what the entity lacks for a call, as a sentence, or None if it can be asked about."""

    def most_micros(self, question: Lookup) -> int:
        """Return the most that the question can cost, in micro-dollars."""
        return self.settings.price_micros(self.operation)

    @abstractmethod
    async def ask(self, question: Lookup, deadline: float) -> Answer:
        """Ask about one entity that lacks nothing."""

    async def ask_many(self, questions: Sequence[Lookup], deadline: float) -> Sequence[Answer]:
        """Ask about several that lack nothing; one answer each, in their order."""
        return [await self.ask(question, deadline) for question in questions]

    def known(self, lookup: Lookup) -> Known:
        """Return the fields that the entity can be asked about by."""
        known: Known | None = lookup.memo.get(_KNOWN)
        if known is None:
            known = lookup.memo[_KNOWN] = known_fields(lookup.entity_type, lookup.fields)
        return known

    def is_about_another(self, question: Lookup, answer: Answer) -> bool:
        """Return whether an answer is about somebody else than the entity."""
        stated = {**answer.fields, **answer.about}
        return judge(question.entity_type, question.fields, stated) is Match.ANOTHER

    # What the pipeline calls

    def why_unusable(self) -> str | None:
        """Return that the key is missing, or None."""
        if self.settings.api_key:
            return None
        if self.settings.why_no_key is not None:
            return f"Provider {self.name}: {self.settings.why_no_key}"
        return f"Provider {self.name} has no key; set {self.settings.prefix}_API_KEY."

    def why_insufficient(self, lookup: Lookup) -> str | None:
        """Return what the entity lacks for a call, and which of its values name nobody, or None."""
        return self._prepare(lookup)[1]

    def worst_price_micros(self, lookup: Lookup) -> int:
        """Return the most that the question can cost, in micro-dollars."""
        return self.most_micros(self.question(lookup))

    def cache_keys(self, lookup: Lookup) -> Sequence[str]:
        """Return nothing: answers about one entity say nothing about others."""
        return ()

    async def lookup(self, lookup: Lookup, *, deadline: float) -> Answer:
        """Ask about one entity."""
        question, reason = self._prepare(lookup)
        if reason is not None:
            return Answer(OutcomeClass.SKIPPED_INSUFFICIENT_INPUT, error=reason)
        return self.about_asked(question, await self.ask(question, deadline))

    async def lookup_many(self, lookups: Sequence[Lookup], *, deadline: float) -> Sequence[Answer]:
        """Ask about entities of one type; those that lack something are left out of the call."""
        prepared = [*map(self._prepare, lookups)]
        questions = [question for question, reason in prepared if reason is None]
        asked = iter(await self.ask_many(questions, deadline) if questions else ())
        answers = []
        for question, reason in prepared:
            if reason is None:
                answers.append(self.about_asked(question, next(asked)))
            else:
                answers.append(Answer(OutcomeClass.SKIPPED_INSUFFICIENT_INPUT, error=reason))
        return answers

    def about_asked(self, question: Lookup, answer: Answer) -> Answer:
        """Return an answer, as not found if it is about somebody else; its cost and the raw answer stay."""
        is_find = answer.outcome_class is OutcomeClass.SUCCESS and answer.pending_seconds is None
        if not is_find or not self.is_about_another(question, answer):
            return answer
        return replace(
            answer,
            outcome_class=OutcomeClass.NOT_FOUND,
            fields={},
            error=_ABOUT_ANOTHER[question.entity_type],
            retry_after_seconds=None,
            trouble=None,
        )

    def question(self, lookup: Lookup) -> Lookup:
        """Return a lookup with only the fields that the entity can be asked about by."""
        return lookup.about(self.known(lookup).fields)

    def _prepare(self, lookup: Lookup) -> tuple[Lookup, str | None]:
        """Return the question, and why it cannot be asked."""
        known = self.known(lookup)
        question = lookup.about(known.fields)
        lack = self.lacks(question)
        return question, None if lack is None else " ".join([*known.remarks, lack])


class PaidVerifier(PaidProvider):
    """A provider that judges whether mail to a person's address arrives; whose address it is does not matter."""

    entity_types = frozenset({"person"})
    inputs: Mapping[str, frozenset[str]] = MappingProxyType({"person": frozenset({"email"})})
    path: ClassVar[str]
    """Where an address is posted."""

    @abstractmethod
    def parse_verdict(self, reply: Reply) -> Answer:
        """Return the verdict in a reply: an answer whose one field is `email_status`."""

    async def ask(self, question: Lookup, deadline: float) -> Answer:
        """Ask about the address."""
        address = email_address(question.fields.get("email"))
        return await self.call(self.path, {"email": address}, self.parse_verdict, deadline)

    def lacks(self, question: Lookup) -> str | None:
        """Return that there is no address, if there is none."""
        return None if email_address(question.fields.get("email")) else "There is no e-mail address to verify."

    def known(self, lookup: Lookup) -> Known:
        """Return the fields as they are."""
        return Known(lookup.fields)

    def is_about_another(self, question: Lookup, answer: Answer) -> bool:
        """Return whether the verdict is on another address."""
        judged = email_address(answer.about.get("email"))
        return judged is not None and judged != email_address(question.fields.get("email"))


def with_second_call(first: Answer, second: Answer, raw: Mapping[str, Any], most_micros: int) -> Answer:
    """Return an answer with what a second call added to it, and the raw answers of both.

    The first is paid for, so it is delivered whatever became of the second. If that may have been charged, the most
    that it can have cost counts.
    """
    is_whole = second.outcome_class in DEFINITE
    trouble, error = (None, None) if is_whole else (second.outcome_class, second.error)
    unknown_micros = 0 if second.is_cost_known else most_micros
    return replace(
        first,
        fields={**first.fields, **second.fields},
        raw=raw,
        cost_micros=first.cost_micros + second.cost_micros + unknown_micros,
        is_cost_known=second.is_cost_known,
        retry_after_seconds=second.retry_after_seconds,
        trouble=trouble,
        error=error,
    )
