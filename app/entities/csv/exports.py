"""People and companies as a table, and as CSV: what was imported, in its own columns, and what was found since.

The file has `id`; then the columns of the imported files, in their order and under their own
headers; then the fields beyond those that hold a value in this workspace; then `extra`, where
something is kept that has no column; then the normalised forms and the two times. Imported again
it changes nothing but what was edited: the layout is checked against what the import would make of
each header, and a header that would be taken for something else gives way to the field's own name.
Entities that the workspace excludes have no row.

Entities are read by pages of 1,000, each in a read of its own. Memory stays the same whatever
their number, and no transaction waits for a slow reader. Entities that change meanwhile may be
exported as they were or as they are.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any, Final, NamedTuple, Self

import structlog

from app.db.session import end_read
from app.entities.csv.cells import CellError, converter, is_placeholder
from app.entities.csv.filled_fields import FilledFields
from app.entities.csv.headers import Column, map_columns
from app.entities.csv.recorded_headers import columns_of_list, described, recorded_columns
from app.entities.csv.writer import csv_lines
from app.entities.exclusions import Exclusions, sign_fields
from app.entities.fields import EXTRA, FIELDS, NORMALIZED_FIELDS, RAW_FIELDS
from app.entities.merge import is_blank
from app.entities.pages import all_rows, slices
from app.entities.read import SLICE_ROWS, EntityView, list_entities
from app.entities.readiness import STATUS_FIELDS, ready_people
from app.extensions import db
from app.values.entity_types import EntityType

log = structlog.get_logger(__name__)

_ID: Final = "id"
_TIMES: Final = ("created_at", "updated_at")

_Views = Sequence[EntityView]
Read = Callable[[_Views], list[Any]]
"""Returns the values of a column for some entities: a call for each cell would take longer than the cell."""
Shows = Callable[[EntityView], bool]


@dataclass(frozen=True, slots=True)
class ExportTable:
    """What an export has, whatever the format of its file. The rows can be taken once, and are read as they are.

    `kinds` says of each column what its field is, "instant" of a time.
    """

    headers: list[str]
    kinds: list[str]
    rows: Iterator[Sequence[Any]]


class Header(NamedTuple):
    """A column to be: its header, and the field that it shows; None: what is kept under the header in `extra`.

    An entry of a dict field is `social_urls.facebook`.
    """

    text: str
    target: str | None

    @property
    def field(self) -> str:
        """The field that it shows all or an entry of; blank if none."""
        return (self.target or "").partition(".")[0]

    @property
    def key(self) -> str:
        """The entry of a dict field that it shows; blank if it is no entry."""
        return (self.target or "").partition(".")[2]


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of an export, as JSON can hold them.

    `headers` are those that show fields and imported cells. `has_extra` says whether there is a column besides for
    what is kept and has none.
    """

    headers: list[Header]
    has_extra: bool

    @classmethod
    def of_json(cls, stored: Mapping[str, Any]) -> Self:
        """Return what `asdict` has made JSON of."""
        return cls([Header(*header) for header in stored["headers"]], stored["has_extra"])


def export_csv(entity_type: EntityType, *, workspace_slug: str, list_id: str | None = None) -> Iterator[bytes]:
    """Return a workspace's entities, or a list's, as CSV, in blocks of whole lines; the first has the header alone.

    The layout and the exclusions are read before this returns, the entities as the blocks are taken.
    """
    table = export_table(entity_type, workspace_slug=workspace_slug, list_id=list_id)
    return csv_lines(table.headers, table.rows)


def export_table(
    entity_type: EntityType, *, workspace_slug: str, only_ready: bool = False, list_id: str | None = None
) -> ExportTable:
    """Return a workspace's entities, or a list's, as a table, whose layout is read before this returns.

    With `only_ready`, those who cannot be written to are left out.
    """
    layout = find_layout(entity_type, workspace_slug=workspace_slug, list_id=list_id)
    views = exported_views(
        entity_type,
        workspace_slug=workspace_slug,
        only_ready=only_ready,
        list_id=list_id,
        names=exported_fields(entity_type, layout),
    )
    return lay_out(entity_type, layout, views)


def find_layout(entity_type: EntityType, *, workspace_slug: str, list_id: str | None = None) -> Layout:
    """Return the columns that an export has now."""
    layout = _Finder(entity_type, workspace_slug, list_id).find()
    end_read()
    return layout


def lay_out(entity_type: EntityType, layout: Layout, views: Iterable[EntityView]) -> ExportTable:
    """Return entities as a table of these columns."""
    columns = _Columns(entity_type, layout).columns()
    reads = [column.read for column in columns]
    rows = chain.from_iterable(zip(*(read(part) for read in reads), strict=True) for part in slices(views, SLICE_ROWS))
    return ExportTable([column.header for column in columns], [column.kind for column in columns], rows)


def exported_fields(entity_type: EntityType, layout: Layout) -> list[str]:
    """Return the fields to read for an export: most fields of most workspaces are in none of its columns."""
    shown = {header.field for header in layout.headers}
    looked_at = {meaning.field for meaning in _kept(entity_type, layout.headers).values()}
    names = shown.union(looked_at, NORMALIZED_FIELDS[entity_type], sign_fields(entity_type), STATUS_FIELDS)
    return [name for name in FIELDS[entity_type] if name in names]


def exported_views(
    entity_type: EntityType,
    *,
    workspace_slug: str,
    only_ready: bool = False,
    list_id: str | None = None,
    names: Sequence[str] | None = None,
) -> Iterator[EntityView]:
    """Return who has a row; the exclusions are read before this returns, the entities as they are taken.

    `names` are those of `exported_fields`; None: all.
    """
    excluded = Exclusions.load(workspace_slug)
    end_read()
    read = partial(list_entities, entity_type, workspace_slug=workspace_slug, list_id=list_id, names=names)
    views = all_rows(read, SLICE_ROWS)
    return exported_of(views, entity_type, excluded, workspace_slug=workspace_slug, only_ready=only_ready)


def exported_of(
    views: Iterable[EntityView], entity_type: EntityType, excluded: Exclusions, *, workspace_slug: str, only_ready: bool
) -> Iterator[EntityView]:
    """Return who of some entities has a row."""
    views = (view for view in views if not excluded.excludes(entity_type, view.fields))
    return ready_people(views, workspace_slug=workspace_slug) if only_ready else views


def unbroken(lines: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the lines; an error on the way is raised without values, which the server would log."""
    try:
        yield from lines
    except Exception as exc:
        log.error("export broke off", kind=type(exc).__name__)
        raise ConnectionAbortedError("the export broke off") from None


@dataclass(frozen=True, slots=True)
class _Column:
    header: str
    read: Read
    kind: str = "text"


class _Finder:
    """Finds the columns that an export has now."""

    def __init__(self, entity_type: EntityType, workspace_slug: str, list_id: str | None) -> None:
        self._entity_type = entity_type
        self._workspace_slug = workspace_slug
        self._list_id = list_id
        self._filled = FilledFields(entity_type, workspace_slug, list_id)

    def find(self) -> Layout:
        """Return the columns in their order."""
        headers = self._headers()
        shown = {name for name, meaning in _kept(self._entity_type, headers).items() if not meaning.is_fallback}
        return Layout(headers, not self._filled.extra_keys() <= shown)

    def _headers(self) -> list[Header]:
        """Return the columns that show fields and imported cells."""
        imported, filled = self._imported(), self._filled.fields()
        while True:
            covered = {header.target for header in imported}
            own = [Header(name, name) for name in filled if name not in covered]
            headers = [Header(_ID, _ID), *imported, *own]
            misread = self._misread(headers)
            if misread is None:
                return headers
            imported.remove(misread)

    def _recorded(self) -> list[list[list[str | None]]]:
        """Return the header rows to show: of a list that one file made, that of the file alone."""
        own = None if self._list_id is None else columns_of_list(self._list_id)
        return recorded_columns(db.session, self._entity_type, self._workspace_slug) if own is None else [own]

    def _imported(self) -> list[Header]:
        """Return the columns of the imported files; the first header of a field wins."""
        taken: set[str | None] = {_ID, EXTRA}
        headers: dict[str, Header] = {}
        for text, target in chain.from_iterable(self._recorded()):
            if text is None or text in headers or target in taken:
                continue
            headers[text] = Header(text, target)
            if target is not None:
                taken.add(target)
        return list(headers.values())

    def _misread(self, headers: Sequence[Header]) -> Header | None:
        """Return an imported header that an import of this layout would take for something else.

        One that shows no field comes first: without it, that of the field may be read right.
        """
        misread = [
            header
            for header, meaning in zip(headers, _meanings(self._entity_type, headers), strict=False)
            if header.text not in {_ID, header.target} and not _is_read_as(meaning, header)
        ]
        return min(misread, key=lambda header: header.target is not None, default=None)


class _Columns:
    """Reads the cells of an export's columns."""

    def __init__(self, entity_type: EntityType, layout: Layout) -> None:
        self._entity_type = entity_type
        self._headers = layout.headers
        self._has_extra = layout.has_extra

    def columns(self) -> list[_Column]:
        """Return the columns in their order."""
        headers = self._headers
        kept = {name: self._shows(meaning) for name, meaning in _kept(self._entity_type, headers).items()}
        readers = [_Column(header.text, self._reader(header, headers, kept), self._kind(header)) for header in headers]
        rest = [self._rest(headers, kept)] if self._has_extra else []
        return [*readers, *rest, *self._computed()]

    def _shows(self, meaning: Column) -> Shows:
        """Return whether a column of kept cells shows an entity's, or leaves it to `extra`.

        One that would step in for a field does so only beside a value of that field: an import
        would fill the blank with it.
        """
        if not meaning.is_fallback:
            return _always
        return lambda view: self._is_taken(view, meaning)

    def _is_taken(self, view: EntityView, column: Column) -> bool:
        """Return whether an import takes a field's value from its own column."""
        name = column.field or ""
        if name not in view.fields:
            return name == _ID
        value = view.fields[name]
        if column.key is not None:
            value = _text_entry(value, column.key)
        if is_blank(value) or isinstance(value, list | dict):
            return not is_blank(value)
        cell = str(value).strip()
        return not is_placeholder(cell, name) and converter(self._entity_type, name, column.key)(cell) is not None

    def _reader(self, header: Header, headers: Sequence[Header], kept: Mapping[str, Shows]) -> Read:
        text = header.text
        if header.target == _ID:
            return lambda views: [view.id for view in views]
        if header.target is None:
            shows = kept[text]
            return lambda views: [view.extra.get(text) if shows(view) else None for view in views]
        name, key = header.field, header.key
        if key:
            return lambda views: [_text_entry(view.fields[name], key) for view in views]
        if RAW_FIELDS[self._entity_type][name] == "dict":
            keys = _keys_shown(name, headers)
            return lambda views: [_without(view.fields[name], keys) for view in views]
        return lambda views: self._values(views, name, text)

    def _kind(self, header: Header) -> str:
        return RAW_FIELDS[self._entity_type].get(header.target or "", "text")

    def _values(self, views: _Views, name: str, header: str) -> list[Any]:
        if any(header in view.extra for view in views):
            return [self._value(view, name, header) for view in views]
        return _values_of(views, name)

    def _value(self, view: EntityView, name: str, header: str) -> Any:
        """Return a field's value, or the cell that was imported for it and that it could not take."""
        value = view.fields[name]
        if header in view.extra and is_blank(value) and self._is_kept_beside(name, view.extra[header]):
            return view.extra[header]
        return value

    def _is_kept_beside(self, name: str, text: str) -> bool:
        try:
            return converter(self._entity_type, name, None)(text.strip()) is None
        except CellError:
            return False

    def _rest(self, headers: Sequence[Header], kept: Mapping[str, Shows]) -> _Column:
        """Return the column of what is kept beside the fields and has no column."""
        fields = {header.text: header.target for header in headers if header.target}

        def rest(view: EntityView) -> dict[str, str]:
            return {
                name: text
                for name, text in view.extra.items()
                if not (name in kept and kept[name](view))
                and not (name in fields and self._is_in_cell(view, fields[name], name))
            }

        return _Column(EXTRA, lambda views: list(map(rest, views)))

    def _is_in_cell(self, view: EntityView, target: str, header: str) -> bool:
        return target in view.fields and self._value(view, target, header) is view.extra[header]

    def _computed(self) -> list[_Column]:
        normalized = [
            _Column(name, partial(_values_of, name=name), kind)
            for name, kind in NORMALIZED_FIELDS[self._entity_type].items()
        ]
        return [
            *normalized,
            _Column("created_at", lambda views: [view.created_at for view in views], "instant"),
            _Column("updated_at", lambda views: [view.updated_at for view in views], "instant"),
        ]


def _meanings(entity_type: EntityType, headers: Sequence[Header]) -> list[Column]:
    """Return what an import makes of these columns, and of those that follow them."""
    computed = (*NORMALIZED_FIELDS[entity_type], *_TIMES)
    return map_columns(entity_type, [*(header.text for header in headers), EXTRA, *computed])


def _kept(entity_type: EntityType, headers: Sequence[Header]) -> dict[str, Column]:
    """Return what an import makes of the columns that show no field, by header."""
    meanings = zip(headers, _meanings(entity_type, headers), strict=False)
    return {header.text: meaning for header, meaning in meanings if header.target is None}


def _values_of(views: _Views, name: str) -> list[Any]:
    return [view.fields[name] for view in views]


def _always(_: EntityView) -> bool:
    return True


def _is_read_as(meaning: Column, header: Header) -> bool:
    return not meaning.dropped and meaning.header == header.text and described(meaning) == header.target


def _keys_shown(name: str, headers: Sequence[Header]) -> set[str]:
    """Return the entries of a dict field that have columns of their own."""
    return {header.key for header in headers if header.field == name and header.key}


def _text_entry(value: Mapping[str, Any] | None, key: str) -> str | None:
    entry = (value or {}).get(key)
    return entry if isinstance(entry, str) else None


def _without(value: Mapping[str, Any] | None, keys: set[str]) -> dict[str, Any]:
    """Return the entries of a dict field that no other column shows."""
    return {key: entry for key, entry in (value or {}).items() if key not in keys or not isinstance(entry, str)}
