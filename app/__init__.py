"""Tranche: enrichment of people and companies, in chunks, from a queue in its own database."""

from flask import Flask

from app import extensions, logs
from app import models as models  # makes the tables known to migrations
from app.cli import enrich
from app.config import PROJECT_ROOT, Config, ConfigError
from app.db import engines
from app.enrichment.money.routes import blueprint as money_routes
from app.enrichment.queue.routes import blueprint as job_routes
from app.enrichment.waterfall.callback_routes import blueprint as callback_routes
from app.entities.exclusion_routes import blueprint as exclusion_routes
from app.entities.fields import RAW_FIELDS
from app.entities.merge import check_policies
from app.entities.routes import blueprints as entity_routes
from app.entities.undo_routes import blueprint as undo_routes
from app.providers.registry import make_registry
from app.web import auth, docs, health, requests
from app.web.openapi import Api


def create_app(config: Config | None = None) -> Flask:
    """Make the application: settings, logs, extensions, blueprints, commands, in that order.

    Without a `config` the settings are read from the environment. Raises
    `ConfigError` where one of them cannot be used.
    """
    config = config or Config.from_env()
    _check_fields(config)
    # Flask's own route for static files is not used: what is served is named, file by file.
    app = Flask(__name__, instance_path=str(PROJECT_ROOT / "instance"), static_folder=None)
    app.url_rule_class = requests.Rule
    app.config.from_mapping(config.flask_settings())
    app.extensions["tranche.registry"] = make_registry(
        config.PROVIDERS, takes_callbacks=bool(config.PUBLIC_URL and config.SECRET_KEY)
    )
    # For `flask enrich demo`, which works in an application of its own.
    app.extensions["tranche.create_app"] = create_app
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = engines.engine_options(config)
    logs.configure(config)

    extensions.db.init_app(app)
    engines.init_app(app, config)
    extensions.migrate.init_app(app, extensions.db, directory=str(PROJECT_ROOT / "migrations"), render_as_batch=True)

    requests.init_app(app)
    auth.init_app(app)
    api = Api(app)
    jobs = (job_routes, callback_routes, undo_routes, money_routes)
    for blueprint in (*jobs, *entity_routes, exclusion_routes, health.blueprint):
        api.register_blueprint(blueprint)
    app.register_blueprint(docs.blueprint)

    app.cli.add_command(enrich)
    return app


def _check_fields(config: Config) -> None:
    """Insist that the fields which settings name are there: the settings do not know the models."""
    try:
        check_policies(config.merge_policies)
    except ValueError as exc:
        raise ConfigError(f"ENRICH_MERGE_POLICIES: {exc}") from exc
    wanted = {"person": config.ENRICH_PERSON_UNTIL, "company": config.ENRICH_COMPANY_UNTIL}
    for entity_type, names in wanted.items():
        if not set(names) <= RAW_FIELDS[entity_type].keys():
            raise ConfigError(f"ENRICH_{entity_type.upper()}_UNTIL: expected fields of a {entity_type} in snake case")
