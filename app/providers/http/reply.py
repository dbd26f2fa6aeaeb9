"""What a call came to at the level of HTTP: a reply, or none."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, Self

from app.values import strict_json

MAX_DEPTH: Final = 64
"""How deep JSON may be nested: deeper values would overflow the recursive functions that store them."""
MAX_RETRY_AFTER_SECONDS: Final = 86_400.0

_TEXT_CHARACTERS: Final = 2000
_SECONDS = re.compile(r"[0-9]+(?:\.[0-9]+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered: its status, its headers with lower-case names, and its body."""

    status: int
    headers: Mapping[str, str]
    body: Any = field(repr=False)
    """The parsed JSON; None if it is missing or not JSON."""
    text: str = field(repr=False)
    """The first 2,000 characters of the body, to classify errors by. Not for logs: it may hold personal data."""
    is_json: bool

    @classmethod
    def from_bytes(cls, status: int, headers: Mapping[str, str], body: bytes) -> Self:
        """Return the reply with its body parsed."""
        value, is_json = _parsed(body)
        text = body[: 4 * _TEXT_CHARACTERS].decode("utf-8", "replace")[:_TEXT_CHARACTERS]
        return cls(status, {name.lower(): value for name, value in headers.items()}, value, text, is_json)

    @property
    def is_success(self) -> bool:
        """Whether the status says that the call succeeded."""
        return 200 <= self.status < 300

    @property
    def raw(self) -> Any:
        """The body as it is stored with an answer: the JSON, or the text if it is not JSON."""
        return self.body if self.is_json else self.text

    def retry_after_seconds(self) -> float | None:
        """Return what the header Retry-After asks for, in either form, or None.

        A date is measured from the reply's own Date, so that a wrong clock on either side does not
        matter. More than a day counts as a day, a date that has passed as 0.
        """
        value = self.headers.get("retry-after", "").strip()
        if _SECONDS.fullmatch(value):
            return min(float(value), MAX_RETRY_AFTER_SECONDS)
        until = _http_date(value)
        if until is None:
            return None
        now = _http_date(self.headers.get("date", "")) or datetime.now(UTC)
        return min(max((until - now).total_seconds(), 0.0), MAX_RETRY_AFTER_SECONDS)


class NoReply(Exception):
    """No usable answer came: no connection, no time left, a body too large.

    `was_sent` says whether the request had left, so that it may have been charged.
    """

    def __init__(self, reason: str, *, was_sent: bool) -> None:
        self.reason = reason
        self.was_sent = was_sent
        super().__init__(reason)


def _http_date(value: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(value)
        return date.astimezone(UTC) if date.tzinfo else date.replace(tzinfo=UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _parsed(body: bytes) -> tuple[Any, bool]:
    """Return the JSON of a body, and whether it is any."""
    try:
        return parse_json(body.decode("utf-8-sig"))
    except ValueError:
        return None, False


def parse_json(text: str) -> tuple[Any, bool]:
    """Return the JSON of a text that a provider wrote, and whether it is any.

    More is taken than from callers: what the fields can hold is checked when they are read, and the raw answer is
    kept as it came.
    """
    try:
        return strict_json.loads(text, max_depth=MAX_DEPTH, on_large=None, refuses_repeated_names=False), True
    except ValueError:
        return None, False
