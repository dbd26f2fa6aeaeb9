"""Folders of test runs, each with a note of whose it is: what a killed run leaves behind, the next one removes."""

import os
import shutil
import signal
import tempfile
from contextlib import suppress
from pathlib import Path

import psutil

from tests.patience import PATIENCE_SECONDS

PREFIX = "tranche-tests-"
_OWNER = "owner"
_MEMORY = Path("/dev/shm")
_ENOUGH_BYTES = 2 * 1024**3


def make(base: Path | None = None) -> Path:
    """Make a folder of this process's, where others may look into it, as the user whom PostgreSQL runs as must."""
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
    folder.chmod(0o755)
    (folder / _OWNER).write_text(f"{os.getpid()} {_started_at(os.getpid())}")
    return folder


def remove(folder: Path) -> None:
    """Stop the PostgreSQL server in it, if there is one, and delete it."""
    for process in psutil.process_iter(["name", "cmdline"]):
        if process.info["name"] == "postgres" and f"{folder}/server/data" in (process.info["cmdline"] or ()):
            with suppress(psutil.NoSuchProcess):
                # What it calls an immediate shutdown, which ends its children too.
                process.send_signal(signal.SIGQUIT)
                process.wait(PATIENCE_SECONDS)
    shutil.rmtree(folder, ignore_errors=True)


def remove_orphans() -> None:
    """Remove the folders whose owner has ended without doing so."""
    for base in {_MEMORY, Path(tempfile.gettempdir())}:
        for folder in base.glob(f"{PREFIX}*"):
            if _is_orphan(folder):
                remove(folder)


def quick_base() -> Path | None:
    """Return where files are in memory, if there is room for a run's databases; None: where they usually are."""
    is_usable = os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _ENOUGH_BYTES
    return _MEMORY if is_usable else None


def _is_orphan(folder: Path) -> bool:
    try:
        number, started_at = (folder / _OWNER).read_text().split()
    except (OSError, ValueError):
        # Without a note: just being made, or somebody else's.
        return False
    return _started_at(int(number)) != started_at


def _started_at(number: int) -> str | None:
    """Return when a process was started, since its number may be another one's by now; None: there is none."""
    try:
        return str(psutil.Process(number).create_time())
    except psutil.NoSuchProcess:
        return None
