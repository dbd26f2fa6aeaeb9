"""The cap that stands in the form of whatever spends money, and the rule by which it stops itself."""

import re
from collections.abc import Mapping
from decimal import ROUND_UP, Decimal
from typing import Final

from app.config import micros
from app.enrichment.queue.stop_rules import LEAST_LAST, MOST_LAST, StopRule
from app.errors import Invalid
from app.providers.settings import MICROS


def upper_end(micros: int) -> str:
    """Return an amount as dollars, to the cent above."""
    dollars = Decimal(micros) / MICROS
    return f"{dollars.quantize(Decimal('0.01'), rounding=ROUND_UP)}"


def read_dollars(text: str) -> Decimal | None:
    """Return the dollars that were typed; None if it is no amount."""
    return Decimal(text) if re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", text := text.strip()) else None


_STOP_RULE: Final = (
    f"To stop automatically, give a number of entities from {LEAST_LAST} to {MOST_LAST:,}, and a percentage above 0, an"
    " amount of dollars, or both."
)


def read_stop_rule(form: Mapping[str, str]) -> StopRule | None:
    """Return the rule that was typed; None: none was. Raises `Invalid`."""
    percent = _read_optional(form.get("stop_percent", ""))
    amount = _read_optional(form.get("stop_dollars", ""))
    if percent is None and amount is None:
        return None
    last = form.get("stop_last", "").strip()
    if re.fullmatch(r"[0-9]{1,5}", last) is None:
        raise Invalid(_STOP_RULE)
    rule = StopRule(int(last), None if percent is None else float(percent / 100), micros(amount))
    try:
        return rule.checked()
    except Invalid:
        raise Invalid(_STOP_RULE) from None


def _read_optional(text: str) -> Decimal | None:
    """Return a number that may be left out. Raises `Invalid`."""
    number = read_dollars(text)
    if number is None and text.strip():
        raise Invalid(_STOP_RULE)
    return number
