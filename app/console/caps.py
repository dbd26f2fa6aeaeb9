"""The cap that stands in the form of whatever spends money."""

import re
from decimal import ROUND_UP, Decimal

from app.providers.settings import MICROS


def upper_end(micros: int) -> str:
    """Return an amount as dollars, to the cent above."""
    dollars = Decimal(micros) / MICROS
    return f"{dollars.quantize(Decimal('0.01'), rounding=ROUND_UP)}"


def read_dollars(text: str) -> Decimal | None:
    """Return the dollars that were typed; None if it is no amount."""
    return Decimal(text) if re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", text := text.strip()) else None
