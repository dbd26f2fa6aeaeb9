"""What every request gets: an id, one log line, and headers that keep browsers careful."""

import re
import secrets
import time
from typing import Any, Final

import structlog
from flask import Flask, Response, g, request
from werkzeug.routing import Rule as WerkzeugRule

log = structlog.get_logger(__name__)

JSON_POLICY: Final = "default-src 'none'; frame-ancestors 'none'"
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # A page or a file that may be kept sets its own two.
    "Content-Security-Policy": JSON_POLICY,
    "Cache-Control": "no-store",
}
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
REQUEST_ID_PATTERN: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Rule(WerkzeugRule):
    """A URL rule that can refuse HEAD: `answers_head=False`, for a GET that does work."""

    def __init__(self, *args: Any, answers_head: bool = True, **options: Any) -> None:
        super().__init__(*args, **options)
        # Werkzeug adds HEAD wherever there is GET, and the view would run all the same.
        if not answers_head and self.methods:
            self.methods.discard("HEAD")


def init_app(app: Flask) -> None:
    """Register the hooks. They come first, so that a refused request has an id and a log line too."""
    app.before_request(_begin)
    app.after_request(_finish)


def request_id() -> str:
    """Return the id of the current request: the caller's `X-Request-Id` where it is usable."""
    if "request_id" not in g:
        given = request.headers.get("X-Request-Id", "")
        g.request_id = given if REQUEST_ID_PATTERN.fullmatch(given) else secrets.token_hex(16)
    return str(g.request_id)


def _begin() -> None:
    g.started_at = time.monotonic()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=request_id())


def _finish(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    response.headers["X-Request-Id"] = request_id()
    log.info(
        "request answered",
        method=request.method if request.method in _METHODS else "other",
        # The rule and not the path: an entity's id may be an e-mail address.
        rule=request.url_rule.rule if request.url_rule else None,
        status=response.status_code,
        duration_ms=round((time.monotonic() - g.get("started_at", time.monotonic())) * 1000, 1),
    )
    return response
