"""Lists in the encodings that others reported trouble with: the letters come out right, whichever tool saved them."""

import io
from itertools import cycle
from pathlib import Path

import pytest

from app.entities.csv.reader import CsvReader, Row

DATA = Path(__file__).parent / "data" / "public_encodings.tsv"
NAMES = {"first_name", "last_name", "full_name", "location_city", "company", "email"}


def _examples() -> list[tuple[str, str, list[str]]]:
    """Return where each example is from, its encoding and its lines."""
    lines = [line for line in DATA.read_text("utf-8").splitlines() if not line.startswith("#")]
    parts = [line.split("\t") for line in lines]
    return [(source, encoding, text.replace("⇥", "\t").split(" ⏎ ")) for source, encoding, text in parts]


def _encoded(lines: list[str], encoding: str) -> bytes:
    names, _, how = encoding.partition(" ")
    first, *others = names.split("|")
    end = "\r" if how == "cr" else "\r\n"
    if not others:
        text = end.join([*lines, ""])
        return ("\ufeff" + text if how == "bom" else text).encode(first)
    turns = cycle([first, *others])
    return b"".join((line + end).encode(next(turns)) for line in lines)


@pytest.mark.parametrize(("source", "encoding", "lines"), _examples())
def test_letters_of_reported_files_come_out_right(source: str, encoding: str, lines: list[str]) -> None:
    """Every cell of a file in an old encoding, in UTF-16, in two or with a mark too many is read as it was written."""
    rows = [row for row in CsvReader(io.BytesIO(_encoded(lines, encoding)), "person") if isinstance(row, Row)]
    separator = max(",;\t", key=lines[0].count)
    wanted = [[cell.strip('"') for cell in line.split(separator)] for line in lines[1:]]
    read = [sorted(text for name, text in row.fields.items() if name in NAMES) for row in rows]
    assert read == [sorted(cells) for cells in wanted], source
