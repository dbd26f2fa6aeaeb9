"""Writing workbooks: a list of 100,000 rows of 12 texts, beside XlsxWriter, which keeps as little in memory."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import xlsxwriter

from app.entities.xlsx.writer import xlsx_blocks
from tests.benchmarks.figures import Figure, Options, ratio
from tests.benchmarks.servers import Servers

NAME = "xlsx_writing"

_HEADER: Final = [f"Column {number}" for number in range(1, 13)]


def run(servers: Servers, options: Options) -> list[Figure]:
    """Write the same rows with both, in turns."""
    count = options.size(100_000)
    path = servers.new_file("list.xlsx")
    writers = {"XlsxWriter, constant_memory": _by_xlsxwriter, "Tranche": _by_tranche}
    figures = {what: Figure(NAME, f"{what}, {count:,} x 12", "s of CPU") for what in writers}
    for _ in range(options.runs):
        for what, write in writers.items():
            figures[what].values.append(_seconds(write, path, count))
    theirs, ours = figures.values()
    return [theirs, ours, ratio(ours, theirs, "Tranche / XlsxWriter", goal="< 0.1")]


def _seconds(write: Callable[[Path, list[list[str]]], None], path: Path, count: int) -> float:
    rows = list(_rows(count))
    started = time.process_time()
    write(path, rows)
    return time.process_time() - started


def _rows(count: int) -> Iterator[list[str]]:
    """Yield people as an export has them: blank cells, an umlaut, an ampersand here and there."""
    for n in range(count):
        firm = f"Firm {n % 997} & Co" if n % 20 == 0 else f"Firm {n % 997} GmbH"
        name = ("Ada", "Jörg", "李雷", "O'Neil", "Anna")[n % 5]
        yield [
            *(f"p{n}", name, f"Name {n * 7919 % 100_003}", f"user{n}@firm{n % 997}.example", firm),
            *(f"https://www.linkedin.com/in/user-{n}", f"firm{n % 997}.example", "Head of Sales"),
            *(f"+49 30 {n * 31 % 10**7:07}", "Berlin", "" if n % 3 else "a note", "2026-05-01T12:00:00+00:00"),
        ]


def _by_tranche(path: Path, rows: list[list[str]]) -> None:
    with path.open("wb") as file:
        file.writelines(xlsx_blocks(_HEADER, rows))


def _by_xlsxwriter(path: Path, rows: list[list[str]]) -> None:
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate([_HEADER, *rows]):
            for place, text in enumerate(row):
                # The quickest of its ways: the others look at each value first.
                sheet.write_string(number, place, text)
