"""The command that says what was done about one person or company, and what it cost."""

import click

from app.cli import output
from app.cli.group import enrich
from app.cli.options import Number, entity_argument, entity_type_option, json_option, known_type, workspace_option
from app.db.session import end_read
from app.enrichment.money.reports import dollars
from app.enrichment.waterfall.receipt_schemas import ReceiptSchema
from app.enrichment.waterfall.receipt_words import STATE_TEXTS, describe_attempt, describe_charge
from app.enrichment.waterfall.receipts import OpenCall, Receipt, ReceiptLine, make_receipt
from app.entities.verdicts import VerdictView


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
    """Show who was asked about a person or company, what each gave and cost, and why the walk stopped."""
    known = known_type(entity_id, workspace, entity_type)
    receipt = make_receipt(known, entity_id, workspace_slug=workspace, job_id=job_id, limit=limit, cursor=cursor)
    end_read()
    if as_json:
        output.print_json(ReceiptSchema().dump(receipt))
    else:
        _print(receipt)


def _print(receipt: Receipt) -> None:
    page = receipt.page
    columns = ["when", "provider", "what came of it", "cost", "why", "took"]
    rows, more = map(_row, page.rows), "Later ones: --cursor {}"
    output.print_page(None, columns, rows, page.next_cursor, empty="Nobody has been asked.", more=more)
    for call in receipt.open_calls:
        click.echo(_open_line(call))
    click.echo(_total_line(receipt))
    if receipt.verdict is not None:
        click.echo(_verdict_line(receipt.verdict))
    for walk in receipt.walks:
        outcome = output.optional(" ({})", walk.outcome)
        click.echo(f"Job {walk.job_id}, {output.clean(walk.provider)}{outcome}: {output.clean(walk.reason)}")


def _row(line: ReceiptLine) -> list[str]:
    took = output.optional("{:.1f} s", line.seconds)
    events = "; ".join(describe_attempt(line))
    return [
        output.clock(line.started_at),
        line.provider,
        events,
        dollars(line.cost_micros),
        describe_charge(line),
        took,
    ]


def _open_line(call: OpenCall) -> str:
    since = output.clock(call.started_at)
    return f"{call.provider} {STATE_TEXTS[call.state]}, since {since}; {dollars(call.reserved_micros)} reserved."


def _verdict_line(verdict: VerdictView) -> str:
    ends = "stands until" if verdict.is_standing else "expired on"
    at, end = output.clock(verdict.verified_at), output.clock(verdict.expires_at)
    return f"Address: {output.clean(verdict.status)}, said {verdict.verifier} at {at}; the verdict {ends} {end}."


def _total_line(receipt: Receipt) -> str:
    total = receipt.total
    attempts = output.count(total.attempts, "attempt")
    doubt = f"; {dollars(total.in_doubt_micros)} is in doubt" if total.in_doubt_micros else ""
    return f"Total: {dollars(total.cost_micros)} for {attempts}, {total.charged:,} of them charged{doubt}."
