"""Days in UTC, by which caps and daily limits count."""

from datetime import UTC, datetime, timedelta


def seconds_to_midnight(now: datetime) -> float:
    """Return how long the UTC day of an instant still lasts."""
    tomorrow = now.astimezone(UTC).date() + timedelta(days=1)
    midnight = datetime.combine(tomorrow, datetime.min.time(), UTC)
    return (midnight - now).total_seconds()
