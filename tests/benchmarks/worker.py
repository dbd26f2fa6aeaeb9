"""A worker process that works as `flask enrich process` does, and begins when it is told to."""

from sqlalchemy import select

from app import create_app
from app.config import Config
from app.enrichment import queue
from app.enrichment.pipeline import Pipeline
from app.extensions import db
from tests.benchmarks.stage import on_signal


def main() -> None:
    """Drain the queue."""
    with create_app(Config.from_env()).app_context():
        db.session.execute(select(1))
        db.session.rollback()
        with on_signal():
            queue.drain(Pipeline())


if __name__ == "__main__":
    main()
