"""By which price rule an attempt cost what it did, told from what is on record of it."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from app.enrichment.waterfall.dedup import NOT_ASKED, PARTIAL
from app.enrichment.waterfall.entity_run import IN_DOUBT
from app.providers.base import Capabilities, OutcomeClass, Provider


class Charge(StrEnum):
    """A price rule."""

    FOUND = "found"
    EVERY_CALL = "every_call"
    OF_NO_USE = "of_no_use"
    IN_DOUBT = "in_doubt"
    MISS_IS_FREE = "miss_is_free"
    REPEAT_IS_FREE = "repeat_is_free"
    FAILURE_IS_FREE = "failure_is_free"
    WAS_FREE = "was_free"
    NOT_CALLED = "not_called"


CHARGE_TEXTS: Final[Mapping[Charge, str]] = {
    Charge.FOUND: "charged for what it found",
    Charge.EVERY_CALL: "charged for each call, whatever comes of it",
    Charge.OF_NO_USE: "charged, though the answer was of no use",
    Charge.IN_DOUBT: "booked at its highest price: nobody knows whether it was charged",
    Charge.MISS_IS_FREE: "a miss is free",
    Charge.REPEAT_IS_FREE: "a repeat is free",
    Charge.FAILURE_IS_FREE: "a failed call is free",
    Charge.WAS_FREE: "the provider charged nothing",
    Charge.NOT_CALLED: "nobody was called",
}
_NOT_CALLED: Final = frozenset({OutcomeClass.SKIPPED_INSUFFICIENT_INPUT, NOT_ASKED})
_FOUND: Final = frozenset({OutcomeClass.SUCCESS, PARTIAL})


def charge_of(outcome_class: str, cost_micros: int, provider: Provider | None, *, is_called: bool) -> Charge:
    """Return the rule by which an attempt was charged, or was not.

    `provider` is None if there is none of that name any more; `is_called` says whether a call was made.
    """
    capabilities = provider.capabilities if provider is not None else Capabilities()
    if is_in_doubt(outcome_class, cost_micros):
        return Charge.IN_DOUBT
    if cost_micros:
        return _charged(outcome_class, capabilities)
    if outcome_class in _NOT_CALLED or not is_called:
        return Charge.NOT_CALLED
    return _free(outcome_class, capabilities)


def is_in_doubt(outcome_class: str, cost_micros: int) -> bool:
    """Return whether nobody knows if an attempt was charged: it never was answered, and its price is booked."""
    return outcome_class == IN_DOUBT or (outcome_class == OutcomeClass.TRANSIENT and cost_micros > 0)


def operation_of(cost_micros: int, provider: Provider | None) -> str | None:
    """Return the operation of a provider's price list that costs as much; None: there is none, or several."""
    if provider is None or not cost_micros:
        return None
    settings = provider.settings
    names = [name for name in settings.credits if settings.price_micros(name) == cost_micros]
    return names[0] if len(names) == 1 else None


def _charged(outcome_class: str, capabilities: Capabilities) -> Charge:
    if capabilities.charges_misses:
        return Charge.EVERY_CALL
    return Charge.FOUND if outcome_class in _FOUND else Charge.OF_NO_USE


def _free(outcome_class: str, capabilities: Capabilities) -> Charge:
    if outcome_class == OutcomeClass.NOT_FOUND:
        return Charge.MISS_IS_FREE
    if outcome_class not in _FOUND:
        return Charge.FAILURE_IS_FREE
    return Charge.REPEAT_IS_FREE if capabilities.repeat_is_free else Charge.WAS_FREE
