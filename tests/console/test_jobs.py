"""The page of a job while it is worked on: who holds what, what is still under way, and what has happened."""

import asyncio
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask

from app.console import parts
from app.console.overview import Runway, _runway
from app.console.words import roughly
from app.db.session import transaction
from app.enrichment import queue
from app.enrichment.money.reports import CapView
from app.enrichment.waterfall.work_loop import Waterfall
from app.entities.upsert import upsert_entities
from app.errors import JobNotFound
from app.models.chunk import Outcome
from app.providers.base import Answer, Lookup
from app.providers.settings import Limits
from tests.console.conftest import SignedIn
from tests.enrichment.helpers import claim, expire_leases
from tests.fakes.provider import FakeProvider, registry_of
from tests.statements import statements

PRICE = 39_000


class Watched(FakeProvider):
    """A provider during whose first call somebody looks at the job."""

    def __init__(self, look: Callable[[], None]) -> None:
        super().__init__(price_micros=PRICE, limits=Limits(((30, 60.0),)))
        self.look = look
        self.is_seen = False

    async def lookup(self, lookup: Lookup, *, deadline: float) -> Answer:
        """Let them look, and answer."""
        if not self.is_seen:
            self.is_seen = True
            # In no context of the worker's, whose session it would share.
            await asyncio.get_running_loop().run_in_executor(None, self.look)
        return await super().lookup(lookup, deadline=deadline)


@pytest.fixture
def with_registry(app: Flask) -> Iterator[Callable[[FakeProvider], None]]:
    """Let the application have a provider in place of its own."""
    yield lambda provider: app.extensions.__setitem__("tranche.registry", registry_of(provider))
    app.extensions.pop("tranche.registry", None)


def words(text: str) -> str:
    """Return a page as it is read."""
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text)))


def test_a_job_says_who_works_on_it_what_is_under_way_and_what_happened(
    app: Flask, signed_in: SignedIn, with_registry: Callable[[FakeProvider], None]
) -> None:
    """While a call is made: its chunk, its worker and its price, also when it is cancelled; afterwards what was."""
    client, pages = signed_in("operator"), []

    def look() -> None:
        pages.append(words(client.get(address).text))
        client.post(f"{address}/cancel")
        pages.append(words(client.get(address).text))

    provider = Watched(look)
    with_registry(provider)
    with app.app_context():
        with transaction() as session:
            people = [{"id": name, "first_name": "Ada"} for name in ("p1", "p2", "p3")]
            upsert_entities("person", people, workspace_slug="default", session=session)
        job_id = queue.enqueue_job("person", "fake", ["p1", "p2", "p3", "p3"], chunk_size=2)
        address = f"/console/jobs/{job_id}"
        queue.process_next_chunk(work=Waterfall(registry_of(provider), retry_seconds=()))
    running, cancelling = pages
    assert "1 of 2 chunks claimed, 1 open" in running and "0 of 2" in running
    assert "Cancelling:" in cancelling
    for page in pages:
        assert re.search(r"Calls in progress: at most \$0\.0(39|78)", page)
    ended = words(client.get(address).text)
    assert "Calls in progress" not in ended and "No worker holds a chunk" in ended and "30/min" in ended
    child = client.post(f"{address}/retry", data={"cap": "1", "seen": "999999"}).location
    page = client.get(address).text
    events = ("Created for 3 people; 1 duplicate left out", "First chunk claimed", "Cancelled", "Retried for")
    assert [word for word in events if word in page] == list(events) and f'href="{child}"' in page
    assert "A retry of" in client.get(child).text
    funnel = words(page)
    assert "Submitted 4 Without duplicates 3 Without exclusions 3 Decided" in funnel


def test_a_part_is_made_once_for_those_who_may_see_the_same(
    app: Flask, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty tabs cost little more than one; another role, or another workspace, has a part of its own."""
    monkeypatch.setattr(parts, "SECONDS", 3600.0)
    with app.app_context():
        job_id = queue.enqueue_job("person", "ai-normalizer", ["p"])
    address, live = f"/console/jobs/{job_id}", {"HX-Request": "true"}
    first, second, viewer = signed_in("operator"), signed_in("operator", name="eve"), signed_in("viewer")
    made = first.get(address, headers=live)
    with statements(app) as sent:
        again = second.get(address, headers=live)
    assert made.headers["ETag"] == again.headers["ETag"] and not any("enrichment_jobs" in line for line in sent)
    nonces = [re.findall(r'hx-nonce="([^"]+)"', answer.text) for answer in (made, again)]
    policy = again.headers["Content-Security-Policy"]
    assert nonces[0] != nonces[1] and f"'nonce-{nonces[1][0]}'" in policy
    known = {**live, "If-None-Match": made.headers["ETag"]}
    assert second.get(address, headers=known).status_code == 304
    assert "do-cancel" in again.text and "do-cancel" not in viewer.get(address, headers=live).text
    assert signed_in("operator", workspace_slug="north").get(address, headers=live).status_code == 404
    with app.app_context():
        queue.cancel(job_id)
    assert "cancelled" in first.get(address).text


def test_open_chunks_are_those_claimed_and_not_closed(context: Flask) -> None:
    """Held, lost or given back; at most as many as are asked for, and only of the workspace."""
    job_id = queue.enqueue_job("person", "ai-normalizer", ["a", "b", "c", "d", "e"], chunk_size=1)
    leases = [claim(f"worker-{number}") for number in range(4)]
    leases[0].decide(0, Outcome.SUCCESS)
    leases[0].finish()
    leases[1].release()
    found = queue.open_chunks(job_id, limit=2)
    assert (found.total, found.claimed, found.open) == (5, 4, 3)
    assert [(chunk.position, chunk.worker, chunk.is_live) for chunk in found.rows] == [
        (1, None, False),
        (2, "worker-2", True),
    ]
    expire_leases()
    assert not any(chunk.is_live for chunk in queue.open_chunks(job_id).rows)
    for wrong, workspace in ((job_id, "north"), ("nobody", None)):
        with pytest.raises(JobNotFound):
            queue.open_chunks(wrong, workspace_slug=workspace)


def test_a_runway_is_what_is_left_of_the_least_cap_at_the_present_rate() -> None:
    """Of the jobs that run, by what each has spent since it began; without a cap there is a rate and no end."""
    now = datetime.now(UTC)

    def job(status: str, cost_micros: int, seconds: float | None) -> Any:
        started_at = None if seconds is None else now - timedelta(seconds=seconds)
        return SimpleNamespace(status=status, cost_micros=cost_micros, started_at=started_at)

    jobs = [job("running", 60_000, 60.0), job("running", 60_000, 120.0), job("paused", 5_000_000, 1.0)]
    caps = [CapView("overall", None, 1_000_000, 700_000, 120_000), CapView("workspace", "north", None, 700_000)]
    assert _runway(jobs, caps, now) == Runway(90_000, 120.0)
    assert _runway(jobs, caps[1:], now) == Runway(90_000, None)
    assert _runway([job("running", 0, 5.0), job("pending", 0, None)], caps, now) is None
    assert [roughly(micros) for micros in (1_590_165, 30_000, 4_999)] == ["$1.59", "$0.03", "less than a cent"]
