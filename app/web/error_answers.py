"""Error answers: any exception as JSON that tells the caller what to change, and nothing about the inside."""

import errno
import json
import secrets
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

import structlog
from flask import Response, jsonify
from werkzeug.exceptions import HTTPException

from app import error_reports, logs
from app.db.failures import is_missing_table, is_unavailable
from app.errors import AppError, DatabaseUnavailable, NotMigrated
from app.web import requests

log = structlog.get_logger(__name__)

RETRY_AFTER_SECONDS: Final = 5
"""The wait that a 503 names if nothing better is known."""

TEXTS: Final = {
    400: ("bad_request", "The request could not be read."),
    404: ("not_found", "There is nothing under this address."),
    405: ("method_not_allowed", "This address does not answer to that method; see the Allow header."),
    413: ("payload_too_large", "The request body is too large."),
    415: ("unsupported_media_type", "The media type of the request body is not supported here."),
    429: ("too_many_requests", "Too many requests; try again later."),
    503: ("unavailable", "The service cannot answer now; try again later."),
}
_KEPT_HEADERS: Final = frozenset({"allow", "content-range", "retry-after", "www-authenticate"})


@dataclass(frozen=True, slots=True)
class _Problem:
    """An error as the caller sees it."""

    status: int
    code: str
    message: str
    details: list[dict[str, str]] = field(default_factory=list)
    retry_after_seconds: int | None = None
    headers: dict[str, str] = field(default_factory=dict)


def answer_error(error: Exception) -> Response:
    """Answer any exception as JSON: `{"error", "code", "requestId"}` and what helps the caller."""
    problem = _problem(error)
    body: dict[str, Any] = {"error": problem.message, "code": problem.code, "requestId": requests.request_id()}
    if problem.details:
        body["details"] = problem.details
    headers = dict(problem.headers)
    if problem.retry_after_seconds is not None:
        body["retryAfter"] = problem.retry_after_seconds
        headers["Retry-After"] = str(problem.retry_after_seconds)
    response = jsonify(body)
    response.status_code = problem.status
    response.headers.update(headers)
    return response


def _problem(error: Exception) -> _Problem:
    if isinstance(error, AppError):
        return _from_app_error(error)
    if isinstance(error, HTTPException) and (error.code or 500) != 500:
        return _from_http_exception(error)
    if is_missing_table(error):
        return _from_app_error(NotMigrated())
    if is_unavailable(error):
        log.warning("database unavailable", error=type(error).__name__)
        return _from_app_error(DatabaseUnavailable())
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
        log.warning("disk full", error=type(error).__name__)
        return _Problem(503, *TEXTS[503], retry_after_seconds=RETRY_AFTER_SECONDS)
    _log_bug(error)
    return _Problem(500, "internal_error", "Internal error; its request id stands in the log.")


def _from_app_error(error: AppError) -> _Problem:
    if error.status >= 500 and error.status != 503:
        _log_bug(error)
    retry_after = error.retry_after_seconds
    if retry_after is None and error.status == 503:
        retry_after = RETRY_AFTER_SECONDS
    headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else {}
    return _Problem(error.status, error.code, error.message, error.details, retry_after, headers)


def _from_http_exception(error: HTTPException) -> _Problem:
    """Keep the status and the headers that callers act on; the text is ours, since Werkzeug's may echo input."""
    status = error.code or 500
    default = TEXTS[400] if status < 500 else TEXTS[503]
    code, message = TEXTS.get(status, default)
    original = error.get_response().headers
    headers = {name: value for name, value in original.items() if name.lower() in _KEPT_HEADERS}
    retry_after = headers.get("Retry-After", str(RETRY_AFTER_SECONDS) if status in {429, 503} else "")
    seconds = int(retry_after) if retry_after.isdecimal() else None
    return _Problem(status, code, message, retry_after_seconds=seconds, headers=headers)


def _log_bug(error: Exception) -> None:
    original = getattr(error, "original_exception", None) or error
    log.error("internal error", **logs.trace(original))
    error_reports.report(original)


def refusal(status: int) -> bytes:
    """Return the raw answer to a request that the server refuses before the application sees it."""
    request_id = secrets.token_hex(16)
    code, message = TEXTS.get(status, TEXTS[400])
    body = json.dumps({"error": message, "code": code, "requestId": request_id}).encode()
    headers = {
        **requests.HEADERS,
        "Connection": "close",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "X-Request-Id": request_id,
    }
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *(f"{name}: {text}" for name, text in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + body
