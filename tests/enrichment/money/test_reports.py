"""What was spent, what is left of the day's caps, and how the providers stand."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert

from app.db.session import transaction
from app.enrichment import queue
from app.enrichment.money.reports import CostCounts, Group, daily_caps, dollars, parse_day, report_costs, today
from app.enrichment.waterfall.provider_status import list_providers
from app.enrichment.waterfall.work_loop import Waterfall
from app.entities.upsert import upsert_entities
from app.errors import Invalid
from app.models.spending import costs, spending
from app.models.types import new_id
from tests.fakes.provider import FakeProvider, registry_of

CENT = 10_000
ANN, BO = new_id(), new_id()
"""Two jobs, the older one first."""


def spend(job_id: str, provider: str, days_ago: int, cost: int, *, workspace: str = "default", doubt: int = 0) -> None:
    row = {"job_id": job_id, "provider": provider, "workspace_slug": workspace, "calls": 3, "charged_calls": 2}
    row |= {"day": today() - timedelta(days=days_ago), "cost_micros": cost, "in_doubt_micros": doubt}
    with transaction() as session:
        session.execute(insert(costs).values(row))


@pytest.fixture
def spent(context: Flask) -> None:
    """Costs of two jobs in two workspaces on three days."""
    spend(ANN, "findymail", 0, 2 * CENT)
    spend(ANN, "prospeo", 0, 5 * CENT, doubt=CENT)
    spend(ANN, "findymail", 29, 3 * CENT)
    spend(BO, "findymail", 0, 7 * CENT, workspace="north")
    spend(BO, "prospeo", 30, 90 * CENT, workspace="north")


def rows_of(group: Group, **options: Any) -> list[tuple[str, int]]:
    return [(row.key, row.cost_micros) for row in report_costs(group, **options).page.rows]


def day(days_ago: int) -> str:
    return (today() - timedelta(days=days_ago)).isoformat()


@pytest.mark.usefixtures("spent")
def test_costs_are_added_up_by_each_group() -> None:
    """Of the last 30 days, today included; names in their order, days and jobs newest first."""
    assert rows_of(Group.PROVIDER) == [("findymail", 12 * CENT), ("prospeo", 5 * CENT)]
    assert rows_of(Group.WORKSPACE) == [("default", 10 * CENT), ("north", 7 * CENT)]
    assert rows_of(Group.DAY) == [(day(0), 14 * CENT), (day(29), 3 * CENT)]
    assert dict(rows_of(Group.JOB)) == {ANN: 10 * CENT, BO: 7 * CENT}
    report = report_costs(Group.PROVIDER)
    assert report.total == CostCounts(12, 8, 17 * CENT, CENT)
    assert (report.first_day, report.last_day) == (today() - timedelta(days=29), today())


@pytest.mark.usefixtures("spent")
def test_costs_are_those_of_the_days_and_the_workspace() -> None:
    """Both days count; a workspace's total has nothing of the others."""
    past = today() - timedelta(days=30)
    assert rows_of(Group.PROVIDER, first_day=past, last_day=past) == [("prospeo", 90 * CENT)]
    assert rows_of(Group.PROVIDER, first_day=past, workspace_slug="north") == [
        ("findymail", 7 * CENT),
        ("prospeo", 90 * CENT),
    ]
    assert report_costs(Group.DAY, workspace_slug="north").total.cost_micros == 7 * CENT


def test_nothing_spent_is_a_report_of_zeros(context: Flask) -> None:
    """A sum of no rows is 0."""
    report = report_costs(Group.JOB, first_day=date(1, 1, 1), last_day=date(1, 1, 1))
    assert (report.page.rows, report.total) == ([], CostCounts(0, 0, 0, 0))
    assert report_costs(last_day=date(1, 1, 5)).first_day == date(1, 1, 1)


@pytest.mark.usefixtures("spent")
@pytest.mark.parametrize("group", list(Group))
def test_pages_of_costs_join_up(group: Group) -> None:
    """Each page goes on where the one before ended, and has the total of all."""
    whole = report_costs(group)
    first = report_costs(group, limit=1)
    assert first.total == whole.total
    assert first.page.next_cursor is not None
    second = report_costs(group, limit=1, cursor=first.page.next_cursor)
    assert first.page.rows + second.page.rows == whole.page.rows
    assert second.page.next_cursor is None


@pytest.mark.parametrize(
    ("group", "cursor"),
    [(Group.JOB, "x"), (Group.DAY, "20261130"), (Group.PROVIDER, "Two Words"), (Group.WORKSPACE, "")],
)
def test_a_cursor_of_no_page_is_refused(context: Flask, group: Group, cursor: str) -> None:
    """It is told as a mistake in the request."""
    with pytest.raises(Invalid, match="cursor"):
        report_costs(group, cursor=cursor)


def test_days_in_the_wrong_order_are_refused(context: Flask) -> None:
    """An empty report would look like an answer."""
    with pytest.raises(Invalid, match="not after the last one"):
        report_costs(first_day=date(2026, 2, 2), last_day=date(2026, 2, 1))


def test_what_a_job_spends_is_reported(context: Flask) -> None:
    """The report, the caps and the job say the same."""
    context.extensions["tranche.registry"] = registry_of(FakeProvider(name="findymail", price_micros=CENT))
    with transaction() as session:
        people = [{"id": one, "first_name": "Ann"} for one in ("a", "b")]
        upsert_entities("person", people, workspace_slug="north", session=session)
    job_id = queue.enqueue_job("person", "findymail", ["a", "b"], workspace_slug="north")
    queue.drain(work=Waterfall())
    assert rows_of(Group.JOB) == [(job_id, queue.get_job(job_id).cost_micros)] == [(job_id, 2 * CENT)]
    assert [(cap.scope, cap.spent_micros, cap.reserved_micros) for cap in daily_caps()] == [
        ("overall", 2 * CENT, 0),
        ("workspace", 2 * CENT, 0),
    ]
    assert list_providers()[0].spent_today_micros == 2 * CENT
    assert list_providers("south")[0].spent_today_micros == 0


def test_caps_of_today_say_what_is_left(make_app: Any) -> None:
    """Yesterday's spending and other workspaces are not in it; what is past the cap leaves nothing."""
    app = make_app(ENRICH_DAILY_CAP_USD=Decimal(1), ENRICH_WORKSPACE_DAILY_CAP_USD=None)
    with app.app_context():
        rows = [("overall", 0, 700_000, 200_000), ("overall", 1, 5, 5), ("workspace:north", 0, 2_000_000, 0)]
        with transaction() as session:
            for scope, days_ago, spent_micros, reserved in rows:
                row = {"scope": scope, "spent_micros": spent_micros, "reserved_micros": reserved}
                session.execute(insert(spending).values(**row, day=today() - timedelta(days=days_ago)))
        overall, north = daily_caps()
        assert (overall.cap_micros, overall.remaining_micros) == (1_000_000, 100_000)
        assert (north.workspace_slug, north.cap_micros, north.remaining_micros) == ("north", None, None)
        (south,) = daily_caps("south", shows_overall=False)
        assert (south.workspace_slug, south.spent_micros) == ("south", 0)
        assert replace(north, cap_micros=CENT).remaining_micros == 0


@pytest.mark.parametrize(
    ("micros", "text"),
    [(0, "$0.00"), (1, "$0.000001"), (4_500, "$0.0045"), (20_000, "$0.02"), (1_250_000_000, "$1,250.00")],
)
def test_dollars_show_the_parts_of_a_cent_that_are_there(micros: int, text: str) -> None:
    """Prices are far below a cent, sums are not."""
    assert dollars(micros) == text


@pytest.mark.parametrize("text", ["2026-13-01", "20261130", "2026-W48-1", "2026-11-30T00:00", " 2026-11-30", ""])
def test_a_day_has_one_spelling(text: str) -> None:
    """Python reads more than that."""
    assert parse_day(text) is None
    assert parse_day("2026-11-30") == date(2026, 11, 30)
