"""One event sent to one endpoint: signed, bounded in time, not redirected, to an address that was checked."""

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp

from app.values.numbers import parse_integer
from app.webhooks.addresses import CheckingResolver, Refused, is_public
from app.webhooks.signing import sign

SEND_SECONDS: Final = 15.0
"""How long a receiver has to answer."""
MOST_RETRY_SECONDS: Final = 24 * 3600
_PRIVATE: Final = "Its address is not one of the public internet."


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be sent, and where."""

    endpoint_id: str
    event_id: str
    url: str
    secrets: Sequence[str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a try. `status` None: there was no answer."""

    status: int | None
    error: str | None = None
    """A sentence of ours; None: it was delivered."""
    retry_after_seconds: float | None = None
    """When the receiver wants it again, if it said so."""


def body_of(kind: str, created_at: datetime, data: Mapping[str, Any]) -> bytes:
    """Return an event as it is sent: thin, since whoever gets it can ask for the rest."""
    timestamp = created_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    event = {"type": kind, "timestamp": timestamp, "data": data}
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()


async def send(message: Message, *, may_be_private: bool) -> Result:
    """Send a message once, and return what became of it. Never raises for what a receiver does."""
    host = urlsplit(message.url).hostname or ""
    if not message.secrets:
        return Result(None, "Its secret cannot be read: SECRET_KEY has changed. Give it a new one.")
    if not may_be_private and _is_private_literal(host):
        return Result(None, _PRIVATE)
    timestamp = int(time.time())
    headers = {
        "content-type": "application/json",
        "user-agent": "tranche-webhooks",
        "webhook-id": message.event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(message.secrets, message.event_id, timestamp, message.body),
    }
    try:
        return await _post(message, headers, may_be_private)
    except Refused:
        return Result(None, _PRIVATE)
    except TimeoutError:
        return Result(None, f"It did not answer within {SEND_SECONDS:.0f} seconds.")
    except (aiohttp.ClientError, OSError, ValueError) as error:
        is_refused = isinstance(getattr(error, "os_error", None), Refused)
        return Result(None, _PRIVATE if is_refused else "No connection, or one that broke.")


async def _post(message: Message, headers: Mapping[str, str], may_be_private: bool) -> Result:
    # A session for each: connections to others' servers are not worth keeping.
    connector = aiohttp.TCPConnector(resolver=CheckingResolver(may_be_private=may_be_private), use_dns_cache=False)
    async with (
        asyncio.timeout(SEND_SECONDS),
        aiohttp.ClientSession(connector=connector, trust_env=False, cookie_jar=aiohttp.DummyCookieJar()) as session,
        session.post(message.url, data=message.body, headers=headers, allow_redirects=False) as response,
    ):
        # What it answers with is not read: nobody needs it.
        return _result(response.status, response.headers.get("Retry-After", ""))


def _result(status: int, retry_after: str) -> Result:
    if 200 <= status < 300:
        return Result(status)
    error = f"It answered with status {status}."
    try:
        seconds = parse_integer(retry_after, minimum=0, maximum=10**9)
    except ValueError:
        return Result(status, error)
    return Result(status, error, float(min(seconds, MOST_RETRY_SECONDS)))


def _is_private_literal(host: str) -> bool:
    try:
        return not is_public(host)
    except ValueError:
        return False
