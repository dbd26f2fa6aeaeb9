"""Reading CSV files: MB a second of sound ones, and how much slower ones with odd quotes, breaks and bytes are."""

import io
import random
import time
from typing import Final

from app.entities.csv.reader import CsvReader
from tests.benchmarks.figures import Figure, Options, ratio
from tests.benchmarks.servers import Servers

NAME = "csv_reading"

_HEADER: Final = b"First Name,Last Name,Email,Company,Notes\n"
_ROW: Final = b"Ida,Brandt,ida@nordlicht.example,Nordlicht GmbH,some note\n"
_KINDS: Final = {
    "plain rows": _ROW,
    "quoted rows": b'"Ida","Brandt","ida@nordlicht.example","Nordlicht, GmbH","some ""note"""\n',
    "lines that each open a quote": b'x","' + b"y" * 40 + b"\n",
    "lines that close a quote and open one": b'Ida,"Brandt","ida@nordlicht.example","Nordlicht GmbH\n',
    "a quote that closes 1,000 lines later": b'a,b,c@d.example,"x\n' + _ROW * 1000 + b'y",z\n',
    "a quote that closes 900 lines later": b'a,b,c@d.example,"x\n' + _ROW * 900 + b'y",z\n',
    "cells of 900 line breaks": b'a,b,c@d.example,"' + b"\n" * 900 + b'",z\n',
    "cells of 2,000 line breaks": b'a,b,c@d.example,"' + b"\n" * 2000 + b'",z\n',
    "blank lines": b"\n" * 1000,
    "lines of another encoding": "Jörg,Müller,j@nordlicht.example,Nordlicht GmbH,some note\n".encode("cp1252"),
    "2-byte lines": b"a\n",
    "commas only": b",,,,\n",
    "short rows": b"a,b,c@d.example,x,y\n",
    "random bytes": random.Random(1).randbytes(100_000),
}
# Without one the file as a whole is refused at its start.
_ENCODINGS: Final = {"random bytes": "latin-1"}


def run(_servers: Servers, options: Options) -> list[Figure]:
    """Read a file of each kind, in turns."""
    size = options.size(500_000)
    files = {what: _HEADER + line * (size // len(line) + 1) for what, line in _KINDS.items()}
    figures = {what: Figure(NAME, what, "MB/s") for what in files}
    for _ in range(options.runs):
        for what, raw in files.items():
            figures[what].values.append(len(raw) / 1e6 / _seconds(raw, _ENCODINGS.get(what)))
    base = figures["plain rows"]
    return [figure for each in figures.values() for figure in (each, ratio(each, base, f"{each.what} / plain rows"))]


def _seconds(raw: bytes, encoding: str | None) -> float:
    started = time.process_time()
    for _ in CsvReader(io.BytesIO(raw), "person", encoding=encoding):
        pass
    return time.process_time() - started
