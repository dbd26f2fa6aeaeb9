"""See the service work on sample lists."""

from pathlib import Path

import click
from flask import current_app

from app.cli.group import enrich


@enrich.command()
@click.option(
    "--database",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The SQLite file to use; made anew.  [instance/demo.db]",
)
@click.option(
    "--providers",
    is_flag=True,
    help="Find what is missing as well, and see what it costs, with providers played on this machine.",
)
def demo(database: Path | None, providers: bool) -> None:
    """See sample lists normalised: no key, no network, no setting.

    Uses a database of its own, which stays for looking at it and is made anew each time.
    """
    # Imported here: no other command needs it, and each would start later for it.
    from app.demo import tour

    tour.run(current_app.extensions["tranche.create_app"], database, with_providers=providers)
