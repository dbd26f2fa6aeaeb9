"""What one claim costs with much behind and before it: 10,000 jobs wait, 1,000,000 chunks are finished, and a paused
job of 10 million entities is the oldest."""

import statistics
import time

from sqlalchemy import text

from app.db.session import single_statement
from app.enrichment.queue import claims, lease
from app.models.chunk import Outcome
from tests.backlog import add_backlog
from tests.benchmarks.figures import Figure, Options, percentile, ratio
from tests.benchmarks.servers import DATABASES, Servers, application
from tests.statements import explained

NAME = "claim"
CLAIMS = 200
EXPLAINED_CLAIMS = 11
_INSERT = text("INSERT INTO yardstick VALUES (1)")


def run(servers: Servers, options: Options) -> list[Figure]:
    """Claim again and again, in turns on both databases; each chunk is finished, outside of what is timed."""
    urls = {kind: servers.migrated(kind) for kind in DATABASES}
    size = options.size(10_000)
    note = f"{size:,} jobs of 1,000 wait, {size * 100:,} chunks finished, {size * 1000:,} entities paused at the head"
    for url in urls.values():
        with application(url):
            add_backlog(waiting=size, finished_jobs=size // 10, chunks_each=1000, paused_chunks=size * 20)
    p50 = {kind: Figure(NAME, f"claim p50, {name}", "ms", note=note) for kind, name in DATABASES.items()}
    p95 = {kind: Figure(NAME, f"claim p95, {name}", "ms") for kind, name in DATABASES.items()}
    p50["postgresql"].goal = "at most 1.5"
    unprepared = Figure(
        NAME, "claim p50, PostgreSQL, nothing prepared", "ms", note="DATABASE_PREPARED_STATEMENTS=false"
    )
    how = "median claim, EXPLAIN's count over its statements, foreign keys' triggers left out"
    buffers = Figure(NAME, "shared buffers of a claim, PostgreSQL", "", goal="at most 25", note=how)
    counts = Figure(NAME, "statements of a claim, PostgreSQL", "")
    yardstick = Figure(
        NAME, "insert of one row p50, PostgreSQL", "ms", note="between the claims, committed, from the same process"
    )
    with application(urls["postgresql"]), single_statement() as connection:
        connection.execute(text("CREATE TABLE yardstick (number int)"))
    for _ in range(options.runs):
        for kind, url in urls.items():
            with application(url):
                milliseconds, inserts = _measure(kind)
                p50[kind].values.append(statistics.median(milliseconds))
                p95[kind].values.append(percentile(milliseconds, 0.95))
                if kind == "postgresql":
                    yardstick.values.append(statistics.median(inserts))
                    claims = [_explain_claim() for _ in range(EXPLAINED_CLAIMS)]
                    buffers.values.append(statistics.median(touched for touched, _ in claims))
                    counts.values.append(statistics.median(count for _, count in claims))
        with application(urls["postgresql"], DATABASE_PREPARED_STATEMENTS="false"):
            unprepared.values.append(statistics.median(_measure("postgresql")[0]))
    in_inserts = ratio(p50["postgresql"], yardstick, "claim / insert of one row, PostgreSQL")
    return [*p50.values(), unprepared, *p95.values(), yardstick, in_inserts, buffers, counts]


def _measure(kind: str) -> tuple[list[float], list[float]]:
    """Return the milliseconds of claims, and on PostgreSQL of inserts that come between them."""
    claims, inserts = [], []
    for _ in range(CLAIMS):
        claims.append(_claim_ms())
        inserts += [_insert_ms()] if kind == "postgresql" else []
    # The first ones of a process make connections and plans.
    return claims[20:], inserts[20:]


def _insert_ms() -> float:
    started = time.perf_counter()
    with single_statement() as connection:
        connection.execute(_INSERT)
    return (time.perf_counter() - started) * 1000


def _claim_ms() -> float:
    started = time.perf_counter()
    lease = claims.claim("benchmark", lease_seconds=60)
    seconds = time.perf_counter() - started
    _finish(lease)
    return seconds * 1000


def _explain_claim() -> tuple[int, int]:
    """Return a claim's shared buffers and its number of statements."""
    with explained() as statements:
        lease = claims.claim("benchmark", lease_seconds=60)
    _finish(lease)
    return sum(statement.buffers for statement in statements), len(statements)


def _finish(lease: lease.Lease | None) -> None:
    assert lease is not None
    lease.read_entity_ids()
    for index in lease.undecided:
        lease.decide(index, Outcome.SUCCESS)
    lease.finish()
