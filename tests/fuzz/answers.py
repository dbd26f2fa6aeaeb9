"""What every answer of the service keeps to, whatever the request was."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from app.web.openapi import ErrorSchema

MEMBERS: Final = {"error", "code", "requestId", "details", "retryAfter"}
CODES: Final = frozenset(ErrorSchema().fields["code"].metadata["enum"])
STATUS_OF: Final = {
    "bad_request": 400, "unauthorized": 401, "forbidden": 403, "not_found": 404, "method_not_allowed": 405,
    "conflict": 409, "job_state": 409, "lease_lost": 409, "gone": 410, "payload_too_large": 413,
    "unsupported_media_type": 415, "invalid": 422, "empty_job": 422, "provider_not_available": 422,
    "idempotency_key_reused": 422, "too_many_requests": 429, "internal_error": 500, "database_unavailable": 503,
    "not_migrated": 503, "unavailable": 503,
}  # fmt: skip
"""The status that goes with each code, as docs/api.md lists them."""

_INSIDE = re.compile(
    r"Traceback|File \"|\.py\b|site-packages|sqlalchemy|psycopg|sqlite3|marshmallow|werkzeug"
    r"|SELECT .+ FROM|INSERT INTO|UPDATE enrichment|/tmp/|/home/|/root/|/usr/lib"
)
_LEAST_CHARS = 9
"""Shorter texts of a request may well be words of ours."""


def problems_of(status: int, headers: Mapping[str, Any], body: bytes | None, sent: Iterable[str]) -> list[str]:
    """Return in which ways an answer is not as documented; `sent` are the texts of the request."""
    if status < 400:
        return []
    if status >= 500 and status != 503:
        return [f"a bare {status}"]
    try:
        answer = json.loads(body or b"")
    except ValueError:
        return ["an error that is no JSON"]
    if not isinstance(answer, dict) or not {"error", "code", "requestId"} <= answer.keys() <= MEMBERS:
        return ["an error body of another shape"]
    found = []
    if STATUS_OF.get(answer["code"]) != status or answer["code"] not in CODES:
        found.append(f"the code {answer['code']} with {status}")
    details = answer.get("details", [])
    if len(details) > 20 or any(one.keys() != {"path", "message"} for one in details):
        found.append("details of another shape")
    if ("retryAfter" in answer) != (_header(headers, "Retry-After") is not None):
        found.append("retryAfter in one place only")
    if _header(headers, "X-Request-Id") != answer["requestId"]:
        found.append("another request id in the header")
    text = json.dumps({name: answer.get(name) for name in ("error", "details")}, ensure_ascii=False)
    if _INSIDE.search(text):
        found.append(f"the inside shows: {text}")
    if any(_is_echoed(one, text) for one in sent):
        found.append(f"the input is echoed: {text}")
    return found


def _is_echoed(sent: str, text: str) -> bool:
    return len(sent) >= _LEAST_CHARS and sent in text and not _is_word_of_ours(sent)


def _is_word_of_ours(sent: str) -> bool:
    """Tell whether a text of the request is a name that messages use: of a member, a provider, a field."""
    return re.fullmatch(r"[A-Za-z_-]+", sent) is not None


def _header(headers: Mapping[str, Any], name: str) -> str | None:
    found: Any = next((value for key, value in headers.items() if key.lower() == name.lower()), None)
    if isinstance(found, Sequence) and not isinstance(found, str):
        return str(found[0]) if found else None
    return None if found is None else str(found)
