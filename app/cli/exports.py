"""The commands for exports in the background: look, take the file, delete."""

import click

from app.cli import output
from app.cli.group import enrich
from app.cli.lists import send
from app.cli.options import Number, any_workspace_option, json_option
from app.db.session import end_read
from app.entities import export_files as service
from app.entities.export_files import ExportView
from app.entities.export_schemas import ExportListSchema, ExportSchema
from app.models.export import UNFINISHED
from app.values.entity_types import PLURALS

_COLUMNS = ["id", "workspace", "of", "format", "status", "done", "rows", "kept until"]
_export_argument = click.argument("export_id", metavar="ID")


@enrich.group("exports")
def exports() -> None:
    """Exports written in the background; `export --background` requests one."""


@exports.command("list")
@any_workspace_option
@click.option("--limit", type=Number(1, 200), default=50, show_default=True, help="How many.")
@click.option("--cursor", help="The nextCursor of an earlier page.")
@json_option
def list_(workspace: str | None, limit: int, cursor: str | None, as_json: bool) -> None:
    """Show exports, newest first."""
    page = service.list_exports(workspace_slug=workspace, limit=limit, cursor=cursor)
    end_read()
    value = ExportListSchema().dump(page)
    empty = f"No exports yet. To ask for one: {output.enrich_command()} export person --background"
    output.print_page(value, _COLUMNS, map(_row, page.rows), page.next_cursor, as_json=as_json, empty=empty)


@exports.command()
@_export_argument
@json_option
def show(export_id: str, as_json: bool) -> None:
    """Show the progress of an export."""
    view = service.get_export(export_id, workspace_slug=None)
    end_read()
    if as_json:
        output.print_json(ExportSchema().dump(view))
        return
    output.print_table(_COLUMNS, [_row(view)])
    if view.error is not None:
        output.note(view.error)
    elif view.status in UNFINISHED:
        command = output.enrich_command()
        output.note(f"`{command} process` or `{command} work`, or a cron job over HTTP, goes on with it.")


def _row(view: ExportView) -> list[object]:
    about = [view.id, view.workspace_slug, PLURALS[view.entity_type], view.file_format, view.status]
    total = output.optional(" of {:,}", view.entities_total)
    return [*about, f"{view.entities_done:,}{total}", f"{view.row_count:,}", output.clock(view.expires_at)]


@exports.command()
@_export_argument
@click.option("-o", "--output", "path", default="-", show_default=True, help="The file to write; - is standard output.")
def download(export_id: str, path: str) -> None:
    """Write the file of an export that is ready.

    A file appears when it is complete, in place of one that was there.
    """
    send(path, service.open_file(export_id, workspace_slug=None)[1])


@exports.command()
@_export_argument
@json_option
def delete(export_id: str, as_json: bool) -> None:
    """Delete an export with its file, or before there is one."""
    service.delete_export(export_id, workspace_slug=None)
    output.print_result({"deleted": export_id}, f"Deleted the export {export_id}.", as_json=as_json)
