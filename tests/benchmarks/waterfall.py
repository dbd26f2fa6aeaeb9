"""How fast people go through the default waterfall under the default limits, beside what the limits alone allow.

Against the fake providers at 100 ms a call, in one worker process with ENRICH_CONCURRENCY=50. The fakes keep the
limits that are the service's own defaults, and their ledger is compared with our books. The ideal is the least time
that calls, limits and concurrency allow: the largest, over all of them, of calls / rate and calls * latency / at once.
"""

import os
from collections.abc import Mapping

from app.config import Config
from app.db.session import end_read
from app.providers.settings import Limits
from tests.benchmarks.figures import Figure, Options
from tests.benchmarks.servers import DATABASES, Servers
from tests.benchmarks.stage import perform
from tests.fakes import charges
from tests.fakes.process import FakeServer
from tests.faults.accounts import read_books
from tests.faults.world import World, add_job, statuses

NAME = "waterfall"
LATENCY = 0.1
CONCURRENCY = 50
LIMITS = {
    "findymail": "30 at once",
    "prospeo": "5/s,300/min",
    "leadmagic": "3000/min",
}
"""The defaults of the service, in the words of the fakes; without the daily one."""
SETTINGS = {f"{name.upper()}_LIMITS": text for name, text in LIMITS.items()}
HIT_RATES = "findymail=0.4,prospeo=0.5,leadmagic=0.6"


def run(servers: Servers, options: Options) -> list[Figure]:
    """Measure each chunk size in turn, run by run."""
    people = options.size(2000)
    found: list[Figure] = []
    for chunk_size in (50, 1000):
        what = f"{people:,} people, chunks of {chunk_size}, {DATABASES['sqlite']}"
        found.append(Figure(NAME, what, "s", note="books and ledger equal to the micro-dollar"))
        found.append(Figure(NAME, f"  / what calls and limits allow, chunks of {chunk_size}", ""))
    for _ in range(options.runs):
        for place, chunk_size in enumerate((50, 1000)):
            seconds, least = measure(servers, people, chunk_size)
            found[2 * place].values.append(seconds)
            found[2 * place + 1].values.append(seconds / least)
    return found


def measure(servers: Servers, people: int, chunk_size: int) -> tuple[float, float]:
    """Return the seconds of one worker, and the least that they could be."""
    limits = ";".join(f"{name}={text}" for name, text in LIMITS.items())
    file = servers.new_file("ledger.jsonl")
    with FakeServer(file, latency=LATENCY, limits=limits, hit_rates=HIT_RATES) as server:
        settings = {**SETTINGS, "ENRICH_CONCURRENCY": str(CONCURRENCY), "ENRICH_TIME_BUDGET": "600"}
        world = World(servers.migrated("sqlite"), server, settings)
        with world.app():
            add_job(people, chunk_size=chunk_size)
        seconds = perform([["tests.benchmarks.worker"]], world.environment)
        with world.app():
            assert statuses() == ["complete"], statuses()
            lines, books = server.lines(), read_books()
            end_read()
        stats = server.stats()["providers"]
    assert charges.total(lines) == books.cost, (charges.total(lines), books.cost)
    return seconds, ideal({name: stats[name]["requests"] for name in LIMITS})


def ideal(calls: Mapping[str, int]) -> float:
    """Return the least seconds in which limits and concurrency allow these calls."""
    bounds = [sum(calls.values()) * LATENCY / CONCURRENCY]
    for name, count in calls.items():
        limits = _limits(name)
        bounds += [count * seconds / allowed for allowed, seconds in limits.rates]
        if limits.at_once is not None:
            bounds.append(count * LATENCY / limits.at_once)
    return max(bounds)


def _limits(name: str) -> Limits:
    return Config.from_env({**os.environ, **SETTINGS}).PROVIDERS[name].limits_for("person")
