"""The command that says what was done about one person or company, and what it cost."""

from collections.abc import Iterator
from typing import Final

import click

from app.cli import output
from app.cli.group import enrich
from app.cli.options import Number, entity_argument, entity_type_option, json_option, known_type, workspace_option
from app.db.session import end_read
from app.enrichment.money.reports import dollars
from app.enrichment.waterfall.charges import Charge
from app.enrichment.waterfall.receipt_schemas import ReceiptSchema
from app.enrichment.waterfall.receipts import CallState, OpenCall, Receipt, ReceiptLine, make_receipt

_OUTCOMES: Final = {
    "success": "answered",
    "partial": "answered in part",
    "not_found": "found nothing",
    "skipped_insufficient_input": "not asked",
    "not_asked": "not asked",
    "rate_limited": "asked to slow down",
    "credits_exhausted": "out of credits",
    "auth_failed": "refused the key",
    "invalid_request": "refused the question",
    "transient": "failed",
    "in_doubt": "nobody knows",
}
_STATES: Final = {
    CallState.CALLING: "is being asked",
    CallState.WAITING: "will answer by callback",
    CallState.LOST: "was asked, and its worker is gone",
}


@enrich.command()
@entity_argument
@entity_type_option
@click.option("--job", "job_id", metavar="JOB", help="Only what this job did.")
@workspace_option
@click.option("--limit", type=Number(1, 1000), default=100, show_default=True, help="How many attempts.")
@click.option("--cursor", help="The nextCursor of an earlier page.")
@json_option
def explain(
    entity_id: str,
    entity_type: str | None,
    job_id: str | None,
    workspace: str,
    limit: int,
    cursor: str | None,
    as_json: bool,
) -> None:
    """Say who was asked about a person or company, what that gave, what it cost, and why it ended there."""
    known = known_type(entity_id, workspace, entity_type)
    receipt = make_receipt(known, entity_id, workspace_slug=workspace, job_id=job_id, limit=limit, cursor=cursor)
    end_read()
    if as_json:
        output.print_json(ReceiptSchema().dump(receipt))
        return
    _print(receipt)


def _print(receipt: Receipt) -> None:
    if receipt.page.rows:
        columns = ["when", "provider", "what came of it", "cost", "why", "took"]
        output.print_table(columns, [_row(line) for line in receipt.page.rows])
        if receipt.page.next_cursor is not None:
            output.note(f"Later ones: --cursor {receipt.page.next_cursor}")
    else:
        output.note("Nobody has been asked.")
    for call in receipt.open_calls:
        click.echo(_open_line(call))
    click.echo(_total_line(receipt))
    for walk in receipt.walks:
        outcome = f" ({walk.outcome})" if walk.outcome else ""
        click.echo(f"Job {walk.job_id}, {output.clean(walk.provider)}{outcome}: {output.clean(walk.reason)}")


def _row(line: ReceiptLine) -> list[str]:
    took = "" if line.seconds is None else f"{line.seconds:.1f} s"
    cost, why = dollars(line.cost_micros), line.rule
    if line.operation is not None and line.charge is not Charge.IN_DOUBT:
        why = f"{why} ({line.operation})"
    return [output.clock(line.started_at), line.provider, "; ".join(_events(line)), cost, why, took]


def _events(line: ReceiptLine) -> Iterator[str]:
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


def _open_line(call: OpenCall) -> str:
    since = output.clock(call.started_at)
    return f"{call.provider} {_STATES[call.state]}, since {since}; {dollars(call.reserved_micros)} reserved."


def _total_line(receipt: Receipt) -> str:
    total = receipt.total
    attempts = output.count(total.attempts, "attempt")
    doubt = f"; {dollars(total.in_doubt_micros)} is in doubt" if total.in_doubt_micros else ""
    return f"Total: {dollars(total.cost_micros)} for {attempts}, {total.charged:,} of them charged{doubt}."
