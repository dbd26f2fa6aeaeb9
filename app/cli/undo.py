"""The command that puts back what a job wrote."""

import click

from app.cli import output
from app.cli.group import enrich
from app.cli.options import job_argument, json_option
from app.cli.progress import counting
from app.entities.undo import undo_job
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
    if as_json:
        output.print_json(UndoCountsSchema().dump(counts))
        return
    click.echo(f"{output.count(counts.restored, 'field')} restored, {counts.kept:,} kept, since changed after the job.")
