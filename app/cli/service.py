"""Run the service: make or migrate its database, and serve it with gunicorn."""

import os
import sys
from typing import Final

import click

from app.cli import output
from app.cli.group import enrich
from app.config import PROJECT_ROOT, shipped
from app.db import migrations

FLAGS: Final = ("-P", "-m", "gunicorn")
"""How gunicorn is started: by this interpreter, and with nothing importable from the folder one happens to be in."""


@enrich.command()
def upgrade() -> None:
    """Make the database's tables, or bring them up to this version.

    Run it before a new version starts.
    """
    migrations.upgrade()
    click.echo("The tables of the database are those of this version.")


@enrich.command()
def serve() -> None:
    """Serve the API and the console with gunicorn, until SIGTERM.

    On 127.0.0.1:8000; with PORT set, on that port of every interface. PORT, WEB_CONCURRENCY (processes) and
    GUNICORN_CMD_ARGS (any of its options) are gunicorn's own variables.
    """
    output.flush()
    os.execv(sys.executable, [sys.executable, *FLAGS, *gunicorn_arguments()])


def gunicorn_arguments() -> list[str]:
    """Return what gunicorn is told, in a checkout and in an installed package."""
    module = shipped("wsgi.py").relative_to(PROJECT_ROOT).with_suffix("")
    return ["--config", str(shipped("gunicorn.conf.py")), "--chdir", str(PROJECT_ROOT), f"{'.'.join(module.parts)}:app"]
