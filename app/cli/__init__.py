"""`flask enrich …`: the queue, the lists and the keys from a terminal, from cron, or as a service."""

# Each adds its commands to the group.
from app.cli import exclusions, jobs, keys, lists, money, undo, work  # noqa: F401
from app.cli.group import enrich
from app.demo import command  # noqa: F401

__all__ = ["enrich"]
