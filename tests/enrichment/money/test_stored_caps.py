"""Caps that are set by hand: of a provider, a workspace, a provider in a workspace, and an API key."""

from decimal import Decimal
from typing import Any

import pytest
from flask import Flask

from app.enrichment import queue
from app.enrichment.money.scopes import CapScope
from app.enrichment.money.stored_caps import list_caps, remove_cap, set_cap
from app.enrichment.waterfall.estimates import estimate
from app.enrichment.waterfall.work_loop import Waterfall
from app.errors import Invalid, NotFound
from app.models.types import new_id
from app.providers.registry import Registry
from app.web import api_keys
from tests.enrichment.helpers import expire_leases
from tests.enrichment.scenes import EMAIL, NOT_FOUND, PRICE, add, drain, enqueue, paid, reserved, spent, verdict
from tests.fakes.provider import registry_of
from tests.invariants import check_invariants

END = "is reached; there is room again at midnight UTC."


def cap(scope: CapScope, micros: int) -> None:
    set_cap(scope, Decimal(micros) / 1_000_000, set_by="test")


@pytest.mark.parametrize(
    ("scope", "whose"),
    [
        (CapScope(provider="findymail"), "The daily cap of $0.06 for provider findymail"),
        (CapScope("north", "findymail"), "The workspace's daily cap of $0.06 for provider findymail"),
        (CapScope("north"), "The workspace's daily cap of $0.06"),
    ],
)
def test_a_cap_stops_what_falls_under_it_and_nothing_else(context: Flask, scope: CapScope, whose: str) -> None:
    """The job waits until midnight and says which cap it is; other providers and workspaces go on."""
    for slug in ("north", "south"):
        add(8, workspace_slug=slug)
    cap(scope, 3 * PRICE)
    findymail, prospeo = paid(), paid("prospeo")
    there = enqueue(5, "findymail", workspace_slug="north")
    drain(findymail, prospeo)
    view = queue.get_job(there)
    assert (view.status, view.success, view.pause_reason) == ("paused", 3, f"{whose} {END}")
    assert view.resume_at is not None and not view.paused_manually
    assert (spent(str(scope)), reserved(str(scope))) == (3 * PRICE, 0)
    here = enqueue(2, "findymail", workspace_slug="south")
    other = enqueue(2, "prospeo", workspace_slug="north")
    drain(findymail, prospeo)
    is_of_all, is_of_provider = scope.workspace_slug is None, scope.provider is not None
    assert queue.get_job(here).success == (0 if is_of_all else 2)
    assert queue.get_job(other).success == (2 if is_of_provider else 0)
    check_invariants()
    remove_cap(scope)
    for job_id in (there, here, other):
        if queue.get_job(job_id).status == "paused":
            queue.resume(job_id)
    expire_leases()
    drain(findymail, prospeo)
    assert [queue.get_job(job_id).success for job_id in (there, here, other)] == [5, 2, 2]
    check_invariants(drained=True)


def test_a_cap_counts_what_was_spent_before_it_was_set(context: Flask) -> None:
    """Of the same day, by its verifier too; a higher one lets the rest through."""
    add(6)
    finder = paid("leadmagic", default=EMAIL)
    verifier = paid("leadmagic-verify", default=verdict("valid"))
    enqueue(2, order=["leadmagic"], verifier="leadmagic")
    queue.drain(work=Waterfall(Registry({"leadmagic": finder}, {"leadmagic": verifier})))
    # Both have the same address, which is verified once.
    assert spent("provider:leadmagic") == spent("provider:leadmagic@default") == 3 * PRICE
    scope = CapScope(provider="leadmagic")
    cap(scope, 5 * PRICE)
    job_id = enqueue(6, order=["leadmagic"])
    drain(finder)
    assert queue.get_job(job_id).pause_reason == f"The daily cap of $0.10 for provider leadmagic {END}"
    assert spent(str(scope)) == 5 * PRICE
    check_invariants()


def test_a_job_falls_under_the_cap_of_the_key_that_made_it(context: Flask) -> None:
    """A retry under that of the key which retries; what no key made under none."""
    key, _ = api_keys.create_key("maker", ["write"])
    scope = CapScope(key_id=key.id)
    cap(scope, 2 * PRICE)
    add(4)
    provider = paid(default=EMAIL)
    jobs = [
        queue.accept_job("person", "findymail", ids, api_key_id=maker).job_id
        for ids, maker in ((["p0", "p1", "p2"], key.id), (["p3"], None))
    ]
    drain(provider)
    first, second = map(queue.get_job, jobs)
    assert (first.success, second.success) == (2, 1)
    assert first.pause_reason == f"The daily cap of $0.04 of the API key that made the job {END}"
    assert spent(str(scope)) == 2 * PRICE
    check_invariants()


def test_a_cap_of_less_than_a_cent_is_told_as_it_is(context: Flask) -> None:
    """It is no cap of $0.00."""
    add(1)
    cap(CapScope("default"), 4_500)
    job_id = enqueue(1, "findymail")
    drain(paid())
    assert queue.get_job(job_id).pause_reason == f"The workspace's daily cap of $0.0045 {END}"


def test_each_of_several_providers_keeps_its_own_cap(context: Flask) -> None:
    """In one waterfall, at one price or another, to the micro-dollar."""
    add(6)
    cap(CapScope("default", "prospeo"), 2 * 39_000)
    first, second = paid(default=NOT_FOUND), paid("prospeo", price_micros=39_000)
    job_id = enqueue(6, order=["findymail", "prospeo"])
    drain(first, second)
    assert (second.spent_micros, spent("provider:prospeo@default"), spent("provider:findymail")) == (78_000, 78_000, 0)
    assert queue.get_job(job_id).status == "paused"
    check_invariants()


def test_an_estimate_names_the_cap_that_would_stop_the_job(context: Flask) -> None:
    """By what falls under it alone; a caller of one workspace is not told those of everything."""
    key, _ = api_keys.create_key("maker", ["write"])
    add(4)
    context.extensions["tranche.registry"] = registry_of(paid(), paid("prospeo", price_micros=10 * PRICE))

    def told(provider: str, **options: Any) -> str:
        return str(estimate("person", provider, ["p0", "p1"], workspace_slug="default", **options).warning)

    cap(CapScope(provider="findymail"), PRICE)
    assert told("findymail").startswith(
        "The job may cost more than the daily cap for provider findymail leaves: $0.02 of $0.02. It would be paused"
        " there until the next day (UTC)."
    )
    assert told("findymail", shows_overall=False) == told("prospeo") == "None"
    cap(CapScope("default", "prospeo"), PRICE)
    assert "the workspace's daily cap for provider prospeo leaves" in told("prospeo", shows_overall=False)
    cap(CapScope(key_id=key.id), 0)
    assert "the API key's daily cap leaves" in told("findymail", shows_overall=False, api_key_id=key.id)


def test_caps_are_listed_with_what_is_left_and_refused_for_nothing(context: Flask) -> None:
    """Page by page, by scope."""
    key, _ = api_keys.create_key("maker", ["write"])
    scopes = [CapScope(key_id=key.id), CapScope(provider="clay"), CapScope("north", "clay"), CapScope("north")]
    for scope in scopes:
        cap(scope, PRICE)
    page = list_caps(limit=3)
    rest = list_caps(cursor=page.next_cursor)
    assert {view.of for view in page.rows + rest.rows} == set(scopes) and len(rest.rows) == 1
    assert {view.cap.remaining_micros for view in page.rows} == {PRICE}
    for scope in (CapScope(), CapScope("north", key_id=key.id), CapScope(provider="nobody"), CapScope("No Slug")):
        with pytest.raises(Invalid):
            cap(scope, PRICE)
    for amount in (-1, 1_000_001 * 1_000_000):
        with pytest.raises(Invalid, match="cap is not valid"):
            cap(CapScope("north"), amount)
    with pytest.raises(NotFound, match="no such key"):
        cap(CapScope(key_id=new_id()), PRICE)
    remove_cap(scopes[0])
    with pytest.raises(NotFound, match="no such cap"):
        remove_cap(scopes[0])
