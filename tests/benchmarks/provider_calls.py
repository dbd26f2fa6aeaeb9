"""How near paid work comes to what the calls alone would take, and how it grows with the number of workers.

One provider, played by a server on this machine at a given latency, whom no limit holds back. The time is that of
the worker processes, from their first claim to the end of the last one; the ideal is the calls' own:
ceil(calls / concurrency) * latency. What the workers spend of their own CPU is told as answers a CPU-second.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from tests.benchmarks.figures import Figure, Options
from tests.benchmarks.servers import DATABASES, Servers
from tests.benchmarks.stage import Taken, measure
from tests.fakes.process import FakeServer
from tests.faults.world import World, add_job, statuses

NAME = "provider_calls"
PROVIDER = "findymail"
UNLIMITED = {"FINDYMAIL_LIMITS": "60000000/min"}
"""By the minute: under a rate by the second, a call that a busy machine sends 50 ms late is granted anew."""
CONCURRENCY = 50
CASES = ((50, 0.5), (50, 0.25), (50, 0.1), (1000, 0.1), (50, 0.005))
"""Chunk sizes and latencies; with the last, no call is waited for, and only the worker's own CPU counts."""
GOALS = {0.5: "at most 1.12", 0.25: "at most 1.25", 0.1: "at most 1.15"}


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
    note = f"{people:,} people, ENRICH_CONCURRENCY={CONCURRENCY}, one worker"
    figures: dict[tuple[str, Load], tuple[Figure, Figure]] = {}
    for kind, name in DATABASES.items():
        for chunk_size, latency in CASES:
            what = f"{latency * 1000:g} ms, chunks of {chunk_size}, {name}"
            share = Figure(NAME, f"time / ideal, {what}", "", goal=GOALS.get(latency, ""), note=note)
            answers = Figure(NAME, f"paid answers, {what}", "answers/CPU-s", note="of the worker's own CPU")
            figures[kind, Load(people, chunk_size, latency, CONCURRENCY)] = share, answers
    for _ in range(options.runs):
        for (kind, load), (share, answers) in figures.items():
            taken = work(servers, kind, load)
            share.values.append(taken.seconds / (math.ceil(people / load.concurrency) * load.latency))
            answers.values.append(people / taken.cpu_seconds)
    return [figure for pair in figures.values() for figure in pair]


def work(servers: Servers, kind: str, load: Load, settings: Mapping[str, str] = UNLIMITED) -> Taken:
    """Let the workers through a new list on a new database, with one call for each person; return what they took."""
    with FakeServer(servers.new_file("ledger.jsonl"), latency=load.latency) as server:
        everything = {**settings, "ENRICH_CONCURRENCY": str(load.concurrency), "LOG_LEVEL": "ERROR"}
        world = World(servers.migrated(kind), server, everything)
        with world.app():
            add_job(load.people, provider=PROVIDER, chunk_size=load.chunk_size)
        taken = measure([["tests.benchmarks.worker"]] * load.workers, world.environment)
        with world.app():
            assert statuses() == ["complete"], statuses()
        calls = int(server.stats()["providers"][PROVIDER]["requests"])
    # Nobody was asked twice, and all were asked.
    assert calls == load.people, calls
    return taken
