"""What the providers' own ledger and our records say of the same calls, side by side."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from sqlalchemy import func, select

from app.db.session import end_read
from app.demo.stand_ins import invented, ledger
from app.enrichment.waterfall.charges import Charge
from app.enrichment.waterfall.receipts import make_receipt
from app.extensions import db
from app.models.attempt import attempts
from app.models.chunk import chunks, progress
from app.models.in_flight_call import in_flight_calls
from app.models.person import Person
from app.models.spending import costs, spending
from app.providers.names import finder_of

NORMALIZER = "ai-normalizer"
DEFINITE = ("success", "not_found")
Question = tuple[str, str, str]
"""Workspace, entity and provider."""


@dataclass(frozen=True)
class Books:
    """The totals of our own books, in micro-dollars."""

    cost: int
    in_doubt: int
    reserved: int
    spent: dict[str, int]
    """By scope of a cap, all days together."""
    in_flight_calls: int


def read_books() -> Books:
    """Return our totals as they are stored now."""
    cost, in_doubt = db.session.execute(
        select(func.coalesce(func.sum(costs.c.cost_micros), 0), func.coalesce(func.sum(costs.c.in_doubt_micros), 0))
    ).one()
    rows = db.session.execute(select(spending)).all()
    spent: Counter[str] = Counter()
    for row in rows:
        spent[row.scope] += row.spent_micros
    open_flights = db.session.scalar(select(func.count()).select_from(in_flight_calls)) or 0
    end_read()
    return Books(int(cost), int(in_doubt), sum(row.reserved_micros for row in rows), dict(spent), open_flights)


def attempts_by_question() -> dict[Question, list[Any]]:
    """Return the stored attempts on paid providers."""
    found: dict[Question, list[Any]] = defaultdict(list)
    columns = (
        attempts.c.workspace_slug,
        attempts.c.entity_id,
        attempts.c.provider,
        attempts.c.outcome_class,
        attempts.c.cost_micros,
    )
    for row in db.session.execute(select(*columns).where(attempts.c.provider != NORMALIZER)):
        found[row.workspace_slug, row.entity_id, row.provider].append(row)
    end_read()
    return found


def lines_by_question(lines: Iterable[ledger.Line]) -> dict[tuple[str, str], list[ledger.Line]]:
    """Return the ledger's lines by entity id and provider."""
    names = _entity_ids_by_key()
    found: dict[tuple[str, str], list[ledger.Line]] = defaultdict(list)
    for line in lines:
        found[names[line.key], line.provider].append(line)
    return found


def decided_twice() -> list[Question]:
    """Return the questions with more than one definite answer on record."""
    by_question = attempts_by_question()
    return [
        question for question, rows in by_question.items() if sum(row.outcome_class in DEFINITE for row in rows) > 1
    ]


def unexplained(lines: Sequence[ledger.Line]) -> list[str]:
    """Return what of the ledger our attempts cannot explain; of one workspace whose people are invented.

    A question has one line with a stored success, with an attempt in doubt, or with a lost call that was booked and
    never came to be repeated; further lines are repeats that were free, after attempts that say that the worker was
    lost.
    """
    by_question = {(entity, provider): rows for (_, entity, provider), rows in attempts_by_question().items()}
    surprises = []
    for question, found in lines_by_question(lines).items():
        classes = Counter(row.outcome_class for row in by_question.get(question, []))
        booked = sum(row.cost_micros for row in by_question.get(question, []))
        repeats = found[1:]
        if booked < found[0].micros:
            surprises.append(f"{question}: charged {found[0].micros}, but booked {booked}: {dict(classes)}")
        elif any(line.micros for line in repeats):
            surprises.append(f"{question}: charged {len(found)} times, attempts say {dict(classes)}")
        elif len(repeats) > classes["transient"]:
            surprises.append(f"{question}: {len(repeats)} free repeats after {classes['transient']} lost calls")
    return surprises


def receipts_astray(lines: Iterable[ledger.Line]) -> list[str]:
    """Return where the receipts of all people say something else than our books, or than the providers' ledger.

    To the micro-dollar. A charge in doubt is booked at its worst: of each, the ledger has all or nothing.
    """
    charged: Counter[tuple[str, str]] = Counter()
    for (entity_id, provider), found in lines_by_question(lines).items():
        charged[entity_id, provider] += sum(line.micros for line in found)
    booked, doubts, by_scope = Counter[tuple[str, str]](), defaultdict[tuple[str, str], list[int]](list), Counter[str]()
    people = db.session.execute(select(Person.workspace_slug, Person.id)).all()
    for slug, entity_id in people:
        receipt = make_receipt("person", entity_id, workspace_slug=slug, limit=1000)
        assert receipt.total.cost_micros == sum(line.cost_micros for line in receipt.page.rows)
        for line in receipt.page.rows:
            finder = finder_of(line.provider)
            booked[entity_id, finder] += line.cost_micros
            if line.charge is Charge.IN_DOUBT:
                doubts[entity_id, finder].append(line.cost_micros)
            scopes = ("overall", f"workspace:{slug}", f"provider:{finder}", f"provider:{finder}@{slug}")
            by_scope.update(dict.fromkeys((*scopes, f"job:{line.job_id}"), line.cost_micros))
    end_read()
    spent = read_books().spent
    astray = []
    for scope, amount in spent.items():
        # What an API key has spent is no receipt's to say.
        if by_scope[scope] != amount and not scope.startswith("key:"):
            astray.append(f"{scope}: {by_scope[scope]}, in the books {amount}")
    for question in charged | booked:
        surplus = booked[question] - charged[question]
        if surplus not in _sums(doubts[question]):
            astray.append(f"{question}: booked {surplus} more than charged, {doubts[question]} in doubt")
    return astray


def _sums(amounts: Iterable[int]) -> set[int]:
    """Return the sums of every choice among some amounts."""
    sums = {0}
    for amount in amounts:
        sums |= {one + amount for one in sums}
    return sums


def longest_stall(lines: Sequence[ledger.Line]) -> float:
    """Return the longest time between two lines, in seconds."""
    instants = [datetime.fromisoformat(line.at) for line in lines]
    gaps = [(after - before).total_seconds() for before, after in pairwise(instants)]
    return max(gaps, default=0.0)


def _entity_ids_by_key() -> dict[str, str]:
    """Return the people's ids by the names that the ledger gives them."""
    columns = (Person.id, Person.first_name, Person.last_name, Person.company_domain, Person.linkedin_url)
    rows = db.session.execute(select(*columns).distinct()).all()
    end_read()
    keys = {}
    for row in rows:
        by_profile = invented.person(linkedin=row.linkedin_url)
        by_name = invented.person(first_name=row.first_name, last_name=row.last_name, domain=row.company_domain)
        keys.update({ledger.key_of(who.identity): row.id for who in (by_profile, by_name)})
    return keys


def outcomes_of(job_id: str) -> dict[str, str]:
    """Return the outcome of each entity of a job whose chunks have all been claimed."""
    rows = db.session.execute(
        select(chunks.c.entity_ids, progress.c.outcomes)
        .join(progress, (progress.c.job_id == chunks.c.job_id) & (progress.c.position == chunks.c.position))
        .where(chunks.c.job_id == job_id)
    ).all()
    end_read()
    return {entity_id: one for ids, outcomes in rows for entity_id, one in zip(ids, outcomes, strict=True)}


def found_by(job_id: str, *, is_normalizer: bool = False) -> set[str]:
    """Return the entities about whom somebody gave the job something; or those that were normalised for it."""
    rows = db.session.scalars(
        select(attempts.c.entity_id).where(
            attempts.c.job_id == job_id,
            attempts.c.outcome_class == "success",
            (attempts.c.provider == NORMALIZER) == is_normalizer,
        )
    )
    found = set(rows)
    end_read()
    return found
