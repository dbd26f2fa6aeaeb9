"""What became of an attempt, in words, for the command line and the console."""

from collections.abc import Iterator
from typing import Final

from app.enrichment.waterfall.charges import Charge
from app.enrichment.waterfall.receipts import CallState, ReceiptLine

_OUTCOMES: Final = {
    "success": "answered",
    "partial": "answered in part",
    "not_found": "found nothing",
    "skipped_insufficient_input": "not asked",
    "not_asked": "not asked",
    "verdict_stands": "not asked",
    "rate_limited": "asked to slow down",
    "credits_exhausted": "out of credits",
    "auth_failed": "refused the key",
    "invalid_request": "refused the question",
    "transient": "failed",
    "in_doubt": "nobody knows",
}
STATE_TEXTS: Final = {
    CallState.CALLING: "is being asked",
    CallState.WAITING: "will answer by callback",
    CallState.LOST: "was asked, and its worker is gone",
}


def describe_attempt(line: ReceiptLine) -> Iterator[str]:
    """Say what came of an attempt, in phrases."""
    outcome = _OUTCOMES.get(line.outcome_class, line.outcome_class)
    yield outcome if line.error is None else f"{outcome}: {line.error}"
    if line.fields_written:
        yield f"gave {', '.join(line.fields_written)}"
    changed = [name for name in line.fields_written if name not in line.fields_standing]
    if changed:
        yield f"since changed: {', '.join(changed)}"
    if line.verdict is not None:
        yield f"address {line.verdict} by {line.verifier or 'a verifier'}"
    elif line.withheld:
        yield f"withheld until verified: {', '.join(line.withheld)}"


def describe_charge(line: ReceiptLine) -> str:
    """Say by which rule an attempt cost what it did, and for which operation if that can be told."""
    if line.operation is not None and line.charge is not Charge.IN_DOUBT:
        return f"{line.rule} ({line.operation})"
    return line.rule
