"""CSV files and workbooks into people and companies.

A file is read as a stream and stored in slices of 1,000 rows, each in a transaction of its own, so
memory stays the same whatever the file's size. An import that is interrupted keeps the slices that
were stored; run again, it finds them and changes nothing. So does a file imported twice.

A cell only ever adds or replaces: a blank one says nothing, and an entry of a dict field leaves the
other entries alone. A row never replaces another name's entity (see `app.entities.matching`): it is
kept apart, or in conflict, and the report says so.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain
from operator import attrgetter
from typing import Any, BinaryIO, Final

from sqlalchemy import insert

from app.audit.events import BegunEvent
from app.db.session import WriteSession, end_read, repeats_conflicts, transaction
from app.entities.csv.draft import Draft
from app.entities.csv.headers import ID_FIELD
from app.entities.csv.import_report import ImportReport, LineRemark, Replacement, SharedKey, list_first
from app.entities.csv.listing import Listing, ListOfImport
from app.entities.csv.mappings import remember_mapping
from app.entities.csv.opening import ImportOptions, open_file
from app.entities.csv.outcomes import MatchedRow, Outcome, Replaced, folded, offered, replaced_fields, without_stored
from app.entities.csv.plain_rows import PlainRow, are_apart, as_stored
from app.entities.csv.reader import CsvReader, OutOfTime, Refusal
from app.entities.csv.recorded_headers import adds_nothing, described, recorded_columns
from app.entities.csv.rows import AnyRow
from app.entities.fields import EXTRA, RAW_FIELDS, Fields
from app.entities.ids import NAME_FIELDS
from app.entities.lists import ListView
from app.entities.matching import MATCH_COLUMNS, Match, Matcher, ReadNames, are_others
from app.entities.merge import Change
from app.entities.read import StoredOnce, has_more_than
from app.entities.stored import Stored
from app.entities.upsert import UpsertCounts, changes_of, insert_absent, upsert_by_id
from app.errors import DatabaseUnavailable
from app.models import ImportFile
from app.models.audit_event import Action
from app.values.entity_types import EntityType

SLICE_ROWS: Final = 1000
SLICE_CHARS: Final = 4_000_000
_MAX_TRIES: Final = 5
"""Times that a part of a file is stored before another import of the same names is left to go first."""

OnProgress = Callable[[int], None]
"""Called after each slice with the number of rows read so far, refused ones included."""


_AS_IT_IS: Final = ImportOptions()
_UNNAMED: Final = Listing()


def import_csv(
    entity_type: EntityType,
    stream: BinaryIO,
    *,
    workspace_slug: str,
    replaces_names: bool = False,
    is_dry_run: bool = False,
    on_progress: OnProgress | None = None,
    options: ImportOptions = _AS_IT_IS,
    listing: Listing = _UNNAMED,
) -> ImportReport:
    """Upsert the rows of a CSV file, or of a workbook's sheet, into a workspace, make a list of them, and report.

    With `replaces_names`, a row with an id of its own replaces the entity of that id whatever its name. With
    `is_dry_run`, nothing is written, and the report says what would become of the rows.

    Raises `Invalid`, with nothing stored, if the file as a whole cannot be read or clearly is a
    list of the other entity type, or cannot be added to the list that is named, and `ListNotFound` if that is named
    by an unknown id. A row that cannot be read is refused alone.
    """
    into = ListOfImport(listing, entity_type, workspace_slug)
    reader = open_file(entity_type, stream, workspace_slug, options)
    kind = DryRun if is_dry_run else _Import
    with closing(kind(reader, entity_type, workspace_slug, replaces_names, into)) as running:
        return running.run(on_progress)


_NOTHING: Final[Fields] = {}
"""What a row adds to the draft that says what is stored."""


class _Clash(Exception):
    """Somebody, or an earlier part of the file, has stored an entity under the id of a row that was taken for new."""


class _Import:
    """One import on its way."""

    def __init__(
        self,
        reader: CsvReader,
        entity_type: EntityType,
        workspace_slug: str,
        replaces_names: bool,
        into: ListOfImport,
    ) -> None:
        self._reader = reader
        self._into = into
        self._entity_type = entity_type
        self._workspace_slug = workspace_slug
        self._replaces_names = replaces_names
        self._fields = _fields_of(reader, entity_type)
        # Of the whole file: to look at what each row has would take longer than to read what some rows have not.
        given = {column.field for column in reader.columns if column.field in RAW_FIELDS[entity_type]}
        self._names: Final = {EXTRA, *NAME_FIELDS[entity_type], *filter(None, given)}
        # In the order of a plain row's cells, so that the two can be compared as they are.
        self._plain_names = [name for name in reader.plain_table.names if name in RAW_FIELDS[entity_type]]
        others = sorted(self._names.union(MATCH_COLUMNS[entity_type]))
        self._columns: Final = tuple(dict.fromkeys((*self._plain_names, *others)))
        self._is_recorded = False
        self._event: BegunEvent | None = None
        self._began_at = datetime.now(UTC)
        self._is_first = not has_more_than(0, entity_type, workspace_slug=workspace_slug)
        end_read()
        has_own_ids = any(column.field == ID_FIELD for column in reader.columns)
        self._is_alone = self._is_first and not has_own_ids
        self._are_all_new = self._inserts_new = self._is_alone
        columns = [(column.header, described(column)) for column in reader.columns]
        left_out = [column.header for column in reader.columns if column.dropped]
        self.report = ImportReport(columns=columns, left_out=left_out, delimiter=reader.delimiter, sheet=reader.sheet)

    def run(self, on_progress: OnProgress | None) -> ImportReport:
        for part in self._parts():
            self._store(part)
            if on_progress is not None:
                on_progress(self.report.total)
        if self._event is not None:
            counts = self.report
            self._event.complete(rows=counts.total, created=counts.created, updated=counts.updated)
        self.report.encoding, self.report.guessed = self._reader.encoding, self._reader.guessed or None
        return replace(self.report, **self._into.told())

    def close(self) -> None:
        """Nothing is held open."""

    def _parts(self) -> Iterator[list[AnyRow]]:
        """Yield at most 1,000 rows at a time, fewer if they are long, and count the refusals between them."""
        part: list[AnyRow] = []
        chars = 0
        try:
            for row in chain.from_iterable(self._reader.blocks()):
                if isinstance(row, Refusal):
                    self._refuse(row)
                    continue
                if row.remarks:
                    self._note(row)
                part.append(row)
                chars += row.chars
                if len(part) == SLICE_ROWS or chars >= SLICE_CHARS:
                    yield part
                    part, chars = [], 0
        except OutOfTime:
            self.report.stopped_at = self._reader.next_line
        if part:
            yield part

    def _note(self, row: AnyRow) -> None:
        for remark in row.remarks:
            self.report.remarked += 1
            list_first(self.report.remarks, LineRemark(row.line, remark.column, remark.text))

    def _refuse(self, refusal: Refusal) -> None:
        self.report.total += 1
        self.report.refused += 1
        # Without the cells, which may be long.
        list_first(self.report.refusals, Refusal(refusal.line, refusal.reason))

    def _store(self, rows: list[AnyRow]) -> None:
        for attempt in range(_MAX_TRIES):
            try:
                outcome = self._write(rows)
                break
            except _Clash:
                # What the other import stored can be seen now.
                if attempt == _MAX_TRIES - 1:
                    raise DatabaseUnavailable from None
        self.report.total += len(rows)
        self._count(outcome)

    @repeats_conflicts
    def _write(self, rows: list[AnyRow]) -> Outcome:
        """Store rows, and return what became of them."""
        with transaction() as session:
            if not self._is_recorded:
                self._record_columns(session)
                self._remember_mapping(session)
            outcome = self._put(session, rows)
            view = self._into.add(session, self._reader.columns, outcome.ids)
            event = self._event or self._record(session, view)
        self._is_recorded, self._into.view, self._event = True, view, event
        return outcome

    def _put(self, session: WriteSession, rows: list[AnyRow]) -> Outcome:
        ids = [row.id for row in rows]
        stored = self._stored()
        if not self._are_all_new:
            stored.look(ids)
        if self._inserts_new and not stored.rows and are_apart(rows):
            return Outcome(ids, UpsertCounts(created=self._insert(session, rows)))
        stored.look(ids)
        are_as_stored = as_stored(rows, stored)
        if all(are_as_stored):
            return Outcome(ids, UpsertCounts(unchanged=len(rows)))
        return self._upsert(session, rows, stored, are_as_stored)

    def _insert(self, session: WriteSession, rows: list[AnyRow]) -> int:
        """Insert new entities, and return how many they are."""
        names = tuple(dict.fromkeys((*self._plain_names, EXTRA, *sorted(self._names))))
        blanks = (None,) * (len(names) - len(self._plain_names) - 1)
        rows = sorted(rows, key=attrgetter("id"))
        values = [
            (*row.cells, row.extra or None, *blanks) if isinstance(row, PlainRow) else map(offered(row).get, names)
            for row in rows
        ]
        columns = dict(zip(("id", *names), ([row.id for row in rows], *zip(*values, strict=True)), strict=True))
        kind, slug = self._entity_type, self._workspace_slug
        created = insert_absent(kind, columns, workspace_slug=slug, session=session)
        if created < len(rows):
            # To look first takes less time than to find that out again. If that was in vain, an upsert is safer.
            self._inserts_new, self._are_all_new = self._are_all_new, False
            raise _Clash
        return created

    def _upsert(self, session: WriteSession, rows: list[AnyRow], stored: Stored, are_as_stored: list[bool]) -> Outcome:
        replaced: Replaced = {}
        matcher = self._matcher(stored.read)
        matched = list(zip(rows, matcher.match(rows, are_as_stored), strict=True))
        ids = [match.id for _, match in matched if not match.is_conflict]
        changing = without_stored(matched, are_as_stored)

        def note(position: int, changes: Mapping[str, Change]) -> None:
            row, match = changing[position]
            if row.id_is_derived and self._is_clash(matcher, row, match, changes):
                raise _Clash
            if fields := replaced_fields(changes):
                replaced[row.line] = fields

        counts = upsert_by_id(
            self._entity_type,
            [(match.id, offered(row, keeps_name=match.keeps_name)) for row, match in changing],
            names=self._names,
            workspace_slug=self._workspace_slug,
            session=session,
            combine=self._combine,
            on_change=note,
            read=stored.read,
        )
        return Outcome(ids, counts + UpsertCounts(unchanged=len(ids) - len(changing)), matched, replaced)

    def _stored(self) -> Stored:
        return Stored(self._entity_type, self._columns, self._workspace_slug)

    def _matcher(self, read_names: ReadNames) -> Matcher:
        return Matcher(
            self._entity_type,
            read_names,
            since=self._began_at,
            replaces_names=self._replaces_names,
            is_alone=self._is_alone,
        )

    def _is_clash(self, matcher: Matcher, row: AnyRow, match: Match, changes: Mapping[str, Change]) -> bool:
        """Return whether a name is about to be replaced that somebody has stored since the rows were matched."""
        names = {name: changes[name].old for name in NAME_FIELDS[self._entity_type] if name in changes}
        if not names or matcher.was_judged(match.id, names):
            return False
        return match.is_of_known_name or are_others(
            self._entity_type, row.fields, {**row.fields, **names}, may_be_renamed=True
        )

    def _count(self, outcome: Outcome) -> None:
        report = self.report
        report.created += outcome.counts.created
        report.updated += outcome.counts.updated
        report.unchanged += outcome.counts.unchanged
        for row, match in outcome.matched:
            if match.shared_with is not None:
                self._list(row, match, match.shared_with)
            if fields := outcome.replaced.get(row.line):
                report.replaced += 1
                list_first(report.replacements, Replacement(row.line, match.id, fields))

    def _list(self, row: AnyRow, match: Match, shared_with: str) -> None:
        """Count and list a row that shares a key."""
        report = self.report
        shared = SharedKey(row.line, match.id, shared_with)
        if match.is_conflict:
            report.conflicts += 1
            list_first(report.conflict_rows, shared)
        else:
            report.kept_apart += 1
            list_first(report.apart_rows, shared)

    def _combine(self, stored: Fields, values: Fields) -> Fields:
        """Return the values after an import of values."""
        combined = {name: _combined(stored.get(name), value) for name, value in values.items() if name != EXTRA}
        extra = {name: text for name, text in values.get(EXTRA, {}).items() if not self._is_echo(stored, name, text)}
        if extra:
            combined[EXTRA] = _combined(stored.get(EXTRA), extra)
        return combined

    def _is_echo(self, stored: Fields, header: str, text: str) -> bool:
        """Return whether a cell that its field does not take from a file is what an export wrote for that field."""
        value = stored.get(self._fields.get(header) or "")
        return value is not None and str(value).strip() == text

    def _record_columns(self, session: WriteSession) -> None:
        """Keep the header row for exports, unless an import left the same or it adds nothing to it."""
        columns = [[column.header, described(column)] for column in self._reader.columns if not column.dropped]
        known = recorded_columns(session, self._entity_type, self._workspace_slug)
        if columns in known or (self._reader.is_export and adds_nothing(columns, known)):
            return
        values = {"workspace_slug": self._workspace_slug, "entity_type": self._entity_type, "columns": columns}
        session.execute(insert(ImportFile).values(values))

    def _remember_mapping(self, session: WriteSession) -> None:
        """Keep what the caller says of the columns, for files like this one."""
        if self._reader.is_mapping_said:
            remember_mapping(session, self._entity_type, self._workspace_slug, self._reader.header, self._reader.mapped)

    def _record(self, session: WriteSession, into: ListView | None) -> BegunEvent:
        """Put down, with the first rows, that they are imported; how many there are is not known yet."""
        about = {"listId": None if into is None else into.id}
        kind, slug = self._entity_type, self._workspace_slug
        return BegunEvent.record(session, Action.ENTITY_IMPORT, kind, workspace_slug=slug, about=about)


class DryRun(_Import):
    """An import that writes nothing: what it would write is kept in a draft, for the rows that follow."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.report.is_dry_run = True
        self.duplicates = 0
        self._draft = Draft(self._reader.plain_table.fields)

    def close(self) -> None:
        """Delete the draft."""
        self._draft.close()

    @repeats_conflicts
    def _write(self, rows: list[AnyRow]) -> Outcome:
        ids = [row.id for row in rows]
        stored = self._stored()
        if not self._is_first:
            stored.look(ids)
        are_as_stored = as_stored(rows, stored)
        return self._laid_together(rows, ids, are_as_stored) or self._laid_apart(rows, stored, are_as_stored)

    def _laid_together(self, rows: list[AnyRow], ids: list[str], are_as_stored: list[bool]) -> Outcome | None:
        """Draft rows of which all are new, or all say what is stored; None if some are not, or are drafted already."""
        if self._is_alone and are_apart(rows):
            is_added = self._draft.add({row.id: folded(row) for row in rows})
            return Outcome(ids, UpsertCounts(created=len(rows))) if is_added else None
        laid = dict.fromkeys(ids, _NOTHING)
        if not all(are_as_stored) or not self._draft.add(laid):
            return None
        self.duplicates += len(ids) - len(laid)
        return Outcome(ids, UpsertCounts(unchanged=len(rows)))

    def _laid_apart(self, rows: list[AnyRow], stored: Stored, are_as_stored: list[bool]) -> Outcome:
        drafted = StoredOnce(self._draft.read)
        known = drafted.read([row.id for row in rows])
        are_as_stored = [is_so and row.id not in known for row, is_so in zip(rows, are_as_stored, strict=True)]
        laid_over = StoredOnce(lambda ids: self._laid_over_stored(drafted.read(ids), stored, ids))
        matched = list(zip(rows, self._matcher(laid_over.read).match(rows, are_as_stored), strict=True))
        written = [match.id for _, match in matched if not match.is_conflict]
        ids = list(dict.fromkeys(written))
        known = drafted.read(ids)
        changing = without_stored(matched, are_as_stored)
        standing = laid_over.read(list(dict.fromkeys(match.id for _, match in changing)))
        laid: dict[str, Fields] = {entity_id: {} for entity_id in ids if entity_id not in known}
        self.duplicates += len(written) - len(ids) + len(known)
        counts, replaced = self._lay_all(changing, standing, laid)
        self._draft.write(laid)
        return Outcome(ids, counts + UpsertCounts(unchanged=len(written) - len(changing)), matched, replaced)

    def _lay_all(
        self, rows: list[MatchedRow], standing: dict[str, Fields], laid: dict[str, Fields]
    ) -> tuple[UpsertCounts, Replaced]:
        outcomes = {None: 0, True: 0, False: 0}
        replaced: Replaced = {}
        for row, match in rows:
            changes = self._lay_over(standing, laid, match.id, offered(row, keeps_name=match.keeps_name))
            outcomes[None if changes is None else bool(changes)] += 1
            if changes and (fields := replaced_fields(changes)):
                replaced[row.line] = fields
        return UpsertCounts(outcomes[None], outcomes[True], outcomes[False]), replaced

    def _lay_over(
        self, standing: dict[str, Fields], laid: dict[str, Fields], entity_id: str, values: Fields
    ) -> dict[str, Change] | None:
        """Lay a row over what stands; return what it changes, None if the entity is new."""
        stored = standing.get(entity_id)
        if stored is None:
            standing[entity_id] = laid[entity_id] = values
            return None
        changes = changes_of(stored, values, self._combine)
        if changes:
            new = {name: change.new for name, change in changes.items()}
            standing[entity_id] = {**stored, **new}
            laid[entity_id] = {**laid.get(entity_id, {}), **new}
        return changes

    def _laid_over_stored(self, drafted: dict[str, Fields], stored: Stored, ids: Sequence[str]) -> dict[str, Fields]:
        """Return what would stand by now."""
        if self._is_first:
            return drafted
        standing = stored.read(ids)
        for entity_id, fields in drafted.items():
            standing[entity_id] = {**standing.get(entity_id, {}), **fields}
        return standing


def _fields_of(reader: CsvReader, entity_type: EntityType) -> dict[str, str | None]:
    """Return the field of each column that stands for one by itself, by header."""
    fields = {column.header: described(column) for column in reader.columns}
    return {header: field for header, field in fields.items() if field in RAW_FIELDS[entity_type]}


def _combined(stored: Any, value: Any) -> Any:
    """Return a field's value after a cell gave another. White space around what is stored is no difference."""
    if isinstance(stored, str) and isinstance(value, str) and stored.strip() == value:
        return stored
    if isinstance(stored, dict) and isinstance(value, dict):
        return {**stored, **{key: _combined(stored.get(key), entry) for key, entry in value.items()}}
    return value
