"""Which calls that failed are made again within their chunk, how often, and after how long.

A call that may have been paid is made again only where the provider repeats its answer for free.
"""

from collections.abc import Sequence
from typing import Final

from app.providers.base import Answer, OutcomeClass, Provider

RETRY_SECONDS: Final = (1.0, 2.0, 4.0)
"""How long to wait before each further try of a call that failed for a passing reason."""


def is_retried(answer: Answer, provider: Provider, tries: int, pauses: Sequence[float]) -> bool:
    """Return whether a call with this answer is made again, after so many tries of at most one for each pause."""
    is_safe = answer.is_cost_known or provider.capabilities.repeat_is_free
    return answer.outcome_class is OutcomeClass.TRANSIENT and is_safe and tries < len(pauses)
