"""`flask enrich …`: the queue, the lists and the keys from a terminal, from cron, or as a service."""

from app.enrichment.cli import demo, jobs, keys, lists, work  # noqa: F401  # each adds its commands to the group
from app.enrichment.cli.group import enrich

__all__ = ["enrich"]
