"""`flask`, with a pipeline that takes its time: `python -m tests.cli.altered_flask slow|stuck enrich …`.

`slow`: twenty lookups take 0.2 s, those after them do not end. `stuck`: a chunk looks at nothing and does not end; it
prints `told` when the process has been told to stop.
"""

import asyncio
import itertools
import os
import sys
import time
from typing import Any

from flask.cli import main

from app.enrichment.queue.time_budget import stop_requested
from app.enrichment.waterfall.chunk_run import ChunkRun
from app.providers.ai_normalizer import provider
from app.providers.ai_normalizer.provider import AiNormalizer
from app.providers.base import Answer, Lookup

_lookup = AiNormalizer.lookup
_numbers = itertools.count()


async def _slow_lookup(self: AiNormalizer, lookup: Lookup, *, deadline: float) -> Answer:
    await asyncio.sleep(0.2 if next(_numbers) < 20 else 3600)
    return await _lookup(self, lookup, deadline=deadline)


def _no_local_answer(*_: Any) -> None:
    """Leave everything to calls."""


def _stuck_run(*_arguments: Any, **_options: Any) -> None:
    # Not by waiting for the event, which must not be done in the main thread.
    while not stop_requested.is_set():
        time.sleep(0.02)
    print("told", flush=True)
    time.sleep(3600)


if sys.argv.pop(1) == "slow":
    provider.BULK_SIZES = {}
    os.environ.setdefault("AI_NORMALIZER_LIMITS", "1000 at once")
    AiNormalizer.lookup = _slow_lookup  # type: ignore[method-assign]
    AiNormalizer.local_answer = _no_local_answer  # type: ignore[method-assign]
else:
    ChunkRun.begin = _stuck_run  # type: ignore[method-assign]
main()
