"""Pilots through the service itself: real jobs of lists whose truth is hidden, a history, a sample, and the rest."""

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from flask import Flask

from app.enrichment import queue
from app.enrichment.queue import JobView
from app.enrichment.waterfall.estimates import estimate
from app.enrichment.waterfall.options import Sample
from app.enrichment.waterfall.pilots import enqueue_pilot, report_pilot
from app.providers.base import Answer
from tests.enrichment.helpers import ids
from tests.enrichment.scenes import NOT_FOUND, change, drain, paid
from tests.fakes.provider import registry_of

FINDERS = {"findymail": (0.5, 200), "prospeo": (0.35, 400), "leadmagic": (0.25, 300)}
"""How often each finds somebody, and for how many micro-dollars: so few that no cap is met."""
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


class World:
    """Finders who know, of everybody, whom they would find: a part of those that they usually do."""

    def __init__(self, app: Flask) -> None:
        self.misses: dict[str, dict[str, Answer]] = {name: {} for name in FINDERS}
        self.finders = [
            paid(name, self.misses[name], price_micros=price_micros) for name, (_, price_micros) in FINDERS.items()
        ]
        app.extensions["tranche.registry"] = replace(registry_of(*self.finders), verifiers={})

    def add(self, count: int, prefix: str, quality: float, numbers: random.Random) -> list[str]:
        """Add people, and decide by whom each would be found."""
        people = ids(count, prefix)
        change(*({"id": entity_id, "first_name": "Ada"} for entity_id in people))
        for name, (rate, _) in FINDERS.items():
            self.misses[name] |= {one: NOT_FOUND for one in people if numbers.random() >= rate * quality}
        return people

    def run(self, job_id: str) -> JobView:
        """Let a job come to its end."""
        drain(*self.finders)
        return queue.get_job(job_id)


def enqueue(people: Sequence[str]) -> str:
    return queue.enqueue_job("person", "waterfall", people, chunk_size=200)


def rate_lists(app: Flask, lists: int, count: int, quality: float) -> tuple[int, int]:
    """Return of how many lists the pilot came within 15 % of what the rest cost, and of how many it lay between."""
    world, close, held = World(app), 0, 0
    world.run(enqueue(world.add(200, "before-", 1.0, random.Random(0))))
    for seed in range(lists):
        people = world.add(count, f"{seed}-", quality, random.Random(seed + 1))
        likely = estimate("person", "waterfall", people, workspace_slug="default").likely
        assert likely is not None
        pilot = world.run(enqueue_pilot("person", "waterfall", people, Sample(50, seed)).job_id)
        projected = report_pilot(pilot.id).rest_cost
        assert projected is not None
        rest = world.run(queue.continue_pilot(pilot.id).id)
        assert rest.status == "complete" and rest.total == count - 50
        close += abs(projected.expected - rest.cost_micros) <= 0.15 * rest.cost_micros
        held += projected.low <= rest.cost_micros <= projected.high
        whole = pilot.cost_micros + rest.cost_micros
        assert likely.low_micros <= whole <= likely.high_micros, "what was likely before the pilot holds it"
    assert sum(finder.spent_micros for finder in world.finders) == sum(
        job.cost_micros for job in queue.list_jobs().rows
    )
    return close, held


@on_sqlite
def test_a_pilot_and_its_rest_cost_what_the_estimate_held(context: Flask) -> None:
    """One short list, to its end; the books are the providers' own."""
    rate_lists(context, 1, 120, quality=1.0)


@pytest.mark.slow
@on_sqlite
@pytest.mark.parametrize(("quality", "close"), [(1.0, 8), (0.7, 6)])
def test_most_pilots_come_close(context: Flask, quality: float, close: int) -> None:
    """Of ten lists of two thousand."""
    found = rate_lists(context, 10, 2000, quality)
    print(f"{quality} of the usual rate: {found[0]} of 10 within 15 %, {found[1]} within the interval")
    assert found[0] >= close and found[1] >= 7
