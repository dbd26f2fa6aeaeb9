"""What a chunk costs, claim and finish together, by the length of its job."""

import statistics
from collections.abc import Iterator
from itertools import chain, repeat

from app.enrichment import queue
from tests.backlog import add_jobs, tidy
from tests.benchmarks.figures import Figure, Options, ratio, stopwatch
from tests.benchmarks.servers import DATABASES, Servers, application

NAME = "chunk_cost"
CHUNK_SIZE = 50
CHUNKS_A_RUN = 40
SIZES = (100, 10_000, 1_000_000, 10_000_000)


def run(servers: Servers, options: Options) -> list[Figure]:
    """Process a chunk of each job in turn, again and again."""
    found: list[Figure] = []
    for kind, name in DATABASES.items():
        figures = {size: Figure(NAME, f"job of {size:,}, {name}", "ms a chunk") for size in SIZES}
        with application(servers.migrated(kind)):
            turns = {size: _turns(size, options) for size in SIZES}
            tidy()
            for _ in range(options.runs):
                costs: dict[int, list[float]] = {size: [] for size in SIZES}
                for _ in range(CHUNKS_A_RUN):
                    for size in SIZES:
                        costs[size].append(_chunk_ms(next(turns[size])))
                for size, values in costs.items():
                    figures[size].values.append(statistics.median(values))
        short, long = figures[SIZES[1]], figures[SIZES[-1]]
        found += [*figures.values(), ratio(long, short, f"10 million / 10 thousand, {name}", goal="at most 1.2")]
    return found


def _turns(size: int, options: Options) -> Iterator[str]:
    """Store as many jobs of this length as the runs need, and give the job of each turn."""
    chunk_count = size // CHUNK_SIZE
    jobs = -(-CHUNKS_A_RUN * options.runs // chunk_count)
    return chain.from_iterable(repeat(job_id, chunk_count) for job_id in add_jobs(jobs, chunk_count))


def _chunk_ms(job_id: str) -> float:
    with stopwatch() as seconds:
        result = queue.process_next_chunk(job_id=job_id)
    assert result is not None and result.processed == CHUNK_SIZE
    return seconds() * 1000
