"""`flask`, which notes when its calls may start: `python -m tests.faults.granted_flask FILE enrich …`.

It appends to the file a line for each call of which its provider's limits allow the start, with that instant by the
database's clock.
"""

import sys
from pathlib import Path

from flask.cli import main

from app.db.session import WriteSession
from app.enrichment.limits import rate_limits
from app.enrichment.limits.rate_limits import Allowance

_consume = rate_limits.consume
_path = Path(sys.argv.pop(1))


def _noting_consume(session: WriteSession, allowance: Allowance, count: int) -> list[float]:
    instants = _consume(session, allowance, count)
    with _path.open("a", encoding="utf-8") as file:
        for instant in instants:
            file.write(f"{allowance.now.timestamp() + instant - allowance.taken_at}\n")
    return instants


rate_limits.consume = _noting_consume
main()
