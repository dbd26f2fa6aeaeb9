"""The command that shows the audit log."""

from datetime import datetime
from typing import Any

import click

from app.audit.reading import INSTANT_RULE, EventView, list_events, parse_instant
from app.audit.routes import AuditEventSchema
from app.cli import output
from app.cli.group import enrich
from app.cli.options import Number, any_workspace_option, json_option
from app.db.session import end_read
from app.models.audit_event import Action


class _Instant(click.ParamType[datetime]):
    """An instant with its zone."""

    name = "instant"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read the instant, or fail with what was expected."""
        instant = parse_instant(value)
        if instant is None:
            self.fail(f"expected {INSTANT_RULE}.", param, ctx)
        return instant


@enrich.command()
@any_workspace_option
@click.option("--action", type=click.Choice([*map(str, Action)]), help="Only this action.")
@click.option("--actor", "actor_id", metavar="ID", help="Only what this key, user or account did.")
@click.option("--subject", "subject_id", metavar="ID", help="Only what was done to this subject.")
@click.option("--since", type=_Instant(), help="Events from this instant on, such as 2026-11-30T12:00:00Z.")
@click.option("--until", type=_Instant(), help="Events before this instant.")
@click.option("--limit", type=Number(1, 1000), default=100, show_default=True, help="The most events to show.")
@json_option
def audit(workspace: str | None, limit: int, as_json: bool, **filters: Any) -> None:
    """Show who changed what, newest first."""
    page = list_events(workspace_slug=workspace, limit=limit, **filters)
    end_read()
    value = AuditEventSchema(many=True).dump(page.rows)
    empty = "Nothing is in the audit log yet: it tells who changes what from now on."
    if any([workspace, *filters.values()]):
        empty = f"No event is as asked for. To see the newest of all: {output.enrich_command()} audit"
    more = f"There are older ones: --limit shows more than {limit:,}, up to 1,000; --json shows what changed."
    columns = ["at", "workspace", "by", "action", "of"]
    rows = map(_row, page.rows)
    output.print_page(value, columns, rows, page.next_cursor, as_json=as_json, empty=empty, more=more)


def _row(view: EventView) -> list[object]:
    actor = f"{view.actor_kind} {view.actor_id or ''}".strip()
    return [output.clock(view.at), view.workspace_slug, actor, view.action, view.subject_id]
