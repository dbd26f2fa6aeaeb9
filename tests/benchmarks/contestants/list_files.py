"""A list in and out: `list_files.py URL FILE` imports a CSV file of people twice and exports it, on an empty database.

Prints the seconds of CPU of each step as JSON. Run in the folder of a checkout, whose service it measures: this one,
or one of 0.3.0, which has no preview.
"""

import gc
import io
import json
import logging
import sys
import time
from collections.abc import Callable
from pathlib import Path

from flask_migrate import upgrade

from app import create_app
from app.config import Config

try:
    from app.entities.csv.exports import export_csv
    from app.entities.csv.imports import import_csv
    from app.entities.csv.opening import ImportOptions
    from app.entities.csv.preview import preview_csv
    from app.entities.csv.reader import CsvReader
except ImportError:
    from app.entities.csv_reader import CsvReader
    from app.entities.exports import export_csv
    from app.entities.imports import import_csv

    preview_csv = None

WORKSPACE = "measured"


def main(url: str, path: str) -> None:
    """Take each step once."""
    raw = Path(path).read_bytes()
    with create_app(Config(DATABASE_URL=url, LOG_LEVEL="ERROR", SECRET_KEY="x" * 16)).app_context():
        logging.disable(logging.CRITICAL)
        upgrade()
        # What is loaded and put together once a process is no part of the rows.
        _take_steps(b"".join(raw.splitlines(keepends=True)[:20]), "warm")
        # As the `wsgi.py` of both releases does: else the collector's looks at what is loaded take a fifth of the time.
        gc.freeze()
        print(json.dumps(_take_steps(raw, WORKSPACE)))


def _take_steps(raw: bytes, workspace: str) -> dict[str, float]:
    steps: dict[str, Callable[[], object]] = {
        "parse": lambda: sum(1 for _ in CsvReader(io.BytesIO(raw), "person")),
        "preview": lambda: _preview(raw, workspace),
        "import": lambda: import_csv("person", io.BytesIO(raw), workspace_slug=workspace),
        "import again": lambda: import_csv("person", io.BytesIO(raw), workspace_slug=workspace),
        "preview again": lambda: _preview(raw, workspace),
        "export": lambda: sum(map(len, export_csv("person", workspace_slug=workspace))),
    }
    return {name: _seconds(step) for name, step in steps.items()}


def _preview(raw: bytes, workspace: str) -> None:
    if preview_csv is not None:
        preview_csv("person", io.BytesIO(raw), workspace_slug=workspace, options=ImportOptions())


def _seconds(step: Callable[[], object]) -> float:
    gc.collect()
    started = time.process_time()
    step()
    return time.process_time() - started


if __name__ == "__main__":
    main(*sys.argv[1:])
