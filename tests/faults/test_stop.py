"""A worker that is frozen in mid-call past its lease, and goes on when somebody else has done its work."""

import signal

import pytest

from tests.faults.accounts import outcomes_of
from tests.faults.conftest import MakeWorld
from tests.faults.helpers import (
    attempts_of_chunks,
    calls_arrived,
    calls_under_way,
    check_accounts,
    drain_here,
    end,
    has_live_lease,
    snapshot,
    stop_in_mid_call,
    tell,
    vary,
)
from tests.faults.world import add_job, wait_until

AT_ONCE = 3


@pytest.mark.parametrize("provider", ["findymail", "leadmagic"])
@pytest.mark.parametrize(
    "stops",
    [pytest.param(1, id="short"), pytest.param(12, id="long", marks=[pytest.mark.slow, pytest.mark.timeout(300)])],
)
def test_worker_stopped_past_its_lease_in_mid_call_writes_and_pays_nothing_afterwards(
    make_world: MakeWorld, provider: str, stops: int
) -> None:
    """SIGSTOP, takeover, SIGCONT: not a row changes, and no call is sent; a call that may be repeated is, for free."""
    # As in the defaults, a lease outlives a call, and so a call that is lined up is given up before the lease ends.
    timeouts: dict[str, object] = {f"{provider.upper()}_TIMEOUT_SECONDS": 2}
    world = make_world({"latency": 0.8}, ENRICH_CONCURRENCY=AT_ONCE)
    for number in range(stops):
        job_id = add_job(9, provider=provider, start=10 + 9 * number, chunk_size=9)
        charged_before, arrived_before = len(world.server.lines()), calls_arrived(world, provider)

        def have_arrived(charged_before: int = charged_before, arrived_before: int = arrived_before) -> bool:
            answered = len(world.server.lines()) - charged_before
            return calls_arrived(world, provider) - arrived_before == min(9, answered + AT_ONCE)

        late = vary(world, ENRICH_LEASE_SECONDS=2, **timeouts).start()
        # Each time a little later in the chunk.
        due = charged_before + 1 + number % 6
        stop_in_mid_call(
            late,
            is_due=lambda due=due: len(world.server.lines()) >= due,
            have_arrived=have_arrived,
        )
        cut = calls_under_way()
        assert 0 < cut <= AT_ONCE * 2
        wait_until(lambda: not has_live_lease())
        drain_here()
        stored, lines = snapshot(), world.server.lines()
        late.send_signal(signal.SIGCONT)
        code, errors = end(late)
        assert code == 0 and "lease lost" in errors
        assert snapshot() == stored
        assert world.server.lines() == lines
        assert set(attempts_of_chunks()) == {(2, 1)}
        outcomes = "".join(outcomes_of(job_id).values())
        assert len(outcomes) == 9
        # Whether a call that LeadMagic got has been paid is for a person to find out.
        assert outcomes.count("h") == (0 if provider == "findymail" else cut)
        assert outcomes.count("s") == 9 - outcomes.count("h")
    lines = check_accounts(world)
    assert {line.micros > 0 for line in lines if not line.repeat} == {True}
    tell(world, provider=provider, stops=stops)
