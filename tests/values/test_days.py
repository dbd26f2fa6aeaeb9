"""Days are UTC's, whatever the zone of an instant."""

from datetime import UTC, datetime, timedelta, timezone

from app.values.days import seconds_to_midnight


def test_a_day_lasts_until_midnight_utc() -> None:
    """An instant in another zone belongs to the UTC day that it falls into."""
    assert seconds_to_midnight(datetime(2026, 1, 1, 23, 59, 59, tzinfo=UTC)) == 1
    assert seconds_to_midnight(datetime(2026, 1, 2, 1, 0, 0, tzinfo=timezone(timedelta(hours=2)))) == 3600
