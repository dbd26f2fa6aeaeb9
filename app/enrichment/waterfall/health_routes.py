"""Health checks for load balancers, orchestrators and people on call."""

from dataclasses import asdict
from functools import cache
from typing import Any

from alembic.script import ScriptDirectory
from flask.views import MethodView
from marshmallow import fields
from sqlalchemy import text

from app.config import shipped
from app.db.session import check_writable
from app.enrichment import queue
from app.enrichment.waterfall import watchdog
from app.enrichment.waterfall.fleet import fleet
from app.errors import NotMigrated
from app.extensions import db
from app.web.blueprint import Blueprint
from app.web.fields import Instant, Schema
from app.webhooks.events import JOB_EVENTS, EventType

TROUBLES = [kind for kind in EventType if kind not in JOB_EVENTS]

blueprint = Blueprint("health", __name__, description="Alive and ready. No credential is needed.")


class AliveSchema(Schema):
    """The process answers."""

    status = fields.Constant("ok")


class ReadySchema(Schema):
    """The database answers and can be written to, and its schema is the one that this code knows.

    The rest is for people and alarms: a queue that nobody drives is no reason to send requests,
    and with them the cron calls that would drive it, elsewhere.
    """

    status = fields.Constant("ready")
    oldest_job_age_seconds = fields.Float(
        allow_none=True, metadata={"description": "Age of the oldest job that has work; null: there is none."}
    )
    claimable_chunks = fields.Integer(metadata={"description": "Chunks that could be claimed now."})
    workers_wanted = fields.Integer(
        metadata={"description": "How many workers could be kept busy with them, by their providers' limits."}
    )
    troubles = fields.List(
        fields.String(metadata={"enum": TROUBLES}),
        metadata={"description": "What somebody should see to, as webhooks tell it; /metrics has the figures."},
    )
    last_drain_at = Instant(allow_none=True, metadata={"description": "When anything last looked for work."})
    last_cron_at = Instant(allow_none=True, metadata={"description": "When the cron webhook was last called."})


@blueprint.route("/healthz")
class AliveResource(MethodView):
    """Whether the process answers."""

    @blueprint.response(200, AliveSchema)
    @blueprint.doc(operationId="getLiveness", security=[])
    def get(self) -> dict[str, Any]:
        """Say that the process answers; asks no database."""
        return {}


@blueprint.route("/readyz")
class ReadyResource(MethodView):
    """Whether requests can be served."""

    @blueprint.response(200, ReadySchema)
    @blueprint.doc(operationId="getReadiness", security=[])
    def get(self) -> Any:
        """Say whether the database is there, migrated and writable, and when the queue was last driven.

        Answers 503 with the code `database_unavailable` or `not_migrated`.
        """
        if not _is_migrated():
            raise NotMigrated
        check_writable()
        troubles = sorted({str(kind) for kind, *_ in watchdog.causes(fleet())})
        return {**asdict(queue.health()), **asdict(queue.backlog()), "troubles": troubles}


def _is_migrated() -> bool:
    # Without that table the error handler says the same.
    versions = db.session.scalars(text("SELECT version_num FROM alembic_version")).all()
    return set(versions) == _known_heads()


@cache
def _known_heads() -> frozenset[str]:
    """Return the newest revisions that this code brings; read from the files once."""
    return frozenset(ScriptDirectory(str(shipped("migrations"))).get_heads())
