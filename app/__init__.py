"""Tranche: enrichment of people and companies, in chunks, from a queue in its own database."""

from flask import Flask

from app import database, logs
from app import models as models  # makes the tables known to migrations
from app.config import PROJECT_ROOT, Config
from app.extensions import db, migrate


def create_app(config: Config | None = None) -> Flask:
    """Make the application: settings, logs, extensions, blueprints, commands, in that order.

    Without a `config` the settings are read from the environment. Raises
    `ConfigError` where one of them cannot be used.
    """
    config = config or Config.from_env()
    app = Flask(__name__, instance_path=str(PROJECT_ROOT / "instance"))
    app.config.from_mapping(config.flask_settings())
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = database.engine_options(config)
    logs.configure(config)

    db.init_app(app)
    database.init_app(app)
    migrate.init_app(app, db, directory=str(PROJECT_ROOT / "migrations"), render_as_batch=True)
    return app
