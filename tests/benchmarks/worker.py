"""A worker process that works as `flask enrich process` does, and begins when it is told to."""

from sqlalchemy import select

from app.enrichment import queue
from app.enrichment.waterfall.work_loop import Waterfall
from app.extensions import db
from app.values.hosts import public_suffixes
from tests.benchmarks.stage import on_signal
from wsgi import app


def main() -> None:
    """Drain the queue."""
    with app.app_context():
        db.session.execute(select(1))
        db.session.rollback()
        # A file that a process reads once.
        public_suffixes()
        with on_signal():
            queue.drain(work=Waterfall())


if __name__ == "__main__":
    main()
