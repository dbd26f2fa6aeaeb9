"""The commands that bring lists in and take them out again."""

import os
import secrets
import shlex
import textwrap
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, Any

import click

from app.cli import output
from app.cli.entity_lists import MADE_BY
from app.cli.group import ExitCode, enrich
from app.cli.options import InputFile, Number, entity_type_argument, json_option, workspace_option
from app.cli.progress import counting
from app.db.session import check_writable, end_read
from app.entities.csv.encodings import codec_named
from app.entities.csv.headers import MappingError, read_mapping, read_whole_mapping
from app.entities.csv.import_report import ImportReport
from app.entities.csv.imports import import_csv
from app.entities.csv.listing import Listing
from app.entities.csv.opening import ImportOptions
from app.entities.export_files import NewExport, create_export
from app.entities.export_schemas import ExportSchema
from app.entities.exports import FORMATS, export_entities
from app.entities.import_schemas import ImportReportSchema
from app.entities.lists import list_id_of
from app.errors import ProviderNotAvailable
from app.providers.names import WATERFALL
from app.values.entity_types import PLURALS, EntityType

PILOT = 50
"""Entities of the pilot that is suggested for a list more than twice as long."""
REFUSALS_SHOWN = 20
COLUMNS_SHOWN = 60
LINE_WIDTH = 100
DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "pipes"}


@contextmanager
def _bad_parameter() -> Iterator[None]:
    """Report a ValueError as a mistake in the command line."""
    try:
        yield
    except ValueError as error:
        raise click.BadParameter(f"{error}.") from error


def _mapped(_ctx: click.Context, _option: click.Parameter, texts: tuple[str, ...]) -> dict[str, str]:
    with _bad_parameter():
        return read_mapping(texts)


def _whole_mapping(file: IO[bytes]) -> dict[str, str]:
    try:
        return read_whole_mapping(file.read().decode("utf-8-sig"))
    except ValueError as error:
        rule = str(error) if isinstance(error, MappingError) else "expected a file in UTF-8"
        raise click.BadParameter(f"{rule}.", param_hint="--mapping") from error


def _encoding(_ctx: click.Context, _option: click.Parameter, name: str | None) -> str | None:
    with _bad_parameter():
        return None if name is None else codec_named(name)


encoding_option = click.option(
    "--encoding",
    callback=_encoding,
    metavar="NAME",
    help="Encoding of the file, such as windows-1251 or shift-jis.",
)
map_option = click.option(
    "--map",
    "mapped",
    multiple=True,
    callback=_mapped,
    metavar="COLUMN=FIELD",
    help="The field that a column fills; keep stores it as an extra column, ignore drops it. Repeatable.",
)
mapping_option = click.option(
    "--mapping",
    "mapping_file",
    type=InputFile(),
    help="A file with the field (or keep, or ignore) of each column, as printed by preview --json.",
)
sheet_option = click.option(
    "--sheet", metavar="NAME", help="The sheet of a workbook.  [default: the first visible one]"
)
from_line_option = click.option(
    "--from-line", type=Number(1, 999_999_999), default=1, help="Skip the rows above this line."
)
replace_option = click.option(
    "--replace-names", is_flag=True, help="Let a row with an id replace an entity with another name."
)


@enrich.command("import")
@entity_type_argument
@click.argument("file", type=InputFile())
@workspace_option
@encoding_option
@map_option
@mapping_option
@sheet_option
@click.option(
    "--list",
    "list_name",
    metavar="LIST",
    help="The list to add the rows to, by name or id; created if missing.  [default: a new one named after the file]",
)
@from_line_option
@click.option("--dry-run", is_flag=True, help="Show what would happen to the rows, and write nothing.")
@replace_option
@json_option
def import_(
    entity_type: EntityType,
    file: IO[bytes],
    workspace: str,
    encoding: str | None,
    mapped: dict[str, str],
    mapping_file: IO[bytes] | None,
    sheet: str | None,
    list_name: str | None,
    from_line: int,
    dry_run: bool,
    replace_names: bool,
    as_json: bool,
) -> None:
    """Add or change people or companies by a CSV file or an Excel workbook; - is standard input.

    Rows that cannot be used are listed and left out. A file that is imported again doubles nothing.
    A row never replaces another name's entity: if it has no id of its own, it is kept apart; if it
    has, it is left out as a conflict, and the exit code is 6.
    """
    whole = None if mapping_file is None else _whole_mapping(mapping_file)
    if whole is not None and mapped:
        raise click.UsageError("Expected either --mapping or --map.")
    if not dry_run:
        check_writable()
    with counting("Reading" if dry_run else "Importing", "rows", file) as tell:
        report = import_csv(
            entity_type,
            file,  # type: ignore[arg-type]
            workspace_slug=workspace,
            replaces_names=replace_names,
            is_dry_run=dry_run,
            on_progress=tell,
            options=ImportOptions(encoding, whole or mapped, from_line, sheet=sheet, is_complete=whole is not None),
            listing=Listing(list_name, _file_name(file), MADE_BY),
        )
    print_rows(report)
    if as_json:
        output.print_json(_report_as_json(report))
    else:
        _print_report(report, entity_type, workspace)
    if report.conflicts:
        raise SystemExit(ExitCode.CONFLICT)


def _file_name(file: IO[bytes]) -> str | None:
    """Return the name of a file without its folders; standard input has none."""
    name = getattr(file, "name", None)
    return os.path.basename(name) if isinstance(name, str) and name != "<stdin>" else None


def _print_report(report: ImportReport, entity_type: EntityType, workspace: str) -> None:
    click.echo(describe_report(report, entity_type))
    for line in describe_remarks(report):
        click.echo(line)
    for line in describe_columns(report):
        output.note(line)
    if report.is_dry_run:
        output.note("Nothing was written: this was a dry run.")
    elif report.total > report.refused + report.conflicts:
        name = report.list_name or ""
        output.note(f"list: {output.clean(name)}")
        option = "" if workspace == "default" else f" --workspace {workspace}"
        line = f"{output.enrich_command()} enqueue {entity_type} --list {shlex.quote(name)}{option}"
        is_pilot = report.total > 2 * PILOT and _can_be_paid_for(entity_type, workspace)
        pilot = f" --provider {WATERFALL} --pilot {PILOT}" if is_pilot else ""
        output.note(f"Next: {line}{pilot}")


def _can_be_paid_for(entity_type: str, workspace: str) -> bool:
    """Return whether a waterfall has a provider to ask, so that enriching a list costs money."""
    # Here, since to load the providers takes longer than to import a short file.
    from app.enrichment.waterfall.options import DEFAULT_OPTIONS
    from app.enrichment.waterfall.plan import insist_on_provider

    try:
        insist_on_provider(entity_type, WATERFALL, DEFAULT_OPTIONS, workspace)
    except ProviderNotAvailable:
        return False
    return True


def describe_report(report: ImportReport, entity_type: str) -> str:
    """Return what became of a file's rows, in one line."""
    counts = [f"{report.created:,} created", f"{report.updated:,} updated", f"{report.unchanged:,} unchanged"]
    counts.append(f"{report.refused:,} refused")
    if report.conflicts:
        counts.append(f"{report.conflicts:,} in conflict")
    return f"{output.count(report.total, 'row')} of {PLURALS[entity_type]}: {', '.join(counts)}."


def describe_remarks(report: ImportReport) -> Iterator[str]:
    """Yield a line for each thing about the stored rows that somebody may want to look at."""
    if report.kept_apart:
        rows = output.count(report.kept_apart, "row")
        yield f"{rows} kept apart: somebody of another name has the same address, host or page."
    if report.replaced:
        yield f"{output.count(report.replaced, 'row')} replaced values that were stored before."


def describe_columns(report: ImportReport) -> Iterator[str]:
    """Yield the lines that say how a file was read: its encoding, and what became of each column."""
    kept = [header for header, field in report.columns if field is None and header not in report.left_out]
    yield f"format: {report.encoding}, {_layout(report)}"
    yield from _listed("read", [f"{header}→{field}" for header, field in report.columns if field is not None])
    yield from _listed("kept as they are", kept)
    yield from _listed("left out, since they are computed", report.left_out)
    if report.guessed is not None:
        yield f"the encoding was guessed; it reads: {output.clean(report.guessed)} (--encoding names another)"


def _layout(report: ImportReport) -> str:
    if report.sheet is not None:
        return f"sheet {output.clean(report.sheet)!r}"
    return f"separated by {DELIMITERS[report.delimiter]}"


def _listed(what: str, names: list[str]) -> list[str]:
    """Return names as one line, wrapped between names alone; nothing if there are none."""
    if not names:
        return []
    listed = names
    if len(names) > COLUMNS_SHOWN:
        listed = [*names[:COLUMNS_SHOWN], f"and {len(names) - COLUMNS_SHOWN:,} more"]
    # A space that does not break holds a name of several words together.
    unbroken = [output.clean(name).replace(" ", "\u00a0") for name in listed]
    lines = textwrap.wrap(
        ", ".join(unbroken),
        LINE_WIDTH,
        initial_indent=f"{what}: ",
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace("\u00a0", " ") for line in lines]


# The lines about rows that a report names.
_REFUSED = "line {0.line}: {0.reason}"
_REMARK = "line {0.line}, column {0.column!r}: {0.text}"
_CONFLICT = "line {0.line}: conflict: the id {0.id} belongs to another name; --replace-names lets the row replace it"
_KEPT_APART = (
    "line {0.line}: kept apart as {0.id}: somebody of another name has the same address, host or page ({0.shared_with})"
)


def print_rows(report: ImportReport) -> None:
    """Print the rows that a report names."""
    _print_first(map(_REFUSED.format, report.refusals), report.refused, "more row", " refused")
    _print_first(map(_REMARK.format, report.remarks), report.remarked, "more remark", "")
    _print_first(map(_CONFLICT.format, report.conflict_rows), report.conflicts, "more row", " in conflict")
    _print_first(map(_KEPT_APART.format, report.apart_rows), report.kept_apart, "more row", " kept apart")
    replaced = (f"line {row.line}: replaced {', '.join(row.fields)}" for row in report.replacements)
    _print_first(replaced, report.replaced, "more row", " with values replaced")


def _print_first(lines: Iterable[str], total: int, noun: str, what: str) -> None:
    """Print the first of the lines about rows, and how many more of them there are."""
    for line in islice(lines, REFUSALS_SHOWN):
        output.note(output.clean(line))
    if total > REFUSALS_SHOWN:
        output.note(f"… and {output.count(total - REFUSALS_SHOWN, noun)}{what}.")


def _report_as_json(report: ImportReport) -> Any:
    columns = [{"header": header, "field": field} for header, field in report.columns]
    return ImportReportSchema().dump({**asdict(report), "columns": columns})


@enrich.command()
@entity_type_argument
@workspace_option
@click.option("--list", "list_name", metavar="LIST", help="Only those of a list, with the columns of its file.")
@click.option("-o", "--output", "path", default="-", show_default=True, help="The file to write; - is standard output.")
@click.option(
    "--format", "file_format", type=click.Choice(list(FORMATS)), help="Default: by the file's suffix, else csv."
)
@click.option("--ready", is_flag=True, help="Only people with a verified address whose verification has not expired.")
@click.option("--background", is_flag=True, help="Let a worker write it, and print the export's id.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; with --background.")
def export(
    entity_type: EntityType,
    workspace: str,
    list_name: str | None,
    path: str,
    file_format: str | None,
    ready: bool,
    background: bool,
    as_json: bool,
) -> None:
    """Write people or companies to a file, with what has been found of them.

    A file appears when it is complete, in place of one that was there.
    """
    if background and path != "-":
        raise click.UsageError(
            "--background writes no file here: `exports download ID -o FILE` does, once it is ready."
        )
    if as_json and not background:
        raise click.UsageError("--json goes with --background.")
    file_format = file_format or _format_of(path)
    list_id = list_id_of(list_name, workspace_slug=workspace, entity_type=entity_type)
    if background:
        _ask(NewExport(entity_type, file_format, workspace, MADE_BY, ready, list_id), as_json=as_json)
        return
    blocks = export_entities(entity_type, file_format, workspace_slug=workspace, only_ready=ready, list_id=list_id)
    send(path, blocks)


def _ask(new: NewExport, *, as_json: bool) -> None:
    """Have an export written in the background."""
    view = create_export(new)
    end_read()
    command = f"{output.enrich_command()} exports show {view.id}"
    remark = f"It is written by whoever drives the queue: `{command}` says how far it is."
    output.print_result(ExportSchema().dump(view), view.id, remark, as_json=as_json)


def send(path: str, blocks: Iterator[bytes]) -> None:
    """Write an export to a file, or to standard output if its name is -."""
    if path == "-":
        for block in blocks:
            click.echo(block, nl=False)
        return
    size = write_atomically(Path(path), blocks)
    output.note(f"Wrote {output.clean(path)}, {size:,} bytes.")


def _format_of(path: str) -> str:
    """Return the format that a file's suffix says, else CSV."""
    suffix = Path(path).suffix.removeprefix(".").lower()
    return suffix if suffix in FORMATS else "csv"


def write_atomically(path: Path, blocks: Iterator[bytes]) -> int:
    """Write a file that is there as a whole or not at all; return its bytes.

    Raises click.FileError, or OSError if there is no room.
    """
    size = 0
    with counting("Exporting", "bytes") as tell, _replacing(path) as write:
        for block in blocks:
            write(block)
            size += len(block)
            tell(size)
    return size


@contextmanager
def _replacing(path: Path) -> Iterator[Callable[[bytes], Any]]:
    """Yield what writes to a file that replaces `path` at the end; devices and pipes are written to directly."""
    with _file_errors(path):
        is_special = path.exists() and not path.is_file()
        target = path if is_special else path.resolve()
        part = target if is_special else target.with_name(f".{target.name[:80]}.{secrets.token_hex(4)}.part")
        file = part.open("wb")
    try:
        try:
            yield partial(_write, path, file)
            with _file_errors(path):
                file.flush()
                if not is_special:
                    os.fsync(file.fileno())
        finally:
            with _file_errors(path):
                file.close()
        if not is_special:
            with _file_errors(path):
                part.replace(target)
    except BaseException:
        if not is_special:
            part.unlink(missing_ok=True)
        raise


def _write(path: Path, file: IO[bytes], block: bytes) -> None:
    with _file_errors(path):
        file.write(block)


@contextmanager
def _file_errors(path: Path) -> Iterator[None]:
    """Report an error of the system as a mistake in the command line that named the file, unless the disk is full."""
    try:
        yield
    except OSError as exc:
        if exc.errno in output.FULL:
            raise OSError(exc.errno, exc.strerror, str(path)) from exc
        raise click.FileError(str(path), hint=exc.strerror) from exc
