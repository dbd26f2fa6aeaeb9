"""The console on this machine: a server and a worker in one process, for whoever sits at it."""

import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

import click
from flask import Flask, current_app
from sqlalchemy import inspect
from werkzeug.serving import WSGIRequestHandler, make_server

from app.cli import output
from app.cli.group import enrich
from app.cli.options import Number
from app.cli.users import link_url
from app.cli.work import run_worker
from app.config import config
from app.db.migrations import upgrade
from app.db.session import end_read
from app.errors import NotFound
from app.extensions import db
from app.models.user import Role
from app.web import users

HOST: Final = "127.0.0.1"
PORT: Final = 8000
USER: Final = "admin"
POLL_SECONDS: Final = 1


class _QuietHandler(WSGIRequestHandler):
    """Logs no request: the address of a link is a secret, and the application has a line for each."""

    def log_request(self, *_: Any) -> None:
        """Do nothing."""


port_option = click.option(
    "--port", type=Number(0, 65535), default=PORT, show_default=True, help="Port of the server; 0: any free one."
)


@enrich.command()
@port_option
def console(port: int) -> None:
    """Open the console on this machine: makes the database if there is none, serves, and works on jobs.

    Prints a link that signs in the user `admin`, for one hour and for once. Ends with Ctrl-C or SIGTERM, after the
    entity under way.
    """
    settings = config()
    if settings.LOG_LEVEL == "INFO":
        # As with every command: somebody reads along.
        settings = replace(settings, LOG_LEVEL="WARNING")
    if settings.SECRET_KEY is None:
        output.note("SECRET_KEY is not set: sessions end with this command.")
        settings = replace(settings, SECRET_KEY=secrets.token_urlsafe(32), SECRET_KEY_LASTS=False)
    app = current_app.extensions["tranche.create_app"](settings)
    with app.app_context():
        if not inspect(db.engine).get_table_names():
            upgrade()
            output.note("The database was empty: its tables are made.")
        serve(app, port)
        db.session.remove()
        db.engine.dispose()


def serve(app: Flask, port: int) -> None:
    """Serve the console and work on jobs until told to stop; print a link to sign in by. In the app's context."""
    with _serving(app, port) as real_port:
        click.echo(link_url(_admin_link(), f"http://{HOST}:{real_port}"))
        output.note("Open it in a browser: good for one hour and for once. Ctrl-C ends the server and the worker.")
        output.flush()
        run_worker(POLL_SECONDS, exit_when_empty=False)


@contextmanager
def _serving(app: Flask, port: int) -> Iterator[int]:
    """Serve in a thread for as long as the context is open; give the port."""
    try:
        listener = socket.create_server((HOST, port))
    except OSError as exc:
        raise click.UsageError(f"Port {port} cannot be had; --port names another.") from exc
    with listener:
        server = make_server(HOST, port, app, threaded=True, request_handler=_QuietHandler, fd=listener.fileno())
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.socket.getsockname()[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _admin_link() -> str:
    """Return the token of a link for the one user that this command knows, who is made if there is none."""
    try:
        token = users.make_link(USER)
    except NotFound:
        _, token = users.create_user(USER, Role.ADMIN)
    end_read()
    return token
