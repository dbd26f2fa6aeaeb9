"""The ai-normalizer as a provider: rules first, and a model, where one is set, for what they leave open.

The rules need no key and no network, and cost nothing. The model is set by a key, or by the address of a
server of one's own that speaks OpenAI's API, which needs none.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, chain, pairwise
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Final, Self

from app.normalizer.companies import normalize_company
from app.normalizer.people import normalize_person
from app.providers.ai_normalizer.model import VALUES_PER_REQUEST, Model, Reading
from app.providers.ai_normalizer.questions import Question, Verdict, fill, open_questions, read_verdict
from app.providers.base import Answer, Capabilities, Lookup, OutcomeClass, Provider
from app.providers.defaults import DEFAULTS
from app.providers.http.client import Http
from app.providers.settings import ProviderSettings
from app.values.groups import grouped

BULK_SIZES: Mapping[str, int] = MappingProxyType({"person": 25, "company": 25})
"""How many entities share a call, so that equal texts among them are asked about once."""

_RULES = {"person": normalize_person, "company": normalize_company}
_INPUTS: Final[Mapping[str, frozenset[str]]] = {
    "person": frozenset(
        {
            "first_name", "last_name", "full_name", "job_title", "company", "company_domain", "email", "phone",
            "mobile_phone", "location", "location_country", "location_country_code",
        }
    ),
    "company": frozenset(
        {
            "name", "domain", "website", "industry", "industries", "headcount", "location", "hq_country",
            "hq_country_code", "year_founded",
        }
    ),
}  # fmt: skip


@dataclass(slots=True)
class _Case:
    """One lookup on its way to an answer."""

    fields: dict[str, Any]
    """What the rules and the cache say."""
    questions: list[Question]
    """What is still open."""
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    failure: Answer | None = None
    cost_micros: int = 0
    is_cost_known: bool = True

    def book(self, question: Question, reading: Reading, share_micros: int) -> None:
        """Take in what a request came to for one of the questions, and its share of the price."""
        self.cost_micros += share_micros
        self.is_cost_known = self.is_cost_known and reading.is_cost_known
        self.failure = self.failure or reading.failure
        if question.key in reading.verdicts:
            self.verdicts[question.key] = reading.verdicts[question.key]

    def answer(self) -> Answer:
        """Return the answer: of the model's verdicts, unless it failed, else of what was there without it."""
        raw: dict[str, Any] = {}
        cache_entries: dict[str, Any] = {}
        for question in self.questions:
            verdict = self.verdicts.get(question.key)
            if verdict is None:
                continue
            if self.failure is None:
                fill(self.fields, question.topic, verdict)
            raw[question.topic.field] = cache_entries[question.key] = verdict.as_json()
        if self.failure is None:
            answer = _answer(self.fields, asked=self.questions)
        else:
            answer = replace(self.failure, fields=self.fields)
        return replace(
            answer,
            raw=raw or None,
            cost_micros=self.cost_micros,
            is_cost_known=self.is_cost_known,
            cache_entries=cache_entries,
        )


class AiNormalizer(Provider):
    """Writes the normalised form of what is already known of an entity.

    Its answer carries every normalised column, None for those that are left open:
    the normaliser owns these columns, and a value that was derived from text which
    has changed since must not stay. What the rules decide stands; the model fills
    what they leave open. If it fails, the answer has its failure's class and
    the fields that were there without it.
    """

    name = "ai-normalizer"
    entity_types = frozenset(_RULES)
    inputs = _INPUTS

    def __init__(self, settings: ProviderSettings, http: Http) -> None:
        self.settings = settings
        self._http = http
        self._model = Model(settings, http) if _has_model(settings) else None
        self.capabilities = Capabilities(
            # Tokens are charged each time, whatever they lead to.
            repeat_is_free=self._model is None,
            charges_misses=self._model is not None,
            rules_first=True,
            owns_fields=True,
            bulk_sizes=BULK_SIZES,
        )

    def with_settings(self, settings: ProviderSettings) -> Self:
        """Return the normaliser under other settings, such as with another key for its model."""
        return type(self)(settings, self._http)

    def why_unusable(self) -> str | None:
        """Return None: the rules need nothing."""
        return None

    def why_insufficient(self, lookup: Lookup) -> str | None:
        """Return None: what cannot be normalised is emptied."""
        return None

    def worst_price_micros(self, lookup: Lookup) -> int:
        """Return what a request with this lookup's open texts alone can cost; 0 if rules and cache suffice."""
        if self._model is None:
            return 0
        return sum(self._model.worst_price_micros([question]) for question in self._case(lookup).questions)

    def cache_keys(self, lookup: Lookup) -> Sequence[str]:
        """Return the keys of the texts that the rules leave open."""
        return [question.key for question in self._open(lookup, _ruled(lookup))] if self._model else []

    def local_answer(self, lookup: Lookup) -> Answer | None:
        """Return what the rules and the cache say, if they leave nothing open or there is no model to ask."""
        case = self._case(lookup)
        return None if case.questions else _answer(case.fields)

    def rules(self, lookup: Lookup) -> Answer:
        """Return what the rules and the cache say, free and without a call: the answer when the model is given up."""
        return _answer(self._case(lookup).fields)

    async def lookup(self, lookup: Lookup, *, deadline: float) -> Answer:
        """Normalise one entity."""
        [answer] = await self.lookup_many([lookup], deadline=deadline)
        return answer

    async def lookup_many(self, lookups: Sequence[Lookup], *, deadline: float) -> Sequence[Answer]:
        """Normalise entities, asking for each open text once; the price is split so that it adds up exactly.

        After a failure nothing more is asked or paid.
        """
        cases = [*map(self._case, lookups)]
        if self._model is not None:
            failure = None
            for questions in _requests(cases):
                if failure is None:
                    reading = await self._model.ask(questions, deadline=deadline)
                    failure = reading.failure
                else:
                    reading = Reading(failure=failure)
                _book(self._model, reading, questions, cases)
        return [case.answer() for case in cases]

    def _case(self, lookup: Lookup) -> _Case:
        """Apply the rules and what is cached; the rest stays a question."""
        fields = _ruled(lookup)
        questions = []
        for question in self._open(lookup, fields):
            verdict = read_verdict(question.topic, lookup.cached.get(question.key))
            if verdict is None:
                questions.append(question)
            else:
                fill(fields, question.topic, verdict)
        return _Case(fields, questions)

    def _open(self, lookup: Lookup, fields: Mapping[str, Any]) -> list[Question]:
        if self._model is None:
            return []
        return open_questions(lookup.entity_type, lookup.fields, fields, self._model.name)


def _has_model(settings: ProviderSettings) -> bool:
    is_own_server = settings.options["API"] == "openai" and settings.base_url != DEFAULTS["ai-normalizer"].base_url
    return bool(settings.api_key) or (is_own_server and settings.why_no_key is None)


def _ruled(lookup: Lookup) -> dict[str, Any]:
    return _RULES[lookup.entity_type](lookup.fields)


def _answer(fields: dict[str, Any], *, asked: Sequence[Question] = ()) -> Answer:
    """Return the answer with these fields; one without values is no skip if the model was asked, and paid."""
    if any(value is not None for value in fields.values()):
        return Answer(OutcomeClass.SUCCESS, fields=fields)
    if asked:
        return Answer(OutcomeClass.NOT_FOUND, fields=fields, error="The model is not certain of anything.")
    return Answer(
        OutcomeClass.SKIPPED_INSUFFICIENT_INPUT,
        fields=fields,
        error="No field that could be normalised has a value.",
    )


def _requests(cases: Sequence[_Case]) -> Iterator[list[Question]]:
    """Yield the different questions of all cases, in lists of one topic that fit into one request."""
    distinct: dict[str, Question] = {}
    for question in chain.from_iterable(map(attrgetter("questions"), cases)):
        distinct.setdefault(question.key, question)
    for questions in grouped(distinct.values(), attrgetter("topic.field")).values():
        for start in range(0, len(questions), VALUES_PER_REQUEST):
            yield questions[start : start + VALUES_PER_REQUEST]


def _book(model: Model, reading: Reading, questions: Sequence[Question], cases: Sequence[_Case]) -> None:
    """Give each case that asked one of the questions its verdict, and its share of the price.

    Shares go by worst price, so that none is above what was set aside for its lookup.
    """
    keys = set(map(attrgetter("key"), questions))
    asked = [(case, question) for case in cases for question in case.questions if question.key in keys]
    shares = _split(reading.cost_micros, [model.worst_price_micros([question]) for _, question in asked])
    for (case, question), share in zip(asked, shares, strict=True):
        case.book(question, reading, share)


def _split(amount: int, weights: Sequence[int]) -> list[int]:
    """Split an amount by weights into whole parts that add up to it, each rounded up or down."""
    total = max(sum(weights), 1)  # with prices of 0 there is nothing to split
    bounds = [amount * weight // total for weight in accumulate(weights, initial=0)]
    return [upper - lower for lower, upper in pairwise(bounds)]
