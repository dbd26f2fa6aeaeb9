"""Tranche: enrichment of people and companies, in chunks, from a queue in its own database."""

from flask import Flask

from app import auth, database, docs, health, logs, requests
from app import models as models  # makes the tables known to migrations
from app.api import Api
from app.config import PROJECT_ROOT, Config
from app.enrichment.cli import enrich
from app.enrichment.routes import blueprint as job_routes
from app.entities.routes import blueprints as entity_routes
from app.extensions import db, migrate


def create_app(config: Config | None = None) -> Flask:
    """Make the application: settings, logs, extensions, blueprints, commands, in that order.

    Without a `config` the settings are read from the environment. Raises
    `ConfigError` where one of them cannot be used.
    """
    config = config or Config.from_env()
    # Flask's own route for static files is not used: what is served is named, file by file.
    app = Flask(__name__, instance_path=str(PROJECT_ROOT / "instance"), static_folder=None)
    app.url_rule_class = requests.Rule
    app.config.from_mapping(config.flask_settings())
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = database.engine_options(config)
    logs.configure(config)

    db.init_app(app)
    database.init_app(app)
    migrate.init_app(app, db, directory=str(PROJECT_ROOT / "migrations"), render_as_batch=True)

    requests.init_app(app)
    auth.init_app(app)
    api = Api(app)
    for blueprint in (job_routes, *entity_routes, health.blueprint):
        api.register_blueprint(blueprint)
    app.register_blueprint(docs.blueprint)

    app.cli.add_command(enrich)
    return app
