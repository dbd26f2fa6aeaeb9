"""What a command loads before it does anything: only what it uses."""

import subprocess
import sys
from pathlib import Path

import click
import pytest

from app.cli import enrich
from app.cli.group import MODULES

ROOT = Path(__file__).parents[2]
HEAVY = frozenset({"aiohttp", "alembic", "apispec", "authlib", "celery", "flask_smorest", "kombu", "nameparser",
                   "opentelemetry", "phonenumbers", "psycopg", "pycountry", "redis", "sentry_sdk"})  # fmt: skip
"""Modules that take long to load: HTTP out, migrations, the API's document, the rules, PostgreSQL, brokers, reports."""
COMMANDS = (("jobs",), ("keys", "list"))
RUN = f"""
import atexit, sys
atexit.register(lambda: print(*sys.modules, file=sys.stderr))
from flask.cli import main
for command in {COMMANDS}:
    sys.argv = ["flask", "enrich", *command]
    try:
        main()
    except SystemExit as end:
        if end.code:
            raise
"""


def test_command_loads_nothing_that_it_does_not_use(migrated_sqlite: Path) -> None:
    """To look at the queue, neither providers nor routes nor PostgreSQL are needed, nor anything of the demo."""
    ended = subprocess.run(
        [sys.executable, "-c", RUN],
        cwd=ROOT,
        env={"DATABASE_URL": f"sqlite:///{migrated_sqlite}", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(ended.stderr.split())
    assert loaded >= {"flask", "app.cli.jobs", "app.cli.keys"}
    assert not loaded & HEAVY
    assert not [name for name in loaded if name.startswith("app.demo")]


def test_what_is_loaded_late_says_nothing_by_itself(migrated_sqlite: Path) -> None:
    """A command that loads Alembic, after logging was set up, prints its own line alone."""
    ended = subprocess.run(
        [sys.executable, "-m", "flask", "enrich", "upgrade"],
        cwd=ROOT,
        env={"DATABASE_URL": f"sqlite:///{migrated_sqlite}", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout == "The tables of the database are those of this version.\n"
    assert ended.stderr == ""


@pytest.mark.parametrize("name", MODULES)
def test_module_adds_the_commands_that_it_is_named_for(name: str) -> None:
    """Commands are found by this table, so each has its row."""
    context = click.Context(enrich)
    assert enrich.get_command(context, name) is not None
    assert set(enrich.commands) <= set(MODULES)
