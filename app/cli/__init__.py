"""`flask enrich …`: the queue, the lists and the keys from a terminal, from cron, or as a service."""

# Each adds its commands to the group.
from app.cli import demo, exclusions, jobs, keys, lists, money, undo, work  # noqa: F401
from app.cli.group import enrich

__all__ = ["enrich"]
