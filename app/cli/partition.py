"""Put the attempts into partitions."""

from datetime import UTC, datetime

import click

from app.cli import output
from app.cli.group import enrich
from app.cli.options import json_option
from app.db import partitions


@enrich.command()
@click.option("--dry-run", is_flag=True, help="Print what would be done without doing it.")
@json_option
def partition(dry_run: bool, as_json: bool) -> None:
    """Put the attempts into partitions by quarter (PostgreSQL alone).

    Old attempts then go with their partition, and not row by row. While it runs, others work on: they wait for a moment
    at most. Run it again if it was broken off. Workers add the partitions of the next quarters.
    """
    steps = partitions.plan_partitions(datetime.now(UTC))
    for step in () if dry_run else steps:
        partitions.run_step(step)
        if not as_json:
            click.echo(f"Done: {step.purpose}.")
    if as_json:
        output.print_json([{"purpose": step.purpose, "statements": step.statements} for step in steps])
    elif not steps:
        click.echo("The attempts are in partitions, and those of the next quarters are there.")
    elif dry_run:
        _print(steps)


def _print(steps: list[partitions.Step]) -> None:
    for step in steps:
        click.echo(f"-- {step.purpose[0].upper()}{step.purpose[1:]}.")
        for statement in step.statements:
            click.echo(f"{statement};")
