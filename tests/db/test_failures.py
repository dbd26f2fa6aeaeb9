"""Errors of the databases: each cause has a phrase of its own."""

import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError

from app.db.failures import why_unavailable


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("postgresql+psycopg://u:hunter2@127.0.0.1:1/d", "nothing listens at that address"),
        ("sqlite:////nowhere/at/all.db", "its file cannot be opened"),
        ("sqlite:////dev/null/x.db", "its file cannot be opened"),
    ],
)
def test_why_a_database_cannot_be_used_is_said_without_its_url(url: str, reason: str) -> None:
    """A fixed phrase for each cause."""
    engine = create_engine(url)
    with pytest.raises(OperationalError) as raised:
        engine.connect()
    assert why_unavailable(raised.value) == reason
    engine.dispose()
