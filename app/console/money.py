"""Money: what was spent, by whom and when."""

from typing import Any, Final

from flask import Response, request

from app.console.access import require
from app.console.blueprint import blueprint, page
from app.console.charts import chart
from app.console.forms import asked, given
from app.db.session import end_read
from app.enrichment.money import reports
from app.enrichment.money.reports import Group
from app.web.api_keys import Scope
from app.web.auth import visible_workspace

ROWS: Final = 100


@blueprint.get("/console/costs")
@require(Scope.READ)
def costs() -> Response:
    """Show what was spent; grouping, days and page stand in the address."""
    group = Group(asked("by", set(Group), Group.PROVIDER))
    workspace = visible_workspace()
    report = reports.report_costs(
        group,
        first_day=reports.parse_day(request.args.get("from", "")),
        last_day=reports.parse_day(request.args.get("to", "")),
        workspace_slug=workspace,
        shows_overall=workspace is None,
        limit=ROWS,
        cursor=given("cursor"),
    )
    days = reports.costs_by_day(report.first_day, report.last_day, workspace_slug=workspace)
    values: dict[str, Any] = {
        "report": report,
        "groups": [group for group in Group if group is not Group.WORKSPACE or workspace is None],
        "days": chart([(row.key, row.cost_micros) for row in reversed(days)], report.caps[0].cap_micros),
    }
    end_read()
    return page("costs.html", **values)
