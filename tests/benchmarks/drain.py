"""How fast a list goes through without any work on its entities, beside other queues and the naive algorithm.

All on one machine, and the database queues on one PostgreSQL server. The peers do it in two ways: one job an entity,
which gives each entity an outcome and a retry of its own, as Tranche does; and one job for 50 ids, which is quick and
leaves an entity that failed to the caller's own books.
"""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version

from tests.benchmarks.figures import Figure, Options, ratio
from tests.benchmarks.servers import Servers
from tests.benchmarks.stage import ROOT, environment, perform

NAME = "drain"
PLACE = "tests.benchmarks.contestants."


@dataclass(frozen=True, slots=True)
class Contestant:
    """A queue in one of its ways; what it keeps of each entity, and what of it outlives the broker."""

    name: str
    module: str
    form: str
    count: int
    keeps: str
    processes: Sequence[int] = (1, 2)

    def commands(self, action: str, count: int, processes: int = 1) -> list[list[str]]:
        """Return the programs to run at once; Celery starts its own processes."""
        command = [PLACE + self.module, action, str(count), self.form]
        if self.module == "celery_chunks":
            return [[*command, str(processes)]]
        return [command] * processes


CONTESTANTS = (
    Contestant("Tranche", "tranche", "chunk", 100_000, "each entity's outcome, durably; survives a crash"),
    Contestant("Tranche, nothing prepared", "tranche", "unprepared", 100_000, "the same, as behind a pooler"),
    Contestant(
        f"PgQueuer {version('pgqueuer')}, job an entity",
        "pgqueuer_jobs",
        "entity",
        20_000,
        "each entity's outcome in its log, durably; survives a crash",
    ),
    Contestant(
        f"procrastinate {version('procrastinate')}, job an entity",
        "procrastinate_jobs",
        "entity",
        2_000,
        "each entity's outcome, durably; survives a crash",
    ),
    Contestant(
        "PgQueuer, job of 50 ids",
        "pgqueuer_jobs",
        "chunk",
        100_000,
        "one outcome for 50 entities, durably; survives a crash",
    ),
    Contestant(
        "procrastinate, job of 50 ids",
        "procrastinate_jobs",
        "chunk",
        100_000,
        "one outcome for 50 entities, durably; survives a crash",
    ),
    Contestant(
        f"Celery {version('celery')}, chunks of 50, Valkey",
        "celery_chunks",
        "chunk",
        100_000,
        "no outcome (results ignored); a broker that crashes loses what its last snapshot has not",
    ),
    Contestant(
        "naive: JSON array on the job's row",
        "naive",
        "chunk",
        100_000,
        "how many are done, durably; one worker only, first 10 s",
        (1,),
    ),
)


def run(servers: Servers, options: Options) -> list[Figure]:
    """Let every contestant enqueue and drain in turn, run by run."""
    places = {contestant: _settings(servers, contestant) for contestant in CONTESTANTS}
    figures: dict[tuple[str, str], Figure] = {}
    for _ in range(options.runs):
        for contestant in CONTESTANTS:
            count = options.size(contestant.count)
            settings = places[contestant]
            for processes in contestant.processes:
                enqueued = perform(contestant.commands("enqueue", count), settings)
                drained = perform(contestant.commands("work", count, processes), settings)
                done = _verify(contestant, count, settings)
                for what, rate in (("enqueue", count / enqueued), (f"drain, {_workers(processes)}", done / drained)):
                    figure = Figure(NAME, f"{what}: {contestant.name}", "entities/s", note=f"{count:,} entities")
                    if what == f"drain, {_workers(1)}":
                        figure.note += f"; {contestant.keeps}"
                    figures.setdefault((what, contestant.name), figure).values.append(rate)
        options.keep(list(figures.values()))
    return [*sorted(figures.values(), key=lambda figure: figure.what.partition(":")[0]), *_ratios(figures)]


def _workers(count: int) -> str:
    return "one worker" if count == 1 else f"{count} workers"


def _ratios(figures: dict[tuple[str, str], Figure]) -> list[Figure]:
    ours = [contestant.name for contestant in CONTESTANTS if contestant.module == "tranche"]
    return [
        ratio(figures[what, our], figure, f"{what}: {our} / {name}")
        for our in ours
        for (what, name), figure in figures.items()
        if name not in ours and (what, our) in figures and what != "enqueue"
    ]


def _settings(servers: Servers, contestant: Contestant) -> dict[str, str]:
    if contestant.module == "tranche":
        prepared = "false" if contestant.form == "unprepared" else "auto"
        return {
            "DATABASE_URL": servers.migrated("postgresql"),
            "LOG_LEVEL": "ERROR",
            "DATABASE_PREPARED_STATEMENTS": prepared,
        }
    if contestant.module == "naive":
        return {"DATABASE_URL": servers.database("postgresql")}
    return {"PEER_URL": servers.broker() if contestant.module == "celery_chunks" else servers.database("postgresql")}


def _verify(contestant: Contestant, count: int, settings: dict[str, str]) -> int:
    """Let the contestant look whether everything was done; return how many entities that is."""
    (command,) = contestant.commands("verify", count)
    answer = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, env=environment(settings), check=True, stdout=subprocess.PIPE
    )
    return int(answer.stdout) if answer.stdout else count
