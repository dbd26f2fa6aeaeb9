"""The command that prints the metrics of the whole service."""

import click

from app.cli.group import enrich
from app.enrichment.waterfall.metrics import fleet_metrics


@enrich.command()
def metrics() -> None:
    """Print the metrics of the whole service in Prometheus' text form.

    For node_exporter's textfile collector, where nobody can ask /metrics. What one process counts is not in it.
    """
    click.echo(fleet_metrics(), nl=False)
