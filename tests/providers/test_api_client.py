"""The failure path that all paid APIs share: what a call without a result comes to, and whether it was charged."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from app.providers.ai_normalizer.model import Model
from app.providers.aiark import AiArk
from app.providers.api_client import ApiClient
from app.providers.base import OutcomeClass
from app.providers.clay import Clay
from app.providers.defaults import DEFAULTS
from app.providers.findymail import Findymail, FindymailVerifier
from app.providers.firecrawl import Firecrawl
from app.providers.http.client import Http
from app.providers.http.reply import NoReply, Reply
from app.providers.leadmagic import LeadMagic, LeadMagicVerifier
from app.providers.prospeo import Prospeo
from app.providers.settings import ProviderSettings

CLIENTS: list[tuple[str, Callable[[ProviderSettings, Http], ApiClient]]] = [
    ("prospeo", Prospeo),
    ("aiark", AiArk),
    ("leadmagic", LeadMagic),
    ("leadmagic", LeadMagicVerifier),
    ("findymail", Findymail),
    ("findymail", FindymailVerifier),
    ("firecrawl", Firecrawl),
    ("clay", Clay),
    ("ai-normalizer", Model),
]
EVERY_CLIENT = pytest.mark.parametrize(("name", "make"), CLIENTS, ids=lambda value: getattr(value, "__name__", ""))
PAGE = "<html>Bad gateway</html>"


class Unreachable(Http):
    """A way out on which no reply comes back."""

    def __init__(self, *, was_sent: bool) -> None:
        self._was_sent = was_sent

    async def request(self, *_arguments: Any, **_options: Any) -> Reply:
        """Give no reply."""
        raise NoReply("The answer did not come in time.", was_sent=self._was_sent)


def client(name: str, make: Callable[[ProviderSettings, Http], ApiClient], http: Http | None = None) -> ApiClient:
    """Return a client with a key."""
    return make(replace(DEFAULTS[name], api_key="a-key"), http or Http())


def page(status: int) -> Reply:
    """Return a reply that is no JSON."""
    return Reply.from_bytes(status, {}, PAGE.encode())


@EVERY_CLIENT
@pytest.mark.parametrize("was_sent", [True, False])
def test_unanswered_call_may_have_been_charged_when_it_was_sent(name: str, make: Any, was_sent: bool) -> None:
    """Only of a request that never left is it known that it cost nothing."""
    unreachable = client(name, make, Unreachable(was_sent=was_sent))
    answer = asyncio.run(unreachable.send("/path", {}, 0.0))
    assert not isinstance(answer, Reply)
    assert (answer.outcome_class, answer.cost_micros) == (OutcomeClass.TRANSIENT, 0)
    assert answer.is_cost_known is not was_sent
    assert answer.error == "The answer did not come in time."


@EVERY_CLIENT
@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 522])
def test_page_of_a_gateway_leaves_the_cost_unknown(name: str, make: Any, status: int) -> None:
    """The server behind may have done the work and charged for it, whichever API it is."""
    answer = client(name, make).failure(page(status))
    assert answer is not None
    assert (answer.outcome_class, answer.is_cost_known) == (OutcomeClass.TRANSIENT, False)


@EVERY_CLIENT
def test_own_refusal_is_free(name: str, make: Any) -> None:
    """An API that answers in its own words that it failed has not charged."""
    answer = client(name, make).failure(Reply.from_bytes(500, {}, b'{"error": {"message": "broken"}}'))
    assert answer is not None
    assert (answer.outcome_class, answer.is_cost_known, answer.cost_micros) == (OutcomeClass.TRANSIENT, True, 0)


@EVERY_CLIENT
@pytest.mark.parametrize(
    ("status", "outcome_class"),
    [
        (401, OutcomeClass.AUTH_FAILED),
        (402, OutcomeClass.CREDITS_EXHAUSTED),
        (429, OutcomeClass.RATE_LIMITED),
        (422, OutcomeClass.INVALID_REQUEST),
    ],
)
def test_status_says_what_to_do_next(name: str, make: Any, status: int, outcome_class: OutcomeClass) -> None:
    """What most APIs mean by a status is one table; Firecrawl alone means something else by 422."""
    if make is Firecrawl and status == 422:
        outcome_class = OutcomeClass.TRANSIENT
    answer = client(name, make).failure(Reply.from_bytes(status, {"Retry-After": "7"}, b"{}"))
    assert answer is not None
    assert answer.outcome_class is outcome_class
    assert answer.retry_after_seconds == (7 if outcome_class is OutcomeClass.RATE_LIMITED else None)
    assert answer.error and answer.is_cost_known
