"""The model of the ai-normalizer: questions in, verdicts and their price out.

One request carries the distinct texts of one field. Tokens are charged whatever they lead to, so each
way through a request has its price, and `worst_price_micros` covers the dearest: two attempts, the
second with twice the room because the first was cut off.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from operator import attrgetter
from typing import Any, Final

from app.providers.ai_normalizer.apis import Completion, Prompt, api_for
from app.providers.ai_normalizer.questions import NOTHING_CERTAIN, Question, Verdict, read_verdicts
from app.providers.api_client import ApiClient
from app.providers.base import Answer, OutcomeClass
from app.providers.http.client import Http
from app.providers.http.reply import Reply, parse_json
from app.providers.reading import find
from app.providers.settings import ProviderSettings

VALUES_PER_REQUEST: Final = 40
"""How many texts one request carries: few enough that none is left out and that a failure costs little."""

# Room for the answer, in tokens. A row is about 100 characters; what needs more gets twice the room once.
_TOKENS_PER_REQUEST = 100
_TOKENS_PER_VALUE = 60
# What servers add on their own, such as their wording of the schema. None says how much, so this is generous.
_HIDDEN_TOKENS = 1000
_NO_ROOM = Answer(OutcomeClass.TRANSIENT, error="The model's answer did not fit into the limit on its length.")
_UNREADABLE = Answer(OutcomeClass.TRANSIENT, error="The model's answer was not readable.")


@dataclass(frozen=True, slots=True)
class Reading:
    """What one request came to."""

    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    """By question's key; texts that the model did not judge are missing."""
    failure: Answer | None = None
    """The class and sentence if the model could not be asked; it has no fields."""
    cost_micros: int = 0
    is_cost_known: bool = True


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One request as it went: what was sent in the end, what came, and its price in credits."""

    prompt: Prompt
    credits: Decimal = Decimal(0)
    is_cost_known: bool = True
    completion: Completion | None = None
    failure: Answer | None = None

    def is_truncated(self) -> bool:
        return self.completion is not None and self.completion.is_truncated


class Model(ApiClient):
    """A model behind one of the two APIs."""

    title = "The model's server"

    def __init__(self, settings: ProviderSettings, http: Http) -> None:
        super().__init__(settings, http)
        self.name = settings.options["MODEL"]
        self._api = api_for(settings)

    def headers(self) -> Mapping[str, str]:
        """Return the key as the API wants it."""
        return self._api.headers(self.settings.api_key)

    def has_result(self, reply: Reply) -> bool:
        """Return True: what a good reply lacks is told by its completion, which may have been charged."""
        return True

    def refusal(self, reply: Reply) -> OutcomeClass | None:
        """Return that money or quota is gone, if the API says so."""
        is_out_of_money = not reply.is_success and self._api.is_out_of_money(reply)
        return OutcomeClass.CREDITS_EXHAUSTED if is_out_of_money else None

    def sentence(self, reply: Reply, outcome_class: OutcomeClass) -> str:
        """Return what went wrong; a 404 is about the settings."""
        if reply.status == 404:
            return f"{self.title} does not know the model or the address (status 404)."
        return super().sentence(reply, outcome_class)

    def worst_price_micros(self, questions: Sequence[Question]) -> int:
        """Return the most that a request with these questions can cost, both of its attempts together.

        The sum over single questions is never below the price of their common request, as each of them
        holds all that is the same for every request.
        """
        prompt = _prompt(questions)
        doubled = replace(prompt, max_tokens=2 * prompt.max_tokens)
        return self.settings.cost_micros(self._worst_credits(prompt) + self._worst_credits(doubled))

    async def ask(self, questions: Sequence[Question], *, deadline: float) -> Reading:
        """Ask about at most `VALUES_PER_REQUEST` different texts of one topic."""
        attempts = [await self._attempt(_prompt(questions), deadline)]
        if attempts[0].is_truncated():
            prompt = attempts[0].prompt
            attempts.append(await self._attempt(replace(prompt, max_tokens=2 * prompt.max_tokens), deadline))
        return replace(
            _reading(questions, attempts[-1]),
            cost_micros=self.settings.cost_micros(sum(map(attrgetter("credits"), attempts), Decimal(0))),
            is_cost_known=all(map(attrgetter("is_cost_known"), attempts)),
        )

    async def _attempt(self, prompt: Prompt, deadline: float) -> _Attempt:
        """Send a prompt, and again in a simpler form if the server refuses its form; refusals are free."""
        while True:
            reply = await self.send(self._api.path, self._api.body(self.name, prompt), deadline)
            if isinstance(reply, Answer):
                return self._failed_attempt(prompt, reply)
            failure = self.failure(reply)
            if failure is None:
                return self._answered(prompt, self._api.completion(reply.body))
            simpler = self._api.simpler(prompt, reply)
            if simpler is None:
                return self._failed_attempt(prompt, failure)
            prompt = simpler

    def _failed_attempt(self, prompt: Prompt, failure: Answer) -> _Attempt:
        credits = Decimal(0) if failure.is_cost_known else self._worst_credits(prompt)
        return _Attempt(prompt, credits, is_cost_known=failure.is_cost_known, failure=failure)

    def _answered(self, prompt: Prompt, completion: Completion) -> _Attempt:
        is_counted = completion.input_tokens is not None and completion.output_tokens is not None
        credits = self._credits(
            _counted(completion.input_tokens, _most_input_tokens(prompt)),
            _counted(completion.output_tokens, prompt.max_tokens),
        )
        return _Attempt(prompt, credits, is_cost_known=is_counted or completion.text is not None, completion=completion)

    def _worst_credits(self, prompt: Prompt) -> Decimal:
        return self._credits(_most_input_tokens(prompt), prompt.max_tokens)

    def _credits(self, input_tokens: int, output_tokens: int) -> Decimal:
        prices = self.settings.credits
        return input_tokens * prices["input_token"] + output_tokens * prices["output_token"]


def _prompt(questions: Sequence[Question]) -> Prompt:
    topic = questions[0].topic
    values = [{"index": index, "value": question.text} for index, question in enumerate(questions)]
    return Prompt(
        name=topic.field,
        system=topic.system_prompt(),
        user=json.dumps(values, ensure_ascii=False),
        schema=topic.schema(),
        max_tokens=_TOKENS_PER_REQUEST + _TOKENS_PER_VALUE * len(questions),
    )


def _most_input_tokens(prompt: Prompt) -> int:
    """Return more tokens than any tokenizer makes of a prompt.

    Plain English and JSON have at least 2 bytes a token; the values may be in any script, down to one.
    """
    ours = len(prompt.system.encode()) + len(prompt.schema_text().encode())
    return _HIDDEN_TOKENS + ours // 2 + len(prompt.user.encode())


def _counted(tokens: int | None, most: int) -> int:
    """Return the server's count, or the upper bound if it is missing or implausible."""
    return most if tokens is None else min(tokens, most)


def _reading(questions: Sequence[Question], attempt: _Attempt) -> Reading:
    completion = attempt.completion
    if completion is None:
        return Reading(failure=attempt.failure)
    if completion.is_truncated:
        return Reading(failure=_NO_ROOM)
    if completion.is_refused:
        # Of several texts it is not known which was refused, and the others shall not suffer for it.
        return Reading({questions[0].key: NOTHING_CERTAIN} if len(questions) == 1 else {})
    rows = _rows(completion.text or "")
    return Reading(failure=_UNREADABLE) if rows is None else Reading(read_verdicts(questions, rows))


def _rows(text: str) -> list[Any] | None:
    """Return the answer's rows; models that no schema holds put fences or prose around the JSON."""
    parsed, _ = parse_json(text[text.find("{") : text.rfind("}") + 1])
    rows = find(parsed, "answers")
    return rows if isinstance(rows, list) else None
