"""What a sample says of all: about as much, in a range that holds it, and the same each time."""

import random

import pytest
from flask import Flask

from app.enrichment import queue
from app.enrichment.waterfall import pilots
from app.enrichment.waterfall.estimates import estimate
from app.enrichment.waterfall.options import Sample
from app.enrichment.waterfall.pilots import enqueue_pilot, estimate_rest
from app.enrichment.waterfall.scaling import Scale, choose
from app.enrichment.waterfall.survey import Outlook, StepEstimate
from app.enrichment.waterfall.work_loop import Waterfall
from tests.enrichment.helpers import ids
from tests.enrichment.scenes import add, change, paid
from tests.fakes.provider import registry_of

DEAREST = 60_000


def scaled(costs: list[int], sample: int) -> tuple[int, int]:
    """Return what a sample says that all cost at least and at most."""
    outlooks = [Outlook(str(cost), low_micros=cost // 3, high_micros=cost) for cost in choose(costs, sample)]
    low, high = (sum(getattr(one, name) for one in outlooks) for name in ("low_micros", "high_micros"))
    scale = Scale.of(outlooks, len(costs), DEAREST)
    (step,) = scale.steps([StepEstimate("findymail", "step", len(outlooks), low_micros=low, high_micros=high)])
    assert step.questions == len(costs)
    return step.low_micros, step.high_micros


@pytest.mark.parametrize("share", [0.0, 0.005, 0.02, 0.3, 0.9, 1.0])
def test_the_range_holds_what_all_cost(share: float) -> None:
    """Of lists of which few or many are dear, in blocks or mixed, also if nobody in the sample costs anything."""
    numbers = random.Random(7)
    for _ in range(40):
        costs = [
            DEAREST if numbers.random() < share else numbers.choice([0, 20_000]) * (share > 0.1) for _ in range(2000)
        ]
        for ordered in (costs, sorted(costs)):
            low, high = scaled(ordered, 100)
            assert low <= sum(cost // 3 for cost in costs) and sum(costs) <= high
            assert high <= max(1.8 * sum(costs), 0.15 * DEAREST * len(costs))


def test_a_rest_and_a_long_list_are_estimated_from_a_sample(context: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only if a bound is given; twice the same; excluding none of what a whole estimate says."""
    context.extensions["tranche.registry"] = registry_of(paid())
    add(90)
    for entity_id in ids(90)[::3]:
        change({"id": entity_id, "email": f"{entity_id}@example.com", "email_status": "valid"})
    about = {"workspace_slug": "default"}
    whole, some = (estimate("person", "waterfall", ids(90), **about, most=most) for most in (None, 30))
    assert (whole.total, whole.sampled, some.total, some.sampled) == (90, None, 90, 30)
    assert some == estimate("person", "waterfall", ids(90), **about, most=30)
    assert some.low_micros <= whole.low_micros <= whole.high_micros <= some.high_micros < 1.6 * whole.high_micros
    assert abs(some.satisfied - whole.satisfied) <= 15
    monkeypatch.setattr(pilots, "SLICE_ROWS", 10)
    job_id = enqueue_pilot("person", "waterfall", ids(90), Sample(10)).job_id
    queue.drain(work=Waterfall(retry_seconds=()))
    whole, some = estimate_rest(job_id), estimate_rest(job_id, most=30)
    assert (whole.total, whole.sampled, some.total, some.sampled) == (80, None, 80, 30)
    assert some.low_micros <= whole.low_micros <= whole.high_micros <= some.high_micros
    assert estimate_rest(job_id, most=80) == whole
