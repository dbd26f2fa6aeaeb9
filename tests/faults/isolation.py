"""A scene on a PostgreSQL whose default isolation is not the one that the service works at."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy.engine import make_url

from tests.faults.accounts import outcomes_of
from tests.faults.conftest import MakeWorld
from tests.faults.helpers import check_accounts
from tests.faults.world import Crew, add_job, has_ended
from tests.patience import PATIENCE_SECONDS

ISOLATIONS = ("serializable", "repeatable read", "read committed")


@contextmanager
def default_isolation(url: str, isolation: str) -> Iterator[None]:
    """Give a database a default isolation, for connections that are made from now on."""
    name = re.sub(r"[^a-z0-9_]", "", make_url(url).database or "")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} SET default_transaction_isolation TO '{isolation}'")
        try:
            yield
        finally:
            connection.execute(f"ALTER DATABASE {name} RESET default_transaction_isolation")


def kill_workers(make_world: MakeWorld, folder: Path, *, people: int, kills: int) -> None:
    """Let four workers pay for the people of two jobs, and kill some.

    Who was being asked about when a worker died may end as held or as an error; everybody else is a success.
    """
    world = make_world({"latency": 0.05}, ENRICH_LEASE_SECONDS=2, ENRICH_CONCURRENCY=4)
    half = people // 2
    job_ids = [add_job(half, provider="findymail", chunk_size=5, start=start) for start in (0, half)]
    with Crew(world, folder, 4, seed=7) as crew:
        crew.kill(kills, while_=lambda: not has_ended(), seconds=PATIENCE_SECONDS)
        crew.drain(while_=lambda: not has_ended(), seconds=PATIENCE_SECONDS)
        assert crew.errors == []
    check_accounts(world)
    outcomes = {entity_id: one for job_id in job_ids for entity_id, one in outcomes_of(job_id).items()}
    assert len(outcomes) == people and set(outcomes.values()) <= set("she")
    assert sum(one == "s" for one in outcomes.values()) >= people // 2
