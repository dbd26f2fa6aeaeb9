"""`flask enrich upgrade` and `serve`: what an installation is run by."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask

from app.cli.service import gunicorn_arguments
from app.config import PROJECT_ROOT
from tests.cli.test_exit_codes import NOBODY_LISTENS


def test_upgrade_makes_the_tables_and_may_be_run_again(app_on: Callable[..., Flask], run: Any, tmp_path: Path) -> None:
    """An empty database can be worked with afterwards."""
    app = app_on(f"sqlite:///{tmp_path / 'new.db'}")
    assert run(app, "jobs").exit_code == 4
    for _ in range(2):
        result = run(app, "upgrade")
        assert (result.exit_code, result.stderr) == (0, "")
    assert run(app, "jobs").exit_code == 0


def test_upgrade_of_an_unreachable_database_ends_with_4(app_on: Callable[..., Flask], run: Any) -> None:
    """As every command does."""
    result = run(app_on(NOBODY_LISTENS), "upgrade")
    assert result.exit_code == 4
    assert "nothing listens at that address" in result.stderr and result.stderr.count("\n") == 1


def test_serve_tells_gunicorn_where_everything_is() -> None:
    """In a checkout: its own file of settings, its folder, its application."""
    config = str(PROJECT_ROOT / "gunicorn.conf.py")
    assert gunicorn_arguments() == ["--config", config, "--chdir", str(PROJECT_ROOT), "wsgi:app"]
