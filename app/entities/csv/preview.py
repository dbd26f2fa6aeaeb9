"""What would become of a file, before anything is written: how it was read, what is in its columns, and its rows.

A preview is a dry run that looks at the columns too. It reads the whole file, once; memory holds a block of rows, and
of each column a few samples and a part of its values' hashes.
"""

from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import zip_longest
from typing import BinaryIO, Final, Literal

from app.entities.csv.headers import IGNORE, KEEP, Column, identifying_fields
from app.entities.csv.import_report import ImportReport
from app.entities.csv.imports import DryRun, OnProgress
from app.entities.csv.listing import Listing, ListOfImport
from app.entities.csv.opening import ImportOptions, open_file
from app.entities.csv.records import Record
from app.entities.csv.tools import tool_of
from app.values.entity_types import EntityType

SAMPLES: Final = 3
MAX_SAMPLE_CHARS: Final = 100
_HASHES_KEPT: Final = 2048

MappingOrigin = Literal["caller", "remembered", "headers"]


@dataclass(frozen=True, slots=True)
class ColumnPreview:
    """A column: what would become of it, and what is in it.

    `use` is a field, such as `email` or `social_urls.facebook`, `keep` or `ignore`. `distinct` is exact up to 2,048
    and right to about 3 % beyond. `identifies` says that rows are recognised by it.
    """

    header: str
    use: str
    identifies: bool
    samples: list[str]
    filled: int
    percent: float
    distinct: int


@dataclass(frozen=True, slots=True)
class ImportPreview:
    """What would become of a file. `duplicates` are the rows about an entity that an earlier row is about.

    `mapping` says for every column what would become of it, as an import takes it. `mapping_from` tells whether the
    caller, an earlier import of such a file, or the headers alone say so.
    """

    report: ImportReport
    tool: str | None
    duplicates: int
    columns: list[ColumnPreview]
    mapping: dict[str, str]
    mapping_from: MappingOrigin


def preview_csv(
    entity_type: EntityType,
    stream: BinaryIO,
    *,
    workspace_slug: str,
    options: ImportOptions,
    replaces_names: bool = False,
    on_progress: OnProgress | None = None,
) -> ImportPreview:
    """Read a file and say what an import would do with it; nothing is written. Raises what `import_csv` raises."""
    profiles = _Profiles()
    reader = open_file(entity_type, stream, workspace_slug, options, profiles.note)
    into = ListOfImport(Listing(), entity_type, workspace_slug)
    with closing(DryRun(reader, entity_type, workspace_slug, replaces_names, into)) as running:
        report = running.run(on_progress)
    uses = {column.header: use_of(column) for column in reader.columns}
    return ImportPreview(
        report=report,
        tool=tool_of(uses),
        duplicates=running.duplicates,
        columns=profiles.described(entity_type, reader.columns),
        mapping=uses,
        mapping_from="caller" if options.mapped else "remembered" if reader.mapped else "headers",
    )


def use_of(column: Column) -> str:
    """Return what becomes of a column, as a mapping says it."""
    if column.dropped:
        return IGNORE
    return column.target or KEEP


class _Profiles:
    """What is in the columns of a table."""

    def __init__(self) -> None:
        self._profiles: list[_Profile] = []
        self._rows = 0

    def note(self, records: Sequence[Record]) -> None:
        """Note the cells of some rows."""
        self._rows += len(records)
        for place, cells in enumerate(zip_longest(*(record.cells for record in records), fillvalue="")):
            if place == len(self._profiles):
                self._profiles.append(_Profile())
            self._profiles[place].take_in(cells)

    def described(self, entity_type: EntityType, columns: Sequence[Column]) -> list[ColumnPreview]:
        """Return the columns with what was noted of them."""
        names = identifying_fields(entity_type, {column.field for column in columns})
        missing = len(columns) - len(self._profiles)
        profiles = [*self._profiles, *(_Profile() for _ in range(missing))]
        return [
            ColumnPreview(
                column.header,
                use_of(column),
                column.field in names and not column.is_fallback,
                profile.samples,
                profile.filled,
                round(100 * profile.filled / self._rows, 1) if self._rows else 0.0,
                profile.distinct,
            )
            for column, profile in zip(columns, profiles, strict=False)
        ]


class _Profile:
    """What is in one column. Distinct texts are counted by adaptive sampling (Wegman): when there are too many hashes
    to keep, those with another bit set are dropped, and each that is left stands for twice as many texts."""

    def __init__(self) -> None:
        self.filled = 0
        self.samples: list[str] = []
        self._hashes: set[int] = set()
        self._bits = 0

    @property
    def distinct(self) -> int:
        """About how many distinct texts there are."""
        return len(self._hashes) << self._bits

    def take_in(self, cells: Sequence[str]) -> None:
        """Note the cells of some rows."""
        self.filled += len(cells) - cells.count("")
        texts = dict.fromkeys(cells)
        texts.pop("", None)
        if len(self.samples) < SAMPLES:
            self._sample(texts)
        self._keep(map(hash, texts))
        while len(self._hashes) > _HASHES_KEPT:
            self._bits += 1
            hashes, self._hashes = self._hashes, set()
            self._keep(hashes)

    def _keep(self, hashes: Iterable[int]) -> None:
        mask = (1 << self._bits) - 1
        self._hashes.update([number for number in hashes if not number & mask] if mask else hashes)

    def _sample(self, texts: Iterable[str]) -> None:
        for cell in filter(str.strip, texts):
            text = cell.strip()[:MAX_SAMPLE_CHARS]
            if text not in self.samples:
                self.samples.append(text)
            if len(self.samples) == SAMPLES:
                return
