"""Tranche: enrichment of people and companies, in chunks, from a queue in its own database."""

import gc

# Before anything else is loaded. By default the collector looks at what is new after every 700 objects, which takes
# about a tenth of a command's start and a twentieth of a worker's time.
gc.set_threshold(20_000, 20, 50)

from functools import partial

from flask import Flask

from app import celery_sender, error_reports, extensions, logs, tracing
from app import models as models  # makes the tables known to migrations
from app.cli import enrich
from app.config import Config, ConfigError
from app.db import engines
from app.entities.fields import RAW_FIELDS
from app.entities.merge import check_policies


def create_app(config: Config | None = None, *, with_routes: bool = True) -> Flask:
    """Make the application: settings, logs, extensions, blueprints, commands, in that order.

    Without a `config` the settings are read from the environment. Without
    routes it serves commands alone, which start sooner for it. Raises
    `ConfigError` where one of them cannot be used.
    """
    config = config or Config.from_env()
    _check_fields(config)
    # Flask's own route for static files is not used: what is served is named, file by file.
    app = Flask(__name__, instance_path=str(config.home), static_folder=None)
    app.config.from_mapping(config.flask_settings())
    # For `flask enrich demo`, which works in an application of its own.
    app.extensions["tranche.create_app"] = create_app
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = engines.engine_options(config)
    logs.configure(config)
    error_reports.init_app(config)
    tracing.init_app(app, config)

    try:
        extensions.db.init_app(app)
    except OSError as exc:
        raise ConfigError("TRANCHE_HOME: expected a folder that is there or can be made") from exc
    engines.init_app(app, config)
    if config.CELERY_BROKER_URL is not None:
        celery_sender.init_app(app, config.CELERY_BROKER_URL)

    if with_routes:
        # Here, because commands do without them.
        from app import routes
        from app.db import migrations

        migrations.init_app(app)
        routes.init_app(app)

    app.cli.add_command(enrich)
    return app


enrich.create_app = partial(create_app, with_routes=False)


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
