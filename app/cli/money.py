"""What a job would cost, what was spent, and the status of the providers."""

import re
import sys
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

import click

from app.cli import output
from app.cli.group import enrich
from app.cli.options import Number, Slug, any_workspace_option, json_option, with_options
from app.config import micros
from app.db.pages import Page
from app.db.session import end_read
from app.enrichment.money.reports import (
    CapView,
    CostCounts,
    CostReport,
    CostRow,
    Group,
    dollars,
    parse_day,
    report_costs,
)
from app.enrichment.money.schemas import CostReportSchema, EstimateSchema, ProviderListSchema, ProviderSchema
from app.enrichment.queue.stop_rules import DEFAULT_LAST, LEAST_LAST, MOST_LAST, StopRule
from app.enrichment.waterfall import provider_status
from app.enrichment.waterfall.estimates import Estimate
from app.enrichment.waterfall.expectations import Likely
from app.enrichment.waterfall.provider_status import ProviderView
from app.models.provider_state import ProviderCondition

ROWS_A_PAGE = 1000


class Dollars(click.ParamType[Decimal]):
    """An amount of dollars in digits, down to micro-dollars. Python's own type takes `1e3` and all kinds of digits."""

    name = "dollars"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        """Read the amount, or fail with what was expected."""
        if re.fullmatch(r"[0-9]{1,7}(\.[0-9]{1,6})?", value) is None:
            self.fail("expected an amount of dollars in digits, such as 10 or 2.50.", param, ctx)
        return Decimal(value)


class Share(click.ParamType[float]):
    """A share in digits, above 0 and at most 1."""

    name = "share"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read the share, or fail with what was expected."""
        if re.fullmatch(r"0?\.[0-9]{1,6}|1", value) is None or not float(value):
            self.fail("expected a share above 0, and at most 1, such as 0.25.", param, ctx)
        return float(value)


class Names(click.ParamType[tuple[str, ...]]):
    """Names separated by commas."""

    name = "names"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """Take the names apart, or fail if one is empty."""
        names = tuple(map(str.strip, value.split(",")))
        if not all(names):
            self.fail("expected names separated by commas.", param, ctx)
        return names


class Day(click.ParamType[date]):
    """A day, `2026-11-30`."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Read the day, or fail with what was expected."""
        day = parse_day(value)
        if day is None:
            self.fail("expected a day such as 2026-11-30.", param, ctx)
        return day


# When a job stops itself

stop_options = with_options(
    click.option(
        "--stop-hit-rate-under",
        type=Share(),
        help="Pause when the find rate of the last ones falls below this, such as 0.25.",
    ),
    click.option(
        "--stop-cost-per-find-over-usd",
        type=Dollars(),
        help="Pause when a find among the last ones costs more than this.",
    ),
    click.option(
        "--stop-last",
        type=Number(LEAST_LAST, MOST_LAST),
        default=DEFAULT_LAST,
        show_default=True,
        help="How many entities asked about count as the last ones.",
    ),
)
"""The options that say when a job stops itself; `stop_rule` reads them."""


def stop_rule(options: dict[str, Any]) -> StopRule | None:
    """Take the options of `stop_options` out of a command's, and return the rule that they make, if any."""
    last, hit_rate = options.pop("stop_last"), options.pop("stop_hit_rate_under")
    cost_per_find = options.pop("stop_cost_per_find_over_usd")
    if hit_rate is None and cost_per_find is None:
        return None
    return StopRule(last, hit_rate, micros(cost_per_find))


# Estimates


def print_estimate(estimate: Estimate, *, as_json: bool) -> None:
    """Print what a job would cost: a table of the providers it would ask, the range, and what stands in its way."""
    if as_json:
        output.print_json(EstimateSchema().dump(estimate))
        return
    output.print_table(
        ["provider", "questions", "missing input", "answered before", "at least", "at most", "found before"],
        [
            [
                step.provider,
                f"{step.questions:,}",
                f"{step.missing_input:,}",
                f"{step.answered_before:,}",
                dollars(step.low_micros),
                dollars(step.high_micros),
                "list price" if step.find_rate is None else f"{step.find_rate:.0%} of {step.answers:,}",
            ]
            for step in estimate.steps
        ],
    )
    click.echo(_price_line(estimate))
    if estimate.likely is not None:
        click.echo(_likely_line(estimate, estimate.likely))
    for cap in estimate.caps:
        output.note(_cap_line(cap))
    if estimate.warning is not None:
        output.note(estimate.warning)


def _price_line(estimate: Estimate) -> str:
    nobody = {"unknown": estimate.unknown, "excluded": estimate.excluded, "complete already": estimate.satisfied}
    left_out = ", ".join(f"{count:,} {name}" for name, count in nobody.items() if count)
    entities = output.count(estimate.total, "entity", "entities") + (f" ({left_out})" if left_out else "")
    return f"{dollars(estimate.low_micros)} to {dollars(estimate.high_micros)} for {entities}."


def _likely_line(estimate: Estimate, likely: Likely) -> str:
    low, high = dollars(round(likely.low_micros)), dollars(round(likely.high_micros))
    by_list = [step.provider for step in estimate.steps if step.purpose == "step" and step.basis == "list"]
    basis = f"; by the list price: {', '.join(by_list)}" if by_list else ""
    return f"By what was found before, {low} to {high} in nine cases of ten{basis}."


def _cap_line(cap: CapView) -> str:
    spent = f"{_cap_name(cap)}: {dollars(cap.spent_micros)} spent"
    reserved = f", {dollars(cap.reserved_micros)} reserved" if cap.reserved_micros else ""
    if cap.cap_micros is None:
        return f"{spent}{reserved}, no limit."
    return f"{spent}{reserved}, {output.money(cap.remaining_micros)} left of {dollars(cap.cap_micros)}."


def _cap_name(cap: CapView) -> str:
    if cap.scope == "job":
        return "Cap of the job"
    of_provider = output.optional("provider {}", cap.provider)
    of_workspace = output.optional("workspace {}", cap.workspace_slug)
    names = " in ".join(filter(None, (of_provider, of_workspace)))
    return f"Cap of {'the API key' if cap.key_id else names or 'everything'} today"


# Costs


@enrich.command()
@click.option(
    "--by",
    type=click.Choice([*map(str, Group)]),
    default="provider",
    show_default=True,
    help="Group costs by this.",
)
@click.option("--from", "first_day", type=Day(), help="The first day, UTC.  [30 days, the last one included]")
@click.option("--to", "last_day", type=Day(), help="The last day, UTC.  [today]")
@any_workspace_option
@json_option
def costs(by: str, first_day: date | None, last_day: date | None, workspace: str | None, as_json: bool) -> None:
    """Add up what was spent, and show what is left of today's caps."""
    report = _whole_report(Group(by), first_day, last_day, workspace)
    if as_json:
        output.print_json(CostReportSchema().dump(report))
        return
    if report.page.rows:
        table = [[row.key, *_cost_cells(row)] for row in report.page.rows]
        columns = [by, "calls", "charged", "cost", "in doubt"]
        output.print_table(columns, [*table, ["total", *_cost_cells(report.total)]])
    else:
        output.note(f"Nothing was spent from {report.first_day} to {report.last_day}.")
    for cap in report.caps:
        output.note(_cap_line(cap))


def _whole_report(group: Group, first_day: date | None, last_day: date | None, workspace: str | None) -> CostReport:
    """Return a report with the rows of all of its pages."""
    read = partial(report_costs, group, first_day=first_day, last_day=last_day, workspace_slug=workspace)
    rows: list[CostRow] = []
    cursor: str | None = None
    while True:
        report = read(limit=ROWS_A_PAGE, cursor=cursor)
        end_read()
        rows += report.page.rows
        cursor = report.page.next_cursor
        if cursor is None:
            return replace(report, page=Page(rows, None))


def _cost_cells(counts: CostCounts) -> list[str]:
    money = [dollars(counts.cost_micros), dollars(counts.in_doubt_micros)]
    return [f"{counts.calls:,}", f"{counts.charged_calls:,}", *money]


# Providers


@enrich.command()
@click.option("--reset", "reset_name", metavar="NAME", help="Reset a provider's status, so that it is asked again.")
@click.option("--workspace", type=Slug(), help="Status for this workspace, which may have its own keys.")
@json_option
def providers(reset_name: str | None, workspace: str | None, as_json: bool) -> None:
    """Show the status, limits and prices of each provider."""
    if reset_name is not None:
        view = provider_status.reset_provider(reset_name, workspace)
        end_read()
        output.print_result(ProviderSchema().dump(view), f"Provider {view.name} is {_status(view)}.", as_json=as_json)
        return
    views = provider_status.list_providers(workspace)
    end_read()
    if as_json:
        output.print_json(ProviderListSchema().dump({"providers": views}))
    elif output.is_terminal(sys.stdout):
        columns = ["provider", "status", "failures", "under way", "today"]
        output.draw_table(columns, map(_drawn_row, views))
    else:
        columns = ["provider", "account", "status", "reason", "since", "until", "failures", "under way", "spent today"]
        output.print_table([*columns, "limits", "prices"], map(_plain_row, views))


def _plain_row(view: ProviderView) -> list[object]:
    since, until = output.clock(view.since), output.clock(view.blocked_until or view.until)
    counts = [view.failures, view.calls_under_way, dollars(view.spent_today_micros)]
    about = [view.name, view.account or "service", _status(view), view.missing or view.reason]
    return [*about, since, until, *counts, view.limits, _prices(view)]


def _drawn_row(view: ProviderView) -> list[object]:
    """Return a row of few columns and several lines, so that it fits a terminal of 80 characters."""
    until = view.blocked_until or view.until
    account = output.optional("own key of {}", view.account)
    details = [view.missing or view.reason, f"until {output.clock(until)}" if until else None]
    about = output.with_details(view.name, account, *details, view.limits, _prices(view))
    counts = [f"{view.failures:,}", f"{view.calls_under_way:,}", dollars(view.spent_today_micros)]
    return [about, _status(view), *counts]


def _status(view: ProviderView) -> str:
    if view.missing is not None:
        return "not set"
    if view.condition == ProviderCondition.AVAILABLE and view.blocked_until is not None:
        return "asked to slow down"
    return view.condition.replace("_", " ")


def _prices(view: ProviderView) -> str:
    return ", ".join(f"{price.operation} ${price.usd.normalize():f}" for price in view.prices)
