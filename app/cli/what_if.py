"""The command that replays a job in another order, or for other fields."""

import click

from app.cli import output
from app.cli.group import enrich
from app.cli.money import Names
from app.cli.options import job_argument, json_option
from app.cli.yields import print_figures
from app.db.session import end_read
from app.enrichment.money.reports import dollars
from app.enrichment.waterfall.what_if import WhatIf
from app.enrichment.waterfall.what_if import what_if as service
from app.enrichment.waterfall.what_if_routes import WhatIfSchema


@enrich.command("what-if")
@job_argument
@click.option("--order", type=Names(), help="Whom to ask, in this order.  [the job's]")
@click.option("--until", type=Names(), help="The fields that end a walk once all have a value.  [the job's]")
@json_option
def what_if(job_id: str, order: tuple[str, ...] | None, until: tuple[str, ...] | None, as_json: bool) -> None:
    """Say what a waterfall would have found in another order or for other fields, by what was answered; for free."""
    told = service(job_id, order=order, until=until)
    end_read()
    if as_json:
        output.print_json(WhatIfSchema().dump(told))
        return
    click.echo(f"{', '.join(told.order)}, until {', '.join(told.until)}")
    click.echo(f"{told.found:,} of {told.entities:,} found, for {_cost(told)}")
    print_figures(told.report)
    if told.unknown:
        names = ", ".join(f"{name} about {count:,}" for name, count in sorted(told.unknown_by_provider.items()))
        output.note(f"{told.unknown:,} are unknown: nobody has asked {names}. Up to there they are in the figures.")
    if told.entities < told.of_entities:
        output.note(f"Of {told.entities:,} of the job's {told.of_entities:,} entities.")


def _cost(told: WhatIf) -> str:
    known = dollars(told.cost_micros)
    return known if told.most_micros == told.cost_micros else f"{known} to {dollars(told.most_micros)}"
