"""`flask enrich …`: the queue, the lists and the keys from a terminal, from cron, or as a service.

An installed package has the same group as a command of its own, `tranche …`.
"""

from app.cli.group import enrich

__all__ = ["enrich"]
