"""The commands that say what would become of a file, and which of its rows are refused."""

from typing import IO

import click

from app.cli import output
from app.cli.group import enrich
from app.cli.lists import (
    describe_report,
    encoding_option,
    from_line_option,
    map_option,
    print_rows,
    replace_option,
    send,
    sheet_option,
)
from app.cli.options import InputFile, entity_type_argument, json_option, workspace_option
from app.cli.progress import counting
from app.entities.csv.opening import ImportOptions
from app.entities.csv.preview import ColumnPreview, ImportPreview, preview_csv
from app.entities.csv.refused_rows import refused_csv
from app.entities.import_schemas import ImportPreviewSchema, preview_answer
from app.values.entity_types import EntityType

_ORIGINS = {
    "caller": "as --map says",
    "remembered": "as an import of a file with the same headers had it",
    "headers": "by the headers",
}


@enrich.command()
@entity_type_argument
@click.argument("file", type=InputFile())
@workspace_option
@encoding_option
@map_option
@sheet_option
@from_line_option
@replace_option
@json_option
def preview(
    entity_type: EntityType,
    file: IO[bytes],
    workspace: str,
    encoding: str | None,
    mapped: dict[str, str],
    sheet: str | None,
    from_line: int,
    replace_names: bool,
    as_json: bool,
) -> None:
    """Say what an import would do with a CSV file or an Excel workbook, and write nothing; - is standard input.

    With --json, what is printed is also a mapping file for `import --mapping`, as it is or edited.
    """
    with counting("Reading", "rows", file) as tell:
        result = preview_csv(
            entity_type,
            file,  # type: ignore[arg-type]
            workspace_slug=workspace,
            options=ImportOptions(encoding, mapped, from_line, sheet=sheet),
            replaces_names=replace_names,
            on_progress=tell,
        )
    print_rows(result.report)
    if as_json:
        output.print_json(ImportPreviewSchema().dump(preview_answer(result)))
    else:
        _print(result, entity_type)


def _print(result: ImportPreview, entity_type: EntityType) -> None:
    output.print_table(
        ["column", "becomes", "recognises rows", "filled", "distinct", "such as"],
        map(_row, result.columns),
    )
    click.echo(describe_report(result.report, entity_type))
    if result.duplicates:
        click.echo(f"{output.count(result.duplicates, 'row')} about somebody whom an earlier row is about.")
    tool = output.optional(" of {}", result.tool)
    output.note(f"an export{tool} in {result.report.encoding}; columns are read {_ORIGINS[result.mapping_from]}")
    output.note(f"Nothing was written. To import it: {output.enrich_command()} import {entity_type} FILE")


def _row(column: ColumnPreview) -> list[object]:
    samples = " | ".join(column.samples)
    identifies = "yes" if column.identifies else ""
    return [column.header, column.use, identifies, f"{column.percent:.1f} %", f"{column.distinct:,}", samples]


@enrich.command()
@entity_type_argument
@click.argument("file", type=InputFile())
@workspace_option
@encoding_option
@map_option
@sheet_option
@from_line_option
@click.option("-o", "--output", "path", default="-", show_default=True, help="The file to write; - is standard output.")
def refused(
    entity_type: EntityType,
    file: IO[bytes],
    workspace: str,
    encoding: str | None,
    mapped: dict[str, str],
    sheet: str | None,
    from_line: int,
    path: str,
) -> None:
    """Write the rows of a file that an import refuses as CSV, each with its line and the reason.

    Corrected, the file can be imported: the two columns in front are ignored.
    """
    options = ImportOptions(encoding, mapped, from_line, sheet=sheet)
    blocks = refused_csv(entity_type, file, workspace_slug=workspace, options=options)  # type: ignore[arg-type]
    send(path, blocks)
