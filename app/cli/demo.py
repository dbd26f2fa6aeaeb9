"""See the service work on sample lists."""

from pathlib import Path

import click
from flask import current_app

from app.cli.console import port_option
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
@click.option(
    "--console",
    is_flag=True,
    help="Watch that in a browser: serves the console with jobs under way, until Ctrl-C.",
)
@port_option
def demo(database: Path | None, providers: bool, console: bool, port: int) -> None:
    """See sample lists normalised: no key, no network, no setting.

    Uses a database of its own, which stays for looking at it and is made anew each time.
    """
    # Imported here: no other command needs it, and each would start later for it.
    from app.demo import tour

    create_app = current_app.extensions["tranche.create_app"]
    if console:
        tour.serve_console(create_app, database, port)
    else:
        tour.run(create_app, database, with_providers=providers)
