"""CSV files into people and companies.

A file is read as a stream and stored in slices of 1,000 rows, each in a transaction of its own, so
memory stays the same whatever the file's size. An import that is interrupted keeps the slices that
were stored; run again, it finds them and changes nothing. So does a file imported twice.

A cell only ever adds or replaces: a blank one says nothing, and an entry of a dict field leaves the
other entries alone.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final

from sqlalchemy import insert, select

from app.database import WriteSession, transaction
from app.entities.csv_headers import counts_as_other
from app.entities.csv_reader import Column, CsvError, CsvReader, Refusal, Row
from app.entities.fields import EXTRA, RAW_FIELDS
from app.entities.ids import EntityType
from app.entities.store import Fields, UpsertCounts, upsert_entities
from app.errors import DamagedData, Invalid
from app.models import ImportFile

SLICE_ROWS: Final = 1000
SLICE_CHARS: Final = 4_000_000
MAX_REFUSALS: Final = 100
"""Refused rows that a report names; the others are counted."""

_PLURALS: Final[dict[EntityType, str]] = {"person": "people", "company": "companies"}

OnProgress = Callable[[int], None]
"""Called after each slice with the number of rows read so far, refused ones included."""


@dataclass(slots=True)
class ImportReport:
    """What became of a file. `total` is the sum of the four counts that follow it.

    Two rows of the file that are about the same entity count twice. `columns` says for each header
    which field it fills: None where its cells are kept beside the fields, or left out; `left_out`
    are the headers of the latter.
    """

    total: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    refusals: list[Refusal] = field(default_factory=list)
    columns: list[tuple[str, str | None]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    encoding: str = ""
    delimiter: str = ""


def import_csv(
    entity_type: EntityType, stream: BinaryIO, *, workspace_slug: str, on_progress: OnProgress | None = None
) -> ImportReport:
    """Upsert the rows of a CSV file into a workspace and say what became of them.

    Raises `Invalid`, with nothing stored, where the file as a whole cannot be read or clearly is a
    list of the other entity type. A row that cannot be read is refused alone.
    """
    try:
        reader = CsvReader(stream, entity_type)
    except CsvError as error:
        raise Invalid(f"The file cannot be imported: {error}.") from error
    _refuse_other_type(entity_type, [column.header for column in reader.columns])
    return _Import(reader, entity_type, workspace_slug, on_progress).run()


def _refuse_other_type(entity_type: EntityType, headers: list[str]) -> None:
    counts = counts_as_other(entity_type, headers)
    if counts is None:
        return
    other: EntityType = "company" if entity_type == "person" else "person"
    asked, found = _PLURALS[entity_type], _PLURALS[other]
    raise Invalid(
        f"The file looks like a list of {found}: it has columns for {counts[0]} fields of {found} and {counts[1]}"
        f" of {asked}. Nothing was imported; expected a list of {asked}."
        f" `flask enrich import {other} …` or POST /api/{found}/import takes a list of {found}."
    )


def described(column: Column) -> str | None:
    """Return where a column's cells go: a field, `social_urls.facebook`, or None for beside the fields."""
    if column.field is None or column.is_fallback:
        return None
    return f"{column.field}.{column.key}" if column.key else column.field


class _Import:
    """One import on its way."""

    def __init__(
        self, reader: CsvReader, entity_type: EntityType, workspace_slug: str, on_progress: OnProgress | None
    ) -> None:
        self._reader = reader
        self._entity_type = entity_type
        self._workspace_slug = workspace_slug
        self._on_progress = on_progress
        self._fields = {
            column.header: column.field
            for column in reader.columns
            if column.field and column.field in RAW_FIELDS[entity_type] and not (column.key or column.is_fallback)
        }
        self._is_recorded = False
        columns = [(column.header, described(column)) for column in reader.columns]
        left_out = [column.header for column in reader.columns if column.dropped]
        self.report = ImportReport(columns=columns, left_out=left_out, delimiter=reader.delimiter)

    def run(self) -> ImportReport:
        for part in _slices(self._accepted()):
            self._store(part)
            if self._on_progress is not None:
                self._on_progress(self.report.total)
        self.report.encoding = self._reader.encoding
        return self.report

    def _accepted(self) -> Iterator[Row]:
        """Yield the rows, and count the refusals between them."""
        for row in self._reader:
            if isinstance(row, Row):
                yield row
                continue
            self.report.total += 1
            self.report.refused += 1
            if len(self.report.refusals) < MAX_REFUSALS:
                self.report.refusals.append(row)

    def _store(self, rows: list[Row]) -> None:
        given = [{"id": row.id, **row.fields, **({EXTRA: row.extra} if row.extra else {})} for row in rows]
        with transaction() as session:
            self._record_columns(session)
            counts = upsert_entities(
                self._entity_type,
                given,
                workspace_slug=self._workspace_slug,
                session=session,
                combine=self._combine,
                also_read={self._fields[header] for row in rows for header in row.extra if header in self._fields},
            )
        self._count(len(rows), counts)

    def _count(self, total: int, counts: UpsertCounts) -> None:
        self.report.total += total
        self.report.created += counts.created
        self.report.updated += counts.updated
        self.report.unchanged += counts.unchanged

    def _combine(self, stored: Fields, given: Fields) -> Fields:
        """Return the values after an import of what is given."""
        combined = {name: _combined(stored.get(name), value) for name, value in given.items() if name != EXTRA}
        extra = {name: text for name, text in given.get(EXTRA, {}).items() if not self._is_echo(stored, name, text)}
        if extra:
            combined[EXTRA] = _combined(stored.get(EXTRA), extra)
        return combined

    def _is_echo(self, stored: Fields, header: str, text: str) -> bool:
        """Tell whether a cell that its field does not take from a file is what an export wrote for that field."""
        name = self._fields.get(header)
        return name is not None and name in stored and str(stored[name]).strip() == text

    def _record_columns(self, session: WriteSession) -> None:
        """Keep the header row for exports, unless an import left the same or it adds nothing to it."""
        if self._is_recorded:
            return
        self._is_recorded = True
        columns = [[column.header, described(column)] for column in self._reader.columns if not column.dropped]
        known = recorded_columns(session, self._entity_type, self._workspace_slug)
        if columns in known or (self._is_export() and _adds_nothing(columns, known)):
            return
        values = {"workspace_slug": self._workspace_slug, "entity_type": self._entity_type, "columns": columns}
        session.execute(insert(ImportFile).values(values))

    def _is_export(self) -> bool:
        """Tell whether the file is one of our exports: nothing else has the columns that we compute."""
        return any(column.dropped for column in self._reader.columns)


def recorded_columns(session: WriteSession, entity_type: str, workspace_slug: str) -> list[list[list[str | None]]]:
    """Return the columns of each imported file, `[[header, field or None], …]`, the oldest file first."""
    query = select(ImportFile.columns).where(
        ImportFile.workspace_slug == workspace_slug, ImportFile.entity_type == entity_type
    )
    found = list(session.scalars(query.order_by(ImportFile.id)))
    if not all(map(_is_header_row, found)):
        raise DamagedData
    return found


def _is_header_row(columns: Any) -> bool:
    """Tell whether a stored value is a list of headers, each with where its cells go."""
    return isinstance(columns, list) and all(
        isinstance(column, list) and len(column) == 2 and {type(part) for part in column} <= {str, type(None)}
        for column in columns
    )


def _adds_nothing(columns: list[list[str | None]], known: list[list[list[str | None]]]) -> bool:
    recorded = [column for columns in known for column in columns]
    return all(column in recorded or column[0] == column[1] for column in columns)


def _combined(stored: Any, given: Any) -> Any:
    """Return a field's value after a cell gave one. White space around what is stored is no difference."""
    if isinstance(stored, str) and isinstance(given, str) and stored.strip() == given:
        return stored
    if isinstance(stored, dict) and isinstance(given, dict):
        return {**stored, **{key: _combined(stored.get(key), value) for key, value in given.items()}}
    return given


def _slices(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Cut rows into lists of at most 1,000, fewer where they are long."""
    part: list[Row] = []
    chars = 0
    for row in rows:
        part.append(row)
        chars += _length(row)
        if len(part) == SLICE_ROWS or chars >= SLICE_CHARS:
            yield part
            part, chars = [], 0
    if part:
        yield part


def _length(row: Row) -> int:
    """Return about how many characters a row holds."""
    texts = [value if isinstance(value, str) else repr(value) for value in row.fields.values()]
    return sum(map(len, texts)) + sum(map(len, row.extra.values()))
