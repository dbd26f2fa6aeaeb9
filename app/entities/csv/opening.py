"""Open a file for an import: what its owner says of it, what is remembered of files like it, and what it must have."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import inf
from time import monotonic
from typing import BinaryIO, cast

from app.entities.csv.encodings import codec_named
from app.entities.csv.headers import Column, Mapped, counts_as_other
from app.entities.csv.mappings import remembered_mapping
from app.entities.csv.reader import CsvError, CsvReader, NoKeyColumn
from app.entities.csv.records import Record
from app.entities.xlsx.reader import WORKBOOK_START, XlsxReader
from app.errors import Invalid, detail
from app.values.entity_types import PLURALS, EntityType


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What the owner of a file knows better: its encoding or sheet, and what each column means.

    `from_line` leaves out the rows above it. After `seconds` the import ends, and tells the line to go on from.
    If `mapped` is complete, it must name every column, and nothing that is remembered is added to it.
    """

    encoding: str | None = None
    mapped: Mapped = field(default_factory=dict)
    from_line: int = 1
    seconds: float | None = None
    sheet: str | None = None
    is_complete: bool = False


class NobodyIdentified(Invalid):
    """No column of a file tells its rows apart. `columns` has what each of them means."""

    def __init__(self, message: str, columns: Sequence[Column]) -> None:
        super().__init__(message)
        self.columns = columns


def open_file(
    entity_type: EntityType,
    stream: BinaryIO,
    workspace_slug: str,
    options: ImportOptions,
    on_records: Callable[[Sequence[Record]], None] | None = None,
) -> CsvReader:
    """Read the header of a file and return the reader of its rows.

    Raises `Invalid` if the file as a whole cannot be read or clearly is a list of the other entity type, and of these
    `NobodyIdentified` if its columns mean nothing that tells the rows apart.
    """
    codec = _codec(options)
    ends_at = inf if options.seconds is None else monotonic() + options.seconds
    # What a file is, its content says: names and media types are wrong too often.
    start = stream.read(len(WORKBOOK_START))
    if start == WORKBOOK_START:
        kind: Callable[..., CsvReader] = partial(XlsxReader, sheet=options.sheet)
    elif options.sheet is None:
        kind = partial(CsvReader, encoding=codec)
    else:
        raise Invalid("A sheet is named, and the file is no Excel workbook.")
    remembered = partial(remembered_mapping, entity_type, workspace_slug)
    try:
        reader = kind(
            cast(BinaryIO, _Rejoined(start, stream)),
            entity_type,
            mapped=options.mapped,
            remembered=_nothing if options.is_complete else remembered,
            from_line=options.from_line,
            is_time_over=lambda: monotonic() >= ends_at,
            on_records=on_records,
        )
    except NoKeyColumn as error:
        raise NobodyIdentified(f"The file cannot be imported: {error}.", error.columns) from error
    except CsvError as error:
        raise Invalid(f"The file cannot be imported: {error}.") from error
    if options.is_complete:
        _refuse_unsaid(reader, options.mapped)
    elif not reader.mapped:
        _refuse_other_type(entity_type, [column.header for column in reader.columns])
    return reader


class _Rejoined:
    """A stream of which the start was read already."""

    def __init__(self, start: bytes, stream: BinaryIO) -> None:
        self._start = start
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        start, self._start = self._start, b""
        return start or self._stream.read(size)


def _nothing(_headers: Iterable[str]) -> dict[str, str]:
    return {}


def _codec(options: ImportOptions) -> str | None:
    try:
        return None if options.encoding is None else codec_named(options.encoding)
    except ValueError as error:
        raise Invalid(f"The encoding is not known: {error}.") from error


def _refuse_unsaid(reader: CsvReader, mapped: Mapped) -> None:
    """Raise `Invalid` if a mapping leaves out a column."""
    unsaid = [column.header for column in reader.columns if column.header not in mapped]
    if unsaid:
        rule = "expected a field, keep or ignore for each column"
        raise Invalid(
            f"The mapping leaves out {len(unsaid)} of the file's {len(reader.columns)} columns; {rule}.",
            details=[detail(f"mapping.{header}", rule) for header in unsaid],
        )


def _refuse_other_type(entity_type: EntityType, headers: list[str]) -> None:
    counts = counts_as_other(entity_type, headers)
    if counts is None:
        return
    other: EntityType = "company" if entity_type == "person" else "person"
    asked, held = PLURALS[entity_type], PLURALS[other]
    raise Invalid(
        f"The file looks like a list of {held}: it has columns for {counts[0]} fields of {held} and {counts[1]}"
        f" of {asked}. Nothing was imported; expected a list of {asked}."
        f" `flask enrich import {other} …` or POST /api/{held}/import takes a list of {held}."
    )
