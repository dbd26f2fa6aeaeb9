"""What commands print: results on stdout, everything about the run on stderr.

Tables are drawn for a terminal; a pipe gets one line a row, columns separated by tabs.
"""

import errno
import io
import json
import os
import shlex
import shutil
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.enrichment.money.reports import dollars
from app.values.spellings import camel_case
from app.web.fields import Instant

FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
"""The errors of a file, a disk or a device that takes no more."""


def make_printable() -> None:
    """Let output in an encoding that lacks a character show an escape in its place, and not fail.

    A stream that was closed before the start is None in Python; what is meant for it is dropped.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - open as long as the process
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def is_terminal(stream: IO[Any]) -> bool:
    """Return whether somebody is watching a stream."""
    return stream.isatty()


def flush() -> None:
    """Bring what was printed to where it goes, since what fails there must not fail after the command has ended."""
    try:
        sys.stdout.flush()
    except OSError:
        # Else the interpreter would try once more at its end, and say so in its own way.
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise


def complain(line: str) -> None:
    """Print the one line that says why a command failed; if even that fails, the exit code has to say it."""
    with suppress(OSError):
        click.echo(f"tranche: {line}", err=True)


def note(line: str) -> None:
    """Print a remark that is not the command's result; no command fails because it cannot be printed."""
    with suppress(OSError):
        click.echo(line, err=True)


def print_json(value: Any) -> None:
    """Print one JSON value on one line."""
    click.echo(json.dumps(value, ensure_ascii=False))


def print_result(value: Any, line: str, *remarks: str, as_json: bool) -> None:
    """Print what a command has done: as JSON, or as a line with remarks."""
    if as_json:
        print_json(value)
        return
    click.echo(line)
    for remark in remarks:
        note(remark)


def view_as_json(view: Any, *instants: str) -> dict[str, Any]:
    """Return a view in the spelling of JSON; `instants` names its members that are instants or None."""
    field = Instant()
    times = {name: field.serialize(name, view) for name in instants}
    return {camel_case(name): value for name, value in {**asdict(view), **times}.items()}


def print_facts(facts: Iterable[tuple[str, object]]) -> None:
    """Print names and values, one pair a line; those without a value (None or an empty text) are left out."""
    shown = [(name, value) for name, value in facts if value not in {None, ""}]
    width = max(len(name) for name, _ in shown)
    for name, value in shown:
        click.echo(f"{name:<{width}}  {clean(value)}")


def print_page(
    value: Any,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    next_cursor: str | None = None,
    *,
    as_json: bool = False,
    empty: str,
    more: str = "More: --cursor {}",
) -> None:
    """Print a page: its value as JSON, or its rows as a table, or the remark `empty` if there are none.

    `more` says how to see the next page, whose cursor stands in it for {}.
    """
    if as_json:
        print_json(value)
        return
    cells = list(rows)
    if not cells:
        note(empty)
        return
    print_table(columns, cells)
    if next_cursor is not None:
        note(more.format(next_cursor))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows under their headings, drawn on a terminal and plain elsewhere."""
    if is_terminal(sys.stdout):
        draw_table(columns, rows)
        return
    click.echo("\t".join(columns))
    for row in rows:
        click.echo("\t".join(map(clean, row)))


def draw_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows for a terminal. A cell may be rich's own text; other text is made harmless."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        table.add_column(name, overflow="fold")
    for row in rows:
        # Text, since a plain string would be read as markup.
        table.add_row(*(cell if isinstance(cell, Text) else Text(clean(cell)) for cell in row))
    Console(file=sys.stdout).print(table)


def with_details(heading: str, *details: str | None) -> Text:
    """Return a cell of a drawn table: a heading, and below it a line for each detail that there is."""
    cell = Text(heading)
    for line in filter(None, details):
        cell.append(f"\n  {clean(line)}", "dim")
    return cell


def clean(cell: object) -> str:
    """Return a cell as one line without control characters, which could steer the terminal."""
    text = "" if cell is None else str(cell)
    return text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)


def duration(seconds: float) -> str:
    """Return a number of seconds as people say it: `40 s`, `12 min`, `3 h 5 min`, `4 d`."""
    whole = max(0, round(seconds))
    if whole < 100:
        return f"{whole} s"
    minutes = round(whole / 60)
    if minutes < 100:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes // (24 * 60)} d"


def since(instant: datetime) -> float:
    """Return the seconds that have passed since an instant."""
    return (datetime.now(UTC) - instant).total_seconds()


def clock(instant: datetime | None) -> str:
    """Return an instant to the second, in UTC; nothing for None."""
    return "" if instant is None else instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def optional(template: str, value: object) -> str:
    """Return a template with the value in it; nothing for None."""
    return "" if value is None else template.format(value)


def money(micros: int | None) -> str:
    """Return an amount of dollars; nothing for None."""
    return "" if micros is None else dollars(micros)


def count(number: int, singular: str, plural: str | None = None) -> str:
    """Return a number with its noun: `1 row`, `2,000 rows`."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def enrich_command() -> str:
    """Return how `flask enrich`, or `tranche`, was called, for commands that the reader is to copy."""
    called = Path(sys.argv[0])
    if called.name == "__main__.py":
        return f"{shlex.quote(sys.executable)} -m flask enrich"
    name, group = ("tranche", "") if called.name == "tranche" else ("flask", " enrich")
    installed = shutil.which(name)
    if called.name != name or (installed and Path(installed).resolve() == called.resolve()):
        return name + group
    return shlex.quote(sys.argv[0]) + group
