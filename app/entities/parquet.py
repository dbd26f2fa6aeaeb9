"""Parquet out: typed columns for tools of analysis, written by DuckDB from a file of rows.

Numbers are int64, truth values bool, times timestamps in UTC; lists and objects are text, as compact JSON. A cell of
such a column that holds none of its kind, as an import may have kept one, is null: CSV has its text.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from app.entities.csv.writer import cell_text
from app.errors import Invalid

NOT_INSTALLED: Final = "A Parquet file needs DuckDB: install Tranche with its extra [parquet], or export as CSV."

_BLOCK_BYTES: Final = 262_144
_TYPES: Final[Mapping[str, str]] = {"integer": "BIGINT", "boolean": "BOOLEAN", "instant": "TIMESTAMPTZ"}
_KINDS: Final[Mapping[str, type]] = {"integer": int, "boolean": bool, "instant": datetime}
# It must fetch nothing, take little memory and leave the cores to others.
_SETTINGS: Final = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "memory_limit": "512MB",
    "threads": "1",
}
# Whatever is in a cell, it is quoted where it has to be, and what is blank is null. A row may have 16 MB.
_READ: Final = (
    "auto_detect=false, header=false, delim=',', quote='\"', escape='\"', nullstr='', new_line='\\n', parallel=false,"
    " max_line_size=16777216, buffer_size=67108864"
)

Text = Callable[[Any], str]


def is_installed() -> bool:
    """Return whether what writes Parquet files is there."""
    return find_spec("duckdb") is not None


def parquet_blocks(header: Sequence[str], kinds: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """Write rows as a Parquet file, and yield it in blocks; the first comes when all rows are written.

    `kinds` says of each column "integer", "boolean", "instant" or something else, which is text. Columns whose names
    differ in case alone get a number. Raises `Invalid`, before anything is read, if DuckDB is not installed.
    """
    try:
        import duckdb
    except ImportError as error:
        raise Invalid(NOT_INSTALLED) from error

    def blocks() -> Iterator[bytes]:
        with TemporaryDirectory(prefix="tranche-") as folder:
            source, target = Path(folder, "rows.csv"), Path(folder, "rows.parquet")
            _write_rows(source, [_texts_of(kind) for kind in kinds], rows)
            with duckdb.connect(config={**_SETTINGS, "temp_directory": folder}) as connection:
                connection.execute(_copy_statement(header, kinds, source, target))
            with target.open("rb") as file:
                while block := file.read(_BLOCK_BYTES):
                    yield block

    return blocks()


def _write_rows(path: Path, texts: Sequence[Text], rows: Iterable[Sequence[Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([text(value) for text, value in zip(texts, row, strict=True)] for row in rows)


def _texts_of(kind: str) -> Text:
    """Return how values of a kind are written."""
    if kind not in _KINDS:
        return cell_text
    python = _KINDS[kind]
    return lambda value: cell_text(value) if type(value) is python else ""


def _copy_statement(header: Sequence[str], kinds: Sequence[str], source: Path, target: Path) -> str:
    types = ", ".join(f"'c{place}': '{_TYPES.get(kind, 'VARCHAR')}'" for place, kind in enumerate(kinds))
    names = ", ".join(f"c{place} AS {_identifier(name)}" for place, name in enumerate(_distinct(header)))
    rows = f"SELECT {names} FROM read_csv({_quoted(str(source))}, columns={{{types}}}, {_READ})"
    return f"COPY ({rows}) TO {_quoted(str(target))} (FORMAT parquet, COMPRESSION zstd)"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _distinct(names: Sequence[str]) -> list[str]:
    """Return names of which no two differ in case alone."""
    taken: set[str] = set()
    distinct = []
    for name in names:
        number, new = 1, name
        while new.casefold() in taken:
            number += 1
            new = f"{name} ({number})"
        taken.add(new.casefold())
        distinct.append(new)
    return distinct
