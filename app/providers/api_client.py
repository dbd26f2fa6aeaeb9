"""What a provider's API came to: whether it answered, and what is known of the cost if it did not."""

from typing import Final

from app.providers.base import Answer, OutcomeClass
from app.providers.http.reply import NoReply, Reply

# Bad gateway, gateway timeout, and those that Cloudflare gives if it cannot reach the server or hears nothing.
_GATEWAY_STATUSES: Final = frozenset({502, 504, *range(520, 528)})


def unanswered(error: NoReply) -> Answer:
    """Return what a call without a reply came to: it may be tried again, and may have been charged if it was sent."""
    return Answer(OutcomeClass.TRANSIENT, error=error.reason, is_cost_known=not error.was_sent)


def is_cost_known(reply: Reply, outcome_class: OutcomeClass, *, is_refusal: bool = False) -> bool:
    """Return whether a reply without a result tells what the call cost, which is then nothing.

    The provider's own refusals are free. Nobody knows what was charged if a good status has a body that cannot be
    read, or if a gateway in front of the provider answered: with a page, half an answer or nothing in place of the
    provider's JSON, or with a status that only gateways give. `is_refusal`: the body itself says that it refuses.
    """
    if is_refusal:
        return True
    if reply.status < 300:
        return outcome_class is not OutcomeClass.TRANSIENT
    is_of_gateway = reply.status in _GATEWAY_STATUSES or not isinstance(reply.body, dict)
    is_after_sending = reply.status >= 500 or reply.status == 408
    return not (is_after_sending and is_of_gateway)
