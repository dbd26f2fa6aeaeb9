"""What `celery -A app.celery_app worker` and `celery -A app.celery_app beat` load.

A hint makes a worker drain the queue, as `GET /api/enrichment/jobs/process` does. Beat takes the place of cron: it
sends a tick, of which any number does no harm, so there may be more than one beat.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from celery import signals

from app import create_app
from app.celery_sender import NUDGE, TICK, make_celery
from app.cli.signals import stop_on_signals
from app.cli.work import drain_and_tell, tell_failure
from app.config import Config, ConfigError
from app.db.session import end_read
from app.enrichment import queue
from app.hints import hint
from app.providers import answer_match

DRAIN_SECONDS: Final = 20
"""How long one hint keeps a worker at it: shorter than anybody waits for a worker that is to stop."""


def _settings() -> Config:
    settings = Config.from_env()
    if settings.CELERY_BROKER_URL is None:
        raise ConfigError("CELERY_BROKER_URL: expected the address of a broker")
    return settings


try:
    settings = _settings()
    flask_app = create_app(settings, with_routes=False)
except ConfigError as error:
    # As in `wsgi.py`.
    print(f"tranche: {error}", file=sys.stderr)
    raise SystemExit(3) from None


def _keep_logs(**_: Any) -> None:
    """Do nothing: Celery sets up logs of its own unless somebody listens here."""


def _load_before_fork(**_: Any) -> None:
    """Load once for all processes what the first answer of each would wait for."""
    answer_match.load()


def nudge() -> None:
    """Drain the queue for some seconds; if work is left then, hint at it, so that whoever is free goes on."""
    with _working(), stop_on_signals():
        is_done = not drain_and_tell(DRAIN_SECONDS)
        workers = queue.backlog().workers_wanted
        end_read()
        if workers and not is_done:
            hint(1)


def tick() -> None:
    """Hint at all that waits. At least once: a drain also does what is due by the clock, such as to send webhooks."""
    with _working():
        chunks = queue.backlog().claimable_chunks
        end_read()
        hint(max(chunks, 1))


@contextmanager
def _working() -> Iterator[None]:
    """Push the application's context, and log what goes wrong in it, as `work` does; the next tick tries again."""
    with flask_app.app_context():
        try:
            yield
        except Exception as error:
            tell_failure(error, 1)


celery = make_celery(str(settings.CELERY_BROKER_URL))
celery.task(nudge, name=NUDGE)
celery.task(tick, name=TICK)
signals.setup_logging.connect(_keep_logs)
signals.worker_init.connect(_load_before_fork)
