"""Hints as messages of Celery: that there is work, and no word of what it is.

Workers of Celery that get one drain the queue in the database, as any other worker does. So a hint may be lost, come
twice or come late, and a broker may lose all of them at any time: leases keep workers apart, and the tick of
`app/celery_app.py` asks again.

A broker that does not answer blocks whoever sends for many seconds, whatever its client is told. Nothing but a thread
of its own therefore sends, and what it does not come to is dropped.
"""

import os
from contextlib import suppress
from importlib.util import find_spec
from queue import Empty, Full, Queue
from threading import Thread
from typing import TYPE_CHECKING, Final

import structlog
from flask import Flask

from app.config import ConfigError
from app.hints import SENDER

if TYPE_CHECKING:
    from celery import Celery

log = structlog.get_logger(__name__)

NUDGE: Final = "tranche.nudge"
"""The task that a hint is a message for."""
TICK: Final = "tranche.tick"
"""The task that beat sends."""
TICK_SECONDS: Final = 15.0
WIDTH: Final = 16
"""The most hints that one event gives, and the most that wait to be sent."""
EXPIRES_SECONDS: Final = 60
"""After which nobody need act on a hint: ticks have come since."""
FLUSH_SECONDS: Final = 5.0
"""The longest that a command waits for its hints to be sent."""
_REDIS_OPTIONS: Final = {"socket_connect_timeout": 5, "socket_timeout": 10, "socket_keepalive": True}


def init_app(app: Flask, broker_url: str) -> None:
    """Let the application send hints. Raises `ConfigError` if Celery is not installed."""
    if find_spec("celery") is None:
        raise ConfigError("CELERY_BROKER_URL: expected the extra celery to be installed")
    app.extensions[SENDER] = CelerySender(broker_url)


def make_celery(broker_url: str) -> "Celery":
    """Return a Celery application for hints: it keeps no result, and asks for no message twice."""
    # Loads a hundred modules, which most processes do without.
    from celery import Celery

    is_redis = broker_url.startswith("redis")
    celery = Celery("tranche", broker=broker_url)
    celery.conf.update(
        task_default_queue="hints",
        task_ignore_result=True,
        # The lease of a chunk gives it to somebody else if a worker dies. A message that is kept until its work is
        # done comes again while that still goes on, after the shortest `visibility_timeout` of all who share a broker.
        task_acks_late=False,
        # A hint waits at the broker, for whoever is free, and not at a worker that is busy.
        worker_prefetch_multiplier=1,
        worker_disable_prefetch=is_redis,
        broker_connection_retry_on_startup=True,
        broker_transport_options=_REDIS_OPTIONS if is_redis else {},
        beat_schedule={"tick": {"task": TICK, "schedule": TICK_SECONDS, "options": {"expires": EXPIRES_SECONDS}}},
    )
    return celery


class CelerySender:
    """Sends hints from a thread of each process, which starts with the first one."""

    def __init__(self, broker_url: str) -> None:
        self._broker_url = broker_url
        self._pid = 0
        self.waiting: Queue[None] = Queue()
        """The hints that this process has still to send."""

    def hint(self, chunks: int) -> None:
        """Have a hint sent for each of so many chunks, `WIDTH` at most. Never waits: what finds no room is dropped."""
        if self._pid != os.getpid():
            self._start()
        with suppress(Full):
            for _ in range(min(chunks, WIDTH)):
                self.waiting.put_nowait(None)

    def flush(self) -> None:
        """Wait until no hint waits to be sent, `FLUSH_SECONDS` at most."""
        waiting = self.waiting
        with waiting.all_tasks_done:
            waiting.all_tasks_done.wait_for(lambda: not waiting.unfinished_tasks, FLUSH_SECONDS)

    def _start(self) -> None:
        """Start the thread. Should two requests come here at once, there are two of them, which does no harm."""
        self.waiting = Queue(WIDTH)
        Thread(target=self._send_all, args=[self.waiting], daemon=True).start()
        # Last: other requests that see it put their hints into a line that somebody sends from.
        self._pid = os.getpid()

    def _send_all(self, waiting: "Queue[None]") -> None:
        """Send what comes, for as long as the process lives."""
        celery: Celery | None = None
        while True:
            count = _take(waiting)
            try:
                celery = celery or make_celery(self._broker_url)
                for _ in range(count):
                    celery.send_task(NUDGE, expires=EXPIRES_SECONDS, retry=False)
            except Exception as error:
                # Its message may quote the address, in which there is a password.
                log.warning("hints not sent", hints=count, error_type=type(error).__name__)
            for _ in range(count):
                waiting.task_done()


def _take(waiting: "Queue[None]") -> int:
    """Wait for a hint, and take all that wait; return how many."""
    waiting.get()
    count = 1
    with suppress(Empty):
        while True:
            waiting.get_nowait()
            count += 1
    return count
