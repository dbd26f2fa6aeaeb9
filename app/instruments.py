"""What this process has counted and timed: requests, calls of providers, checkpoints. A leaf of the import graph.

In one process the numbers are kept in memory. Several that are asked at one address, as the workers of gunicorn are,
write theirs into files of one folder, which the library reads as one: `PROMETHEUS_MULTIPROC_DIR`, its own variable.

By itself the library names the files after process ids, so that each process which ends, as one does after
`max_requests`, leaves some behind for ever. Here they are named after places: a process has the lowest one that no
living process has, and goes on with the numbers that it finds there. A lock of the operating system holds the place,
which is free again however the process ends.
"""

import os
from itertools import count
from pathlib import Path
from typing import IO, Final

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics, values
from prometheus_client.multiprocess import MultiProcessCollector

FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
IS_SHARED: Final = FOLDER in os.environ
"""Whether the numbers of this process are added up with those of others."""


class _Place:
    """The place of this process among those that share a folder."""

    def __init__(self) -> None:
        self._pid = 0
        self._number = 0
        self._lock: IO[str] | None = None

    def number(self) -> int:
        """Return the number of the place; a process that was forked since takes one of its own."""
        if self._pid != os.getpid():
            self._take()
        return self._number

    def _take(self) -> None:
        folder = Path(os.environ[FOLDER])
        for number in count():
            lock = _lock(folder / f"place_{number}.lock")
            if lock is not None:
                self._pid, self._number, self._lock = os.getpid(), number, lock
                return


def _lock(path: Path) -> IO[str] | None:
    """Lock a file for as long as this process lives, and return it; None if another process has it."""
    # Not everywhere, and only needed here.
    import fcntl

    file = path.open("w", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file


disable_created_metrics()  # type: ignore[no-untyped-call]  # the library has no types here
if IS_SHARED:
    # Before any metric is made: each takes the class that stands there.
    values.ValueClass = values.MultiProcessValue(_Place().number)  # type: ignore[no-untyped-call]

_OWN: Final = CollectorRegistry()
HTTP_REQUESTS: Final = Counter(
    "tranche_http_requests", "Requests answered.", ["rule", "method", "status"], registry=_OWN
)
HTTP_SECONDS: Final = Histogram(
    "tranche_http_request_seconds",
    "Time until an answer began.",
    ["rule", "method"],
    buckets=(0.01, 0.05, 0.1, 0.25, 1, 5, 30),
    registry=_OWN,
)
PROVIDER_CALLS: Final = Counter(
    "tranche_provider_calls",
    "Calls of providers that have ended; one of many entities counts once.",
    ["provider", "outcome"],
    registry=_OWN,
)
PROVIDER_SECONDS: Final = Histogram(
    "tranche_provider_call_seconds",
    "Time of the calls of providers.",
    ["provider"],
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 15),
    registry=_OWN,
)
CLAIM_TIME: Final = Histogram(
    "tranche_claim_seconds",
    "Time of the claims of chunks, whether there was one or not.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1),
    registry=_OWN,
)
ROUND_TIME: Final = Histogram(
    "tranche_round_seconds",
    "Time of a worker's rounds of the chunks in its hands, without the wait for calls.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5),
    registry=_OWN,
)
LOOP_LAG: Final = Histogram(
    "tranche_loop_lag_seconds",
    "How long the event loop with the calls let something wait that it was handed, once a round.",
    buckets=(0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 2.5),
    registry=_OWN,
)
CHECKPOINT_TIME: Final = Histogram(
    "tranche_checkpoint_seconds",
    "Time of the transactions that store what was decided.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5),
    registry=_OWN,
)


def registry() -> CollectorRegistry:
    """Return a registry of what was counted here, or by all processes that share the folder, to add others to."""
    collected = CollectorRegistry()
    if IS_SHARED:
        MultiProcessCollector(collected)  # type: ignore[no-untyped-call]
    else:
        collected.register(_OWN)
    return collected
