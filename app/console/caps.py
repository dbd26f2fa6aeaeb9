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
    f"To let it stop itself, give a number of entities from {LEAST_LAST} to {MOST_LAST:,}, and a percentage above 0, an"
    " amount of dollars, or both."
)


def read_stop_rule(form: Mapping[str, str]) -> StopRule | None:
    """Return the rule that was typed; None: none was. Raises `Invalid`."""
    last, percent, dollars = (form.get(f"stop_{name}", "").strip() for name in ("last", "percent", "dollars"))
    if not percent and not dollars:
        return None
    share, amount = read_dollars(percent), read_dollars(dollars)
    is_read = (share is not None or not percent) and (amount is not None or not dollars)
    if not is_read or re.fullmatch(r"[0-9]{1,5}", last) is None:
        raise Invalid(_STOP_RULE)
    try:
        return StopRule(int(last), None if share is None else float(share / 100), micros(amount)).checked()
    except Invalid:
        raise Invalid(_STOP_RULE) from None
