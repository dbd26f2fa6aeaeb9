"""The schema's migrations, by Flask-Migrate.

Loaded by what serves and by what migrates: other commands would load Alembic for nothing, a sixth of their start.
"""

import flask_migrate
from flask import Flask, current_app

from app.config import shipped
from app.extensions import db

_migrate = flask_migrate.Migrate()


def init_app(app: Flask) -> None:
    """Let an application migrate its database, and give it `flask db`."""
    _migrate.init_app(app, db, directory=str(shipped("migrations")), render_as_batch=True)


def upgrade() -> None:
    """Make the tables of the current application's database, or bring them up to this version."""
    if "migrate" not in current_app.extensions:
        init_app(current_app)
    flask_migrate.upgrade()
