"""The Celery application that `celery_chunks` and its workers share; PEER_URL says where the broker is."""

import os

from celery import Celery

app = Celery("benchmark", broker=os.environ.get("PEER_URL", ""))
app.conf.update(
    # A worker that dies gives its chunks back, as a lease does.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    # The documentation advises many for short tasks.
    worker_prefetch_multiplier=128,
    task_ignore_result=True,
    task_default_queue="chunks",
    broker_connection_retry_on_startup=True,
    worker_hijack_root_logger=False,
)


@app.task(name="enrich")
def enrich(entity_id: str) -> None:
    """Do nothing."""
