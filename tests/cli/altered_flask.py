"""`flask`, with a pipeline that takes its time: `python -m tests.cli.altered_flask slow|stuck enrich …`.

`slow`: each lookup takes 0.2 s. `stuck`: a chunk sleeps and looks at nothing.
"""

import asyncio
import sys
import time
from typing import Any

from flask.cli import main

from app.enrichment.pipeline import Pipeline
from app.providers.base import Answer, Lookup
from app.providers.normalizer.provider import AiNormalizer

_lookup = AiNormalizer.lookup


async def _slow_lookup(self: AiNormalizer, lookup: Lookup, *, deadline: float) -> Answer:
    await asyncio.sleep(0.2)
    return await _lookup(self, lookup, deadline=deadline)


def _stuck_run(*_arguments: Any, **_options: Any) -> None:
    time.sleep(60)


if sys.argv.pop(1) == "slow":
    AiNormalizer.bulk_sizes = {}
    AiNormalizer.lookup = _slow_lookup  # type: ignore[method-assign]
else:
    Pipeline.run = _stuck_run  # type: ignore[method-assign]
main()
