"""How near paid work comes to what the calls alone would take, and how it grows with the number of workers.

One provider, played by a server on this machine at a given latency, whom no limit holds back. The time is that of
the worker processes, from their first claim to the end of the last one; the ideal is the calls' own:
ceil(calls / concurrency) * latency.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from tests.benchmarks.figures import Figure, Options
from tests.benchmarks.servers import DATABASES, Servers
from tests.benchmarks.stage import perform
from tests.fakes.process import FakeServer
from tests.faults.world import World, add_job, statuses

NAME = "provider_calls"
PROVIDER = "findymail"
UNLIMITED = {"FINDYMAIL_LIMITS": "60000000/min"}
"""By the minute: under a rate by the second, a call that a busy machine sends 50 ms late is granted anew."""


@dataclass(frozen=True, slots=True)
class Load:
    """So many people, in chunks of one size, at one latency and concurrency, by so many workers."""

    people: int
    chunk_size: int
    latency: float
    concurrency: int
    workers: int = 1


def run(servers: Servers, options: Options) -> list[Figure]:
    """Measure each latency and chunk size in turn, run by run."""
    people = options.size(1000)
    cases = [
        (kind, Load(people, chunk_size, latency, concurrency=50))
        for kind, latencies in (("postgresql", (0.1, 0.25, 0.5)), ("sqlite", (0.1,)))
        for latency in latencies
        for chunk_size in (50, 1000)
    ]
    figures = {
        (kind, load): Figure(
            NAME,
            f"time / ideal, {load.latency * 1000:g} ms, chunks of {load.chunk_size}, {DATABASES[kind]}",
            "",
            goal="at most 1.15",
            note=f"{people:,} people, ENRICH_CONCURRENCY={load.concurrency}, one worker",
        )
        for kind, load in cases
    }
    for _ in range(options.runs):
        for (kind, load), figure in figures.items():
            seconds, calls = work(servers, kind, load)
            figure.values.append(seconds / (math.ceil(calls / load.concurrency) * load.latency))
    return list(figures.values())


def work(servers: Servers, kind: str, load: Load, settings: Mapping[str, str] = UNLIMITED) -> tuple[float, int]:
    """Let the workers through a new list on a new database; return their seconds and the calls they made."""
    with FakeServer(servers.new_file("ledger.jsonl"), latency=load.latency) as server:
        everything = {**settings, "ENRICH_CONCURRENCY": str(load.concurrency), "LOG_LEVEL": "ERROR"}
        world = World(servers.migrated(kind), server, everything)
        with world.app():
            add_job(load.people, provider=PROVIDER, chunk_size=load.chunk_size)
        seconds = perform([["tests.benchmarks.worker"]] * load.workers, world.environment)
        with world.app():
            assert statuses() == ["complete"], statuses()
        calls = int(server.stats()["providers"][PROVIDER]["requests"])
    # Nobody was asked twice, and all were asked.
    assert calls == load.people, calls
    return seconds, calls
