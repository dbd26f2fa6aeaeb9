"""What fixtures do to databases."""

from app import create_app
from app.config import Config
from app.extensions import db


def empty(url: str) -> None:
    """Take every row out of a migrated database."""
    app = create_app(Config(DATABASE_URL=url, TESTING=True, LOG_LEVEL="WARNING"))
    with app.app_context():
        for table in reversed(db.metadata.sorted_tables):
            db.session.execute(table.delete())
        db.session.commit()
        db.engine.dispose()
