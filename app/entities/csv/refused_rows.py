"""The refused rows of a file, as a file: to be corrected and imported again.

Its two columns in front say where a row stood and why it was refused; an import ignores them.
"""

from collections.abc import Iterator
from typing import BinaryIO

from app.entities.csv.headers import REFUSED_LINE, REFUSED_REASON
from app.entities.csv.opening import ImportOptions, open_file
from app.entities.csv.reader import CsvReader, OutOfTime, Refusal
from app.entities.csv.writer import csv_lines
from app.errors import Invalid
from app.values.entity_types import EntityType


def refused_csv(
    entity_type: EntityType, stream: BinaryIO, *, workspace_slug: str, options: ImportOptions
) -> Iterator[bytes]:
    """Return the rows of a file that an import refuses, as CSV under its own header, in blocks of whole lines.

    The file is read as the blocks are taken. Rows in conflict are no part of it: whether there are any goes by what is
    stored. A line that is no row of cells stands in the first of them as it is. Raises `Invalid`, at once if the file
    as a whole cannot be read, and later if the time is over.
    """
    reader = open_file(entity_type, stream, workspace_slug, options)
    own = (REFUSED_LINE, REFUSED_REASON)
    columns = {place: column.header for place, column in enumerate(reader.columns) if column.header not in own}
    return csv_lines([*own, *columns.values()], _rows(reader, list(columns)))


def _rows(reader: CsvReader, places: list[int]) -> Iterator[list[object]]:
    try:
        for refusal in reader:
            if isinstance(refusal, Refusal):
                yield [refusal.line, refusal.reason, *_cells(refusal, places)]
    except OutOfTime as exc:
        raise Invalid("The file takes too long to read here; `flask enrich refused` reads any file.") from exc


def _cells(refusal: Refusal, places: list[int]) -> list[str]:
    """Return the cells of a refused row under the file's columns, and those that it has beyond them."""
    cells = list(refusal.cells)
    beyond = cells[max(places, default=-1) + 1 :]
    return [*(cells[place] if place < len(cells) else "" for place in places), *beyond]
