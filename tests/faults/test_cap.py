"""A cap that is reached in the middle of the work, by many workers at once, some of which are killed."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select

from app.extensions import db
from app.models.job import JobStatus, jobs
from tests.fakes import charges
from tests.faults.accounts import read_books
from tests.faults.conftest import MakeWorld
from tests.faults.world import Crew, World, add_job, wait_until
from tests.invariants import check_invariants
from tests.patience import PATIENCE_SECONDS

PRICES = {"findymail": "0.0001", "prospeo": "0.25", "leadmagic": "0.0173"}
"""Dollars a credit, and each call is one credit."""
DEAREST_MICROS = 250_000
WORKSPACES = ("north", "south", "west")


@dataclass(frozen=True)
class Rush:
    """How many workers run into which cap, over how many entities of each workspace."""

    workers: int
    kills: int
    entities: int
    cap_usd: str
    seed: int = 20261124

    @property
    def cap_micros(self) -> int:
        return round(float(self.cap_usd) * 1_000_000)


SHORT = Rush(workers=4, kills=3, entities=80, cap_usd="9.1234")
LONG = Rush(workers=8, kills=10, entities=400, cap_usd="47.3211")


@pytest.mark.parametrize(
    "rush",
    [
        pytest.param(SHORT, id="short"),
        pytest.param(LONG, id="long", marks=[pytest.mark.slow, pytest.mark.timeout(900)]),
    ],
)
def test_overall_cap_is_never_passed_and_is_used_up_under_kills(
    make_world: MakeWorld, tmp_path: Path, rush: Rush
) -> None:
    """The ledger stays at or below the cap at each of its lines; what is left is less than the dearest call."""
    world = _world(make_world, rush)
    for place, slug in enumerate(WORKSPACES):
        add_job(rush.entities, workspace_slug=slug, start=10 + place * rush.entities, chunk_size=20)
    with Crew(world, tmp_path, rush.workers, rush.seed) as crew:
        crew.kill(rush.kills, while_=lambda: not _are_paused(), seconds=PATIENCE_SECONDS)
        wait_until(lambda: crew.refill() or _are_paused())
        crew.wait(PATIENCE_SECONDS)
        assert crew.errors == []
    _settle_what_is_lost(world)
    lines, books = world.server.lines(), read_books()
    most = max(charges.prefix_sums(lines))
    print(
        f"\n{db.engine.dialect.name}, seed {rush.seed}, kills {crew.kills.count}, cap {rush.cap_micros},"
        f" ledger {most}, booked {books.cost}, in doubt {books.in_doubt}, rest {rush.cap_micros - books.cost},"
        f" lines {len(lines)}"
    )

    assert crew.kills.count == rush.kills
    assert most <= rush.cap_micros
    assert charges.total(lines) <= books.cost
    assert books.spent["overall"] == books.cost == sum(books.spent[f"workspace:{slug}"] for slug in WORKSPACES)
    assert 0 <= rush.cap_micros - books.spent["overall"] < DEAREST_MICROS
    assert charges.paid_repeats(lines) == []
    check_invariants()


def _world(make_world: MakeWorld, rush: Rush) -> World:
    prices = {f"{name.upper()}_USD_PER_CREDIT": price for name, price in PRICES.items()}
    return make_world(
        {
            "latency": 0.05,
            "hit_rates": "findymail=0.4,prospeo=0.5,leadmagic=0.6",
            "usd_per_credit": [f"{name}={price}" for name, price in PRICES.items()],
        },
        ENRICH_LEASE_SECONDS=2,
        ENRICH_DAILY_CAP_USD=rush.cap_usd,
        **prices,
        **{f"{name.upper()}_TIMEOUT_SECONDS": 2 for name in PRICES},
    )


def _are_paused() -> bool:
    """Tell whether nothing is left to do, be it that the oldest job was done before the cap was reached."""
    db.session.rollback()
    found = set(db.session.scalars(select(jobs.c.status)))
    return JobStatus.PAUSED in found and found <= {JobStatus.PAUSED, JobStatus.COMPLETE}


def _settle_what_is_lost(world: World) -> None:
    """Let workers look for work until what the dead had in their hands has been booked."""

    def is_settled() -> bool:
        worker = world.start()
        _, errors = worker.communicate(timeout=PATIENCE_SECONDS)
        assert worker.returncode == 5, errors
        books = read_books()
        return (books.in_flight_calls, books.reserved) == (0, 0)

    wait_until(is_settled)
