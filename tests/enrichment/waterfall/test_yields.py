"""What providers gave for their money, compared with a waterfall of twenty people that was reckoned by hand."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from app.db.session import transaction
from app.enrichment import queue
from app.enrichment.money.yields import percentile
from app.enrichment.waterfall import list_yields
from app.enrichment.waterfall.work_loop import Waterfall
from app.entities.lists import NewList, create_list
from app.models.spending import costs
from app.providers.base import Answer, OutcomeClass
from app.providers.registry import Registry
from tests.enrichment.scenes import AWAY, NOT_FOUND, add, change, drain, enqueue, paid, verdict
from tests.fakes.provider import FakeProvider
from tests.web.conftest import client_with, make_key

YIELD = "/api/enrichment/yield"
CHARGED_MISS = Answer(OutcomeClass.NOT_FOUND, cost_micros=30_000)
TITLE = Answer(OutcomeClass.SUCCESS, fields={"job_title": "CEO"})
FIGURES = ("calls", "answers", "finds", "rejected", "overlaps", "findRate", "conditionalFindRate", "costUsd")


class Verdicts(dict[str, Any]):
    """A verifier's answers in the order in which they are given, for people who have several addresses."""

    def get(self, key: str, default: Any = None) -> Any:
        """Take the next answer about somebody; the last one stays."""
        answers = super().get(key, [default])
        return answers.pop(0) if len(answers) > 1 else answers[0]


def people(*numbers: int) -> list[str]:
    """Return the ids of people by their numbers."""
    return [f"p{number}" for number in numbers]


def addresses(name: str) -> dict[str, Answer]:
    """Return what a provider says of twenty people if it has an address of everybody, another one than the others."""
    return {
        one: Answer(OutcomeClass.SUCCESS, fields={"email": f"{one}@{name}.example", "email_status": "unknown"})
        for one in people(*range(20))
    }


def twenty() -> tuple[list[FakeProvider], FakeProvider]:
    """Return three finders and a verifier, and what each says of twenty people."""
    misses = dict.fromkeys(people(*range(8, 18)), NOT_FOUND)
    findymail = paid("findymail", {**addresses("a"), **misses, "p18": AWAY}, needs="linkedin_url")
    misses = dict.fromkeys(people(7, *range(13, 18), 19), CHARGED_MISS)
    answers = {**addresses("b"), **misses, "p12": TITLE}
    prospeo = paid("prospeo", answers, price_micros=30_000, charges_misses=True)
    misses = dict.fromkeys(people(7, *range(14, 18), 19), NOT_FOUND)
    leadmagic = paid("leadmagic", {**addresses("c"), **misses}, price_micros=50_000)
    verdicts = Verdicts({"p6": [verdict("invalid"), verdict("valid")], "p7": [verdict("invalid")]})
    verifier = paid("leadmagic-verify", verdicts, price_micros=5_000, default=verdict("valid"))
    return [findymail, prospeo, leadmagic], verifier


def run_twenty() -> str:
    """Enrich twenty people, of whom one lacks what the first provider needs; return the job's id."""
    add(19, linkedin_url="https://www.linkedin.com/in/ada")
    change({"id": "p19", "first_name": "Ada"})
    providers, verifier = twenty()
    order = [provider.name for provider in providers]
    job_id = enqueue(20, order=order, until=["email"], verifier="leadmagic", chunk_size=5)
    registry = Registry({provider.name: provider for provider in providers}, {"leadmagic": verifier})
    queue.drain(work=Waterfall(registry, retry_seconds=()))
    return job_id


def told(figures: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the figures that do not depend on the clock."""
    return tuple(figures[name] for name in FIGURES)


# findymail: 19 asked (p19 has no page), 18 answered (p18 was cut off), p0-p7 found, p6 and p7 rejected.
# prospeo: p6-p19; finds p6 and p8-p11 in turn, and p18, behind a failure; a title of p12; p6 overlaps.
# leadmagic: p7, p12-p17, p19; finds p12, which overlaps, and p13; all in turn but p19.
BY_HAND = {
    "findymail": (19, 18, 8, 2, 0, 0.4444, 0.4444, 0.16),
    "prospeo": (14, 14, 6, 0, 1, 0.4286, 0.4167, 0.42),
    "leadmagic": (8, 8, 2, 0, 1, 0.25, 0.2857, 0.1),
    "leadmagic-verify": (16, 16, 0, 0, 0, None, None, 0.08),
}
VALUE_COSTS = {"findymail": 0.026667, "prospeo": 0.07, "leadmagic": 0.05, "leadmagic-verify": None}


def test_the_yield_of_twenty_people_is_as_reckoned_by_hand(app: Flask) -> None:
    """Of the job, of its workspace and of the day the same, by HTTP and by command; nothing of it is elsewhere's."""
    with app.app_context():
        job_id = run_twenty()
    reader, stranger = (client_with(app, make_key(app, "read", workspace_slug=slug)) for slug in ("default", "north"))
    body = reader.get(f"{YIELD}?jobId={job_id}").get_json()
    assert {row["provider"]: told(row["figures"]) for row in body["rows"]} == BY_HAND
    assert {row["provider"]: row["figures"]["valueCostUsd"] for row in body["rows"]} == VALUE_COSTS
    steps = {row["provider"]: [step["step"] for step in row["steps"]] for row in body["rows"]}
    assert steps == {"findymail": [1], "prospeo": [2], "leadmagic": [3], "leadmagic-verify": [None]}
    assert all(row["steps"][0]["figures"] == row["figures"] for row in body["rows"])
    assert all(0 < row["figures"]["p50Seconds"] <= row["figures"]["p95Seconds"] for row in body["rows"])
    total = body["total"]
    assert (total["calls"], total["finds"], total["costUsd"]) == (57, 16, 0.76)
    assert (body["jobId"], body["from"], body["callsNotCounted"]) == (job_id, None, 0)
    over_days = reader.get(YIELD).get_json()
    assert (over_days["rows"], over_days["total"]) == (body["rows"], total) and over_days["from"] < over_days["to"]
    assert stranger.get(YIELD).get_json()["rows"] == []
    assert stranger.get(f"{YIELD}?jobId={job_id}").status_code == 404
    run = app.test_cli_runner().invoke
    assert json.loads(run(args=["enrich", "yield", "--job", job_id, "--json"]).stdout) == body
    assert json.loads(run(args=["enrich", "yield", "--json"]).stdout) == over_days
    table = run(args=["enrich", "yield"]).stdout
    assert "44.4%" in table and "$0.026667" in table
    assert "Nobody was called" in run(args=["enrich", "yield", "--workspace", "north"]).stderr


def test_the_yield_of_a_list_is_told_from_the_attempts_of_its_members(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of all twenty as the books have it, page by page; of some of them theirs; of others nothing, nor elsewhere."""
    monkeypatch.setattr(list_yields, "PAGE_ENTITIES", 7)
    with app.app_context():
        job_id = run_twenty()
        ids = {"all": people(*range(20)), "some": people(6, 7, 12), "none": []}
        made = {name: create_list(NewList("person", "default", name, "test"), of)[0] for name, of in ids.items()}
    reader, stranger = (client_with(app, make_key(app, "read", workspace_slug=slug)) for slug in ("default", "north"))
    body = reader.get(f"{YIELD}?list={made['all'].id}").get_json()
    of_job = reader.get(f"{YIELD}?jobId={job_id}").get_json()
    assert (body["rows"], body["total"]) == (of_job["rows"], of_job["total"])
    assert (body["listId"], body["entities"], body["ofEntities"]) == (made["all"].id, 20, 20)
    some = reader.get(f"{YIELD}?list=some").get_json()
    figures = {row["provider"]: told(row["figures"])[:5] for row in some["rows"]}
    # findymail: p6 and p7, both rejected, and p12. prospeo: p6, an overlap, p7, and a title of p12. leadmagic: p7, p12.
    assert figures == {
        "findymail": (3, 3, 2, 2, 0),
        "prospeo": (3, 3, 1, 0, 1),
        "leadmagic": (2, 2, 1, 0, 1),
        "leadmagic-verify": (4, 4, 0, 0, 0),
    }
    run = app.test_cli_runner().invoke
    assert json.loads(run(args=["enrich", "yield", "--list", "some", "--json"]).stdout) == some
    assert "Nobody has been called for the list" in run(args=["enrich", "yield", "--list", "none"]).stderr
    monkeypatch.setattr(list_yields, "MOST_ENTITIES", 2)
    assert "first 2 of 20 members" in run(args=["enrich", "yield", "--list", "all"]).stderr
    for name in ("all", made["all"].id):
        assert stranger.get(f"{YIELD}?list={name}").status_code == 404
    assert reader.get(f"{YIELD}?list=all&from=2026-01-01").status_code == 422
    assert reader.get(f"{YIELD}?list=all&jobId={job_id}").status_code == 422


def test_calls_of_an_older_release_are_in_no_figure(context: Flask) -> None:
    """They say how many they are."""
    add(1)
    job_id = enqueue()
    drain(paid())
    with transaction() as session:
        session.execute(update(costs).values(counts_answers=False))
    result = context.test_cli_runner().invoke(args=["enrich", "yield", "--job", job_id])
    assert "Not in it: 1 call of an older release" in result.stderr and result.stdout == ""


def test_days_go_with_no_job(app: Flask) -> None:
    """A job's figures are those of all its days."""
    reader = client_with(app, make_key(app, "read"))
    query = f"jobId={'0' * 8}-0000-7000-8000-{'0' * 12}"
    assert reader.get(f"{YIELD}?{query}&from=2026-01-01").status_code == 422
    assert reader.get(f"{YIELD}?{query}").status_code == 404
    assert app.test_cli_runner().invoke(args=["enrich", "yield", "--job", "x", "--to", "2026-01-01"]).exit_code == 2


@pytest.mark.parametrize(
    ("latencies", "share", "seconds"),
    [
        ((0,) * 8, 0.5, None),
        ((10, 0, 0, 0, 0, 0, 0, 0), 0.5, 0.05),
        ((10, 10, 0, 0, 0, 0, 0, 0), 0.5, 0.1),
        ((0, 4, 0, 0, 0, 16, 0, 0), 0.5, 3.438),
        ((1, 0, 0, 0, 0, 0, 0, 19), 0.95, 15.0),
    ],
)
def test_a_percentile_is_read_off_the_ranges(latencies: tuple[int, ...], share: float, seconds: float | None) -> None:
    """As if the answers of a range were spread evenly over it."""
    assert percentile(latencies, share) == seconds
