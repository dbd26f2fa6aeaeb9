"""The known-bad changes: what a slip would look like, and which tests are to catch it."""

from dataclasses import dataclass

STATEMENTS = "app/enrichment/lease_statements.py"


@dataclass(frozen=True)
class Mutant:
    """One change: `old` stands once in `path` and becomes `new`; one of `tests` has to fail then."""

    name: str
    path: str
    old: str
    new: str
    tests: tuple[str, ...]


LEASES = ("tests/enrichment/test_leases.py",)
LIFECYCLE = ("tests/enrichment/test_lifecycle.py", "tests/enrichment/test_state_machine.py")
MUTANTS = (
    Mutant(
        "no token in the writes of a holder",
        STATEMENTS,
        '        progress.c.attempt == bindparam("the_attempt"),\n',
        "",
        LEASES,
    ),
    Mutant(
        "a lease is not looked at for its end",
        STATEMENTS,
        "        progress.c.lease_expires_at > utcnow(),\n",
        "",
        LEASES,
    ),
    Mutant("a chunk can be given back twice", STATEMENTS, "        progress.c.worker.is_not(None),\n", "", LEASES),
    Mutant(
        "SKIP LOCKED on the job's row",
        STATEMENTS,
        ".with_for_update(key_share=True)",
        ".with_for_update(key_share=True, skip_locked=True)",
        ("tests/enrichment/test_processes.py",),
    ),
    Mutant(
        "paused comes before complete",
        STATEMENTS,
        "            (is_complete, _said(JobStatus.COMPLETE)),\n",
        "            (jobs.c.status == _said(JobStatus.PAUSED), jobs.c.status),\n"
        "            (is_complete, _said(JobStatus.COMPLETE)),\n",
        LIFECYCLE,
    ),
    Mutant(
        "a lease that ended is not taken off the job",
        STATEMENTS,
        'in_flight = jobs.c.in_flight - bindparam("returned")',
        'in_flight = jobs.c.in_flight - bindparam("returned") * _ZERO',
        LEASES,
    ),
    Mutant(
        "a takeover does not count the lease",
        "app/enrichment/leases.py",
        "in_flight=jobs.c.in_flight + int(was_released)",
        "in_flight=jobs.c.in_flight",
        LEASES + LIFECYCLE,
    ),
    Mutant(
        "SQLite begins deferred",
        "app/database.py",
        'connection.exec_driver_sql("BEGIN IMMEDIATE")',
        'connection.exec_driver_sql("BEGIN")',
        ("tests/enrichment/test_processes.py",),
    ),
    Mutant(
        "a lost call is repeated and not held",
        "app/enrichment/pipeline.py",
        "            elif provider is not None and provider.repeat_is_free:\n",
        "            elif provider is not None:\n",
        ("tests/enrichment/test_in_doubt.py",),
    ),
    Mutant(
        "no intent is looked for after a crash",
        "app/enrichment/pipeline.py",
        "left = flights.of_chunk(job.id, lease.position) if is_paid else {}",
        "left: dict[str, Any] = {}",
        ("tests/enrichment/test_in_doubt.py",),
    ),
)
