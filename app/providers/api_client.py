"""The failure path of every paid API: send, classify what went wrong, and say whether it was charged.

An adapter writes the request, the parser of a good reply, its prices, and what its API does otherwise than most: a
table of `statuses`, and the methods under "What an API does otherwise". Nothing else here is repeated by an adapter.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, ClassVar, Final, Self

from app.providers.base import Answer, OutcomeClass
from app.providers.http.client import Http
from app.providers.http.reply import NoReply, Reply
from app.providers.settings import ProviderSettings

DEFAULT_STATUSES: Final[Mapping[int, OutcomeClass]] = MappingProxyType(
    {
        401: OutcomeClass.AUTH_FAILED,
        402: OutcomeClass.CREDITS_EXHAUSTED,
        403: OutcomeClass.AUTH_FAILED,
        408: OutcomeClass.TRANSIENT,
        429: OutcomeClass.RATE_LIMITED,
    }
)
"""What statuses mean to most APIs. From 500 on the server failed; any other status refuses the request."""
PHRASES: Final[Mapping[OutcomeClass, str]] = MappingProxyType(
    {
        OutcomeClass.NOT_FOUND: "has nothing",
        OutcomeClass.RATE_LIMITED: "asks to slow down",
        OutcomeClass.CREDITS_EXHAUSTED: "has no credits left",
        OutcomeClass.AUTH_FAILED: "refuses the key",
        OutcomeClass.INVALID_REQUEST: "refuses the request",
        OutcomeClass.TRANSIENT: "gave no usable answer",
    }
)

# Bad gateway, gateway timeout, and those that Cloudflare gives if it cannot reach the server or hears nothing.
_GATEWAY_STATUSES: Final = frozenset({502, 504, *range(520, 528)})


class ApiClient:
    """Calls one API, and turns whatever goes wrong into an answer."""

    title: ClassVar[str]
    """The API's name in sentences."""
    statuses: ClassVar[Mapping[int, OutcomeClass]] = DEFAULT_STATUSES
    key_header: ClassVar[str] = "Authorization"
    key_prefix: ClassVar[str] = ""
    """What stands before the key in its header, such as a scheme."""

    def __init__(self, settings: ProviderSettings, http: Http) -> None:
        self.settings = settings
        self._http = http

    def with_settings(self, settings: ProviderSettings) -> Self:
        """Return the same client under other settings, such as with another key."""
        return type(self)(settings, self._http)

    def headers(self) -> Mapping[str, str]:
        """Return the headers of each request: the key, if there is one."""
        key = self.settings.api_key
        return {self.key_header: self.key_prefix + key} if key else {}

    # Calls

    async def call(self, path: str, question: Any, parse: Callable[[Reply], Answer], deadline: float) -> Answer:
        """Post a question about one entity and return what it came to; `parse` reads a reply that is no failure."""
        reply = await self.send(path, question, deadline)
        return reply if isinstance(reply, Answer) else self.read(reply, parse)

    async def call_many(
        self, path: str, question: Any, parse: Callable[[Reply], Sequence[Answer]], deadline: float, count: int
    ) -> Sequence[Answer]:
        """Post a question about several entities; `parse` returns one answer for each."""
        reply = await self.send(path, question, deadline)
        return [reply] * count if isinstance(reply, Answer) else self.read_many(reply, parse, count)

    async def send(self, path: str, question: Any, deadline: float) -> Reply | Answer:
        """Post a question and return the reply, or the answer that stands for none."""
        url = self.settings.base_url.rstrip("/") + path
        try:
            return await self._http.request("POST", url, headers=self.headers(), json=question, deadline=deadline)
        except NoReply as error:
            return Answer(OutcomeClass.TRANSIENT, error=error.reason, is_cost_known=not error.was_sent)

    def read(self, reply: Reply, parse: Callable[[Reply], Answer]) -> Answer:
        """Return what a reply about one entity came to."""
        return self.failure(reply) or parse(reply)

    def read_many(self, reply: Reply, parse: Callable[[Reply], Sequence[Answer]], count: int) -> Sequence[Answer]:
        """Return what a reply about several entities came to; a common failure is stored with none of them."""
        failure = self.failure(reply)
        if failure is None:
            return parse(reply)
        return [failure if count == 1 else replace(failure, raw=None)] * count

    # Failures

    def failure(self, reply: Reply) -> Answer | None:
        """Return what a reply without a result came to, or None if it has one."""
        outcome_class = self._failure_class(reply)
        return None if outcome_class is None else self.failed(reply, outcome_class)

    def failed(self, reply: Reply, outcome_class: OutcomeClass) -> Answer:
        """Return the answer for a reply that failed in this way."""
        is_limited = outcome_class is OutcomeClass.RATE_LIMITED
        return Answer(
            outcome_class,
            raw=reply.raw,
            cost_micros=self.failure_micros(reply),
            error=self.sentence(reply, outcome_class),
            retry_after_seconds=self.wait_seconds(reply) if is_limited else None,
            is_cost_known=self._is_cost_known(reply, outcome_class),
        )

    def _failure_class(self, reply: Reply) -> OutcomeClass | None:
        refusal = self.refusal(reply)
        if refusal is not None:
            return refusal
        status = self.status(reply)
        if 200 <= status < 300:
            return None if self.has_result(reply) else OutcomeClass.TRANSIENT
        rest = OutcomeClass.TRANSIENT if status >= 500 else OutcomeClass.INVALID_REQUEST
        return self.statuses.get(status, rest)

    def _is_cost_known(self, reply: Reply, outcome_class: OutcomeClass) -> bool:
        """Return whether a reply without a result tells what the call cost.

        An API's own refusals do. Nobody knows what was charged if a good status has a body that cannot be read, or
        if a gateway in front of the API answered: with a page, half an answer or nothing in place of JSON, or with a
        status that only gateways give.
        """
        if self.says_cost(reply):
            return True
        if reply.is_success:
            return outcome_class is not OutcomeClass.TRANSIENT
        is_after_sending = reply.status >= 500 or reply.status == 408
        is_of_gateway = reply.status in _GATEWAY_STATUSES or not isinstance(reply.body, dict)
        return not (is_after_sending and is_of_gateway)

    # What an API does otherwise

    def has_result(self, reply: Reply) -> bool:
        """Return whether a reply with a good status can be parsed."""
        return isinstance(reply.body, Mapping)

    def refusal(self, reply: Reply) -> OutcomeClass | None:
        """Return what the body says went wrong, if it says more than the status; None: believe the status."""
        return None

    def status(self, reply: Reply) -> int:
        """Return the status that counts."""
        return reply.status

    def says_cost(self, reply: Reply) -> bool:
        """Return whether the body itself tells what a failed call cost, such as by refusing it."""
        return False

    def failure_micros(self, reply: Reply) -> int:
        """Return what a failed call is known to have cost."""
        return 0

    def wait_seconds(self, reply: Reply) -> float | None:
        """Return how long the API wants to be left alone; None: it does not say."""
        return reply.retry_after_seconds()

    def sentence(self, reply: Reply, outcome_class: OutcomeClass) -> str:
        """Return what went wrong, without personal data."""
        return f"{self.title} {PHRASES[outcome_class]} (status {reply.status})."
