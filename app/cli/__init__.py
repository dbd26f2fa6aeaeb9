"""`flask enrich …`: the queue, the lists and the keys from a terminal, from cron, or as a service."""

from app.cli.group import enrich

__all__ = ["enrich"]
