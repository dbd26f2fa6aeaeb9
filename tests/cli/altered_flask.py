"""`flask`, with a pipeline that takes its time: `python -m tests.cli.altered_flask slow|rules|stuck enrich …`.

`slow`: each answer of the normaliser is a call; twenty take 0.2 s, those after them do not end. `rules`: each answer
of the rules takes 0.2 s. `stuck`: a chunk looks at nothing and does not end; it prints `told` when the process has been
told to stop.
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

_lookup, _local_answer = AiNormalizer.lookup, AiNormalizer.local_answer
_numbers = itertools.count()


async def _slow_lookup(self: AiNormalizer, lookup: Lookup, *, deadline: float) -> Answer:
    await asyncio.sleep(0.2 if next(_numbers) < 20 else 3600)
    return await _lookup(self, lookup, deadline=deadline)


def _no_local_answer(*_: Any) -> None:
    """Leave everything to calls."""


def _slow_rules(self: AiNormalizer, lookup: Lookup) -> Answer | None:
    time.sleep(0.2)
    return _local_answer(self, lookup)


def _stuck_run(*_arguments: Any, **_options: Any) -> None:
    # Not by waiting for the event, which must not be done in the main thread.
    while not stop_requested.is_set():
        time.sleep(0.02)
    print("told", flush=True)
    time.sleep(3600)


mode = sys.argv.pop(1)
if mode == "slow":
    provider.BULK_SIZES = {}
    os.environ.setdefault("AI_NORMALIZER_LIMITS", "1000 at once")
    AiNormalizer.lookup = _slow_lookup  # type: ignore[method-assign]
    AiNormalizer.local_answer = _no_local_answer  # type: ignore[method-assign]
elif mode == "rules":
    AiNormalizer.local_answer = _slow_rules  # type: ignore[method-assign]
else:
    ChunkRun.begin = _stuck_run  # type: ignore[method-assign]
main()
