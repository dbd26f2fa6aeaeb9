"""Structured logs: one JSON object a line, or coloured text on a terminal.

The event is a constant; ids, counts and durations are fields. Request and job
ids are bound with `structlog.contextvars` and appear on every line that
follows, those of the standard library's loggers included.
"""

import logging
import sys
import traceback
from typing import Any

import structlog
from structlog.typing import Processor

from app.config import Config

_SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def configure(config: Config) -> None:
    """Send structlog's and the standard library's records to stderr in one form."""
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(config.LOG_LEVEL),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_SHARED,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_renderers(config)],
        )
    )
    handler.set_name("tranche")
    root = logging.getLogger()
    root.handlers = [old for old in root.handlers if old.get_name() != "tranche"] + [handler]
    root.setLevel(config.LOG_LEVEL)
    # It tells of each of its plugins when it is loaded.
    logging.getLogger("alembic.runtime.plugins").setLevel(logging.WARNING)


def trace(error: BaseException) -> dict[str, Any]:
    """Return what may be logged of an unexpected error: the types and stack frames of its chain.

    Messages are left out: they quote parameters of statements and bad values.
    """
    kinds: list[str] = []
    frames: list[str] = []
    cause: BaseException | None = error
    while cause is not None and len(kinds) < 5:
        kinds.append(type(cause).__name__)
        frames += traceback.format_tb(cause.__traceback__)
        cause = cause.__cause__ or cause.__context__
    sqlstate = getattr(getattr(error, "orig", None), "sqlstate", None)
    return {"kinds": kinds, "sqlstate": sqlstate, "frames": frames}


def _renderers(config: Config) -> list[Processor]:
    if config.LOG_FORMAT == "console":
        return [structlog.dev.ConsoleRenderer()]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
