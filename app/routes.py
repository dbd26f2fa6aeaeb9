"""Everything that is served over HTTP, put on an application.

It stands apart from the factory because a command needs none of it, and would start later for it.
"""

from flask import Flask

from app import console
from app.audit.routes import blueprint as audit_routes
from app.enrichment.money.cap_routes import blueprint as cap_routes
from app.enrichment.money.routes import blueprint as money_routes
from app.enrichment.queue.routes import blueprint as job_routes
from app.enrichment.waterfall.callback_routes import blueprint as callback_routes
from app.enrichment.waterfall.health_routes import blueprint as health_routes
from app.enrichment.waterfall.metrics_routes import blueprint as metrics_routes
from app.enrichment.waterfall.pilot_routes import blueprint as pilot_routes
from app.enrichment.waterfall.provider_key_routes import blueprint as provider_key_routes
from app.enrichment.waterfall.what_if_routes import blueprint as what_if_routes
from app.entities.exclusion_routes import blueprint as exclusion_routes
from app.entities.export_routes import blueprint as export_routes
from app.entities.list_routes import blueprint as list_routes
from app.entities.routes import blueprints as entity_routes
from app.entities.undo_routes import blueprint as undo_routes
from app.providers.registry import current_registry
from app.tracing import trace_requests
from app.web import auth, docs, requests, single_sign_on
from app.web.openapi import Api
from app.webhooks.routes import blueprint as webhook_routes


def init_app(app: Flask) -> None:
    """Register the blueprints, with what watches over requests; make the providers before the first one comes."""
    app.url_rule_class = requests.Rule
    requests.init_app(app)
    trace_requests(app)
    auth.init_app(app)
    single_sign_on.init_app(app)
    api = Api(app)
    jobs = (job_routes, pilot_routes, what_if_routes, callback_routes, undo_routes)
    money = (money_routes, cap_routes, provider_key_routes)
    others = (exclusion_routes, audit_routes, webhook_routes, health_routes, metrics_routes)
    for blueprint in (*jobs, *money, *entity_routes, list_routes, export_routes, *others):
        api.register_blueprint(blueprint)
    app.register_blueprint(docs.blueprint)
    app.register_blueprint(console.blueprint)
    with app.app_context():
        current_registry()
