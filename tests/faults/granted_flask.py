"""`flask`, which notes when its calls may start: `python -m tests.faults.granted_flask FOLDER enrich …`.

It appends to the file `granted` a line for each call of which its provider's limits allow the start, with that instant
by the database's clock, and to `begun` the instant of each call that did begin: one that is too late gets another.
"""

import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from flask.cli import main

from app.db.session import WriteSession
from app.enrichment.limits import rate_limits
from app.enrichment.limits.rate_limits import Allowance
from app.enrichment.waterfall.batch import Call
from app.enrichment.waterfall.calls_under_way import CallsOfChunk, CallsUnderWay

_consume = rate_limits.consume
_start = CallsUnderWay.start
_folder = Path(sys.argv.pop(1))
_instants: dict[float, float] = {}
"""What was granted, by the latest instant at which the call may begin."""


def _note(name: str, instant: float) -> None:
    with (_folder / name).open("a", encoding="utf-8") as file:
        file.write(f"{instant}\n")


def _noting_consume(session: WriteSession, allowance: Allowance, count: int) -> list[float]:
    instants = _consume(session, allowance, count)
    for instant in instants:
        by_database = allowance.now.timestamp() + instant - allowance.taken_at
        _note("granted", by_database)
        _instants[instant + rate_limits.most_late(allowance.limits)] = by_database
    return instants


def _noting_start(
    self: CallsUnderWay,
    owner: CallsOfChunk,
    call: Call,
    asking: Callable[[], Awaitable[Any]],
    deadline: float,
    start_by: float,
) -> None:
    def begin() -> Awaitable[Any]:
        if start_by in _instants:
            _note("begun", _instants[start_by])
        return asking()

    _start(self, owner, call, begin, deadline, start_by)


rate_limits.consume = _noting_consume
CallsUnderWay.start = _noting_start  # type: ignore[method-assign]
main()
