"""The command that replays a waterfall in another order, or for other fields."""

from typing import Any

import click

from app.cli import output
from app.cli.group import enrich
from app.cli.money import Names
from app.cli.options import any_workspace_option, json_option
from app.cli.progress import counting
from app.cli.yields import print_figures
from app.db.session import end_read
from app.enrichment.money.reports import dollars
from app.enrichment.waterfall.what_if import WhatIf, what_if_of_list, what_if_of_workspace
from app.enrichment.waterfall.what_if import what_if as of_job
from app.enrichment.waterfall.what_if_routes import WhatIfSchema
from app.values.entity_types import ENTITY_TYPES, EntityType
from app.web.auth import DEFAULT_WORKSPACE


@enrich.command("what-if")
@click.argument("job_id", required=False, metavar="[JOB]")
@click.option("--list", "list_name", metavar="LIST", help="The members of a list, by name or id, instead of a job's.")
@click.option("--type", "entity_type", type=click.Choice(ENTITY_TYPES), help="Everyone of this type in a workspace.")
@click.option(
    "--order", type=Names(), help="The providers to ask, in order.  [that of the job, or of the list's last one]"
)
@click.option("--until", type=Names(), help="Stop once all of these fields have a value.  [the same]")
@any_workspace_option
@json_option
def what_if(
    job_id: str | None,
    list_name: str | None,
    entity_type: EntityType | None,
    order: tuple[str, ...] | None,
    until: tuple[str, ...] | None,
    workspace: str | None,
    as_json: bool,
) -> None:
    """Show what a waterfall would have found in another order or for other fields, from stored answers; free."""
    if [job_id, list_name, entity_type].count(None) != 2:
        raise click.UsageError("Name either a job, a --list or a --type.")
    where = workspace or DEFAULT_WORKSPACE
    with counting("Replaying", "entities") as tell:
        terms: dict[str, Any] = {"order": order, "until": until, "on_progress": tell}
        if job_id is not None:
            told = of_job(job_id, workspace_slug=workspace, **terms)
        elif list_name is not None:
            told = what_if_of_list(list_name, workspace_slug=where, **terms)
        elif entity_type is not None:
            told = what_if_of_workspace(entity_type, workspace_slug=where, **terms)
    end_read()
    if as_json:
        output.print_json(WhatIfSchema().dump(told))
    else:
        _print(told)


def _print(told: WhatIf) -> None:
    click.echo(f"{', '.join(told.order)}, until {', '.join(told.until)}")
    click.echo(f"{told.found:,} of {told.entities:,} found, for {_cost(told)}")
    print_figures(told.report)
    if told.unknown:
        names = ", ".join(f"{name} about {count:,}" for name, count in sorted(told.unknown_by_provider.items()))
        output.note(f"{told.unknown:,} are unknown: nobody has asked {names}. Up to there they are in the figures.")
    if told.of_entities is None:
        output.note(f"Of the first {told.entities:,} by id.")
    elif told.entities < told.of_entities:
        output.note(f"Of {told.entities:,} of {told.of_entities:,} entities.")


def _cost(told: WhatIf) -> str:
    known = dollars(told.cost_micros)
    return known if told.most_micros == told.cost_micros else f"{known} to {dollars(told.most_micros)}"
