"""The commands for lists: make, look, rename, delete, and how much is known of their members."""

from dataclasses import asdict
from typing import IO

import click

from app.cli import output
from app.cli.group import enrich
from app.cli.id_files import UnknownIds, ids_in
from app.cli.options import InputFile, Number, entity_type_argument, json_option, workspace_option
from app.cli.progress import counting
from app.entities import coverage as coverage_service
from app.entities import lists as service
from app.entities.list_routes import CoverageSchema, ListPageSchema, ListSchema, NewListSchema
from app.entities.lists import ListView, NewList
from app.values.entity_types import ENTITY_TYPES

MADE_BY = "command line"

_list_argument = click.argument("list_", metavar="LIST")


@enrich.group("lists")
def lists() -> None:
    """Lists of people and of companies; LIST is a list's name or its id."""


@lists.command("list")
@workspace_option
@click.option("--type", "entity_type", type=click.Choice(ENTITY_TYPES), help="Only lists of this type.")
@click.option("--limit", type=Number(1, 200), default=50, show_default=True)
@click.option("--cursor", help="The nextCursor of an earlier page.")
@json_option
def list_(workspace: str, entity_type: str | None, limit: int, cursor: str | None, as_json: bool) -> None:
    """Show lists, newest first."""
    page = service.list_lists(workspace_slug=workspace, entity_type=entity_type, limit=limit, cursor=cursor)
    value = ListPageSchema().dump(page)
    empty = f"No lists yet. An import makes one: {output.enrich_command()} import person FILE"
    columns = ["id", "name", "of", "entities", "tool", "made by", "created"]
    output.print_page(value, columns, map(_row, page.rows), page.next_cursor, as_json=as_json, empty=empty)


def _row(view: ListView) -> list[object]:
    created = output.clock(view.created_at)
    return [view.id, view.name, view.entity_type, f"{view.entity_count:,}", view.tool, view.made_by, created]


@lists.command()
@_list_argument
@workspace_option
@json_option
def show(list_: str, workspace: str, as_json: bool) -> None:
    """Show one list."""
    _print(service.find_list(list_, workspace_slug=workspace), as_json=as_json)


@lists.command()
@entity_type_argument
@click.argument("name")
@click.option("--ids-file", type=InputFile(), help="The ids of its members, one per line; - is standard input.")
@workspace_option
@json_option
def create(entity_type: str, name: str, ids_file: IO[bytes] | None, workspace: str, as_json: bool) -> None:
    """Create a list by hand; without ids, an empty one to import into."""
    new = NewList(entity_type, workspace, name, MADE_BY)  # type: ignore[arg-type]
    ids = () if ids_file is None else ids_in(ids_file, UnknownIds(entity_type, workspace))
    view, left_out = service.create_list(new, ids)
    value = NewListSchema().dump({**asdict(view), "left_out": left_out})
    rest = f", {output.count(left_out, 'id')} left out: unknown, or given twice" if left_out else ""
    remark = f"Made the list {output.clean(view.name)} of {_members(view)}{rest}."
    output.print_result(value, view.id, remark, as_json=as_json)


@lists.command()
@_list_argument
@click.argument("name")
@workspace_option
@json_option
def rename(list_: str, name: str, workspace: str, as_json: bool) -> None:
    """Rename a list."""
    view = service.find_list(list_, workspace_slug=workspace)
    _print(service.rename_list(view.id, name, workspace_slug=workspace), as_json=as_json)


@lists.command()
@_list_argument
@workspace_option
@json_option
def delete(list_: str, workspace: str, as_json: bool) -> None:
    """Delete a list, but none of its members."""
    view = service.find_list(list_, workspace_slug=workspace)
    service.delete_list(view.id, workspace_slug=workspace)
    line = f"Deleted the list {output.clean(view.name)}; its {_members(view)} are still there."
    output.print_result({"deleted": view.id}, line, as_json=as_json)


@lists.command()
@_list_argument
@click.option("--stored", is_flag=True, help="Show the last count without counting again.")
@workspace_option
@json_option
def coverage(list_: str, stored: bool, workspace: str, as_json: bool) -> None:
    """Count how many members of a list have a value, field by field."""
    view = service.find_list(list_, workspace_slug=workspace)
    if stored:
        result = coverage_service.get_coverage(view.id, workspace_slug=workspace)
    else:
        with counting("Counting", "entities") as tell:
            result = coverage_service.count_coverage(view.id, workspace_slug=workspace, on_progress=tell)
    if as_json:
        output.print_json(CoverageSchema().dump(result))
    elif result.counted_at is None:
        output.note("It was not counted yet; without --stored it is.")
    else:
        output.print_table(
            ["field", "filled", "percent"],
            [[field.field, f"{field.filled:,}", f"{field.percent:.1f}"] for field in result.fields],
        )
        entities = output.count(result.entities, "entity", "entities")
        output.note(f"Counted over {entities} at {output.clock(result.counted_at)}.")


def _print(view: ListView, *, as_json: bool) -> None:
    if as_json:
        output.print_json(ListSchema().dump(view))
        return
    output.print_facts(
        [
            ("id", view.id),
            ("name", view.name),
            ("of", view.entity_type),
            ("entities", f"{view.entity_count:,}"),
            ("rows imported", f"{view.row_count:,}"),
            ("file", view.file_name),
            ("tool", view.tool),
            ("made by", view.made_by),
            ("created", output.clock(view.created_at)),
            ("changed", output.clock(view.changed_at)),
        ]
    )


def _members(view: ListView) -> str:
    return output.count(view.entity_count, "entity", "entities")
