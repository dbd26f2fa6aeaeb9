"""`flask enrich console`: a server and a worker on this machine."""

import re
import signal
import socket
import urllib.request
from pathlib import Path
from typing import Any

from flask import Flask

from tests.patience import PATIENCE_SECONDS


def test_console_makes_the_database_serves_works_and_ends(
    start: Any, tmp_path: Path, app_on: Any, add_job: Any, job_of: Any, wait_until: Any
) -> None:
    """From nothing to a page that a link opens; a job that is made meanwhile is worked on; SIGTERM ends it well."""
    url = f"sqlite:///{tmp_path / 'new.db'}"
    process = start("console", "--port", "0", DATABASE_URL=url, SECRET_KEY="a-secret-key-for-tests")
    address = process.stdout.readline().strip()
    assert re.fullmatch(r"http://127\.0\.0\.1:[0-9]+/console/link/[\w-]{43}", address)
    with urllib.request.urlopen(address, timeout=PATIENCE_SECONDS) as page:
        assert b"Welcome, admin" in page.read()
    app = app_on(url)
    job_id = add_job(app, 3)
    wait_until(lambda: job_of(app, job_id).status == "complete")
    process.send_signal(signal.SIGTERM)
    _, stderr = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0
    assert "its tables are made" in stderr and "{" not in stderr
    assert address.rpartition("/")[2] not in stderr


def test_console_says_which_port_it_cannot_have(sqlite_app: Flask, run: Any) -> None:
    """Also without a secret key, which it makes for itself."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = run(sqlite_app, "console", "--port", port)
    assert (result.exit_code, f"Port {port} cannot be had" in result.stderr) == (2, True)
