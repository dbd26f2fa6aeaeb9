"""Bugs reported to Sentry, if `SENTRY_DSN` says where: what the log says of them, and nothing more.

A report has types, stack frames and the ids of request and job. Messages, values of variables, statements, addresses
and bodies stay here: they are somebody's data. So what is sent is made of parts that are named here, and whatever else
the library or a later version of it may collect is left out.
"""

import sys
from typing import TYPE_CHECKING, Any, Final

import structlog

from app.config import Config, ConfigError

if TYPE_CHECKING:
    from sentry_sdk.types import Event, Hint

_OF_EVENT: Final = ("event_id", "timestamp", "platform", "level", "release", "environment", "sdk")
_OF_EXCEPTION: Final = ("type", "module", "mechanism")
_OF_FRAME: Final = ("filename", "abs_path", "module", "function", "lineno", "context_line", "in_app")
_OF_MECHANISM: Final = ("type", "handled", "exception_id", "parent_id", "source")
_IDS: Final = ("request_id", "job_id")


def init_app(config: Config) -> None:
    """Report bugs of this process from now on, if the settings say where to.

    Raises `ConfigError` if that is no DSN, or the library is not installed.
    """
    if config.SENTRY_DSN is None:
        return
    try:
        import sentry_sdk
        from sentry_sdk.integrations.atexit import AtexitIntegration
        from sentry_sdk.integrations.dedupe import DedupeIntegration
        from sentry_sdk.integrations.excepthook import ExcepthookIntegration
        from sentry_sdk.integrations.threading import ThreadingIntegration
        from sentry_sdk.utils import BadDsn
    except ImportError as exc:
        raise ConfigError("SENTRY_DSN: expected Tranche to be installed with its extra [sentry]") from exc
    integrations = [
        AtexitIntegration(callback=lambda pending, timeout: None),
        DedupeIntegration(),
        ExcepthookIntegration(),
        ThreadingIntegration(),
    ]
    try:
        sentry_sdk.init(
            dsn=config.SENTRY_DSN,
            before_send=_without_data,
            integrations=integrations,
            # Others would send what they see of requests, statements and log lines.
            default_integrations=False,
            auto_enabling_integrations=False,
            # `send_default_pii` is off if it is not set, and to set it is deprecated.
            include_local_variables=False,
            max_breadcrumbs=0,
            auto_session_tracking=False,
            enable_backpressure_handling=False,
            send_client_reports=False,
            spotlight=False,
        )
    except BadDsn:
        raise ConfigError("SENTRY_DSN: expected the DSN of a project, such as https://key@host/1") from None


def report(error: BaseException) -> None:
    """Report a bug, unless nobody is to be told, or this one was reported just now."""
    sentry_sdk = sys.modules.get("sentry_sdk")
    if sentry_sdk is not None:
        sentry_sdk.capture_exception(error)


def _without_data(event: "Event", _hint: "Hint") -> "Event | None":
    exceptions: list[dict[str, Any]] = (event.get("exception") or {}).get("values") or []
    if not exceptions:
        # A message alone could say anything.
        return None
    bound = structlog.contextvars.get_contextvars()
    kept: Any = {
        **_parts(event, _OF_EVENT),
        "exception": {"values": [_exception(exception) for exception in exceptions]},
        "tags": {name: str(bound[name]) for name in _IDS if name in bound},
    }
    return kept  # type: ignore[no-any-return]


def _exception(exception: dict[str, Any]) -> dict[str, Any]:
    frames = (exception.get("stacktrace") or {}).get("frames") or []
    kept = _parts(exception, _OF_EXCEPTION)
    if kept.get("mechanism"):
        kept["mechanism"] = _parts(kept["mechanism"], _OF_MECHANISM)
    return {**kept, "stacktrace": {"frames": [_parts(frame, _OF_FRAME) for frame in frames]}}


def _parts(whole: Any, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: whole[name] for name in names if name in whole}
