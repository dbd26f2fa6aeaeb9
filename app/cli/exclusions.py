"""The commands that exclude domains and addresses, list what is excluded, and take it back."""

import re
from collections.abc import Iterator
from functools import partial
from typing import IO

import click

from app.cli import output
from app.cli.group import enrich
from app.cli.options import InputFile, json_option, workspace_option
from app.entities import exclusions as service
from app.entities.exclusion_routes import ExclusionCountsSchema, ExclusionSchema
from app.entities.exclusions import RULE, ExclusionView, normalized_all
from app.entities.pages import all_rows
from app.errors import Invalid
from app.values.identifiers import MAX_INVALID_IDS

MAX_LINE_BYTES = 65_536
_COMMENT = re.compile(r"\s#")


@enrich.command()
@click.argument("values", nargs=-1, metavar="[VALUE]...")
@click.option(
    "--file",
    type=InputFile(),
    help="Domains and addresses, one or more per line; # starts a comment; - is standard input.",
)
@workspace_option
@json_option
def exclude(values: tuple[str, ...], file: IO[bytes] | None, workspace: str, as_json: bool) -> None:
    """Never enrich or export certain domains and e-mail addresses.

    A domain stands for everything below it. Nothing is stored where one of the values is not valid.
    """
    if bool(values) == (file is not None):
        raise click.UsageError("Expected either domains and addresses or --file.")
    counts = service.add(values if file is None else _values_in(file), workspace)
    line = f"{output.count(counts.created, 'exclusion')} added, {counts.unchanged:,} there already."
    output.print_result(ExclusionCountsSchema().dump(counts), line, as_json=as_json)


def _values_in(stream: IO[bytes]) -> Iterator[str]:
    """Yield the values of a file. Raises `Invalid` with the numbers of the first lines that hold none."""
    bad: list[int] = []
    for number, text in _lines(stream):
        if normalized_all(text) is None:
            bad.append(number)
        elif not bad:
            yield text
        if len(bad) == MAX_INVALID_IDS:
            break
    if bad:
        lines = ", ".join(map(str, bad))
        raise Invalid(f"{'Lines' if len(bad) > 1 else 'Line'} {lines} of the file: expected {RULE}.")


def _lines(stream: IO[bytes]) -> Iterator[tuple[int, str]]:
    """Yield the lines that say something, with their numbers."""
    lines = iter(partial(stream.readline, MAX_LINE_BYTES), b"")
    for number, line in enumerate(lines, 1):
        # A comment starts where # leads a word, so that the fragment of a URL is none.
        text = _COMMENT.split(f" {line.decode('utf-8-sig', errors='replace')}", maxsplit=1)[0].strip()
        if text:
            yield number, text


@enrich.command()
@workspace_option
@json_option
def exclusions(workspace: str, as_json: bool) -> None:
    """List what is excluded: domains by name, then addresses."""
    views = all_rows(partial(service.list_, workspace))
    if as_json:
        output.print_json(ExclusionSchema(many=True).dump(list(views)))
        return
    empty = f"Nothing is excluded. To exclude a domain: {output.enrich_command()} exclude example.com"
    output.print_page(None, ["value", "kind", "created"], map(_row, views), empty=empty)


def _row(view: ExclusionView) -> list[object]:
    return [view.value, view.kind, output.clock(view.created_at)]


@enrich.command()
@click.argument("values", nargs=-1, required=True, metavar="VALUE...")
@workspace_option
@json_option
def include(values: tuple[str, ...], workspace: str, as_json: bool) -> None:
    """Remove exclusions."""
    removed = service.remove(values, workspace)
    output.print_result({"removed": removed}, f"{output.count(removed, 'exclusion')} removed.", as_json=as_json)
