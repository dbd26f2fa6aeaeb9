"""The commands that put back what a job wrote, or what one field had before."""

import json
from typing import Any

import click

from app.cli import output
from app.cli.group import enrich
from app.cli.options import (
    entity_argument,
    entity_type_option,
    job_argument,
    json_option,
    known_type,
    workspace_option,
)
from app.cli.progress import counting
from app.db.session import end_read
from app.entities.schemas import FieldUndoSchema
from app.entities.undo import undo_field, undo_job
from app.entities.undo_routes import UndoCountsSchema


@enrich.command()
@job_argument
@json_option
def undo(job_id: str, as_json: bool) -> None:
    """Put back what a job wrote, unless it was changed since.

    The job must have ended or be paused. What it has cost stays counted.
    """
    with counting("Undoing", "entities") as tell:
        counts = undo_job(job_id, on_progress=tell)
    line = f"{output.count(counts.restored, 'field')} restored, {counts.kept:,} kept, since changed after the job."
    output.print_result(UndoCountsSchema().dump(counts), line, as_json=as_json)


@enrich.command("undo-field")
@entity_argument
@click.argument("field")
@entity_type_option
@workspace_option
@click.option("--dry-run", is_flag=True, help="Show what would be restored, and write nothing.")
@json_option
def undo_field_(
    entity_id: str, field: str, entity_type: str | None, workspace: str, dry_run: bool, as_json: bool
) -> None:
    """Restore the value that FIELD had before its last change; run it again to reverse that."""
    known = known_type(entity_id, workspace, entity_type)
    undone = undo_field(known, entity_id, field, workspace_slug=workspace, is_dry_run=dry_run)
    end_read()
    would = " would be" if dry_run else " is"
    taken_back = f"{_text(undone.replaced)}, which {undone.provider} gave"
    line = f"{undone.field}{would} {_text(undone.value)} again, in place of {taken_back}."
    output.print_result(FieldUndoSchema().dump(undone), line, as_json=as_json)


def _text(value: Any) -> str:
    """Return a value as JSON, or `empty`."""
    return "empty" if value is None else output.clean(json.dumps(value, ensure_ascii=False))
