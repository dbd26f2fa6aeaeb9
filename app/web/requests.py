"""What every request gets: an id, one log line, a body read to its end, and security headers."""

import io
import re
import secrets
import time
from collections.abc import Callable
from typing import Any, BinaryIO, Final

import structlog
from flask import Flask, Response, g, request
from werkzeug import Request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Rule as WerkzeugRule

from app.errors import AppError, BrokenBody
from app.instruments import HTTP_REQUESTS, HTTP_SECONDS

log = structlog.get_logger(__name__)

MAX_BODY_BYTES: Final = 16 * 1024 * 1024
JSON_POLICY: Final = "default-src 'none'; frame-ancestors 'none'"
HEADERS: Final = {
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
    """A URL rule that can refuse HEAD: `answers_head=False`, for a GET that does work.

    It compiles what makes an address of it when one is wanted first: of most rules none ever is, and to do so for each
    takes most of the time in which an application starts.
    """

    def __init__(self, *args: Any, answers_head: bool = True, **options: Any) -> None:
        super().__init__(*args, **options)
        # Werkzeug adds HEAD wherever there is GET, and the view would run all the same.
        if not answers_head and self.methods:
            self.methods.discard("HEAD")

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        def build(rule: Rule, /, **values: Any) -> tuple[str, str]:
            compiled: Callable[..., tuple[str, str]] = super(Rule, rule)._compile_builder(append_unknown).__get__(rule)
            setattr(rule, "_build_unknown" if append_unknown else "_build", compiled)
            return compiled(**values)

        return build


def init_app(app: Flask) -> None:
    """Register the hooks. They come first, so that a refused request has an id and a log line too."""
    app.before_request(_begin)
    app.after_request(_finish)


def request_id() -> str:
    """Return the id of the current request: the caller's `X-Request-Id` if it is usable."""
    if "request_id" not in g:
        header = request.headers.get("X-Request-Id", "")
        g.request_id = header if REQUEST_ID_PATTERN.fullmatch(header) else secrets.token_hex(16)
    return str(g.request_id)


class WholeBody(io.RawIOBase):
    """The body of a request as it was announced. Raises `BrokenBody` if it ends too early or cannot be read.

    Servers report that differently: gunicorn raises exceptions of its own, or ends the body as if it were complete,
    and the part that arrived may well be valid.
    """

    def __init__(self, stream: BinaryIO, length: int | None) -> None:
        self._stream = stream
        self._missing = length

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read on."""
        try:
            data = self._stream.read(len(buffer))
        except (AppError, HTTPException):
            raise
        except Exception as exc:
            raise _broken(type(exc).__name__) from exc
        if self._missing is not None:
            self._missing -= len(data)
            if len(buffer) and not data and self._missing > 0:
                raise _broken("Truncated")
        buffer[: len(data)] = data
        return len(data)


def _broken(reason: str) -> BrokenBody:
    # For the line that every request leaves in the log; there is no other.
    structlog.contextvars.bind_contextvars(broken_body=reason)
    return BrokenBody()


def read_body(req: Request, max_bytes: int) -> bytes:
    """Return the body. Raises 400 if it is broken and 413 if it is larger."""
    req.max_content_length = max_bytes
    raw = req.get_data(cache=False)
    # A body without a length is cut off at the limit in silence; the next read is what raises 413.
    if req.content_length is None and len(raw) >= max_bytes:
        req.stream.read(1)
    return raw


def _begin() -> None:
    g.started_at = time.monotonic()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=request_id())
    # Before anything reads: the request makes its stream of this once it is asked for.
    request.environ["wsgi.input"] = WholeBody(request.environ["wsgi.input"], request.content_length)


def _finish(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    response.headers["X-Request-Id"] = request_id()
    method = request.method if request.method in _METHODS else "other"
    # The rule and not the path: an entity's id may be an e-mail address.
    rule = request.url_rule.rule if request.url_rule else None
    now = time.monotonic()
    seconds = now - g.get("started_at", now)
    duration_ms = round(seconds * 1000, 1)
    log.info("request answered", method=method, rule=rule, status=response.status_code, duration_ms=duration_ms)
    label = rule or "none"
    HTTP_REQUESTS.labels(label, method, f"{response.status_code // 100}xx").inc()
    HTTP_SECONDS.labels(label, method).observe(seconds)
    return response
