"""How much more four worker processes get through than one, where the provider is what takes the time.

The concurrency of each worker is kept low on purpose: the four of them, the provider that is played and the database
share this machine's cores, and what is asked is whether workers stand in each other's way.
"""

from tests.benchmarks.figures import Figure, Options, ratio
from tests.benchmarks.provider_calls import Load, work
from tests.benchmarks.servers import DATABASES, Servers

NAME = "scaling"
LATENCY = 0.05
CONCURRENCY = 1
CHUNK_SIZE = 4
"""Small, since at the end all wait for the last chunk of one."""


def run(servers: Servers, options: Options) -> list[Figure]:
    """Let one, two and four workers through the same list in turn, run by run."""
    people = options.size(320)
    figures = {
        (kind, workers): Figure(NAME, f"workers: {workers}, {name}", "entities/s")
        for kind, name in DATABASES.items()
        for workers in (1, 2, 4)
    }
    for _ in range(options.runs):
        for (kind, workers), figure in figures.items():
            taken = work(servers, kind, Load(people, CHUNK_SIZE, LATENCY, CONCURRENCY, workers))
            figure.values.append(people / taken.seconds)
    note = f"{people} people, {LATENCY * 1000:g} ms a call, ENRICH_CONCURRENCY={CONCURRENCY}, chunks of {CHUNK_SIZE}"
    ratios = [
        ratio(figures[kind, 4], figures[kind, 1], f"4 workers / 1, {name}", goal="at least 3.5", note=note)
        for kind, name in DATABASES.items()
    ]
    return [*figures.values(), *ratios]
