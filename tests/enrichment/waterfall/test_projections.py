"""What a sample says of its list: drawn of each kind, spread, and right about as often as it claims to be."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest

from app.enrichment.money.history import History, Leg, look_ahead
from app.enrichment.waterfall.entity_run import Plan
from app.enrichment.waterfall.expectations import Outlooks
from app.enrichment.waterfall.projections import Projection, Sampled, project
from app.enrichment.waterfall.sampling import Census, Draw
from app.enrichment.waterfall.survey import Outlook

CENT = 10_000
Truth = tuple[Outlook, int, bool]
"""What is known of an entity, and what it will cost, and whether it will be found."""


def outlook(*route: str, inputs: tuple[str, ...] = (), high: int = 0, low: int = 0) -> Outlook:
    return Outlook("x", route, inputs, low, high)


def draw(outlooks: Sequence[Outlook], size: int, seed: int = 0) -> Draw:
    census = Census()
    for one in outlooks:
        census.add(one)
    return census.draw(size, seed)


PRICES = {"findymail": 2 * CENT, "prospeo": 4 * CENT, "leadmagic": 3 * CENT}
USUAL = {"findymail": 0.5, "prospeo": 0.35, "leadmagic": 0.25}
HISTORIES = {name: History(500, USUAL[name] * PRICES[name], USUAL[name]) for name in PRICES}
ROUTES = {tuple(PRICES): 0.75, ("prospeo", "leadmagic"): 0.15, (): 0.1}
PROSPECTS = {route: look_ahead([Leg(HISTORIES[name], False) for name in route]) for route in ROUTES if route}


def make_usual_list(numbers: random.Random, count: int, quality: float) -> list[Truth]:
    """Make a list of people of whom so many times as many are found as usual, those with a profile more often."""
    truths: list[Truth] = []
    for route in numbers.choices(list(ROUTES), list(ROUTES.values()), k=count):
        is_linked = numbers.random() < 0.6
        known = outlook(*route, high=sum(PRICES[name] for name in route))
        if route:
            known.inputs, known.prospect = ("linkedin_url" if is_linked else "full_name",), PROSPECTS[route]
        factor = quality * (1.15 if is_linked else 0.78)
        finder = next((name for name in route if numbers.random() < USUAL[name] * factor), None)
        truths.append((known, PRICES.get(finder or "", 0), finder is not None))
    return truths


def rate_pilots(seeds: int, count: int, size: int, quality: float) -> tuple[int, int]:
    """Return of how many pilots the projection is within 15 % of the truth, and of how many its interval holds it."""
    close = held = 0
    for seed in range(seeds):
        projection, cost, _ = pilot(make_usual_list(random.Random(seed), count, quality), size, seed)
        assert projection is not None
        close += abs(projection.cost_micros.expected - cost) <= 0.15 * cost
        held += projection.cost_micros.low <= cost <= projection.cost_micros.high
    return close, held


def pilot(truths: Sequence[Truth], size: int, seed: int = 0) -> tuple[Projection | None, int, int]:
    """Draw a sample and return what it says of the rest, and what the rest costs and finds."""
    drawn = draw([truth[0] for truth in truths], size, seed)
    sampled = []
    for position, stratum in drawn.chosen.items():
        known, cost, is_hit = truths[position]
        drawn.strata[stratum].take_out(known)
        sampled.append(Sampled(stratum, known.low_micros, known.high_micros, cost, is_hit))
    rest = [truth for position, truth in enumerate(truths) if position not in drawn.chosen]
    return project(drawn.strata, sampled), sum(truth[1] for truth in rest), sum(truth[2] for truth in rest)


def make_list(numbers: random.Random, count: int) -> list[Truth]:
    """Make a list with two prices, two kinds of input and some who cost nothing."""
    truths: list[Truth] = []
    for _ in range(count):
        is_linked, is_hit = numbers.random() < 0.6, False
        route = ("findymail", "prospeo") if numbers.random() < 0.8 else ("prospeo",)
        if numbers.random() < 0.1:
            truths.append((outlook(), 0, False))
            continue
        cost = 0
        for name in route:
            if not is_hit and numbers.random() < (0.6 if is_linked else 0.4):
                cost, is_hit = {"findymail": 2 * CENT, "prospeo": 4 * CENT}[name], True
        high = sum({"findymail": 2 * CENT, "prospeo": 4 * CENT}[name] for name in route)
        truths.append(
            (outlook(*route, inputs=("linkedin_url",) if is_linked else ("full_name",), high=high), cost, is_hit)
        )
    return truths


def test_a_sample_has_some_of_each_kind_and_is_spread_over_the_list() -> None:
    """One of each tenth part; who costs nothing for certain is left out, and the seed decides."""
    outlooks = [outlook("a", high=CENT), outlook("b", high=CENT), outlook()] * 100
    drawn = draw(outlooks, 20)
    assert sorted(stratum.count for stratum in drawn.strata) == [100, 100]
    places = {number: [at // 3 for at, one in drawn.chosen.items() if one == number] for number in (0, 1)}
    for of_kind in places.values():
        assert [place // 10 for place in of_kind] == list(range(10))
    assert draw(outlooks, 20).chosen == drawn.chosen != draw(outlooks, 20, seed=1).chosen


def test_rare_kinds_are_taken_together() -> None:
    """A kind of which the sample would have one entity says nothing of itself."""
    rare = [outlook("a", inputs=(name,), high=CENT) for name in "klmnop"]
    drawn = draw([*[outlook("b", high=CENT)] * 94, *rare], 20)
    assert sorted((stratum.route, stratum.count) for stratum in drawn.strata) == [(("a",), 6), (("b",), 94)]


def test_a_small_list_is_taken_whole() -> None:
    """Also one in which nobody would ask anybody."""
    assert len(draw([outlook()] * 3, 50).chosen) == 3
    assert len(draw([outlook("a", high=CENT)] * 3, 50).chosen) == 3


def test_what_is_certain_is_not_estimated() -> None:
    """A price that is charged anyway makes an interval of no width."""
    projection, cost, _ = pilot([(outlook("clay", low=CENT, high=CENT), CENT, False)] * 500, 25)
    assert projection is not None
    found = projection.cost_micros
    assert (found.expected, found.low, found.high) == (cost, cost, cost)
    assert projection.hits.low == 0 < projection.hits.high, "nobody was found, but who knows"
    assert projection.cost_per_hit_micros is None


def test_too_few_decided_entities_say_nothing() -> None:
    """Nineteen are not enough."""
    truths = make_list(random.Random(1), 200)
    assert pilot(truths, 19)[0] is None
    assert pilot(truths, 20)[0] is not None


def test_intervals_hold_what_comes_about_as_often_as_they_say() -> None:
    """Of 40 samples of 50 from lists of which the truth is hidden; nine of ten is what they claim."""
    held_costs = held_hits = 0
    for seed in range(40):
        projection, cost, hits = pilot(make_list(random.Random(seed), 1000), 50, seed)
        assert projection is not None
        held_costs += projection.cost_micros.low <= cost <= projection.cost_micros.high
        held_hits += projection.hits.low <= hits <= projection.hits.high
    assert held_costs >= 32 and held_hits >= 32, (held_costs, held_hits)


def test_a_way_comes_to_what_its_providers_gave_before() -> None:
    """Mean, variance and hits, against the sum over all that may happen: a rejected find is paid and not the end."""
    first, second = History(90, 2.0, 0.5, rejected_rate=0.2), History(90, 3.0, 0.25)
    prospect = look_ahead([Leg(first, False, verdict_micros=1.0), Leg(second, True, verdict_micros=1.0)])
    ways = [(0.4, 5.0, True)]
    for share, cost in ((0.1, 5.0), (0.5, 0.0)):
        ways += [(share * 0.25, cost + 4, True), (share * 0.75, cost + 3, False)]
    mean = sum(share * cost for share, cost, _ in ways)
    assert prospect.cost_micros == pytest.approx(mean)
    assert prospect.cost_variance == pytest.approx(sum(share * (cost - mean) ** 2 for share, cost, _ in ways))
    assert prospect.hit_rate == pytest.approx(sum(share for share, _, is_hit in ways if is_hit))


def test_history_brings_a_projection_nearer_and_does_not_outweigh_the_sample() -> None:
    """Of lists of the usual kind; one of another kind is told by its sample."""
    errors = {True: 0.0, False: 0.0}
    for seed in range(20):
        truths = make_usual_list(random.Random(seed), 500, quality=1.0)
        for has_history in errors:
            known = [truth if has_history else (replace(truth[0], prospect=None), *truth[1:]) for truth in truths]
            projection, cost, _ = pilot(known, 50, seed)
            assert projection is not None
            errors[has_history] += abs(projection.cost_micros.expected / cost - 1) / 20
    assert errors[True] < 0.9 * errors[False]
    truths = make_usual_list(random.Random(3), 1000, quality=0.1)
    projection, cost, _ = pilot(truths, 100)
    assert projection is not None
    usual = sum(known.prospect.cost_micros for known, _, _ in truths if known.prospect)
    assert projection.cost_micros.expected - cost < 0.1 * (usual - cost), "the sample was believed"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("size", "quality", "close"),
    [(50, 0.4, 30), (50, 0.7, 42), (50, 1.0, 54), (50, 1.3, 54), (100, 0.7, 50), (100, 1.0, 56), (200, 0.4, 52)],
)
def test_pilots_of_long_lists_come_close(size: int, quality: float, close: int) -> None:
    """Of 60 lists of 10,000 whose truth is hidden; what is likely before any pilot holds it in every one."""
    found = rate_pilots(60, 10_000, size, quality)
    print(
        f"pilots of {size} at {quality} of the usual rate: {found[0]} of 60 within 15 %, {found[1]} within the interval"
    )
    assert found[0] >= close and found[1] >= 46
    truths = make_usual_list(random.Random(0), 10_000, quality)
    likely = Outlooks(Plan(()), HISTORIES).likely(Counter(known.route for known, _, _ in truths if known.route), len)
    assert likely is not None and likely.low_micros <= sum(cost for _, cost, _ in truths) <= likely.high_micros
