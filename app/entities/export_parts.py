"""The parts of exports: from a table's rows to what is stored of them, and from all of them to the file.

Of CSV the bytes of the file are stored. A workbook or a Parquet file cannot be gone on with by another worker, so of
those the rows are stored, as JSON, and the file is made of them while it is sent.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Final

from app.entities.csv.exports import ExportTable
from app.entities.csv.writer import csv_lines
from app.entities.exports import FORMATS

Column = Sequence[str]
"""The header of a column, and its kind, as in `ExportTable`."""

_ROW: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=datetime.isoformat)


def part_of(file_format: str, headers: Sequence[str], rows: Iterable[Sequence[Any]], *, is_first: bool) -> bytes:
    """Return what is stored of some rows; the first part of a CSV file has the header too."""
    if file_format == "csv":
        # The first of the blocks is the header.
        return b"".join(islice(csv_lines(headers, rows), 0 if is_first else 1, None))
    return "".join(f"{_ROW.encode(row)}\n" for row in rows).encode()


def file_of(file_format: str, columns: Sequence[Column], parts: Iterator[bytes]) -> Iterator[bytes]:
    """Return the file that the parts make, in blocks; one that has to be made of rows comes as an export does."""
    if file_format == "csv":
        return parts
    headers, kinds = [header for header, _ in columns], [kind for _, kind in columns]
    rows = (_values(line, kinds) for part in parts for line in part.split(b"\n") if line)
    return FORMATS[file_format].write(ExportTable(headers, kinds, rows))


def _values(line: bytes, kinds: Sequence[str]) -> list[Any]:
    """Return the values of a row; JSON has no instants."""
    values = zip(json.loads(line), kinds, strict=True)
    return [datetime.fromisoformat(value) if kind == "instant" else value for value, kind in values]
