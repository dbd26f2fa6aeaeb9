"""What a job would cost: the range holds what the job then costs, and nothing is written to find it out."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, insert, select

from app.config import Config, config
from app.db.session import transaction
from app.enrichment import queue
from app.enrichment.money.reports import today
from app.enrichment.waterfall import model_cache
from app.enrichment.waterfall.estimates import Estimate, StepEstimate, estimate
from app.enrichment.waterfall.options import DEFAULT_OPTIONS, JobOptions
from app.enrichment.waterfall.work_loop import Waterfall
from app.entities import exclusions
from app.entities.read import load_entities
from app.entities.upsert import upsert_entities
from app.entities.verdicts import store_verdicts
from app.errors import EmptyJob, Invalid, ProviderNotAvailable
from app.extensions import db
from app.models.attempt import attempts
from app.models.job import jobs
from app.models.spending import spending
from app.models.types import new_id, utcnow
from app.providers.ai_normalizer.provider import AiNormalizer
from app.providers.base import Answer, Lookup, OutcomeClass
from app.providers.defaults import DEFAULTS
from app.providers.http.client import Http
from app.providers.registry import make_registry
from tests.enrichment.helpers import ids
from tests.fakes.provider import FakeProvider, registry_of

CENT = 10_000
FOUND = Answer(OutcomeClass.SUCCESS, fields={"email": "ann@corp.example"})
MISS = Answer(OutcomeClass.NOT_FOUND)
CHARGED_MISS = replace(MISS, cost_micros=CENT)


def found_at(host: str) -> Answer:
    return Answer(OutcomeClass.SUCCESS, fields={"email": f"ann@{host}.example"})


def provider(name: str, **more: Any) -> FakeProvider:
    return FakeProvider(name=name, **{"price_micros": CENT, "default": FOUND, **more})


def verifier(status: str = "valid") -> FakeProvider:
    verdict = Answer(OutcomeClass.SUCCESS, fields={"email_status": status})
    return FakeProvider(name="findymail-verify", price_micros=500, default=verdict, charges_misses=True)


def use(app: Flask, *providers: FakeProvider, check: FakeProvider | None = None) -> None:
    """Let the application know these providers alone."""
    registry = registry_of(*providers)
    app.extensions["tranche.registry"] = replace(registry, verifiers={"findymail": check} if check else {})


def add(*people: dict[str, Any], workspace_slug: str = "default") -> list[str]:
    with transaction() as session:
        upsert_entities("person", people, workspace_slug=workspace_slug, session=session)
    return [one["id"] for one in people]


def add_some(count: int, workspace_slug: str = "default") -> list[str]:
    return add(*({"id": entity_id, "first_name": "Ann"} for entity_id in ids(count)), workspace_slug=workspace_slug)


def waterfall(*order: str, **more: Any) -> JobOptions:
    return JobOptions(order=order, **{"until": ("email",), **more})


def ask(name: str, entity_ids: Any, options: JobOptions = DEFAULT_OPTIONS, **more: Any) -> Estimate:
    return estimate("person", name, entity_ids, workspace_slug="default", options=options, **more)


def range_of(found: Estimate | StepEstimate) -> tuple[int, int]:
    return found.low_micros, found.high_micros


def counts_of(found: Estimate) -> list[tuple[int, int, int]]:
    return [(one.questions, one.missing_input, one.answered_before) for one in found.steps]


def work(name: str, entity_ids: list[str], options: JobOptions = DEFAULT_OPTIONS) -> int:
    """Make the job, let it run to its end, and return what it cost."""
    job_id = queue.enqueue_job("person", name, entity_ids, **options.columns(config()))
    queue.drain(work=Waterfall(retry_seconds=()))
    job = queue.get_job(job_id)
    assert job.status == "complete"
    return job.cost_micros


def test_a_find_that_alone_is_charged_may_cost_nothing(context: Flask) -> None:
    """Nobody may be found, or everybody."""
    use(context, provider("findymail"))
    found = ask("findymail", [*add_some(3), "p0"])
    assert range_of(found) == (0, 3 * CENT)
    assert (found.total, found.duplicates) == (3, 1)
    assert counts_of(found) == [(3, 0, 0)]


def test_what_is_charged_anyway_is_certain_for_the_first_step_alone(context: Flask) -> None:
    """The second provider is asked only if the first one finds nothing."""
    first, second = (provider(name, charges_misses=True) for name in ("clay", "firecrawl"))
    use(context, first, second)
    found = ask("waterfall", add_some(2), waterfall("clay", "firecrawl"))
    assert [range_of(step) for step in found.steps] == [(2 * CENT, 2 * CENT), (0, 2 * CENT)]
    assert range_of(found) == (2 * CENT, 4 * CENT)


def test_a_charged_step_after_a_free_miss_is_not_certain(context: Flask) -> None:
    """The first one asked may find it, for its price or for nothing."""
    use(context, provider("findymail"), provider("clay", charges_misses=True))
    found = ask("waterfall", add_some(2), waterfall("findymail", "clay"))
    assert range_of(found) == (0, 4 * CENT)


def test_a_step_is_the_first_where_the_one_before_lacks_input(context: Flask) -> None:
    """What an entity lacks for a step is counted, and costs nothing."""
    use(context, provider("findymail", needs="linkedin_url"), provider("clay", charges_misses=True))
    found = ask("waterfall", add_some(2), waterfall("findymail", "clay"))
    assert counts_of(found) == [(0, 2, 0), (2, 0, 0)]
    assert range_of(found) == (2 * CENT, 2 * CENT)


def test_entities_that_ask_nobody_are_counted(context: Flask) -> None:
    """Unknown and excluded ones, and those that have what is wanted."""
    use(context, provider("findymail"))
    exclusions.add(["shut.example"], "default")
    add({"id": "shut", "first_name": "Bo", "company_domain": "www.shut.example"})
    add({"id": "full", "email": "a@b.example"})
    found = ask("waterfall", ["nobody", "shut", "full", *add_some(1)], waterfall("findymail"))
    assert (found.total, found.unknown, found.excluded, found.satisfied) == (4, 1, 1, 1)
    assert counts_of(found) == [(1, 0, 0)]
    assert found.high_micros == CENT


def test_a_single_provider_is_asked_though_fields_are_filled(context: Flask) -> None:
    """Only a waterfall knows when it has enough."""
    use(context, provider("findymail"))
    found = ask("findymail", add({"id": "full", "email": "a@b.example"}))
    assert (found.satisfied, found.high_micros) == (0, CENT)


def test_what_was_answered_before_costs_nothing(context: Flask) -> None:
    """A job after the job would ask about new entities and about misses whose input has changed."""
    use(context, provider("findymail", answers={"p1": MISS, "p2": MISS}))
    known = add_some(3)
    work("findymail", known)
    assert counts_of(ask("findymail", known)) == [(0, 0, 3)]
    add({"id": "p2", "linkedin_url": "https://www.linkedin.com/in/p2"})
    found = ask("findymail", [*known, *add({"id": "new", "first_name": "Eve"})])
    assert counts_of(found) == [(2, 0, 2)]
    assert range_of(found) == (0, 2 * CENT)


def test_a_verifier_may_be_asked_after_each_step(context: Flask) -> None:
    """Each of them may find an address that is invalid; who has an address has none verified."""
    steps = [provider("findymail"), provider("prospeo")]
    use(context, *steps, check=verifier())
    add({"id": "full", "email": "a@b.example", "first_name": "Bo"})
    options = waterfall("findymail", "prospeo", until=("email", "job_title"), verifier="findymail")
    found = ask("waterfall", ["full", *add_some(1)], options)
    assert [(step.provider, step.purpose) for step in found.steps][-1] == ("findymail-verify", "verify")
    assert counts_of(found) == [(2, 0, 0), (2, 0, 0), (2, 0, 0)]
    assert range_of(found) == (0, 4 * CENT + 2 * 500)


def test_an_address_that_waits_for_its_verdict_is_certain_to_be_verified(context: Flask) -> None:
    """The finder has answered before, and is not paid again; without a verifier the address does."""
    use(context, provider("prospeo"), provider("clay", charges_misses=True), check=verifier())
    known = add_some(1)
    answered = {"job_id": new_id(), "workspace_slug": "default", "entity_type": "person", "entity_id": "p0"}
    answered |= {"provider": "prospeo", "status": "success", "outcome_class": "success", "withheld": dict(FOUND.fields)}
    with transaction() as session:
        session.execute(insert(attempts).values(**answered, started_at=utcnow(-60), finished_at=utcnow(-60)))
    found = ask("waterfall", known, waterfall("prospeo", "clay", verifier="findymail"))
    assert counts_of(found) == [(0, 0, 1), (1, 0, 0), (2, 0, 0)]
    assert range_of(found) == (500, CENT + 2 * 500)
    unverified = ask("waterfall", known, waterfall("prospeo", "clay", verifier="none"))
    assert (counts_of(unverified), range_of(unverified)) == ([(0, 0, 1), (0, 0, 0)], (0, 0))
    said = {"address": FOUND.fields["email"], "status": "invalid", "verifier": "leadmagic-verify"}
    with transaction() as session:
        store_verdicts(session, "default", [{**said, "verified_at": datetime.now(UTC)}])
    judged = ask("waterfall", known, waterfall("prospeo", "clay", verifier="findymail"))
    assert counts_of(judged)[2] == (1, 0, 1), "only of what the other may find"


@pytest.mark.parametrize("check", [None, "valid", "invalid"])
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({}, {}),
        ({"default": MISS}, {"default": CHARGED_MISS, "charges_misses": True}),
        ({"default": CHARGED_MISS, "charges_misses": True}, {"default": MISS}),
        ({"charges_misses": True, "needs": "linkedin_url"}, {"default": CHARGED_MISS, "charges_misses": True}),
        ({"answers": {"p1": MISS, "p3": MISS}}, {"answers": {"p3": MISS}}),
    ],
)
def test_the_job_costs_what_was_estimated(
    context: Flask, check: str | None, first: dict[str, Any], second: dict[str, Any]
) -> None:
    """Its cost lies in the range, whoever finds what."""
    use(context, provider("prospeo", **first), provider("clay", **second), check=verifier(check or ""))
    known = add_some(4) + add({"id": "linked", "linkedin_url": "https://www.linkedin.com/in/x"})
    options = waterfall("prospeo", "clay", verifier="findymail" if check else "none")
    found = ask("waterfall", known, options)
    cost = work("waterfall", known, options)
    assert found.low_micros <= cost <= found.high_micros


def test_the_dearest_way_costs_the_upper_end(context: Flask) -> None:
    """Everybody finds an address of its own for its price, and each is paid for to be called invalid."""
    known = add_some(3)
    finders = [
        provider(name, answers={one: found_at(f"{one}-{name}") for one in known}) for name in ("prospeo", "clay")
    ]
    use(context, *finders, check=verifier("invalid"))
    options = waterfall("prospeo", "clay", verifier="findymail")
    assert ask("waterfall", known, options).high_micros == work("waterfall", known, options) == 3 * (2 * CENT + 2 * 500)


def model_settings() -> Any:
    return replace(DEFAULTS["ai-normalizer"], api_key="a-key")


def test_the_model_of_the_normaliser_is_counted_where_one_is_set(context: Flask) -> None:
    """Texts that the rules decide are free; one that may be found is taken for the dearest."""
    finder = provider("findymail")
    use(context, finder)
    add({"id": "clear", "first_name": "Bo", "job_title": "VP of Sales"}, {"id": "blank", "first_name": "Al"})
    add({"id": "open", "first_name": "Cy", "job_title": "growth hacker"})
    assert [step.purpose for step in ask("findymail", ["clear", "blank", "open"]).steps] == ["step"]
    model = AiNormalizer(model_settings(), Http())
    registry = registry_of(finder)
    context.extensions["tranche.registry"] = replace(registry, providers={**registry.providers, "ai-normalizer": model})
    free, blank, opened = (ask("findymail", [one]).steps[1] for one in ("clear", "blank", "open"))
    assert (free.purpose, free.questions, free.high_micros) == ("normalize", 0, 0)
    assert blank.questions == opened.questions == 1
    assert blank.high_micros > opened.high_micros > 0
    # Texts share requests, so that nobody knows what one costs at least.
    alone = ask("ai-normalizer", ["clear", "blank", "open"])
    assert range_of(alone) == (0, opened.high_micros)


def test_what_the_model_said_before_is_free(context: Flask) -> None:
    """A text in the cache is not asked about again."""
    model = AiNormalizer(model_settings(), Http())
    context.extensions["tranche.registry"] = replace(registry_of(), providers={"ai-normalizer": model})
    known = add({"id": "open", "first_name": "Cy", "job_title": "growth hacker"})
    assert ask("ai-normalizer", known).high_micros > 0
    lookup = load_entities("person", known, workspace_slug="default")["open"]
    (key,) = model.cache_keys(Lookup("person", "open", lookup))
    verdict = {"canonical": "Growth Hacker", "seniority": "IC", "confidence": "high"}
    with transaction() as session:
        model_cache.save(session, {key: verdict})
    assert ask("ai-normalizer", known).high_micros == 0


def test_caps_are_told_with_what_is_left_of_them(make_app: Any) -> None:
    """The job's own, the workspace's and everything's, less what is spent and reserved today."""
    app = make_app(ENRICH_DAILY_CAP_USD=Decimal(1), ENRICH_WORKSPACE_DAILY_CAP_USD=Decimal("0.5"))
    with app.app_context():
        use(app, provider("findymail"))
        known = add_some(3)
        spent = {"day": today(), "spent_micros": 300_000, "reserved_micros": 180_000}
        with transaction() as session:
            session.execute(insert(spending), [{"scope": one, **spent} for one in ("overall", "workspace:default")])
        found = ask("findymail", known, JobOptions(cap_usd=Decimal("0.10")))
        left = [(cap.scope, cap.remaining_micros) for cap in found.caps]
        assert left == [("job", 100_000), ("overall", 520_000), ("workspace", 20_000)]
        assert found.warning is not None
        assert "the workspace's daily cap leaves: $0.02 of $0.50" in found.warning
        hidden = ask("findymail", known, shows_overall=False)
        assert [cap.scope for cap in hidden.caps] == ["workspace"]
        assert ask("findymail", known[:2]).warning is None, "two fit exactly"


def test_a_cap_that_is_certain_to_stop_the_job_is_told_so(context: Flask) -> None:
    """What is charged anyway is more than the cap."""
    use(context, provider("clay", charges_misses=True))
    warning = ask("clay", add_some(2), JobOptions(cap_usd=Decimal("0.015"))).warning
    assert warning == "The job costs more than its cap leaves: $0.015 of $0.015. It would be paused there."


def test_without_caps_there_is_no_warning(make_app: Any) -> None:
    """Caps that are not set are not told."""
    app = make_app(ENRICH_DAILY_CAP_USD=None)
    with app.app_context():
        use(app, provider("clay", price_micros=10**12))
        found = ask("clay", add_some(1))
        assert (found.caps, found.warning, found.high_micros) == ([], None, 10**12)


def test_a_long_list_is_read_in_slices(context: Flask) -> None:
    """A stream of more ids than a slice holds, with repetitions across slices."""
    use(context, provider("findymail"))
    known = add_some(2300)

    def stream() -> Iterator[str]:
        yield from known
        yield from known[:7]

    found = ask("findymail", stream())
    assert (found.total, found.duplicates, found.high_micros) == (2300, 7, 2300 * CENT)


def test_nothing_is_written_and_no_transaction_stays_open(context: Flask) -> None:
    """No job, no reservation, and the session is free for the next unit of work."""
    use(context, provider("findymail"))
    known = add_some(1)
    ask("findymail", known)
    assert not db.session.registry().in_transaction()
    for table in (jobs, spending):
        assert db.session.scalar(select(func.count()).select_from(table)) == 0


def test_what_cannot_be_enqueued_cannot_be_estimated(make_app: Any) -> None:
    """An empty list, terms that cannot be followed, and providers that are not set or not there."""
    app = make_app()
    with app.app_context():
        use(app, provider("findymail"))
        with pytest.raises(EmptyJob):
            ask("findymail", [])
        with pytest.raises(Invalid, match="Entity id number 1"):
            ask("findymail", ["two words"])
        with pytest.raises(Invalid, match=r"waterfall\.until"):
            ask("waterfall", ["a"], JobOptions(until=("no_such_field",)))
        with pytest.raises(ProviderNotAvailable, match="no such provider"):
            ask("nobody", ["a"])
        app.extensions["tranche.registry"] = make_registry(Config().PROVIDERS)
        with pytest.raises(ProviderNotAvailable, match="set PROSPEO_API_KEY"):
            ask("prospeo", ["a"])


def test_the_providers_say_who_charges_for_misses() -> None:
    """Those that charge for the call and not for the find."""
    registry = make_registry({**DEFAULTS, "ai-normalizer": model_settings()})
    charging = {
        one.name
        for one in (*registry.providers.values(), *registry.verifiers.values())
        if one.capabilities.charges_misses
    }
    assert charging == {"firecrawl", "clay", "ai-normalizer", "leadmagic-verify", "findymail-verify"}
    assert not make_registry(DEFAULTS).providers["ai-normalizer"].capabilities.charges_misses


def answers_for(count: int, found: int) -> dict[str, Answer]:
    """Return answers of which the first ones are finds."""
    return {one: FOUND if number < found else MISS for number, one in enumerate(ids(count))}


def test_what_was_found_before_says_what_is_likely(context: Flask) -> None:
    """From 50 answers on, of jobs of this workspace that wanted the same; until then, and of others, the list price."""
    finder = provider("findymail", answers=answers_for(60, 30))
    use(context, finder)
    people = add_some(200)
    assert ask("waterfall", people, waterfall("findymail")).likely is None
    work("waterfall", people[:49], waterfall("findymail"))
    assert ask("waterfall", people[60:], waterfall("findymail")).likely is None
    work("waterfall", people[49:60], waterfall("findymail"))
    found = ask("waterfall", people[60:], waterfall("findymail"))
    assert found.likely is not None and found.likely.expected_micros == pytest.approx(140 * CENT / 2)
    assert 0 < found.likely.low_micros < 70 * CENT < found.likely.high_micros < found.high_micros == 140 * CENT
    step = found.steps[0]
    assert (step.basis, step.answers, step.find_rate) == ("history", 60, 0.5)
    titles = waterfall("findymail", until=("job_title",))
    assert ask("waterfall", people[60:], titles).likely is None, "another field has another price"
    strangers = add_some(2, "north")
    north = estimate("person", "waterfall", strangers, workspace_slug="north", options=waterfall("findymail"))
    assert north.likely is None and north.high_micros == 2 * CENT


def test_a_provider_without_a_history_is_taken_at_its_list_price(context: Flask) -> None:
    """At least, nobody comes to it; at most, all whom those ahead do not find pay it for nothing."""
    use(context, provider("findymail", answers=answers_for(60, 30)), provider("prospeo", charges_misses=True))
    people = add_some(160)
    work("waterfall", people[:60], waterfall("findymail"))
    found = ask("waterfall", people[60:], waterfall("findymail", "prospeo"))
    assert [step.basis for step in found.steps] == ["history", "list"]
    assert found.likely is not None and found.likely.expected_micros is None
    alone = ask("waterfall", people[60:], waterfall("findymail")).likely
    assert alone is not None and found.likely.low_micros <= alone.low_micros
    assert found.likely.high_micros == 100 * CENT, "who is not found by the one costs as much with the other"
