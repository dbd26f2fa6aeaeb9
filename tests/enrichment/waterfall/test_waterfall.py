"""The walk along a waterfall, without database and HTTP: whom it asks, when it stops, how it ends."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.enrichment.waterfall.entity_run import (
    Decision,
    EntityRun,
    Offer,
    Plan,
    PriorAnswer,
    Purpose,
    Step,
)
from app.enrichment.waterfall.retries import RETRY_SECONDS
from app.models.chunk import Outcome
from app.providers.base import DEFINITE, Answer, OutcomeClass
from tests.enrichment.scenes import AWAY, BAD, CUT_OFF, EMAIL, NO_CREDITS, NOT_FOUND, REFUSED, paid, verdict
from tests.fakes.provider import FakeProvider

TITLE = Answer(OutcomeClass.SUCCESS, fields={"job_title": "CEO"})
SLOW_DOWN = Answer(OutcomeClass.RATE_LIMITED, retry_after_seconds=1)
LACKING = Answer(OutcomeClass.SKIPPED_INSUFFICIENT_INPUT, error="There is no domain.")
STEP_ANSWERS = (EMAIL, TITLE, NOT_FOUND, AWAY, CUT_OFF, NO_CREDITS, REFUSED, BAD, SLOW_DOWN, LACKING)
VERDICTS = (verdict("valid"), verdict("invalid"), verdict("unknown"), AWAY, CUT_OFF, SLOW_DOWN, NO_CREDITS, NOT_FOUND)
LONGEST = 400
"""More questions than any walk here can take."""


@dataclass
class Story:
    """A walk that was driven to its end."""

    run: EntityRun
    end: Decision | None = None
    answers: list[tuple[Step, Answer]] = field(default_factory=list)
    needless: list[str] = field(default_factory=list)
    """Whom it asked though nothing was wanted any more."""

    def asked(self, purpose: Purpose = Purpose.STEP) -> list[str]:
        """Return whom it asked, in order, each as often as it was asked."""
        return [question.provider.name for question, _ in self.answers if question.purpose is purpose]

    def classes(self) -> list[OutcomeClass]:
        """Return what the steps answered."""
        return [answer.outcome_class for question, answer in self.answers if question.purpose is Purpose.STEP]


def drive(run: EntityRun, script: dict[str, list[Answer]]) -> Story:
    """Ask along the walk as the pipeline does; a provider whose script is over finds nothing."""
    story, left = Story(run), {name: list(answers) for name, answers in script.items()}
    while len(story.answers) < LONGEST:
        step = run.next_step()
        if isinstance(step, Decision):
            story.end = step
            return story
        answers = left.get(step.provider.name, [])
        answer = answers.pop(0) if answers else NOT_FOUND
        story.answers.append((step, answer))
        has_all = all((run.fields.get(name) or "").strip() for name in run.plan.until)
        if step.purpose is Purpose.STEP and run.plan.until and has_all:
            story.needless.append(step.provider.name)
        take(run, step, answer)
    return story


def take(run: EntityRun, question: Step, answer: Answer) -> None:
    """Do what the pipeline does with an answer."""
    offer, is_withheld = run.offer, question.purpose is Purpose.STEP and run.must_verify(answer)
    if question.purpose is Purpose.STEP and answer.outcome_class is OutcomeClass.SUCCESS:
        run.fields.update({name: value for name, value in answer.fields.items() if not is_withheld})
    run.apply(question, answer, "an-attempt", 0.0, RETRY_SECONDS)
    if question.purpose is Purpose.VERIFY and run.offer is None and offer is not None:
        is_valid = answer.fields.get("email_status") != "invalid"
        run.fields.update(offer.fields if is_valid else {})
    if question.purpose is Purpose.STEP and answer.outcome_class in {
        OutcomeClass.CREDITS_EXHAUSTED,
        OutcomeClass.AUTH_FAILED,
    }:
        run.skip_provider("Provider is down.")


def walk_along(plan: Plan, **fields: Any) -> EntityRun:
    return EntityRun(0, "p0", fields, plan)


def steps(count: int, *, repeat_is_free: bool = True) -> tuple[FakeProvider, ...]:
    return tuple(paid(f"step{number}", repeat_is_free=repeat_is_free) for number in range(count))


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """A walk of any plan over any answers."""
    providers = tuple(
        paid(f"step{number}", repeat_is_free=draw(st.booleans())) for number in range(draw(st.integers(1, 4)))
    )
    until = draw(st.sampled_from([(), ("email",), ("email", "job_title")]))
    if not until:
        providers = providers[:1]
    verifier = draw(st.sampled_from([None, paid("verifier", repeat_is_free=False)]))
    normalizer = draw(st.sampled_from([None, FakeProvider(name="ai-normalizer")]))
    script = {one.name: draw(st.lists(st.sampled_from(STEP_ANSWERS), max_size=8)) for one in providers}
    script["verifier"] = draw(st.lists(st.sampled_from(VERDICTS), max_size=8))
    fields = draw(st.sampled_from([{}, {"email": " "}, {"email": "own@example.com"}, {"job_title": "CTO"}]))
    return drive(walk_along(Plan(providers, until, verifier, normalizer), **fields), script)


@given(stories())
def test_a_walk_always_ends(story: Story) -> None:
    """Whatever is answered, in whatever order."""
    assert story.end is not None


@given(stories())
def test_nobody_is_asked_again_after_a_definite_answer(story: Story) -> None:
    """Also no provider before one that was asked already: the walk goes one way."""
    answered: set[str] = set()
    for question, answer in story.answers:
        if question.purpose is not Purpose.STEP:
            continue
        assert question.provider.name not in answered
        if answer.outcome_class in DEFINITE:
            answered.add(question.provider.name)
    assert story.asked() == sorted(story.asked())


@given(stories())
def test_a_walk_stops_once_it_is_satisfied(story: Story) -> None:
    """No step is asked while every wanted field has a value, and none is left out while one lacks."""
    assert story.needless == []
    lacks = any(not (story.run.fields.get(name) or "").strip() for name in story.run.plan.until)
    assert story.run.step_index == len(story.run.plan.steps) or not (lacks or story.run.plan.is_single)


@given(stories())
def test_a_call_is_tried_again_three_times_at_most(story: Story) -> None:
    """What asks to slow down does not count; what may have been charged is tried again only where that is free."""
    tries = Counter(
        (question.purpose, question.provider.name)
        for question, answer in story.answers
        if answer.outcome_class is OutcomeClass.TRANSIENT
    )
    offers = max(1, sum(answer is EMAIL for _, answer in story.answers))
    for (purpose, _), count in tries.items():
        assert count <= (1 + len(RETRY_SECONDS)) * (offers if purpose is Purpose.VERIFY else 1)
    cut = Counter(
        q.provider.name
        for q, answer in story.answers
        if answer is CUT_OFF and not q.provider.capabilities.repeat_is_free
    )
    assert all(count <= offers for count in cut.values())


@given(stories())
def test_the_outcome_follows_from_the_answers(story: Story) -> None:
    """Held before error before success: what may have been paid in vain is never hidden by another answer."""
    assert story.end is not None
    classes, run, plan = story.classes(), story.run, story.run.plan
    is_answered = any(one in DEFINITE for one in classes)
    if run.is_satisfied:
        assert story.end.outcome is (Outcome.SUCCESS if is_answered else Outcome.SKIPPED)
    elif run.is_in_doubt:
        assert story.end.outcome is Outcome.HELD
    elif run.failure is not None:
        assert (story.end.outcome, story.end.code) == (Outcome.ERROR, run.failure[0])
    elif run.skipped and not plan.is_single:
        assert (story.end.outcome, story.end.code) == (Outcome.ERROR, "provider_unavailable")
    else:
        assert story.end.outcome is (Outcome.SUCCESS if is_answered else Outcome.SKIPPED)
    assert (story.end.outcome is Outcome.ERROR) == bool(story.end.code and story.end.message)


@given(stories())
def test_an_address_is_not_taken_before_its_verdict(story: Story) -> None:
    """One question to the verifier follows each new address, and one that is rejected is never written."""
    if story.run.plan.verifier is None:
        return
    found = [answer for q, answer in story.answers if q.purpose is Purpose.STEP and answer is EMAIL]
    asked = [answer for q, answer in story.answers if q.purpose is Purpose.VERIFY]
    assert bool(asked) <= bool(found)
    if asked and all(answer.fields.get("email_status") == "invalid" for answer in asked):
        assert not (story.run.fields.get("email") or "").startswith("ada@")


@given(stories())
def test_the_normaliser_runs_once_and_last_where_something_was_written(story: Story) -> None:
    """Not before the walk is through."""
    purposes = [question.purpose for question, _ in story.answers]
    if Purpose.NORMALIZE in purposes:
        first = purposes.index(Purpose.NORMALIZE)
        assert set(purposes[first:]) == {Purpose.NORMALIZE}
    expects = story.run.plan.normalizer is not None and OutcomeClass.SUCCESS in story.classes()
    assert (Purpose.NORMALIZE in purposes) == expects


@pytest.mark.parametrize(
    ("answers", "outcome", "code"),
    [
        ([NOT_FOUND, NOT_FOUND], Outcome.SUCCESS, ""),
        ([NOT_FOUND, BAD], Outcome.ERROR, "invalid_request"),
        ([BAD, NOT_FOUND], Outcome.ERROR, "invalid_request"),
        ([BAD, EMAIL], Outcome.SUCCESS, ""),
        ([CUT_OFF, NOT_FOUND], Outcome.HELD, ""),
        ([CUT_OFF, BAD], Outcome.HELD, ""),
        ([CUT_OFF, EMAIL], Outcome.SUCCESS, ""),
        ([LACKING, LACKING], Outcome.SKIPPED, ""),
        ([LACKING, NOT_FOUND], Outcome.SUCCESS, ""),
        ([NO_CREDITS, LACKING], Outcome.ERROR, "provider_unavailable"),
        ([NO_CREDITS, NOT_FOUND], Outcome.ERROR, "provider_unavailable"),
    ],
)
def test_each_pair_of_answers_has_its_outcome(answers: list[Answer], outcome: Outcome, code: str) -> None:
    """Of two providers, neither of which may be asked again for free."""
    providers = steps(2, repeat_is_free=False)
    script = {one.name: [answer] for one, answer in zip(providers, answers, strict=True)}
    end = drive(walk_along(Plan(providers, ("email",))), script).end
    assert end is not None and (end.outcome, end.code) == (outcome, code)


def test_a_satisfied_entity_is_skipped_without_a_question() -> None:
    """White space is no value."""
    plan = Plan(steps(2), ("email",))
    assert drive(walk_along(plan, email="own@example.com"), {}).answers == []
    assert drive(walk_along(plan, email=" \t"), {}).asked() == ["step0", "step1"]


def test_a_single_provider_is_asked_whatever_there_is() -> None:
    """Without `until` nothing is wanted in particular."""
    assert drive(walk_along(Plan(steps(1)), email="own@example.com"), {}).asked() == ["step0"]


def test_an_answer_from_before_is_gone_past_and_its_withheld_address_verified() -> None:
    """A worker died between the find and the verdict: the find is not paid twice."""
    verifier = paid("verifier")
    run = walk_along(Plan(steps(1), ("email",), verifier))
    run.apply_prior(
        PriorAnswer(
            "an-attempt", "success", frozenset(), {"email": "ada@example.com"}, is_rejected=False, is_of_job=False
        )
    )
    assert run.next_step() == Step(Purpose.VERIFY, verifier)
    assert run.offer == Offer("an-attempt", "step0", {"email": "ada@example.com"})


@pytest.mark.parametrize(
    ("prior", "outcome"),
    [
        (
            PriorAnswer("a", "success", frozenset(), {"email": "ada@example.com"}, is_rejected=True, is_of_job=False),
            Outcome.SKIPPED,
        ),
        (PriorAnswer("a", "not_found", frozenset(), None, is_rejected=False, is_of_job=False), Outcome.SKIPPED),
        (PriorAnswer("a", "in_doubt", frozenset(), None, is_rejected=False, is_of_job=False), Outcome.HELD),
    ],
)
def test_answers_from_before_end_a_walk_without_a_question(prior: PriorAnswer, outcome: Outcome) -> None:
    """Nothing was done by this job, so it is skipped; what is in doubt stays in doubt."""
    run = walk_along(Plan(steps(1), ("email",), paid("verifier")))
    run.apply_prior(prior)
    end = run.next_step()
    assert isinstance(end, Decision) and end.outcome is outcome
